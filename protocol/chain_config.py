"""The rules that one chain has chosen, as far as executing a block needs them."""

from dataclasses import dataclass

from protocol.forks import ForkSchedule


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """Everything beside its parent and its state that decides what a block does."""

    chain_id: int
    """EIP-155 chain id, 1 to 2^53 - 1 so that JavaScript clients can hold it."""

    forks: ForkSchedule
    """When each fork starts."""

    elasticity: int = 2
    """EIP-1559: the gas limit divided by the gas target."""

    base_fee_change_denominator: int = 8
    """EIP-1559: the largest base-fee change per block is 1/denominator."""

    allow_deposits: bool = False
    """Whether type 0x7E transactions exist. True on a rollup, false on an L1."""

    allow_blobs: bool = True
    """Whether type 3 transactions exist. False on a rollup: blobs are L1's."""
