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
from tests.vm.conftest import MINER, SENDERS, World, make_world, room_for_calls
from tests.vm.programs import CONTRACTS, codes, targets
from vm.memory_state import Allocation

EXAMPLES = int(os.environ.get("TOMBOLO_FUZZ_EXAMPLES", "60"))
"""4,000 take four minutes; enough to try after touching the journal or the frames."""

logging.getLogger("eth").setLevel(logging.ERROR)


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
@room_for_calls()
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
