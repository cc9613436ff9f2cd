"""The struct logger: every opcode with its gas, stack, memory and storage, as debug_trace* shows it by default.

Source: https://ethereum.github.io/execution-apis (OpcodeTransactionTrace).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol.state import StateReader
from protocol.tracing import EnteredCall, Tracer
from protocol.types import Address
from rpc.encode import data, word
from rpc.opcode_names import OPCODE_NAMES
from rpc.revert import EXECUTION_REVERTED
from rpc.spool import Spool

SLOAD, SSTORE = 0x54, 0x55
STEPS_PER_LOOK_AT_THE_CLOCK = 256


@dataclass(frozen=True, slots=True)
class StepDetail:
    """What to show of each step. `limit` is the number of steps, 0 for all of them."""

    stack: bool = True
    storage: bool = True
    memory: bool = False
    return_data: bool = False
    limit: int = 0


class StepTracer(Tracer):
    """Writes the steps of one transaction into a spool as they happen."""

    def __init__(self, detail: StepDetail, spool: Spool, check_time: Callable[[], None]) -> None:
        self._detail = detail
        self._check_time = check_time
        self._spool = spool
        self._state: StateReader | None = None
        self._storage: dict[Address, dict[int, int]] = {}
        self._count = 0
        self._depth = 0
        self._output = b""
        self._error: str | None = None
        spool.write('{"structLogs":[')

    @property
    def steps(self) -> bool:
        """They are the point of it."""
        return True

    def begin(self, state: StateReader) -> None:
        """Remember where to read slots."""
        self._state = state

    def enter(self, call: EnteredCall) -> None:
        """Count depth."""
        self._depth += 1

    def leave(self, output: bytes, gas_used: int, error: str | None) -> None:
        """The outermost frame's end is the transaction's."""
        self._depth -= 1
        if not self._depth:
            self._output, self._error = output, error

    def look(
        self,
        opcode: int,
        address: Address,
        stack: Sequence[int],
        memory: bytearray,
        return_data: bytes,
        refund: int,
    ) -> object:
        """The part of the step's text that shows the machine before it."""
        detail = self._detail
        parts = []
        if detail.stack:
            parts.append(',"stack":["' + '","'.join(map(hex, stack)) + '"]' if stack else ',"stack":[]')
        if detail.memory and memory:
            text = memory.hex()
            words = '","0x'.join(text[start : start + 64] for start in range(0, len(text), 64))
            parts.append(f',"memory":["0x{words}"]')
        if detail.return_data and return_data:
            parts.append(f',"returnData":"{data(return_data)}"')
        if detail.storage and opcode in (SLOAD, SSTORE):
            parts.append(self._storage_text(opcode, address, stack))
        if refund:
            parts.append(f',"refund":{refund}')
        return "".join(parts)

    def _storage_text(self, opcode: int, address: Address, stack: Sequence[int]) -> str:
        """Every slot of the contract that was seen so far, with its value after this opcode."""
        if len(stack) < (1 if opcode == SLOAD else 2) or self._state is None:
            return ""
        slots = self._storage.setdefault(address, {})
        slots[stack[-1]] = self._state.storage(address, stack[-1]) if opcode == SLOAD else stack[-2]
        return ',"storage":{' + ",".join(f'"{word(slot)}":"{word(value)}"' for slot, value in slots.items()) + "}"

    def step(
        self, position: int, opcode: int, gas: int, cost: int, depth: int, seen: object, error: str | None
    ) -> None:
        """Write the step."""
        self._count += 1
        if not self._count % STEPS_PER_LOOK_AT_THE_CLOCK:
            self._check_time()
        if self._detail.limit and self._count > self._detail.limit:
            return
        comma = "," if self._count > 1 else ""
        failure = f',"error":"{error}"' if error else ""
        self._spool.write(
            f'{comma}{{"pc":{position},"op":"{OPCODE_NAMES[opcode]}","gas":{gas},"gasCost":{cost},"depth":{depth}'
            f"{failure}{seen}}}"
        )

    def end(self, gas_used: int) -> None:
        """Write what the transaction came to."""
        failed = self._error is not None
        output = b"" if failed and self._error != EXECUTION_REVERTED else self._output
        text = "true" if failed else "false"
        self._spool.write(f'],"gas":{gas_used},"failed":{text},"returnValue":"{data(output)}"}}')
