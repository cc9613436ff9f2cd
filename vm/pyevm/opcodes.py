"""Opcodes of our own in place of py-evm's, each for a reason: it needs our frame's code, or py-evm's is slow or wrong.

Each works in the same order: take from the stack, pay, do, give to the stack. Constant gas is in the table.
"""

from eth.exceptions import Halt, WriteProtection

from protocol.types import Address
from protocol.validity import MAX_INITCODE_SIZE
from vm.pyevm.faults import OutOfGas
from vm.pyevm.frame import Frame
from vm.pyevm.interpreter import Operation

GAS_COPY_WORD = 3
GAS_SELFDESTRUCT = 5_000
GAS_WARM_ACCESS = 100
GAS_COLD_SLOAD = 2_100
GAS_COLD_ACCOUNT = 2_600
GAS_SSTORE_SET = 20_000
GAS_SSTORE_RESET = 2_900
GAS_SSTORE_STIPEND = 2_300
GAS_NEW_ACCOUNT = 25_000
REFUND_CLEAR_EIP2929 = 15_000
REFUND_CLEAR_EIP3529 = 4_800


def stop(frame: Frame) -> None:
    """STOP: end well, with no output."""
    raise Halt("STOP")


def program_counter(frame: Frame) -> None:
    """PC: the position of this opcode."""
    frame.stack.append(frame.program_counter - 1)


def push_zero(frame: Frame) -> None:
    """PUSH0 (EIP-3855)."""
    frame.stack.append(0)


def code_size(frame: Frame) -> None:
    """CODESIZE: the length of the running code."""
    frame.stack.append(len(frame.code))


def code_copy(frame: Frame) -> None:
    """CODECOPY: running code into memory, zeros behind its end."""
    destination, source, size = frame.stack_pop_ints(3)
    frame.consume_gas(GAS_COPY_WORD * ((size + 31) // 32))
    frame.extend_memory(destination, size)
    frame.memory_write(destination, size, frame.code[source : source + size].ljust(size, b"\0"))


def sload_eip2929(frame: Frame) -> None:
    """SLOAD with cold and warm slots."""
    slot = frame.stack.pop()
    frame.consume_gas(GAS_COLD_SLOAD if _warm_slot(frame, slot) else GAS_WARM_ACCESS)
    frame.stack.append(frame.state.get_storage(frame.msg.storage_address, slot))


def sstore_eip2929(frame: Frame) -> None:
    """SSTORE of Berlin: EIP-2200's net metering over cold and warm slots."""
    _sstore(frame, REFUND_CLEAR_EIP2929)


def sstore_eip3529(frame: Frame) -> None:
    """SSTORE from London on: the same with smaller refunds."""
    _sstore(frame, REFUND_CLEAR_EIP3529)


def selfdestruct_eip6780(frame: Frame) -> None:
    """SELFDESTRUCT from Cancun on: send everything; the account goes only if this transaction created it."""
    if frame.msg.is_static:
        raise WriteProtection
    state, address = frame.state, frame.msg.storage_address
    beneficiary = Address(frame.stack_pop1_bytes()[12:])
    balance = state.get_balance(address)
    cost = 0
    if not state.is_address_warm(beneficiary):
        state.mark_address_warm(beneficiary)
        cost = GAS_COLD_ACCOUNT
    if balance and state.account_is_empty(beneficiary):
        cost += GAS_NEW_ACCOUNT
    frame.consume_gas(cost)
    state.touch_account(beneficiary)
    state.delta_balance(address, -balance)
    state.delta_balance(beneficiary, balance)
    if address in state.created:
        state.set_balance(address, 0)  # what a contract sends to itself on the way out is burnt
        state.mark_destructed(address)
    raise Halt("SELFDESTRUCT")


def limit_initcode(create: Operation) -> Operation:
    """CREATE and CREATE2 from Shanghai on: too much initcode fails the creator before anything else (EIP-3860)."""

    def limited(frame: Frame) -> None:
        if frame.stack[-3] > MAX_INITCODE_SIZE:
            raise OutOfGas
        create(frame)

    return limited


def _warm_slot(frame: Frame, slot: int) -> bool:
    """Record an access to a slot of this account; returns whether it was cold."""
    state, address = frame.state, frame.msg.storage_address
    if state.is_storage_warm(address, slot):
        return False
    state.mark_storage_warm(address, slot)
    return True


def _sstore(frame: Frame, refund_clear: int) -> None:
    if frame.msg.is_static:
        raise WriteProtection
    slot, value = frame.stack.pop(), frame.stack.pop()
    if frame.gas <= GAS_SSTORE_STIPEND:
        frame.consume_gas(frame.gas + 1)
    state, address = frame.state, frame.msg.storage_address
    cost = GAS_COLD_SLOAD if _warm_slot(frame, slot) else 0
    current = state.get_storage(address, slot)
    original = state.get_storage(address, slot, from_journal=False)
    if value == current or original != current:
        cost += GAS_WARM_ACCESS
    else:
        cost += GAS_SSTORE_RESET if original else GAS_SSTORE_SET
    frame.consume_gas(cost)
    if value != current:
        state.refund += _sstore_refund(original, current, value, refund_clear)
        state.set_storage(address, slot, value)


def _sstore_refund(original: int, current: int, value: int, refund_clear: int) -> int:
    """The change of the refund counter when a slot goes from `current` to `value` (EIP-2200)."""
    refund = 0
    if original:
        if not current:
            refund -= refund_clear
        if not value:
            refund += refund_clear
    if value == original:
        refund += (GAS_SSTORE_RESET if original else GAS_SSTORE_SET) - GAS_WARM_ACCESS
    return refund
