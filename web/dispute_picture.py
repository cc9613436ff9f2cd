"""The picture of a dispute: a strip of 32 parts per round, and the funnel from the part picked to the next strip."""

from collections.abc import Sequence
from dataclasses import dataclass

from rpc.encode import JsonObject
from web.answers import as_int, as_list, as_object, as_text

PARTS = 32
PART_WIDTH = 10
WIDTH = PARTS * PART_WIDTH
ROW_HEIGHT = 44
STRIP_HEIGHT = 18


@dataclass(frozen=True, slots=True)
class Part:
    """One of a round's parts. `kind`: waiting (not posted), posted, agreed, picked, or beyond what is disputed."""

    x: int
    kind: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Row:
    """One round. `part` is the picked one, None while nobody has picked."""

    number: int
    place: str
    parts: Sequence[Part]
    part: int | None
    what: str
    funnel: str
    """The points of the polygon to the next row; empty while there is none."""
    is_posted: bool


def rows(rounds: Sequence[JsonObject]) -> list[Row]:
    """Of `game_get`'s rounds."""
    return [_row(entry) for entry in rounds]


def _row(entry: JsonObject) -> Row:
    states = [as_text(state) for state in as_list(entry.get("states"))]
    picked = entry.get("part")
    part = as_int(picked) if picked is not None else None
    parts = [
        Part(index * PART_WIDTH, _kind(index, part, is_posted=bool(states)), *_ends(states, index))
        for index in range(PARTS)
    ]
    left = 0 if part is None else part * PART_WIDTH
    funnel = f"{left},{STRIP_HEIGHT} {left + PART_WIDTH},{STRIP_HEIGHT} {WIDTH},{ROW_HEIGHT} 0,{ROW_HEIGHT}"
    unit, each = as_text(entry.get("unit")), as_int(entry.get("each"))
    return Row(
        number=as_int(entry.get("round")) + 1,
        place=_place(entry, unit),
        parts=parts,
        part=part,
        what=f"32 parts of {each:,} {unit}{'' if each == 1 else 's'}",
        funnel="" if part is None else funnel,
        is_posted=bool(states),
    )


def _kind(index: int, part: int | None, *, is_posted: bool) -> str:
    if part is None:
        return "posted" if is_posted else "waiting"
    return "agreed" if index < part else "picked" if index == part else "beyond"


def _ends(states: Sequence[str], index: int) -> tuple[str, str]:
    return (states[index], states[index + 1]) if len(states) == PARTS + 1 else ("", "")


def _place(entry: JsonObject, unit: str) -> str:
    """Where the stretch begins: as much of block, item and step as is decided."""
    block, item, step = (as_int(as_object(entry).get(name)) for name in ("block", "item", "step"))
    if unit == "block":
        return f"from block {block}"
    return f"block {block}, from item {item}" if unit == "item" else f"block {block}, item {item}, from step {step:,}"
