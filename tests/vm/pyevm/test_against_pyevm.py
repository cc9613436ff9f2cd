"""Random blocks, executed by this engine and by py-evm's own chain: receipts and state roots must be the same.

py-evm's known gaps (`vm/pyevm`) are outside of what the programs do; everything else they may do freely.
"""

import logging
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth import constants
from eth.chains.base import MiningChain
from eth.consensus import NoProofConsensus
from eth.db.atomic import AtomicDB
from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.transactions import CancunTransactionBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.forks import Fork
from protocol.transaction import Transaction
from protocol.types import Address
from tests.vm.conftest import MINER, SENDERS, World, make_world
from vm.memory_state import Allocation

EXAMPLES = int(os.environ.get("TOMBOLO_FUZZ_EXAMPLES", "60"))
"""4,000 take four minutes; enough to try after touching the journal or the frames."""

logging.getLogger("eth").setLevel(logging.ERROR)

CONTRACTS = tuple(Address(bytes(18) + b"\xc0" + bytes((index,))) for index in range(1, 5))
EMPTY = Address(bytes(18) + b"\xe0\x01")
PRECOMPILES = tuple(Address(bytes(19) + bytes((index,))) for index in (1, 2, 3, 4, 5))
TARGETS = (*CONTRACTS, EMPTY, *PRECOMPILES, SENDERS[0], MINER)


