"""CALL, CALLCODE, DELEGATECALL, STATICCALL, and entering and leaving frames.

A call takes three steps: the opcode pays and checks, ENTER makes the child's frame, and when that has ended RETURN (or
FAULT) goes back to the parent. The output is copied in COPY steps.
"""

from protocol.types import Address
from prover.commitments.pages import NO_PAGES, Pages
from prover.commitments.structures import NOTHING, AccountRecord, End, Enter, Return, Snapshot
from prover.machine import gas
from prover.machine.accounts import (
    account_access_cost,
    add_balance,
    is_dead,
    load_account,
    store_account,
    subtract_balance,
)
from prover.machine.codes import to_address
from prover.machine.copies import start_copy_from_pages
from prover.machine.faults import OutOfGas, StaticViolation
from prover.machine.frame import CALL, CREATE, NO_FRAME, Frame
from prover.machine.gas import all_but_one_64th, charge, expanded, expansion_cost
from prover.machine.memory import empty_memory
from prover.machine.rules import is_precompile
from prover.machine.vm import END, ENTER, EXECUTE, PRECOMPILE, VM, open_parent, opened, running

MAX_DEPTH = 1024


def call(vm: VM, frame: Frame) -> None:
    """Call another account, with value."""
    # Stack
    stack = frame.stack.items
    requested, to, value = stack.pop(), to_address(stack.pop()), stack.pop()
    input_offset, input_length, output_offset, output_length = (stack.pop() for _ in range(4))
    # Gas
    if frame.static and value:
        raise StaticViolation
    words = expanded(frame, output_offset, output_length, expanded(frame, input_offset, input_length))
    record, cold = load_account(vm, to)
    new_account = gas.NEW_ACCOUNT if value and is_dead(record) else 0
    passed = _pay(frame, words, cold, requested, value, new_account)
    # Operation
    frame.words = words
    enter = _enter(frame, record, to, passed, (input_offset, input_length), (output_offset, output_length), value=value)
    _call_or_fail(vm, frame, enter, value)
    # Program counter
    frame.pc += 1


def callcode(vm: VM, frame: Frame) -> None:
    """Run another account's code on our own storage, as if we had called ourselves."""
    # Stack
    stack = frame.stack.items
    requested, to, value = stack.pop(), to_address(stack.pop()), stack.pop()
    input_offset, input_length, output_offset, output_length = (stack.pop() for _ in range(4))
    # Gas
    words = expanded(frame, output_offset, output_length, expanded(frame, input_offset, input_length))
    record, cold = load_account(vm, to)
    passed = _pay(frame, words, cold, requested, value)
    # Operation
    frame.words = words
    enter = _enter(
        frame,
        record,
        to,
        passed,
        (input_offset, input_length),
        (output_offset, output_length),
        address=frame.address,
        value=value,
        transfer=False,
    )
    _call_or_fail(vm, frame, enter, value)
    # Program counter
    frame.pc += 1


def delegatecall(vm: VM, frame: Frame) -> None:
    """Run another account's code as if it were ours: same storage, caller and value."""
    # Stack
    stack = frame.stack.items
    requested, to = stack.pop(), to_address(stack.pop())
    input_offset, input_length, output_offset, output_length = (stack.pop() for _ in range(4))
    # Gas
    words = expanded(frame, output_offset, output_length, expanded(frame, input_offset, input_length))
    record, cold = load_account(vm, to)
    passed = _pay(frame, words, cold, requested)
    # Operation
    frame.words = words
    enter = _enter(
        frame,
        record,
        to,
        passed,
        (input_offset, input_length),
        (output_offset, output_length),
        address=frame.address,
        caller=frame.caller,
        value=frame.value,
        transfer=False,
    )
    _call_or_fail(vm, frame, enter)
    # Program counter
    frame.pc += 1


def staticcall(vm: VM, frame: Frame) -> None:
    """Call another account, forbidding it and what it calls to change anything."""
    # Stack
    stack = frame.stack.items
    requested, to = stack.pop(), to_address(stack.pop())
    input_offset, input_length, output_offset, output_length = (stack.pop() for _ in range(4))
    # Gas
    words = expanded(frame, output_offset, output_length, expanded(frame, input_offset, input_length))
    record, cold = load_account(vm, to)
    passed = _pay(frame, words, cold, requested)
    # Operation
    frame.words = words
    enter = _enter(frame, record, to, passed, (input_offset, input_length), (output_offset, output_length), static=True)
    _call_or_fail(vm, frame, enter)
    # Program counter
    frame.pc += 1


def _pay(frame: Frame, words: int, cold: bool, requested: int, value: int = 0, new_account: int = 0) -> int:
    """Charge for a call and what it passes on; returns the child's gas, stipend included (EIP-150)."""
    cost = account_access_cost(cold) + expansion_cost(frame, words) + new_account
    if value:
        cost += gas.CALL_VALUE
    if cost > frame.gas:
        raise OutOfGas
    passed = min(requested, all_but_one_64th(frame.gas - cost))
    charge(frame, cost + passed)
    return passed + gas.CALL_STIPEND if value else passed


