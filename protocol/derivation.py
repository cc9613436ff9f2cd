"""Derivation: from what L1 carries to the one L2 chain that it means.

Two facts make it simple. A block's number, timestamp and origin depend on no execution, so derivation never waits for
the engine. And every byte string has a *defined transition*: a void batch is passed over, a number out of bounds is
clamped, an invalid transaction is skipped by the engine. Nothing that anyone posts can stop it.

The sequencer calls the same `next_payload`, so what it builds is what everybody derives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protocol.batch import BlockClaim, decode_batch
from protocol.block import Header
from protocol.config_changes import ChainSettings
from protocol.errors import InvalidBatch
from protocol.extra_data import BaseFeeRules, extra_data_of_origin, origin_of_extra_data
from protocol.fee_terms import NO_FEES, FeeTerms, terms_transaction
from protocol.fees import l1_blob_base_fee
from protocol.l1 import L1Block, L1Window
from protocol.payload import BlockAttributes, PayloadAttributes
from protocol.rollup import RollupConfig, l1_origin_of


@dataclass(frozen=True, slots=True)
class Tip:
    """All that the next block depends on: number, timestamp (seconds) and L1 origin number of the last one."""

    number: int
    timestamp: int
    l1_origin: int


def tip_of(config: RollupConfig, header: Header) -> Tip:
    """The tip that a derived block leaves; genesis has the L1 block it was made at as its origin."""
    origin = config.l1_genesis.number if header.number == 0 else l1_origin_of(header)
    return Tip(header.number, header.timestamp, origin)


def next_payload(
    config: RollupConfig, tip: Tip, claim: BlockClaim, l1: L1Window, newest: int
) -> PayloadAttributes | None:
    """The block that `claim` makes on `tip`, judged with L1 known up to block number `newest`.

    The origin is the claimed one, clamped: not before the tip's, not older than the sequencing window, not after
    `newest`, and not past the next L1 block with deposits, which are due in the block that first names it. The
    timestamp is the claimed one, clamped to what the origin's drift allows, and then up to the tip's plus one step and
    to the origin's own. None means that the block is void: its time would run ahead of L1 by more than the drift.
    """
    origin_number = min(max(claim.l1_origin, tip.l1_origin, newest - config.sequencing_window), newest)
    due = l1.first_with_deposits(tip.l1_origin, newest)
    if due is not None:
        origin_number = min(origin_number, due)
    # A reorganised, shorter L1 may end below the tip's origin; origins never go back all the same.
    origin_number = max(origin_number, tip.l1_origin)
    payload = _payload_at(config, tip, claim, l1[origin_number])
    ahead = payload.block.timestamp > l1[origin_number].ref.timestamp + config.max_sequencer_drift_seconds
    is_due = origin_number > tip.l1_origin and bool(l1[origin_number].deposits)
    return None if ahead and not is_due else payload


def _payload_at(config: RollupConfig, tip: Tip, claim: BlockClaim, origin: L1Block) -> PayloadAttributes:
    ref = origin.ref
    settings = config.settings if origin.settings is None else origin.settings
    terms = _terms_at(config, settings, origin)
    earliest = max(tip.timestamp + config.timestamp_step, ref.timestamp)
    latest = ref.timestamp + config.max_sequencer_drift_seconds
    deposits = origin.deposits if ref.number > tip.l1_origin else ()
    return PayloadAttributes(
        number=tip.number + 1,
        block=BlockAttributes(
            timestamp=max(min(claim.timestamp, latest), earliest),
            fee_recipient=config.fee_recipient,
            gas_limit=settings.gas_limit,
            prev_randao=ref.prev_randao,
            extra_data=extra_data_of_origin(ref.number, _rules_to_say(config, settings, terms)),
            parent_beacon_block_root=ref.hash,
        ),
        forced=deposits if terms is None else (terms_transaction(terms, ref.hash, tip.number + 1).raw, *deposits),
        transactions=claim.transactions,
    )


def _terms_at(config: RollupConfig, settings: ChainSettings, origin: L1Block) -> FeeTerms | None:
    """What transactions pay beside gas in blocks with this origin."""
    if settings.fees == NO_FEES:
        return None
    blob_base_fee = l1_blob_base_fee(origin.ref.excess_blob_gas, config.l1_blob_update_fraction)
    return FeeTerms(settings.fees, origin.ref.base_fee, blob_base_fee)


def _rules_to_say(config: RollupConfig, settings: ChainSettings, terms: FeeTerms | None) -> BaseFeeRules | None:
    """The base-fee rules, where a block has to say them: when they are not the launch's, or there are fee terms."""
    chain = config.chain
    rules = BaseFeeRules(settings.denominator, settings.elasticity, settings.min_base_fee)
    launched = BaseFeeRules(chain.base_fee_change_denominator, chain.elasticity, chain.min_base_fee)
    return None if terms is None and rules == launched else rules


class Derivation:
    """The L2 chain so far and the L1 blocks that its continuation can name.

    `l1` holds at least every L1 block from the tip's origin to the last one fed.
    """

    def __init__(self, config: RollupConfig, tip: Tip, l1: L1Window) -> None:
        self.config = config
        self.tip = tip
        self.l1 = l1

    def feed(self, block: L1Block, batches: Sequence[bytes]) -> list[PayloadAttributes]:
        """Take the next L1 block with the batches it commits to, in inbox order; return the L2 blocks it yields."""
        self.l1.append(block)
        payloads = [payload for data in batches for payload in self._from_batch(data)]
        payloads.extend(self._forced())
        self.l1.drop_before(self.tip.l1_origin)
        return payloads

    def _from_batch(self, data: bytes) -> Iterator[PayloadAttributes]:
        try:
            batch = decode_batch(data)
        except InvalidBatch:
            return
        for number, claim in enumerate(batch.blocks, start=batch.first_number):
            if number <= self.tip.number:
                continue  # derived already: batches may overlap, the first one to land counts
            if number > self.tip.number + 1:
                return  # a gap: what lies between is not known, and may never be
            payload = next_payload(self.config, self.tip, claim, self.l1, self.l1.newest.number)
            if payload is None:
                return
            yield self._advance(payload)

    def _forced(self) -> Iterator[PayloadAttributes]:
        """Deposits that the sequencer left out past its window get blocks of their own."""
        newest = self.l1.newest.number
        while True:
            due = self.l1.first_with_deposits(self.tip.l1_origin, newest)
            if due is None or due + self.config.sequencing_window > newest:
                return
            yield self._advance(_payload_at(self.config, self.tip, BlockClaim(0, due), self.l1[due]))

    def _advance(self, payload: PayloadAttributes) -> PayloadAttributes:
        self.tip = Tip(payload.number, payload.block.timestamp, origin_of_extra_data(payload.block.extra_data))
        return payload
