"""What makes a chain a rollup of a certain L1, and how its blocks name their L1 origin."""

from dataclasses import dataclass

from protocol.block import Header
from protocol.chain_config import ChainConfig
from protocol.errors import Halt
from protocol.l1 import L1BlockRef
from protocol.types import Address, Hash32

EXTRA_DATA_VERSION = 0

FEE_RECIPIENT = Address(bytes.fromhex("4200000000000000000000000000000000000011"))
"""Where priority fees gather unless a chain says otherwise: the address OP Stack chains use for their vault."""


@dataclass(frozen=True, slots=True)
class SettlementContracts:
    """The L1 contracts, beside the inbox, by which value enters and leaves the chain; `game` may be a plain account."""

    chain_config: Address
    outputs: Address
    portal: Address
    bridge: Address
    game: Address


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
    """Gas limit of every block."""

    fee_recipient: Address = FEE_RECIPIENT
    """Receives the priority fees."""

    max_sequencer_drift_seconds: int = 600
    """How far a block's timestamp may be ahead of its L1 origin's."""

    sequencing_window: int = 3600
    """L1 blocks within which the sequencer must include a deposit before derivation does."""

    settlement: SettlementContracts | None = None
    """None: a chain without deposits and withdrawals."""

    @property
    def timestamp_step(self) -> int:
        """The least seconds between consecutive blocks."""
        return 1 if self.block_time_milliseconds >= 1000 else 0


def extra_data_of_origin(l1_origin: int) -> bytes:
    """An L2 header's extra data: a version byte and the L1 origin's number, so that a header alone names its origin."""
    return bytes((EXTRA_DATA_VERSION,)) + l1_origin.to_bytes(8, "big")


def origin_of_extra_data(data: bytes) -> int:
    """The inverse of `extra_data_of_origin`; raises Halt when these bytes name no origin."""
    if len(data) != 9 or data[0] != EXTRA_DATA_VERSION:
        raise Halt(f"extra data 0x{data.hex()} names no L1 origin: not a block of a derived chain")
    return int.from_bytes(data[1:], "big")


def l1_origin_of(header: Header) -> int:
    """The L1 origin's number of an L2 block after genesis (the origin's hash: parent_beacon_block_root)."""
    return origin_of_extra_data(header.extra_data)
