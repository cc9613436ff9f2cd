"""Reporting to a tracer: wrapped opcodes for calls, events and reads, and a loop of its own for single steps.

Only the instruction table and the loop of a watched execution differ; the loop that everything else runs in is as it
would be if there were no tracers.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from eth.exceptions import Halt, VMError

from protocol.tracing import CallKind, Deadline, EnteredCall, Tracer
from protocol.types import Address
from vm.pyevm.faults import InvalidJump, OutOfGas, StackOverflow, StackUnderflow, fault_name
from vm.pyevm.interpreter import (
    DUP1,
    DUP16,
    JUMP,
    JUMPDEST,
    JUMPI,
    PADDING,
    POP,
    PUSH0,
    PUSH1,
    PUSH32,
    SWAP1,
    SWAP16,
    Instruction,
    InstructionTable,
    Operation,
    jump_destinations,
)
from vm.pyevm.message import CREATE, Message

if TYPE_CHECKING:
    from vm.pyevm.frame import Frame
    from vm.pyevm.rules import Rules

STACK_DEPTH_LIMIT = 1024

_KINDS = {
    0xF0: CallKind.CREATE,
    0xF1: CallKind.CALL,
    0xF2: CallKind.CALLCODE,
    0xF4: CallKind.DELEGATECALL,
    0xF5: CallKind.CREATE2,
    0xFA: CallKind.STATICCALL,
}
_ACCOUNT_READS = (0x31, 0x3B, 0x3C, 0x3F)  # BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH
_SLOT_ACCESSES = (0x54, 0x55)
_SELFDESTRUCT = 0xFF
_LOGS = range(0xA0, 0xA5)


def watched(rules: "Rules", tracer: Tracer) -> "Rules":
    """The same rules, with everything that happens under them reported."""
    watch = Watch(tracer)
    table = list(rules.instructions)

    def wrap(opcode: int, wrapper: Callable[[Operation], Operation]) -> None:
        row = table[opcode]
        if row.least:  # an opcode that the fork lacks takes nothing
            table[opcode] = row._replace(operation=wrapper(row.operation))

    for opcode, kind in _KINDS.items():
        wrap(opcode, lambda operation, kind=kind: watch.calling(operation, kind))  # type: ignore[misc]
    for opcode in _ACCOUNT_READS:
        wrap(opcode, watch.reading_account)
    for opcode in _SLOT_ACCESSES:
        wrap(opcode, watch.accessing_slot)
    for opcode in _LOGS:
        wrap(opcode, watch.logging)
    wrap(_SELFDESTRUCT, watch.selfdestructing)
    return replace(rules, instructions=tuple(table), watch=watch)


def stoppable(rules: "Rules", deadline: Deadline) -> "Rules":
    """The same rules until `deadline` expires; from then on every opcode runs out of gas, in all frames.

    So stopping costs an execution nothing: no counter, no clock, only that its table is a list that can be changed.
    """
    table = list(rules.instructions)

    def stop() -> None:
        table[:] = [Instruction(row.operation, _NOBODY_HAS, 0, STACK_DEPTH_LIMIT) for row in table]

    deadline.on_expiry(stop)
    return replace(rules, instructions=table)


_NOBODY_HAS = 2**256


class Watch:
    """Between one execution and its tracer: remembers what the opcode under way would call."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.steps = tracer.steps
        self.flush: Callable[[], None] | None = None
        self._kind = CallKind.CALL
        self._target = Address(b"")
        self._entered = 0
        self._running: list[Address] = []

    # -- frames -- #

    def enter(self, message: Message) -> None:
        """A frame is about to start."""
        if self.flush is not None:
            self.flush()
        outermost = not self._running
        if outermost:
            self._kind = CallKind.CREATE if message.to == CREATE else CallKind.CALL
            self._target = message.to
        kind = self._kind
        if kind.creates:
            self.tracer.touch(message.storage_address, None)
        self.tracer.enter(
            EnteredCall(
                kind,
                message.sender if outermost else self._running[-1],
                message.storage_address if kind.creates else self._target,
                message.gas,
                None if kind is CallKind.STATICCALL else message.value,
                message.code if kind.creates else message.data,
            )
        )
        self._entered += 1
        self._running.append(message.storage_address)

    def leave(self, message: Message, frame: "Frame") -> None:
        """The frame has ended."""
        self._running.pop()
        error = None if frame.error is None else fault_name(frame.error)
        self.tracer.leave(frame.output, message.gas - frame.gas, error)

    def refuse(self, message: Message, error: VMError) -> None:
        """The outermost frame does not even start; it takes all its gas."""
        self.enter(message)
        self._running.pop()
        self.tracer.leave(b"", message.gas, fault_name(error))

    # -- wrapped opcodes -- #

    def calling(self, operation: Operation, kind: CallKind) -> Operation:
        """A call or create."""

        def call(frame: "Frame") -> None:
            arguments = frame.stack[-1:-8:-1]
            if not kind.creates:
                self.tracer.touch(_address(arguments[1]), None)
                self._target = _address(arguments[1])
            self._kind = kind
            before = self._entered
            operation(frame)
            if self._entered == before:
                self._report_refusal(frame, kind, arguments)

        return call

    def _report_refusal(self, frame: "Frame", kind: CallKind, arguments: Sequence[int]) -> None:
        """A call that opened no frame: too deep, too poor, or its new contract's address is taken."""
        if kind.creates:
            value, (start, size) = arguments[0], arguments[1:3]
            gas, target = frame.gas - frame.gas // 64, Address(bytes(20))
        else:
            has_value = kind in (CallKind.CALL, CallKind.CALLCODE)
            value, (start, size) = (arguments[2], arguments[3:5]) if has_value else (0, arguments[2:4])
            gas, target = min(arguments[0], frame.gas), _address(arguments[1])
        if frame.msg.depth + 1 > STACK_DEPTH_LIMIT:
            error = "max call depth exceeded"
        elif frame.state.get_balance(frame.msg.storage_address) < value:
            error = "insufficient balance for transfer"
        else:
            error = "contract address collision"
        data = frame.memory_read_bytes(start, size)
        shown = None if kind is CallKind.STATICCALL else value
        self.tracer.enter(EnteredCall(kind, frame.msg.storage_address, target, gas, shown, data))
        self.tracer.leave(b"", 0, error)

    def reading_account(self, operation: Operation) -> Operation:
        """An opcode that asks about the account on top of the stack."""

        def read(frame: "Frame") -> None:
            self.tracer.touch(_address(frame.stack[-1]), None)
            operation(frame)

        return read

    def accessing_slot(self, operation: Operation) -> Operation:
        """SLOAD and SSTORE."""

        def access(frame: "Frame") -> None:
            self.tracer.touch(frame.msg.storage_address, frame.stack[-1])
            operation(frame)

        return access

    def logging(self, operation: Operation) -> Operation:
        """LOG0 to LOG4."""

        def log(frame: "Frame") -> None:
            operation(frame)
            self.tracer.log(frame.state.logs[-1])

        return log

    def selfdestructing(self, operation: Operation) -> Operation:
        """SELFDESTRUCT, which ends the frame and sends its balance on."""

        def destruct(frame: "Frame") -> None:
            address, beneficiary = frame.msg.storage_address, _address(frame.stack[-1])
            self.tracer.touch(beneficiary, None)
            balance = frame.state.get_balance(address)
            try:
                operation(frame)
            except Halt:
                if self.flush is not None:
                    self.flush()
                self.tracer.enter(EnteredCall(CallKind.SELFDESTRUCT, address, beneficiary, 0, balance, b""))
                self.tracer.leave(b"", 0, None)
                raise

        return destruct