def _enter(
    frame: Frame,
    code: AccountRecord,
    code_address: Address,
    gas_passed: int,
    data: tuple[int, int],
    output: tuple[int, int],
    *,
    address: Address | None = None,
    caller: Address | None = None,
    value: int = 0,
    transfer: bool = True,
    static: bool = False,
) -> Enter:
    """`data` and `output` are ranges of our memory; a range of no bytes lies nowhere."""
    return Enter(
        kind=CALL,
        static=frame.static or static,
        transfer=transfer,
        address=code_address if address is None else address,
        code_address=code_address,
        caller=frame.address if caller is None else caller,
        value=value,
        gas=gas_passed,
        code_hash=code.code_hash,
        calldata=frame.memory.freeze() if data[1] else NO_PAGES,
        calldata_offset=data[0] if data[1] else 0,
        calldata_length=data[1],
        return_offset=output[0] if output[1] else 0,
        return_length=output[1],
    )


def _call_or_fail(vm: VM, frame: Frame, enter: Enter, spent: int = 0) -> None:
    """Go into the call, or push 0 and take the gas back where it is too deep or the balance below what is spent."""
    frame.set_returndata(NO_PAGES, 0, 0)
    affordable = True
    if spent:
        affordable = load_account(vm, frame.address)[0].balance >= spent
    if frame.depth + 1 > MAX_DEPTH or not affordable:
        frame.gas += enter.gas
        frame.stack.items.append(0)
    else:
        vm.go(ENTER, enter)


def enter_step(vm: VM) -> None:
    """Make the child's frame: snapshot, value, and for a create the new account."""
    parent = vm.frame
    enter = opened(vm, vm.cursor, Enter)
    snapshot = Snapshot(vm.journal.root(), vm.dirty_accounts, vm.dirty_slots, vm.refund, vm.logs, vm.logs_rlp_length)
    if enter.transfer:
        subtract_balance(vm, enter.caller, enter.value)
        add_balance(vm, enter.address, enter.value)
    if enter.kind == CREATE:
        record, _ = load_account(vm, enter.address)
        store_account(vm, enter.address, as_created(record))
    vm.frame = Frame(
        parent=parent,
        depth=parent.depth + 1 if isinstance(parent, Frame) else 0,
        kind=enter.kind,
        static=enter.static,
        address=enter.address,
        code_address=enter.code_address,
        caller=enter.caller,
        value=enter.value,
        code_hash=enter.code_hash,
        calldata=enter.calldata,
        calldata_offset=enter.calldata_offset,
        calldata_length=enter.calldata_length,
        return_offset=enter.return_offset,
        return_length=enter.return_length,
        snapshot=snapshot,
        gas=enter.gas,
        memory=empty_memory(vm.reader),
    )
    calls_precompile = enter.kind == CALL and is_precompile(vm.fork, enter.code_address)
    vm.go(PRECOMPILE if calls_precompile else EXECUTE)


def as_created(record: AccountRecord) -> AccountRecord:
    """The account as the constructor finds it (EIP-161: nonce 1)."""
    return AccountRecord(True, record.dirty, True, False, 1, record.balance, record.storage_root, record.code_hash)


def return_step(vm: VM) -> None:
    """End a frame that halted by itself: back to the parent with its gas and output."""
    frame = running(vm)
    result = opened(vm, vm.cursor, Return)
    if not result.success:
        restore(vm, frame)
    _leave(vm, frame, result.success, result.output, result.output_offset, result.output_length)


def fault_step(vm: VM) -> None:
    """End a frame that halted by a fault: its gas is gone, its effects are undone."""
    frame = running(vm)
    restore(vm, frame)
    frame.gas = 0
    _leave(vm, frame, False, NO_PAGES, 0, 0)


def restore(vm: VM, frame: Frame) -> None:
    """Undo everything since the frame was entered, warm accounts and slots included."""
    snapshot = opened(vm, frame.snapshot, Snapshot)
    vm.journal.restore(snapshot.journal)
    vm.dirty_accounts = snapshot.dirty_accounts
    vm.dirty_slots = snapshot.dirty_slots
    vm.refund = snapshot.refund
    vm.logs = snapshot.logs
    vm.logs_rlp_length = snapshot.logs_rlp_length


def _leave(vm: VM, frame: Frame, success: bool, output: Pages, offset: int, length: int) -> None:
    parent = open_parent(vm, frame)
    if parent is None:
        vm.frame = NO_FRAME
        vm.go(END, End(success, frame.gas))
        return
    vm.frame = parent
    parent.gas += frame.gas
    parent.set_returndata(output, offset, length)
    if not success:
        parent.stack.items.append(0)
    elif frame.kind == CREATE:
        parent.stack.items.append(int.from_bytes(frame.address, "big"))
    else:
        parent.stack.items.append(1)
    vm.go(EXECUTE, NOTHING)
    copied = min(frame.return_length, length)
    start_copy_from_pages(vm, output, offset, length, 0, frame.return_offset, copied)
