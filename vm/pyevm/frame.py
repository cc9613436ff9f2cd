"""One running call: its stack, memory and gas, in the shape that py-evm's opcodes and precompiles work on.

A frame stands where py-evm has a Computation. It differs in what it leaves out: logs, refunds and self-destructs are
kept by the journal, which undoes them with everything else; no debug strings are built; children are not kept.
"""

from typing import TYPE_CHECKING

from eth.exceptions import Revert, VMError

from protocol.receipt import Log
from protocol.types import Address
from vm.pyevm.block_state import BlockState
from vm.pyevm.faults import OutOfGas
from vm.pyevm.message import CREATE, Message, TransactionContext

if TYPE_CHECKING:
    from vm.pyevm.rules import Rules

GAS_MEMORY_WORD = 3
MEMORY_QUADRATIC_DIVISOR = 512


class _SilentLogger:
    """py-evm's opcodes ask whether to log; never."""

    show_debug2 = False

    def debug2(self, *_arguments: object) -> None:
        """Drop the line."""


class Frame:
    """A call in progress. After it has run: `error`, `output`, and `gas`, what is left of it."""

    __slots__ = (
        "_memory_cost",
        "code",
        "error",
        "gas",
        "memory",
        "msg",
        "output",
        "program_counter",
        "return_data",
        "rules",
        "stack",
        "state",
        "transaction_context",
    )

    logger = _SilentLogger()

    def __init__(self, state: BlockState, rules: "Rules", msg: Message, context: TransactionContext) -> None:
        self.state = state
        self.rules = rules
        self.msg = msg
        self.transaction_context = context
        self.code = msg.code
        self.gas = msg.gas
        self.stack: list[int] = []
        self.program_counter = 0
        self.return_data = b""
        self.output = b""
        self.error: VMError | None = None
        self.memory = bytearray()
        self._memory_cost = 0

    # -- outcome -- #

    def fail(self, error: VMError) -> None:
        """End the frame with a fault; all but REVERT take the remaining gas and the output."""
        self.error = error
        if not isinstance(error, Revert):
            self.gas = 0
            self.output = b""

    @property
    def is_error(self) -> bool:
        """Whether the frame ended with a fault, REVERT included."""
        return self.error is not None

    @property
    def should_return_gas(self) -> bool:
        """Whether the caller gets the remaining gas back; after a fault that is 0 anyway."""
        return True

    @property
    def should_erase_return_data(self) -> bool:
        """Whether the output is lost."""
        return self.error is not None and not isinstance(self.error, Revert)

    # -- gas -- #

    def consume_gas(self, amount: int, reason: str = "") -> None:
        """Take gas, or end the frame."""
        if amount > self.gas:
            raise OutOfGas(amount)
        self.gas -= amount

    def return_gas(self, amount: int) -> None:
        """Give gas back that a child did not use."""
        self.gas += amount

    def refund_gas(self, amount: int) -> None:
        """Change the transaction's refund counter."""
        self.state.refund += amount

    def get_gas_remaining(self) -> int:
        """Gas left."""
        return self.gas

    # -- stack: integers only; heights were checked before the opcode started -- #

    def stack_pop1_int(self) -> int:
        """The top item."""
        return self.stack.pop()

    stack_pop1_any = stack_pop1_int

    def stack_pop1_bytes(self) -> bytes:
        """The top item as 32 bytes."""
        return self.stack.pop().to_bytes(32, "big")

    def stack_pop_ints(self, count: int) -> tuple[int, ...]:
        """The `count` top items, topmost first."""
        items = tuple(self.stack[: -count - 1 : -1])
        del self.stack[-count:]
        return items

    stack_pop_any = stack_pop_ints

    def stack_push_int(self, value: int) -> None:
        """Push one item."""
        self.stack.append(value)

    def stack_push_bytes(self, value: bytes) -> None:
        """Push one item, given as big-endian bytes."""
        self.stack.append(int.from_bytes(value, "big"))

    # -- memory: always a whole number of words -- #

    @property
    def _memory(self) -> bytearray:
        """Where py-evm's MSIZE looks for it."""
        return self.memory

    def extend_memory(self, start_position: int, size: int) -> None:
        """Pay for memory up to the end of this range, and have it."""
        if not size:
            return
        words = (start_position + size + 31) // 32
        have = len(self.memory)
        if words * 32 > have:
            cost = GAS_MEMORY_WORD * words + words * words // MEMORY_QUADRATIC_DIVISOR
            self.consume_gas(cost - self._memory_cost)
            self._memory_cost = cost
            self.memory += bytes(words * 32 - have)

    def memory_write(self, start_position: int, size: int, value: bytes) -> None:
        """Write into memory that exists."""
        if size:
            self.memory[start_position : start_position + size] = value

    def memory_read_bytes(self, start_position: int, size: int) -> bytes:
        """Read memory that exists."""
        return bytes(self.memory[start_position : start_position + size]) if size else b""

    def memory_copy(self, destination: int, source: int, length: int) -> None:
        """Copy within memory that exists; the ranges may overlap."""
        if length:
            self.memory[destination : destination + length] = self.memory[source : source + length]

    # -- effects -- #

    def add_log_entry(self, account: Address, topics: tuple[int, ...], data: bytes) -> None:
        """Emit an event."""
        self.state.logs.append(Log(account, tuple(topic.to_bytes(32, "big") for topic in topics), data))

    def register_account_for_deletion(self, beneficiary: Address) -> None:
        """Have SELFDESTRUCT remove the account at the end of the transaction."""
        state, address = self.state, self.msg.storage_address
        if address not in state.destructed:
            state.refund += self.rules.selfdestruct_refund
        state.mark_destructed(address)
        state.touch_account(beneficiary)

    # -- children -- #

    def prepare_child_message(
        self,
        *,
        gas: int,
        to: Address,
        value: int,
        data: bytes,
        code: bytes,
        sender: Address | None = None,
        code_address: Address | None = None,
        create_address: Address | None = None,
        should_transfer_value: bool = True,
        is_static: bool = False,
        is_delegation: bool = False,
    ) -> Message:
        """The message of a nested call or create."""
        storage_address = to if create_address is None else create_address
        return Message(
            gas,
            to,
            self.msg.storage_address if sender is None else sender,
            value,
            data,
            code,
            self.msg.depth + 1,
            storage_address,
            code_address or storage_address,
            should_transfer_value,
            is_static,
            is_delegation,
        )

    def apply_child_computation(self, message: Message) -> "Frame":
        """Run a nested call or create to its end."""
        child = execute(self.state, self.rules, message, self.transaction_context)
        # A create leaves return data only when it reverts; a fault never does.
        self.return_data = b"" if message.to == CREATE and child.error is None else child.output
        return child