def _address(word: int) -> Address:
    return Address((word & (2**160 - 1)).to_bytes(20, "big"))


def run_stepwise(frame: "Frame", table: InstructionTable, watch: Watch) -> None:
    """Like `interpreter.run`, but every opcode is reported, before what it calls."""
    code, stack, tracer = frame.code + PADDING, frame.stack, watch.tracer
    depth, address = frame.msg.depth + 1, frame.msg.storage_address
    counter = 0
    while True:
        opcode, gas = code[counter], frame.gas
        operation, cost, least, most = table[opcode]
        seen = tracer.look(opcode, address, stack, frame.memory, frame.return_data, frame.state.refund)
        height = len(stack)
        if not least <= height <= most:
            stack_error = StackUnderflow(height, least) if height < least else StackOverflow(height, most)
            tracer.step(counter, opcode, gas, cost, depth, seen, str(stack_error))
            raise stack_error
        if cost > gas:
            tracer.step(counter, opcode, gas, cost, depth, seen, "out of gas")
            raise OutOfGas
        frame.gas = gas - cost
        frame.program_counter = counter + 1
        if _moves_only(opcode):
            tracer.step(counter, opcode, gas, cost, depth, seen, None)
            counter = _move(frame, code, opcode, counter + 1)
            continue
        watch.flush = _Report(frame, watch, counter, opcode, gas, depth, seen)
        try:
            operation(frame)
        except Halt:
            _flush(watch)
            return
        except OutOfGas as error:
            watch.flush = None
            tracer.step(counter, opcode, gas, gas - frame.gas + error.asked, depth, seen, "out of gas")
            raise
        except VMError:
            _flush(watch)
            raise
        _flush(watch)
        counter += 1


class _Report:
    """A step that is reported once its cost is known: when it calls, or when it is done."""

    __slots__ = ("_depth", "_frame", "_gas", "_opcode", "_position", "_seen", "_watch")

    def __init__(
        self, frame: "Frame", watch: Watch, position: int, opcode: int, gas: int, depth: int, seen: object
    ) -> None:
        self._frame = frame
        self._watch = watch
        self._position = position
        self._opcode = opcode
        self._gas = gas
        self._depth = depth
        self._seen = seen

    def __call__(self) -> None:
        self._watch.flush = None
        cost = self._gas - self._frame.gas
        self._watch.tracer.step(self._position, self._opcode, self._gas, cost, self._depth, self._seen, None)


def _flush(watch: Watch) -> None:
    if watch.flush is not None:
        watch.flush()


def _moves_only(opcode: int) -> bool:
    """Whether the opcode moves the stack or the program counter alone, as the plain loop does by itself."""
    return PUSH1 <= opcode <= SWAP16 or opcode in (JUMP, JUMPI, JUMPDEST, POP)


def _move(frame: "Frame", code: bytes, opcode: int, counter: int) -> int:
    """Do it; returns where to go on."""
    stack = frame.stack
    if PUSH1 <= opcode <= PUSH32:
        end = counter + opcode - PUSH0
        stack.append(int.from_bytes(code[counter:end], "big"))
        return end
    if DUP1 <= opcode <= DUP16:
        stack.append(stack[PUSH32 - opcode])
    elif SWAP1 <= opcode <= SWAP16:
        other = PUSH32 + 15 - opcode
        stack[-1], stack[other] = stack[other], stack[-1]
    elif opcode == POP:
        stack.pop()
    elif opcode != JUMPDEST:
        target = stack.pop()
        if opcode == JUMPI and not stack.pop():
            return counter
        if target not in jump_destinations(frame.code):
            raise InvalidJump
        return target
    return counter
