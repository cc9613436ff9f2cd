"""Random transactions and random chains, executed here and by Ethereum's executable specification: all is the same.

State transitions may be refused, then both refuse them; a chain holds what our engine let into it.
"""

import os
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.model import EMPTY_REQUESTS_HASH
from genesis.predeploys import CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS, predeploys
from protocol.block import Block, Withdrawal
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidTransaction
from protocol.fees import GAS_PER_BLOB, blob_base_fee
from protocol.forks import Fork, constant_schedule
from protocol.receipt import Receipt, logs_bloom
from protocol.rlp_codec import encode
from protocol.types import Address, Hash32
from tests.vm.conftest import GWEI, MINER, SENDERS, World, make_world, room_for_calls
from tests.vm.eels.oracle import Eels, Extended, Refused, Transition
from tests.vm.eels.programs import CHAIN_ID, Send, modern_codes, sends
from tests.vm.programs import CONTRACTS
from vm.memory_state import Allocation, memory_state
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.execution import check_transaction, execute_transaction
from vm.pyevm.rules import rules_of
from vm.state_root import state_after

EXAMPLES = int(os.environ.get("TOMBOLO_FUZZ_EXAMPLES", "60"))
"""Programs of each fork, and four times as many as chains of each fork."""

eels_of = cache(Eels)

FORKS = (Fork.CANCUN, Fork.PRAGUE, Fork.OSAKA)
ANCESTORS = tuple(Hash32(bytes((number,)) * 32) for number in range(1, 6))

contracts = st.lists(modern_codes, min_size=len(CONTRACTS), max_size=len(CONTRACTS)).map(
    lambda codes: {
        address: Allocation(balance=10, nonce=1, code=code, storage={1: 1, 2: 2})
        for address, code in zip(CONTRACTS, codes, strict=True)
    }
)


@dataclass(frozen=True)
class Surroundings:
    """What varies of the block around a single transaction."""

    fee_recipient: Address
    timestamp: int
    prev_randao: bytes
    excess_blob_gas: int


surroundings = st.builds(
    Surroundings,
    fee_recipient=st.sampled_from([MINER, CONTRACTS[0], SENDERS[1]]),
    timestamp=st.integers(1, 2**40),
    prev_randao=st.binary(min_size=32, max_size=32),
    excess_blob_gas=st.sampled_from([0, GAS_PER_BLOB, 40 * 2**20]),
)


