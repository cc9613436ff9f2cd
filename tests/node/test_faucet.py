"""The faucet: what it gives, to whom how often, and on which chains."""

from dataclasses import replace

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from node.faucet import GIFT_WEI, MOST_GIFTS, WAIT_SECONDS, Faucet, faucet_key
from node.rollup import new_rollup, rollup_chain_config
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.transaction import Transaction, decode_transaction
from protocol.types import ZERO_HASH, Address
from rpc.errors import RpcError
from tests.node.hand_clock import HandClock
from tests.rpc.fake import FakeBackend

GIVER = 9


class World:
    """A faucet over a node in memory."""

    def __init__(self) -> None:
        self.backend, self.clock = FakeBackend(), HandClock()
        self.faucet = Faucet(self.backend, self.clock, DEV_PRIVATE_KEYS[GIVER])
        self.fund = self.faucet.methods()["faucet_fund"].handler

    def gift(self, to: Address) -> Transaction:
        tx_hash = self.fund(None, to)
        return next(tx for tx in self.backend.pool.waiting.values() if "0x" + tx.hash.hex() == tx_hash)


def someone(number: int) -> Address:
    return Address(number.to_bytes(20, "big"))


def test_a_gift_is_a_payment_from_the_dev_account_that_can_pay_for_the_next_blocks() -> None:
    world = World()
    tx = decode_transaction(world.gift(someone(1)).raw)
    assert (tx.sender, tx.to, tx.value, tx.nonce) == (DEV_ACCOUNTS[GIVER], someone(1), GIFT_WEI, 0)
    base_fee = world.backend.chain.head().base_fee_per_gas
    assert base_fee is not None
    assert tx.max_fee_per_gas >= 2 * base_fee


def test_gifts_take_nonces_in_turn() -> None:
    world = World()
    assert [world.gift(someone(number)).nonce for number in range(1, 4)] == [0, 1, 2]


def test_nobody_is_given_twice_within_the_wait() -> None:
    world = World()
    world.gift(someone(1))
    world.clock.seconds += WAIT_SECONDS - 1
    with pytest.raises(RpcError, match="ask again in 1 s"):
        world.gift(someone(1))
    world.clock.seconds += 1
    assert world.gift(someone(1)).nonce == 1


def test_a_list_of_addresses_does_not_empty_it() -> None:
    world = World()
    for number in range(MOST_GIFTS):
        world.gift(someone(number + 1))
    with pytest.raises(RpcError, match="busy"):
        world.gift(someone(1_000))
    assert len(world.backend.pool.waiting) == MOST_GIFTS


def test_a_gift_that_the_pool_refuses_does_not_count() -> None:
    world = World()
    world.backend.pool.refusal = RpcError(-32000, "txpool is full")
    with pytest.raises(RpcError, match="full"):
        world.gift(someone(1))
    world.backend.pool.refusal = None
    assert world.gift(someone(1)).nonce == 0


def test_only_a_chain_that_funds_dev_accounts_has_one() -> None:
    rollup = new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=1,
        l1_genesis=L1BlockRef(1, ZERO_HASH, ZERO_HASH, 1_700_000_000, ZERO_HASH),
        inbox_address=Address(b"\x1b" * 20),
        accounts={DEV_ACCOUNTS[0]: 10**21, DEV_ACCOUNTS[4]: 10**21},
        block_time_milliseconds=1000,
        gas_limit=30_000_000,
        da_layer="calldata",
    )
    assert faucet_key(rollup) == DEV_PRIVATE_KEYS[4]
    with pytest.raises(InvalidInput, match="funds no dev account"):
        faucet_key(replace(rollup, accounts={someone(1): 10**21}))
