"""A block's lists as tries: the item with number i stands at the key rlp(i).

Transactions and receipts come one by one while a block is open, so most of their tries is hashed by the time that it is
sealed: sixteen neighbours make a branch that nothing changes any more.
Source: yellow paper, 4.4.2.
"""

from collections.abc import Iterable
from functools import lru_cache

from protocol.crypto import keccak
from protocol.mpt import Changes, Subtree, build
from protocol.mpt_node import EMPTY_ITEM
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import Hash32

_FIRST = 128
"""From here on, keys are in the order of numbers; 0 is 0x80, behind 0x01 to 0x7f and before 0x8180."""

_NEIGHBOURS = 16
"""Items below one branch."""


class OrderedTrie:
    """A list that grows, and its root."""

    def __init__(self) -> None:
        self._first: list[bytes] = []
        self._branches: Changes = []
        self._last: Changes = []
        """Behind the branches, fewer than make one."""
        self._length = 0

    def append(self, item: bytes) -> None:
        """Add an item, which must not be empty."""
        number = self._length
        self._length += 1
        if number < _FIRST:
            self._first.append(item)
            return
        self._last.append((_path(number), item))
        if len(self._last) == _NEIGHBOURS:
            above = self._last[0][0][:-1]
            self._branches.append((above, Subtree(build(self._last, len(above), {}))))
            self._last = []

    def root(self) -> Hash32:
        """The root of what was added so far."""
        first = [(_path(number), item) for number, item in enumerate(self._first)]
        return keccak(build([*first[1:], *first[:1], *self._branches, *self._last], 0, {}) or EMPTY_ITEM)


def ordered_root(items: Iterable[bytes]) -> Hash32:
    """The root of a whole list."""
    trie = OrderedTrie()
    for item in items:
        trie.append(item)
    return trie.root()


@lru_cache(maxsize=1 << 14)
def _path(number: int) -> str:
    return encode(uint_bytes(number)).hex()