def push(value: int | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes((0x5F + len(data),)) + data


def program(*parts: int | bytes) -> bytes:
    """Opcodes as integers, everything to push as bytes that `push` made."""
    return b"".join(bytes((part,)) if isinstance(part, int) else part for part in parts)


small = st.integers(0, 3)
words = st.one_of(small, st.integers(0, 2**256 - 1), st.sampled_from([2**255, 2**256 - 1, 31, 32, 256]))
gas = st.sampled_from([0, 700, 2_300, 5_000, 30_000, 100_000, 2**40])
values = st.sampled_from([0, 0, 1, 5, 10**30])
targets = st.sampled_from(TARGETS)

# Each step leaves the stack as it found it, so that programs of any steps run to their end unless a step ends them.
BINARY = [*range(1, 8), 0x0A, 0x0B, *range(0x10, 0x15), *range(0x16, 0x19), *range(0x1A, 0x1E)]
CONTEXT = [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x3D, *range(0x41, 0x49), 0x58, 0x59, 0x5A]
offsets = st.integers(0, 100)


def call_step(opcode: int, amount: int, value: int | None, target: Address) -> bytes:
    """A call of any kind with 64 bytes of input; `value` is None for those without one. Stores whether it succeeded."""
    arguments = [push(32), push(0), push(64), push(0), *([] if value is None else [push(value)])]
    return program(*arguments, push(target), push(amount), opcode, push(0), 0x55)


def log_step(topics: list[int], size: int) -> bytes:
    return program(*map(push, topics), push(size), push(0), 0xA0 + len(topics))


steps = st.one_of(
    st.builds(lambda slot, value: program(push(value), push(slot), 0x55), small, st.one_of(small, words)),  # SSTORE
    st.builds(lambda slot: program(push(slot), 0x54, 0x50), small),  # SLOAD
    st.builds(lambda slot, value: program(push(value), push(slot), 0x5D), small, small),  # TSTORE
    st.builds(lambda slot, to: program(push(slot), 0x5C, push(to), 0x55), small, small),  # TLOAD, SSTORE
    st.builds(lambda a, b, op: program(push(a), push(b), op, push(3), 0x55), words, words, st.sampled_from(BINARY)),
    st.builds(
        lambda a, b, m, op: program(push(m), push(b), push(a), op, push(2), 0x55),
        words,
        words,
        words,
        st.sampled_from([0x08, 0x09]),  # ADDMOD, MULMOD
    ),
    st.builds(lambda at, value, op: program(push(value), push(at), op), offsets, words, st.sampled_from([0x52, 0x53])),
    st.builds(lambda at: program(push(at), 0x51, push(1), 0x55), offsets),  # MLOAD
    st.builds(lambda to, at, size: program(push(size), push(at), push(to), 0x5E), offsets, offsets, offsets),  # MCOPY
    st.builds(lambda at, size: program(push(size), push(at), 0x20, push(1), 0x55), offsets, offsets),  # SHA3
    st.builds(lambda at: program(push(at), 0x35, push(1), 0x55), offsets),  # CALLDATALOAD
    st.builds(lambda op: program(op, push(1), 0x55), st.sampled_from(CONTEXT)),
    st.builds(  # BALANCE, EXTCODESIZE, EXTCODEHASH
        lambda op, target: program(push(target), op, push(1), 0x55), st.sampled_from([0x31, 0x3B, 0x3F]), targets
    ),
    st.builds(  # CALLDATACOPY, CODECOPY, RETURNDATACOPY
        lambda op, to, at, size: program(push(size), push(at), push(to), op),
        st.sampled_from([0x37, 0x39, 0x3E]),
        offsets,
        offsets,
        offsets,
    ),
    st.builds(lambda target, size: program(push(size), push(0), push(0), push(target), 0x3C), targets, offsets),
    st.builds(log_step, st.lists(words, max_size=4), offsets),
    st.builds(call_step, st.sampled_from([0xF1, 0xF2]), gas, values, targets),  # CALL, CALLCODE
    st.builds(call_step, st.sampled_from([0xF4, 0xFA]), gas, st.none(), targets),  # DELEGATECALL, STATICCALL
)

endings = st.one_of(
    st.just(program(0x00)),
    st.just(program(push(32), push(0), 0xF3)),
    st.just(program(push(32), push(0), 0xFD)),
    st.just(program(0xFE)),
    targets.map(lambda target: program(push(target), 0xFF)),
)


def create_step(initcode: bytes, value: int, salt: int | None, then_call: bool) -> bytes:
    """CREATE, or CREATE2 with a salt, of at most 32 bytes of initcode, and perhaps a call of what was made."""
    store = program(push(initcode.ljust(32, b"\0")), push(0), 0x52)
    arguments = [] if salt is None else [push(salt)]
    create = program(*arguments, push(len(initcode)), push(0), push(value), 0xF0 if salt is None else 0xF5)
    zeros = push(0) * 5
    after = program(zeros, 0x85, 0x5A, 0xF1, 0x50, 0x50) if then_call else program(push(2), 0x55)
    return store + create + after


INITCODES = (
    b"",
    program(push(5), push(1), 0x55, 0x00),
    program(push(1), push(31), 0xF3),
    program(push(SENDERS[0]), 0xFF),
    program(push(0), push(0), 0xFD),
    program(push(0xEF), push(0), 0x53, push(1), push(0), 0xF3),
    # Installs two bytes: CALLER SELFDESTRUCT.
    program(push(0x33FF), push(0), 0x52, push(2), push(30), 0xF3),
)
creates = st.builds(
    create_step, st.sampled_from(INITCODES), st.sampled_from([0, 0, 1]), st.one_of(st.none(), small), st.booleans()
)
codes = st.builds(
    lambda body, ending: b"".join(body) + ending, st.lists(st.one_of(steps, steps, creates), max_size=7), endings
)


@dataclass(frozen=True)
class Send:
    """One transaction of a block."""

    sender: int
    to: Address | None
    value: int
    gas_limit: int
    data: bytes


sends = st.builds(
    Send,
    sender=st.integers(0, 2),
    to=st.one_of(st.none(), st.sampled_from(CONTRACTS), targets),
    value=st.sampled_from([0, 0, 7]),
    gas_limit=st.sampled_from([60_000, 120_000, 400_000, 1_500_000]),
    data=st.one_of(st.binary(max_size=70), codes),
)


def theirs(
    world: World, transactions: Iterable[Transaction], accounts: Mapping[Address, Allocation]
) -> tuple[Any, Sequence[Any]]:
    """The same block by py-evm, from the same genesis."""
    # Left alone, py-evm puts the beacon root contract into every state, yet does not call it when it makes a block.
    state_class = CancunVM.get_state_class().configure(set_system_contracts=lambda self: None)
    vm = CancunVM.configure(consensus_class=NoProofConsensus, _state_class=state_class)
    chain_class = MiningChain.configure(vm_configuration=((0, vm),), chain_id=world.config.chain_id)
    genesis = {
        "difficulty": 0,
        "gas_limit": world.head.gas_limit,
        "timestamp": world.head.timestamp,
        "base_fee_per_gas": world.head.base_fee_per_gas,
        "coinbase": constants.ZERO_ADDRESS,
        "nonce": bytes(8),
    }
    state = {
        address: {"balance": a.balance, "nonce": a.nonce, "code": a.code, "storage": dict(a.storage)}
        for address, a in accounts.items()
    }
    chain = chain_class.from_genesis(AtomicDB(), genesis, state)
    chain.set_header_timestamp(world.head.timestamp + 12)
    decoded = [CancunTransactionBuilder.decode(tx.raw) for tx in transactions]
    imported, receipts, _ = chain.mine_all(decoded, coinbase=MINER, timestamp=world.head.timestamp + 12)
    return imported.imported_block, receipts


@settings(max_examples=EXAMPLES)
@given(codes=st.lists(codes, min_size=4, max_size=4), sends=st.lists(sends, min_size=1, max_size=6))
def test_random_blocks_give_the_same_receipts_and_roots(codes: list[bytes], sends: list[Send]) -> None:
    accounts = {
        address: Allocation(balance=10, nonce=1, code=code, storage={1: 1, 2: 2})
        for address, code in zip(CONTRACTS, codes, strict=True)
    }
    world = make_world(Fork.CANCUN, accounts)
    everything = {**{sender: Allocation(10**20) for sender in SENDERS}, **accounts}
    nonces = dict.fromkeys(range(3), 0)
    transactions = []
    for send in sends:
        transactions.append(
            world.sign(
                send.sender,
                to=send.to,
                value=send.value,
                gas_limit=send.gas_limit,
                data=send.data,
                nonce=nonces[send.sender],
            )
        )
        nonces[send.sender] += 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        block, receipts = theirs(world, transactions, everything)
    executed = world.mine(*transactions, gas_limit=block.header.gas_limit)
    assert [receipt.encode() for receipt in executed.receipts] == [receipt.encode() for receipt in receipts]
    assert executed.block.header.state_root == block.header.state_root
    assert executed.block.header.bloom == block.header.bloom