def execute(state: BlockState, rules: "Rules", message: Message, context: TransactionContext) -> Frame:
    """Run a message to its end. On a fault the state is as it was before, but for the nonce of a creator."""
    run = _execute_create if message.to == CREATE else _execute_call
    if rules.watch is None:
        return run(state, rules, message, context)
    rules.watch.enter(message)
    frame = run(state, rules, message, context)
    rules.watch.leave(message, frame)
    return frame


def _execute_call(state: BlockState, rules: "Rules", message: Message, context: TransactionContext) -> Frame:
    snapshot = state.snapshot()
    if message.value and message.should_transfer_value:
        state.delta_balance(message.sender, -message.value)
        state.delta_balance(message.storage_address, message.value)
    state.touch_account(message.storage_address)
    frame = Frame(state, rules, message, context)
    try:
        precompile = rules.precompiles.get(message.code_address)
        if precompile is None or message.to == CREATE:
            rules.run(frame)
        elif not message.is_delegation:
            precompile(frame)
    except VMError as error:
        frame.fail(error)
    if frame.error is not None:
        state.revert(snapshot)
    return frame


def _execute_create(state: BlockState, rules: "Rules", message: Message, context: TransactionContext) -> Frame:
    snapshot = state.snapshot()
    state.mark_created(message.storage_address)
    if rules.created_nonce:
        state.set_nonce(message.storage_address, rules.created_nonce)
    frame = _execute_call(state, rules, message, context)
    if frame.error is None:
        try:
            rules.install_code(frame)
        except VMError as error:
            frame.fail(error)
    if frame.error is not None:
        state.revert(snapshot)
    return frame
