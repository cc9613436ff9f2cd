"""The rules that one chain has chosen, as far as executing a block needs them."""

from dataclasses import dataclass

from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT
from protocol.forks import ForkSchedule
from protocol.types import Address


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

    min_base_fee: int = 0
    """The least base fee, in wei per gas."""

    fixed_base_fee: bool = False
    """Whether the base fee is `min_base_fee` in every block: with 0 gas may be free, and price is the tip alone."""

    l1_fee_recipient: Address = L1_FEE_RECIPIENT
    """Receives L1 data fees, where a block charges them (`protocol.fee_terms`)."""

    operator_fee_recipient: Address = OPERATOR_FEE_RECIPIENT
    """Receives operator fees."""
