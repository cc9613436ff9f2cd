"""What makes a chain a rollup of a certain L1, and how its blocks name their L1 origin."""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.block import Header
from protocol.chain_config import ChainConfig
from protocol.config_changes import ChainSettings, ConfigChange, settings_after
from protocol.extra_data import origin_of_extra_data
from protocol.fee_terms import NO_FEES, FeeKnobs
from protocol.forks import PRAGUE_BLOBS
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

FEE_RECIPIENT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
"""Where priority fees gather unless a chain says otherwise: the address OP Stack chains use for their vault."""


@dataclass(frozen=True, slots=True)
class SettlementContracts:
    """The L1 contracts, beside the inbox, by which value enters and leaves the chain, and what is fixed in them.

    `game` may be a plain account; times in seconds, the bond in wei.
    """

    chain_config: Address
    outputs: Address
    portal: Address
    bridge: Address
    game: Address
    challenge_window: int
    finalisation_delay: int
    bond: int


@dataclass(frozen=True, slots=True)
class RollupConfig:
    """Everything that a node must know, beside L1 itself, to derive the chain."""

    chain: ChainConfig
    """Execution rules."""

    l1_chain_id: int
    """The L1's EIP-155 chain id."""

    l1_genesis: L1BlockRef
    """The origin of L2's genesis; derivation reads L1 from the block after this one."""

    inbox_address: Address
    """The L1 contract that records batches."""

    genesis_hash: Hash32
    """Hash of L2's block 0."""

    block_time_milliseconds: int = 2000
    """The sequencer's pace. Below 1000, consecutive blocks may share a timestamp."""

    gas_limit: int = 30_000_000
    """Gas limit of every block, until a change of settings."""

    fee_recipient: Address = FEE_RECIPIENT
    """Receives the priority fees."""

    max_sequencer_drift_seconds: int = 600
    """How far a block's timestamp may be ahead of its L1 origin's."""

    sequencing_window: int = 3600
    """L1 blocks within which the sequencer must include a deposit before derivation does."""

    settlement: SettlementContracts | None = None
    """None: a chain without deposits and withdrawals."""

    fees: FeeKnobs = NO_FEES
    """What transactions pay beside gas, until a change of settings."""

    l1_blob_update_fraction: int = PRAGUE_BLOBS.base_fee_update_fraction
    """EIP-4844: how L1's blob base fee follows from excess blob gas. Fixed, so that all agree on it; if L1 moves on,
    only the price of data is off, which a scalar corrects."""

    gas_token: Address | None = None
    """The ERC-20 on L1 that the chain's native value stands for; None: ether."""

    layers: int = 1
    """Which data layers' commitments count: bit n stands for those that begin with byte n. Calldata's (0) always do."""

    @property
    def timestamp_step(self) -> int:
        """The least seconds between consecutive blocks."""
        return 1 if self.block_time_milliseconds >= 1000 else 0

    @property
    def settings(self) -> ChainSettings:
        """What may change later, as it is at launch."""
        chain = self.chain
        return ChainSettings(
            self.gas_limit, chain.base_fee_change_denominator, chain.elasticity, chain.min_base_fee, self.fees
        )


def settings_at(
    config: RollupConfig, before: ChainSettings | None, changes: Sequence[ConfigChange]
) -> ChainSettings | None:
    """The settings after an L1 block with these changes; `before` it, and here, None means as at launch."""
    return settings_after(before or config.settings, changes) if changes else before


def l1_origin_of(header: Header) -> int:
    """The L1 origin's number of an L2 block after genesis (the origin's hash: parent_beacon_block_root)."""
    return origin_of_extra_data(header.extra_data)
