"""The operand stack: a hash chain of which all, or only the top, is known."""

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.layout import STACK_ITEM
from prover.commitments.tape import InvalidWitness

LIMIT = 1024


class Stack:
    """`items` are the known items, the topmost last; `hidden` more lie below them under the digest `tail`."""

    __slots__ = ("_chain", "_hashed", "hidden", "items", "tail")

    def __init__(self, items: list[int] | None = None, hidden: int = 0, tail: Hash32 = ZERO_HASH) -> None:
        self.items: list[int] = [] if items is None else items
        self.hidden = hidden
        self.tail = tail
        self._hashed: list[int] = []
        self._chain: list[Hash32] = [tail]

    @property
    def size(self) -> int:
        """How many items there are."""
        return self.hidden + len(self.items)

    def need(self, count: int) -> None:
        """Refuse a witness that hides items which the step looks at.

        Raises:
            InvalidWitness: Fewer than `count` items are known.
        """
        if len(self.items) < count:
            raise InvalidWitness(f"the step needs {count} stack items, {len(self.items)} are shown")

    def digest(self) -> Hash32:
        """The chain's head. Only what changed since the last call is hashed again."""
        items, hashed, chain = self.items, self._hashed, self._chain
        same = min(len(items), len(hashed))
        if items[:same] != hashed[:same]:
            # One step reaches at most 17 items down, so look there first.
            low = same - 17 if same > 17 and items[: same - 17] == hashed[: same - 17] else 0
            while items[low] == hashed[low]:
                low += 1
            same = low
        del hashed[same:]
        del chain[same + 1 :]
        for value in items[same:]:
            hashed.append(value)
            chain.append(item_digest(chain[-1], value))
        return chain[-1]

    def tail_below(self, count: int) -> Hash32:
        """The digest of what lies below the `count` topmost items."""
        self.digest()
        return self._chain[len(self.items) - count]

    def copy(self) -> "Stack":
        """An independent stack with the same items."""
        other = Stack(list(self.items), self.hidden, self.tail)
        other._hashed = list(self._hashed)
        other._chain = list(self._chain)
        return other


def item_digest(below: bytes, value: int) -> Hash32:
    """The digest of an item on top of others."""
    return keccak(STACK_ITEM.tag + below + value.to_bytes(32, "big"))


def opened_stack(head: Hash32, size: int, items: tuple[int, ...], tail: bytes) -> Stack:
    """A stack of which a witness shows the top.

    Raises:
        InvalidWitness: The items and the tail do not hash to `head`, or there are more than `size`.
    """
    if len(items) > size or len(tail) != 32:
        raise InvalidWitness(f"{len(items)} stack items of {size}")
    stack = Stack(list(items), size - len(items), Hash32(tail))
    if any(not 0 <= item < 2**256 for item in items) or stack.digest() != head:
        raise InvalidWitness("the stack items shown are not on the stack")
    return stack
