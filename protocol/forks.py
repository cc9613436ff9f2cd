"""Hard forks in order, and the schedule that says which one a block follows."""

from dataclasses import dataclass
from enum import IntEnum


class Fork(IntEnum):
    """Ethereum's execution-layer forks; comparison follows activation order."""

    FRONTIER = 0
    HOMESTEAD = 1
    TANGERINE_WHISTLE = 2
    SPURIOUS_DRAGON = 3
    BYZANTIUM = 4
    CONSTANTINOPLE = 5
    PETERSBURG = 6
    ISTANBUL = 7
    MUIR_GLACIER = 8
    BERLIN = 9
    LONDON = 10
    ARROW_GLACIER = 11
    GRAY_GLACIER = 12
    PARIS = 13
    SHANGHAI = 14
    CANCUN = 15
    PRAGUE = 16
    OSAKA = 17


@dataclass(frozen=True, slots=True)
class BlobSchedule:
    """Blob parameters of one fork (EIP-7840): blobs per block, and the base-fee update fraction in gas."""

    target: int
    maximum: int
    base_fee_update_fraction: int


CANCUN_BLOBS = BlobSchedule(target=3, maximum=6, base_fee_update_fraction=3_338_477)
"""EIP-4844."""
PRAGUE_BLOBS = BlobSchedule(target=6, maximum=9, base_fee_update_fraction=5_007_716)
"""EIP-7691."""


@dataclass(frozen=True, slots=True)
class ForkSchedule:
    """When each fork starts: up to Paris by block number, from Shanghai by timestamp.

    `by_block` and `by_time` hold (start, fork) in ascending order; the first entry of `by_block` starts at 0.
    `blobs_by_time` holds (start, schedule), the blob parameter changes of EIP-7840 and EIP-7892 in ascending order.
    """

    by_block: tuple[tuple[int, Fork], ...]
    by_time: tuple[tuple[int, Fork], ...] = ()
    blobs_by_time: tuple[tuple[int, BlobSchedule], ...] = ()

    def at(self, number: int, timestamp: int) -> Fork:
        """The fork whose rules govern the block with this number and timestamp (seconds)."""
        for start, fork in reversed(self.by_time):
            if timestamp >= start:
                return fork
        for start, fork in reversed(self.by_block):
            if number >= start:
                return fork
        raise ValueError(f"no fork covers block {number}")

    def blobs_at(self, timestamp: int) -> BlobSchedule | None:
        """The blob parameters in force, or None before Cancun."""
        for start, schedule in reversed(self.blobs_by_time):
            if timestamp >= start:
                return schedule
        return None


def constant_schedule(fork: Fork) -> ForkSchedule:
    """A chain that follows one fork from its genesis on."""
    if fork <= Fork.PARIS:
        return ForkSchedule(by_block=((0, fork),))
    blobs: tuple[tuple[int, BlobSchedule], ...] = ()
    if fork >= Fork.CANCUN:
        blobs = ((0, CANCUN_BLOBS if fork == Fork.CANCUN else PRAGUE_BLOBS),)
    return ForkSchedule(by_block=((0, Fork.PARIS),), by_time=((0, fork),), blobs_by_time=blobs)
