"""How much the pool holds and whom it serves: the operator's choices."""

from dataclasses import dataclass

from protocol.errors import Reject


class PoolRefusal(Reject):
    """The transaction may be valid, but this pool does not take it now. The text is what clients match on."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The most that the pool holds. It is never over any of these after a call returns."""

    transactions: int = 16_384
    bytes: int = 64 * 1024 * 1024
    """Of all raw transactions together; memory is about three times as much."""

    per_account: int = 4_096
    queued_per_account: int = 1_024
    """Behind a nonce gap. Clients that send concurrently deliver out of order, so this is not small."""

    transaction_bytes: int = 128 * 1024
    """Of one raw transaction."""

    queued_seconds: float = 3 * 3600
    """How long transactions may wait behind a gap while no other of their account comes."""


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """What the pool asks beyond validity."""

    min_tip_wei: int = 0
    """Per gas, at least this max_priority_fee_per_gas (or gas price)."""

    allow_unprotected: bool = False
    """Whether legacy transactions without a chain id (before EIP-155) are taken; they can be replayed elsewhere."""

    bump_percent: int = 10
    """By how much each fee field of a replacement must exceed the one it replaces."""
