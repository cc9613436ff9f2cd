"""What code can learn about its call, its transaction, its block and other accounts."""

from collections.abc import Callable

from prover.commitments.structures import BlobHashes, BlockContext, TxBoundary, TxContext
from prover.machine import gas
from prover.machine.accounts import account_access_cost, is_dead, load_account
from prover.machine.codes import code_of, to_address
from prover.machine.frame import Frame
from prover.machine.gas import charge
from prover.machine.vm import VM, opened

ANCESTORS = 256
"""How far back BLOCKHASH sees."""

Opcode = Callable[[VM, Frame], None]


def _reads(value: Callable[[VM, Frame], int], cost: int = gas.BASE) -> Opcode:
    """An opcode that only pushes something it can see."""

    def opcode(vm: VM, frame: Frame) -> None:
        # Gas
        charge(frame, cost)
        # Operation
        frame.stack.items.append(value(vm, frame))
        # Program counter
        frame.pc += 1

    return opcode


def block_of(vm: VM) -> BlockContext:
    """The block's constants, by way of the boundary that the transaction started from."""
    return opened(vm, opened(vm, vm.boundary, TxBoundary).block, BlockContext)


def tx_of(vm: VM) -> TxContext:
    """The running transaction."""
    return opened(vm, vm.tx, TxContext)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


address = _reads(lambda _vm, frame: _number(frame.address))
caller = _reads(lambda _vm, frame: _number(frame.caller))
callvalue = _reads(lambda _vm, frame: frame.value)
calldatasize = _reads(lambda _vm, frame: frame.calldata_length)
codesize = _reads(lambda _vm, frame: len(frame.code))
returndatasize = _reads(lambda _vm, frame: frame.returndata_length)
selfbalance = _reads(lambda vm, frame: load_account(vm, frame.address)[0].balance, gas.LOW)

origin = _reads(lambda vm, _frame: _number(tx_of(vm).origin))
gasprice = _reads(lambda vm, _frame: tx_of(vm).gas_price)

coinbase = _reads(lambda vm, _frame: _number(block_of(vm).fee_recipient))
timestamp = _reads(lambda vm, _frame: block_of(vm).timestamp)
number = _reads(lambda vm, _frame: block_of(vm).number)
prevrandao = _reads(lambda vm, _frame: _number(block_of(vm).prev_randao))
gaslimit = _reads(lambda vm, _frame: block_of(vm).gas_limit)
chainid = _reads(lambda vm, _frame: block_of(vm).chain_id)
basefee = _reads(lambda vm, _frame: block_of(vm).base_fee)
blobbasefee = _reads(lambda vm, _frame: block_of(vm).blob_base_fee)


def calldataload(vm: VM, frame: Frame) -> None:
    """Push 32 bytes of calldata; past its end they are zero."""
    # Stack
    stack = frame.stack.items
    offset = stack.pop()
    # Gas
    charge(frame, gas.VERY_LOW)
    # Operation
    length = min(32, max(frame.calldata_length - offset, 0))
    data = frame.calldata.read(frame.calldata_offset + offset, length, vm.recorder) if length else b""
    stack.append(_number(data.ljust(32, b"\0")))
    # Program counter
    frame.pc += 1


def balance(vm: VM, frame: Frame) -> None:
    """Push an account's wei."""
    # Stack
    stack = frame.stack.items
    account = to_address(stack.pop())
    # Gas
    record, cold = load_account(vm, account)
    charge(frame, account_access_cost(cold))
    # Operation
    stack.append(record.balance)
    # Program counter
    frame.pc += 1


def extcodesize(vm: VM, frame: Frame) -> None:
    """Push the length of an account's code."""
    # Stack
    stack = frame.stack.items
    account = to_address(stack.pop())
    # Gas
    record, cold = load_account(vm, account)
    charge(frame, account_access_cost(cold))
    # Operation
    stack.append(len(code_of(vm, record.code_hash)))
    # Program counter
    frame.pc += 1


def extcodehash(vm: VM, frame: Frame) -> None:
    """Push the hash of an account's code, 0 for a dead account (EIP-1052)."""
    # Stack
    stack = frame.stack.items
    account = to_address(stack.pop())
    # Gas
    record, cold = load_account(vm, account)
    charge(frame, account_access_cost(cold))
    # Operation
    stack.append(0 if is_dead(record) else _number(record.code_hash))
    # Program counter
    frame.pc += 1


def blockhash(vm: VM, frame: Frame) -> None:
    """Push the hash of one of the last 256 blocks, 0 for another number."""
    # Stack
    stack = frame.stack.items
    wanted = stack.pop()
    # Gas
    charge(frame, gas.BLOCKHASH)
    # Operation
    block = block_of(vm)
    if wanted < block.number <= wanted + ANCESTORS:
        stack.append(_number(vm.oracle.ancestor(block.ring, wanted, vm.recorder)))
    else:
        stack.append(0)
    # Program counter
    frame.pc += 1


def blobhash(vm: VM, frame: Frame) -> None:
    """Push one of the transaction's blob hashes, 0 past the last (EIP-4844)."""
    # Stack
    stack = frame.stack.items
    index = stack.pop()
    # Gas
    charge(frame, gas.BLOBHASH)
    # Operation
    stack.append(opened(vm, tx_of(vm).blob_hashes, BlobHashes).at(index))
    # Program counter
    frame.pc += 1
