"""L1 as derivation sees it: a line of blocks, each with what it carries for one rollup."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.config_changes import ChainSettings
from protocol.types import Hash32


@dataclass(frozen=True, slots=True)
class L1BlockRef:
    """The parts of an L1 header that L2 blocks inherit; `timestamp` in seconds.

    `base_fee` is in wei per gas; `excess_blob_gas` is what the blob base fee follows from (0 before Cancun).
    """

    number: int
    hash: Hash32
    parent_hash: Hash32
    timestamp: int
    prev_randao: Hash32
    base_fee: int = 0
    excess_blob_gas: int = 0


@dataclass(frozen=True, slots=True)
class L1Block:
    """An L1 block reduced to one rollup's interest: `deposits` are canonical 0x7E transactions, in log order.

    `settings` are those in force after this block's changes; None: as at launch.
    """

    ref: L1BlockRef
    deposits: tuple[bytes, ...] = ()
    settings: ChainSettings | None = None


class L1Window:
    """A contiguous run of L1 blocks, oldest first, from the current L1 origin to the newest block read.

    It is bounded by its user: `drop_before` forgets what no later L2 block can name.
    """

    def __init__(self, blocks: Iterable[L1Block]) -> None:
        self._blocks = list(blocks)
        if not self._blocks:
            raise ValueError("an L1 window holds at least the origin of the tip")
        self._with_deposits = [block.ref.number for block in self._blocks if block.deposits]
        for parent, child in zip(self._blocks, self._blocks[1:], strict=False):
            _check_link(parent, child)

    @property
    def oldest(self) -> int:
        """The number of the first block held."""
        return self._blocks[0].ref.number

    @property
    def newest(self) -> L1BlockRef:
        """The last block held."""
        return self._blocks[-1].ref

    @property
    def settings(self) -> ChainSettings | None:
        """Those in force after the newest block; None: as at launch."""
        return self._blocks[-1].settings

    def __getitem__(self, number: int) -> L1Block:
        if not self.oldest <= number <= self.newest.number:
            raise KeyError(f"L1 block {number} is outside the window {self.oldest}..{self.newest.number}")
        return self._blocks[number - self.oldest]

    def append(self, block: L1Block) -> None:
        """Add the child of the newest block."""
        _check_link(self._blocks[-1], block)
        self._blocks.append(block)
        if block.deposits:
            self._with_deposits.append(block.ref.number)

    def drop_before(self, number: int) -> None:
        """Forget blocks below `number`, always keeping the newest."""
        del self._blocks[: max(0, min(number, self.newest.number) - self.oldest)]
        del self._with_deposits[: bisect_right(self._with_deposits, self.oldest - 1)]

    def first_with_deposits(self, after: int, up_to: int) -> int | None:
        """The lowest block number in (after, up_to] that carries a deposit."""
        index = bisect_right(self._with_deposits, after)
        if index < len(self._with_deposits) and self._with_deposits[index] <= up_to:
            return self._with_deposits[index]
        return None


def _check_link(parent: L1Block, child: L1Block) -> None:
    if (child.ref.number, child.ref.parent_hash) != (parent.ref.number + 1, parent.ref.hash):
        raise ValueError(f"L1 block {child.ref.number} does not follow block {parent.ref.number}")
