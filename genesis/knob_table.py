"""The table of knobs in docs/toolkit.md, from the same values that the validator reads.

`python -m genesis.knob_table` prints it.
"""

from genesis.intent import Place, places
from genesis.intent_text import toml_value
from genesis.knobs import Change

CHANGES = {Change.NEVER: "never", Change.RESTART: "restart", Change.GOVERNANCE: "governance"}


def knob_table() -> str:
    """A Markdown table, a row per knob."""
    rows = ["| knob | what | default | values | changes by | today |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*rows, *map(_row, places())]) + "\n"


def _row(place: Place) -> str:
    knob = place.knob
    default = "" if place.key in ("[chain] chain_id", "[chain] name") else f"`{toml_value(place, place.default)}`"
    cells = (
        f"`{place.group}.{place.name}`",
        knob.help,
        default,
        knob.kind.allowed(),
        CHANGES[knob.change],
        _today(place),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _today(place: Place) -> str:
    if place.knob.not_yet:
        return f"not yet: {place.knob.not_yet}"
    later = place.knob.values_not_yet
    return "not yet: " + ", ".join(f'"{word}"' for word in later) if later else "yes"


if __name__ == "__main__":
    print(knob_table(), end="")
