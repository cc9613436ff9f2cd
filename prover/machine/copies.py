"""Copies into memory: the opcode pays and says what to copy, then each micro-step copies into one page at most.

MCOPY copies within one memory. It goes forwards or backwards, so that nothing is overwritten before it was read, and
needs no root of the memory before the copy.
"""

from protocol.crypto import EMPTY_KECCAK
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.layout import PAGE_SIZE
from prover.commitments.pages import NO_PAGES, Pages
from prover.commitments.structures import Copy
from prover.machine import gas
from prover.machine.accounts import account_access_cost, load_account
from prover.machine.codes import code_of, to_address
from prover.machine.faults import ReturndataOutOfBounds
from prover.machine.frame import Frame
from prover.machine.gas import charge, expanded, expansion_cost, words_of
from prover.machine.vm import COPY, EXECUTE, VM, opened, running

FROM_PAGES, FROM_CODE, FROM_MEMORY, FROM_MEMORY_BACKWARDS = range(4)
"""Where a copy reads."""

_FAR = 2**32
"""An offset past the end of any code or view; larger ones read the same zeros."""


def calldatacopy(vm: VM, frame: Frame) -> None:
    """Copy from the calldata; past its end it is zero."""
    # Stack
    stack = frame.stack.items
    destination, offset, length = stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = _pay(frame, destination, length)
    # Operation
    frame.words = words
    # Program counter
    frame.pc += 1
    start_copy_from_pages(vm, frame.calldata, frame.calldata_offset, frame.calldata_length, offset, destination, length)


def returndatacopy(vm: VM, frame: Frame) -> None:
    """Copy from the returndata; reading past its end is a fault, even of no bytes."""
    # Stack
    stack = frame.stack.items
    destination, offset, length = stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = _pay(frame, destination, length)
    # Operation
    if offset + length > frame.returndata_length:
        raise ReturndataOutOfBounds
    frame.words = words
    # Program counter
    frame.pc += 1
    start_copy_from_pages(
        vm, frame.returndata, frame.returndata_offset, frame.returndata_length, offset, destination, length
    )


def codecopy(vm: VM, frame: Frame) -> None:
    """Copy from the running code."""
    # Stack
    stack = frame.stack.items
    destination, offset, length = stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = _pay(frame, destination, length)
    # Operation
    frame.words = words
    # Program counter
    frame.pc += 1
    _start_copy_from_code(vm, frame.code_hash, offset, destination, length)


def extcodecopy(vm: VM, frame: Frame) -> None:
    """Copy from another account's code."""
    # Stack
    stack = frame.stack.items
    address, destination, offset, length = to_address(stack.pop()), stack.pop(), stack.pop(), stack.pop()
    # Gas
    record, cold = load_account(vm, address)
    words = expanded(frame, destination, length)
    charge(frame, account_access_cost(cold) + gas.COPY_WORD * words_of(length) + expansion_cost(frame, words))
    # Operation
    frame.words = words
    # Program counter
    frame.pc += 1
    _start_copy_from_code(vm, record.code_hash, offset, destination, length)


def mcopy(vm: VM, frame: Frame) -> None:
    """Copy within memory; the ranges may overlap (EIP-5656)."""
    # Stack
    stack = frame.stack.items
    destination, offset, length = stack.pop(), stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, length, expanded(frame, destination, length))
    charge(frame, gas.VERY_LOW + gas.COPY_WORD * words_of(length) + expansion_cost(frame, words))
    # Operation
    frame.words = words
    # Program counter
    frame.pc += 1
    if length:
        source = FROM_MEMORY if destination <= offset else FROM_MEMORY_BACKWARDS
        vm.go(COPY, Copy(source, NO_PAGES, ZERO_HASH, offset, 0, destination, length))


def start_copy_from_pages(
    vm: VM, pages: Pages, start: int, available: int, offset: int, destination: int, length: int
) -> None:
    """Make a copy out of a view (`available` bytes from `start`) the next thing to do, if there is anything to copy."""
    if length:
        offset = min(offset, available)
        vm.go(COPY, Copy(FROM_PAGES, pages, ZERO_HASH, start + offset, available - offset, destination, length))


def _start_copy_from_code(vm: VM, code_hash: Hash32, offset: int, destination: int, length: int) -> None:
    if length:
        vm.go(COPY, Copy(FROM_CODE, NO_PAGES, code_hash, min(offset, _FAR), 0, destination, length))


def _pay(frame: Frame, destination: int, length: int) -> int:
    """Charge for a copy; returns the memory's new size in words."""
    words = expanded(frame, destination, length)
    charge(frame, gas.VERY_LOW + gas.COPY_WORD * words_of(length) + expansion_cost(frame, words))
    return words


def copy_step(vm: VM) -> None:
    """Copy into the page that the copy has reached, at most 1 KiB."""
    frame = running(vm)
    copy = opened(vm, vm.cursor, Copy)
    if copy.source == FROM_MEMORY_BACKWARDS:
        end = copy.destination + copy.remaining
        count = min(copy.remaining, (end - 1) % PAGE_SIZE + 1)
        data = frame.memory.read(copy.source_offset + copy.remaining - count, count, vm.recorder)
        frame.memory.write(end - count, data, vm.recorder)
        rest = Copy(
            copy.source,
            NO_PAGES,
            copy.code_hash,
            copy.source_offset,
            0,
            copy.destination,
            copy.remaining - count,
        )
    else:
        count = min(copy.remaining, PAGE_SIZE - copy.destination % PAGE_SIZE)
        frame.memory.write(copy.destination, _source_bytes(vm, frame, copy, count), vm.recorder)
        rest = Copy(
            copy.source,
            copy.pages,
            copy.code_hash,
            copy.source_offset + count,
            max(copy.source_length - count, 0),
            copy.destination + count,
            copy.remaining - count,
        )
    if rest.remaining:
        vm.cursor = rest
    else:
        vm.go(EXECUTE)


def _source_bytes(vm: VM, frame: Frame, copy: Copy, count: int) -> bytes:
    """The next `count` bytes of the source, zero past its end."""
    if copy.source == FROM_MEMORY:
        return frame.memory.read(copy.source_offset, count, vm.recorder)
    if copy.source == FROM_CODE:
        code = b"" if copy.code_hash == EMPTY_KECCAK else code_of(vm, copy.code_hash)
        return code[copy.source_offset : copy.source_offset + count].ljust(count, b"\0")
    available = min(count, copy.source_length)
    return copy.pages.read(copy.source_offset, available, vm.recorder).ljust(count, b"\0")
