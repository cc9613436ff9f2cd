"""A sequencer that drops a sender: its blocks never name an L1 block with his deposits, its pool never offers his
transactions. He gets what he wants all the same, by L1 alone, and it is derivation that gives it to him."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.driver import Driver
from node.l1.records import record_at
from node.mempool import Mempool
from node.mempool.best import BestTransactions
from node.producer import RollupPlan
from protocol.batch import BlockClaim
from protocol.block import Header
from protocol.crypto import private_key_address
from protocol.derivation import next_payload, tip_of
from protocol.payload import PayloadAttributes
from protocol.portal import send_call
from protocol.rollup import RollupConfig
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import DEPOSIT, Transaction, decode_transaction
from protocol.types import Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from tests.e2e.bridging import ALICE, BOB, ETHER, Bridged, bridged_on, bridged_options
from tests.e2e.conftest import L1
from tests.e2e.network import Network

WINDOW = 12
CAROL = Address(b"\xca" * 20)


class CensoringPlan(RollupPlan):
    """Blocks on the newest L1 block before the first with a deposit of the sender: as late as the rules allow."""

    def __init__(self, config: RollupConfig, driver: Driver, censored: Address) -> None:
        super().__init__(config, driver)
        self.censored = censored

    def next(self, parent: Header, timestamp: int) -> PayloadAttributes | None:
        if not self._driver.settled:
            return None
        window = self._driver.l1_window
        tip = tip_of(self._config, parent)
        if tip.l1_origin > window.newest.number:
            return None
        origin = tip.l1_origin
        while origin < window.newest.number and not self._is_censored(window[origin + 1].deposits):
            origin += 1
        return next_payload(self._config, tip, BlockClaim(timestamp, origin), window, window.newest.number)

    def _is_censored(self, deposits: tuple[bytes, ...]) -> bool:
        return any(decode_transaction(raw).sender == self.censored for raw in deposits)


class CensoringOffers:
    def __init__(self, offers: BestTransactions, censored: Address) -> None:
        self._offers, self._censored = offers, censored
        self.skip, self.wait = offers.skip, offers.wait

    def next(self) -> Transaction | None:
        while (tx := self._offers.next()) is not None and tx.sender == self._censored:
            self._offers.skip(tx.sender)
        return tx


class CensoringPool:
    def __init__(self, pool: Mempool, censored: Address) -> None:
        self._pool, self._censored = pool, censored
        self.drop = pool.drop

    @contextmanager
    def best(self, base_fee: int, parent_hash: Hash32) -> Iterator[CensoringOffers]:
        with self._pool.best(base_fee, parent_hash) as offers:
            yield CensoringOffers(offers, self._censored)


def censor(network: Network, who: Address) -> None:
    """From now on."""
    sequencer = network.sequencer
    producer = sequencer._producer
    assert producer is not None
    config = sequencer.driver.config
    producer._plan = CensoringPlan(config, sequencer.driver, who)
    producer._pool = CensoringPool(producer._pool, who)  # type: ignore[assignment]


async def test_a_censored_senders_forced_transaction_and_withdrawal_go_through(embedded: L1, tmp_path: Path) -> None:
    options = bridged_options(sequencing_window=WINDOW)
    async with bridged_on(embedded, tmp_path, options) as world:
        alice, bridge, network = private_key_address(ALICE), world.bridge, world.network
        await bridge.deposit_ether(world.on_l1(ALICE), alice, 5 * ETHER)
        await world.until_balance(world.l2, alice, 5 * ETHER)
        censor(network, alice)
        opened = network.sequencer.chain.head().number + 1
        await network.until(lambda: network.sequencer.chain.head().number > opened, "no block is open from before")

        # By the sequencer's own door nothing happens; by L1's the withdrawal is forced.
        ignored = await world.l2.send_raw(_payment(world, await world.l2.nonce(alice)).raw)
        receipt = await bridge.force(world.on_l1(ALICE), OUTBOX_ADDRESS, send_call(CAROL, 100_000), value=ETHER)
        [forced] = await bridge.deposited(receipt)
        start = network.sequencer.chain.head().number

        def is_derived() -> bool:
            return network.verifier.chain.locate(forced.hash) is not None

        await network.until(is_derived, "the verifier derives what was forced", 120)
        chain = network.verifier.chain
        location = chain.locate(forced.hash)
        assert location is not None
        block = chain.block(location.block_hash)
        assert block is not None
        assert block.number > start + 2, "the chain went on without it"

        # The path: no batch brought it, but the end of the sequencing window.
        assert all(tx.type == DEPOSIT for tx in block.transactions), "a block of derivation's own"
        due = receipt.block_number
        await network.until(lambda: network.verifier.driver.processed.number >= due + WINDOW, "it is recorded")
        before, at = (record_at(chain.store, due + WINDOW - offset) for offset in (1, 0))
        assert before is not None
        assert at is not None
        assert before.safe_number < block.number <= at.safe_number
        assert await world.l2.receipt(ignored) is None, "what she sent to the sequencer is left out"

        # And out: she needs nobody's leave for that either.
        await network.until(lambda: network.sequencer.chain.locate(forced.hash) is not None, "the sequencer bows")
        [started] = await bridge.started_in(forced.hash)
        assert started.withdrawal.value == ETHER
        await world.until_claimed(world.on_l1(BOB), started)
        assert await world.l1.balance(CAROL) == ETHER
        assert await world.l2.receipt(ignored) is None


def _payment(world: Bridged, nonce: int) -> Transaction:
    chain_id = world.network.sequencer.driver.config.chain.chain_id
    return sign_transaction(UnsignedTransaction(chain_id, nonce, 21_000, CAROL, 1, b"", 10**11, 10**9), ALICE)
