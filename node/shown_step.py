"""What a proof on L1 says of the step that it executes: read from the calldata of `prove`, by anyone.

The game has checked that these words hash to the agreed state, so that they are that state and not somebody's opinion.
"""

from dataclasses import dataclass

from node.game_contract import PROVE_SIGNATURE
from node.state_words import shown_opcode
from protocol.abi import selector
from prover.commitments import layout as table
from prover.commitments.layout import Layout
from prover.machine.vm import EXECUTE, PHASE_NAMES

_SELECTOR = selector(PROVE_SIGNATURE)
_STATE = (table.VM, table.GLOBALS, table.FRAME)
_MOST_STACK = 8


@dataclass(frozen=True, slots=True)
class ShownStep:
    """The agreed state, as far as the witness shows it. Frame's fields are None outside of a frame, or unseen."""

    phase: str
    opcode: str | None
    pc: int | None = None
    gas: int | None = None
    depth: int | None = None
    address: bytes | None = None
    stack: tuple[int, ...] = ()
    """What the step looks at, topmost first."""


def shown_step(calldata: bytes) -> ShownStep | None:
    """The step that a `prove` is about; None if the calldata is something else."""
    if calldata[:4] != _SELECTOR or len(calldata) < 4 + 32 * 7:
        return None
    body = calldata[4:]
    phase = _word(body, 1)
    if phase >= len(PHASE_NAMES):
        return None
    offset = _word(body, 5)
    if offset != 32 * 6:
        return None
    size = _word(body, 6)
    arguments = body[32 * 7 : 32 * 7 + size]
    words = {layout.name: _fields(arguments, index) for index, layout in enumerate(_STATE)}
    shown = words[table.VM.name].get("phase", phase)
    name = PHASE_NAMES[shown] if shown < len(PHASE_NAMES) else PHASE_NAMES[phase]
    frame = words[table.FRAME.name]
    if not any(frame.values()):
        return ShownStep(name, None)
    head = sum(len(layout.fields) for layout in _STATE) + 1
    stack = _words_at(arguments, _word(arguments, head) - 32)
    code = _bytes_at(arguments, _word(arguments, head + 1) - 32)
    pc = frame["pc"]
    opcode = shown_opcode(code[pc] if pc < len(code) else 0) if shown == EXECUTE and code else None
    return ShownStep(
        name, opcode, pc, frame["gas"], frame["depth"], frame["address"].to_bytes(32, "big")[12:], tuple(stack[::-1])
    )


def _fields(arguments: bytes, index: int) -> dict[str, int]:
    start = sum(len(layout.fields) for layout in _STATE[:index])
    layout: Layout = _STATE[index]
    return {entry.name: _word(arguments, start + number) for number, entry in enumerate(layout.fields)}


def _word(data: bytes, index: int) -> int:
    """Zero beyond the end."""
    return int.from_bytes(data[32 * index : 32 * index + 32].ljust(32, b"\0"), "big")


def _words_at(arguments: bytes, at: int) -> list[int]:
    data = arguments[max(0, at) :]
    return [_word(data, 1 + index) for index in range(min(_word(data, 0), 1024))][-_MOST_STACK:]


def _bytes_at(arguments: bytes, at: int) -> bytes:
    data = arguments[max(0, at) :]
    return data[32 : 32 + _word(data, 0)]
