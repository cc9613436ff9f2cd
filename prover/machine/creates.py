"""CREATE, CREATE2, and what happens when a constructor returns code."""

from collections.abc import Callable
from dataclasses import replace

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.mpt import EMPTY_ROOT
from protocol.types import UINT64_MAX, Address, Hash32
from protocol.validity import MAX_INITCODE_SIZE
from prover.commitments.pages import NO_PAGES
from prover.commitments.structures import AccountRecord, Enter, Return
from prover.machine import gas
from prover.machine.accounts import load_account, store_account
from prover.machine.calls import MAX_DEPTH
from prover.machine.codes import create2_address, create_address
from prover.machine.faults import CodeTooLarge, InitcodeTooLarge, OutOfGas, ReservedCode, StaticViolation
from prover.machine.frame import CREATE, Frame
from prover.machine.gas import all_but_one_64th, charge, expanded, expansion_cost, words_of
from prover.machine.vm import ENTER, RETURN, VM, opened, running

MAX_CODE_SIZE = 24_576
"""Bytes (EIP-170)."""
RESERVED_FIRST_BYTE = 0xEF

_AddressOf = Callable[[int, Hash32], Address]
"""The new contract's address from the creator's nonce and the initcode's hash."""


def create(vm: VM, frame: Frame) -> None:
    """Make a contract at an address that follows from our nonce."""
    # Stack
    stack = frame.stack.items
    value, offset, length = stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = _pay(frame, offset, length, gas.INITCODE_WORD)
    # Operation
    frame.words = words
    _begin(vm, frame, value, offset, length, lambda nonce, _code: create_address(frame.address, nonce))
    # Program counter
    frame.pc += 1


def create2(vm: VM, frame: Frame) -> None:
    """Make a contract at an address that follows from its initcode and a salt (EIP-1014)."""
    # Stack
    stack = frame.stack.items
    value, offset, length, salt = stack.pop(), stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = _pay(frame, offset, length, gas.INITCODE_WORD + gas.KECCAK_WORD)
    # Operation
    frame.words = words
    _begin(vm, frame, value, offset, length, lambda _nonce, code: create2_address(frame.address, salt, code))
    # Program counter
    frame.pc += 1


def _pay(frame: Frame, offset: int, length: int, per_word: int) -> int:
    """Charge for a create, without what the constructor gets; returns the memory's new size in words."""
    if frame.static:
        raise StaticViolation
    if length > MAX_INITCODE_SIZE:
        raise InitcodeTooLarge
    words = expanded(frame, offset, length)
    charge(frame, gas.CREATE + per_word * words_of(length) + expansion_cost(frame, words))
    return words


def _begin(vm: VM, frame: Frame, value: int, offset: int, length: int, address_of: _AddressOf) -> None:
    """Go into the constructor, or push 0.

    Too deep, too poor, or out of nonces: nothing happens and no gas is passed. A collision costs the constructor's gas;
    the creator's nonce has counted up by then and the address stays warm.
    """
    frame.set_returndata(NO_PAGES, 0, 0)
    creator, _ = load_account(vm, frame.address)
    if frame.depth + 1 > MAX_DEPTH or creator.balance < value or creator.nonce == UINT64_MAX:
        frame.stack.items.append(0)
        return
    store_account(vm, frame.address, replace(creator, nonce=creator.nonce + 1))
    passed = all_but_one_64th(frame.gas)
    frame.gas -= passed
    initcode = frame.memory.read(offset, length, vm.recorder) if length else b""
    initcode_hash = keccak(initcode)
    address = address_of(creator.nonce, initcode_hash)
    record, _ = load_account(vm, address)
    if collides(record):
        frame.stack.items.append(0)
        return
    vm.oracle.keep_code(initcode)
    vm.go(ENTER, enter_create(address, frame.address, value, passed, initcode_hash))


def enter_create(address: Address, caller: Address, value: int, gas_passed: int, initcode_hash: Hash32) -> Enter:
    """A constructor that is about to begin."""
    return Enter(
        kind=CREATE,
        static=False,
        transfer=True,
        address=address,
        code_address=address,
        caller=caller,
        value=value,
        gas=gas_passed,
        code_hash=initcode_hash,
        calldata=NO_PAGES,
        calldata_offset=0,
        calldata_length=0,
        return_offset=0,
        return_length=0,
    )


def collides(record: AccountRecord) -> bool:
    """Whether no contract may be made here: it has a nonce, code, or storage (EIP-7610)."""
    return record.nonce != 0 or record.code_hash != EMPTY_KECCAK or record.storage_root != EMPTY_ROOT


def create_finish_step(vm: VM) -> None:
    """Pay for the code that a constructor returned and install it."""
    frame = running(vm)
    result = opened(vm, vm.cursor, Return)
    length = result.output_length
    if length > MAX_CODE_SIZE:
        raise CodeTooLarge
    cost = gas.CODE_BYTE * length
    if cost > frame.gas:
        raise OutOfGas
    code = result.output.read(result.output_offset, length, vm.recorder) if length else b""
    if length and code[0] == RESERVED_FIRST_BYTE:
        raise ReservedCode
    frame.gas -= cost
    record, _ = load_account(vm, frame.address)
    store_account(vm, frame.address, replace(record, code_hash=keccak(code)))
    vm.oracle.keep_code(code)
    vm.go(RETURN, Return(True, NO_PAGES, 0, 0))