@pytest.mark.parametrize("fork", FORKS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
@room_for_calls()
def test_random_programs_end_in_the_same_state(fork: Fork, data: st.DataObject) -> None:
    accounts = {**{sender: Allocation(10**20) for sender in SENDERS}, **data.draw(contracts)}
    chosen = data.draw(surroundings)
    tx = data.draw(sends(fork)).signed(0, data.draw(st.sampled_from([0, 0, 0, 0, 1])))
    config = ChainConfig(CHAIN_ID, constant_schedule(fork))
    blobs = config.forks.blobs_at(0)
    assert blobs is not None
    number = len(ANCESTORS)
    environment = BlockEnvironment(
        fork=fork,
        chain_id=CHAIN_ID,
        fee_recipient=chosen.fee_recipient,
        number=number,
        timestamp=chosen.timestamp,
        gas_limit=30_000_000,
        difficulty=0,
        prev_randao=Hash32(chosen.prev_randao),
        base_fee=GWEI,
        blob_base_fee=blob_base_fee(chosen.excess_blob_gas, blobs),
        ancestor_hash=lambda height: ANCESTORS[height],
    )
    theirs = eels_of(fork).transition(accounts, environment, chosen.excess_blob_gas, ANCESTORS, tx.raw)
    reader = memory_state(accounts)
    state = BlockState(reader, environment)
    refused = False
    try:
        check_transaction(state, config, tx, environment.gas_limit, blobs.maximum * GAS_PER_BLOB)
    except InvalidTransaction:
        refused = True
    assert isinstance(theirs, Refused) == refused, theirs
    if refused:
        return
    execution = execute_transaction(state, rules_of(fork), tx)
    root, _ = state_after(reader, state.changes())
    succeeded, gas_used, logs = int(execution.outcome.error is None), execution.gas_used, execution.logs
    receipt = Receipt(tx.type, succeeded, gas_used, logs_bloom(logs), logs, gas_used)
    assert theirs == Transition(root, gas_used, receipt.encode())


@dataclass(frozen=True)
class Plan:
    """One block: what its author chooses, and the transactions offered to it."""

    seconds: int
    gas_limit_step: int
    fee_recipient: Address
    prev_randao: bytes
    beacon_root: bytes
    extra_data: bytes
    withdrawals: tuple[Withdrawal, ...]
    sends: tuple[tuple[int, Send], ...]


def plans(fork: Fork) -> st.SearchStrategy[Plan]:
    requests = st.sampled_from([WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS])
    offered = sends(fork)
    if fork >= Fork.PRAGUE:
        request = st.builds(
            Send,
            type=st.just(2),
            to=requests,
            value=st.sampled_from([0, 1, 2]),
            gas_limit=st.just(400_000),
            data=st.sampled_from([b"", b"\1" * 56, b"\2" * 96]),
            max_fee_gwei=st.just(10),
            tip_gwei=st.just(1),
            access=st.just(()),
            blob_hashes=st.just(()),
            authorities=st.just(()),
        )
        offered = st.one_of(offered, offered, request)
    return st.builds(
        Plan,
        seconds=st.integers(1, 40),
        gas_limit_step=st.integers(-1_000, 1_000),
        fee_recipient=st.sampled_from([MINER, MINER, CONTRACTS[0], SENDERS[1]]),
        prev_randao=st.binary(min_size=32, max_size=32),
        beacon_root=st.binary(min_size=32, max_size=32),
        extra_data=st.binary(max_size=32),
        withdrawals=st.lists(
            st.builds(
                Withdrawal,
                st.integers(0, 2**64 - 1),
                st.integers(0, 2**64 - 1),
                st.sampled_from([MINER, *CONTRACTS, Address(b"\xdd" * 20)]),
                st.integers(0, 2**64 - 1),
            ),
            max_size=3,
        ).map(tuple),
        sends=st.lists(st.tuples(st.integers(0, 4), offered), max_size=6).map(tuple),
    )


@pytest.mark.parametrize("fork", FORKS)
@settings(max_examples=max(1, EXAMPLES // 4))
@given(data=st.data())
@room_for_calls()
def test_random_chains_have_the_same_headers_and_receipts(fork: Fork, data: st.DataObject) -> None:
    accounts = {
        **{
            address: Allocation(account.balance, account.nonce, account.code, account.storage)
            for address, account in predeploys(fork).items()
        },
        **data.draw(contracts),
    }
    made = make_world(fork, accounts)
    genesis = replace(made.head, requests_hash=EMPTY_REQUESTS_HASH if fork >= Fork.PRAGUE else None)
    world = World(made.config, made.state, genesis, {0: genesis.hash})
    executed = [_extend(world, plan) for plan in data.draw(st.lists(plans(fork), min_size=2, max_size=5))]
    theirs = eels_of(fork).chain(
        CHAIN_ID,
        {**{sender: Allocation(10**20) for sender in SENDERS}, **accounts},
        encode(genesis.fields()),
        [block.encode() for block, _ in executed],
    )
    assert theirs == [
        Extended(encode(block.header.fields()), block.hash, tuple(receipt.encode() for receipt in receipts))
        for block, receipts in executed
    ]


def _extend(world: World, plan: Plan) -> tuple[Block, tuple[Receipt, ...]]:
    """The block that the plan comes to: what our engine refuses is left out."""
    builder = world.begin(
        timestamp=world.head.timestamp + plan.seconds,
        gas_limit=world.head.gas_limit + plan.gas_limit_step,
        fee_recipient=plan.fee_recipient,
        prev_randao=Hash32(plan.prev_randao),
        parent_beacon_block_root=Hash32(plan.beacon_root),
        extra_data=plan.extra_data,
        withdrawals=plan.withdrawals,
    )
    nonces: dict[int, int] = {}
    for sender, send in plan.sends:
        account = world.state.account(SENDERS[sender])
        nonce = nonces.get(sender, 0 if account is None else account.nonce)
        try:
            builder.add(send.signed(sender, nonce))
        except InvalidTransaction:
            continue
        nonces[sender] = nonce + 1
    executed = world.adopt(builder.seal())
    return executed.block, executed.receipts
