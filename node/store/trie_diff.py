"""Which trie nodes one state has and another has not, storage tries included.

Both tries are walked down together, shortest paths first; wherever both have the same node at the same path, nothing
below can differ. So the work is that of the changed nodes alone.
"""

from dataclasses import dataclass, field

from protocol.mpt import EMPTY_ROOT
from protocol.mpt_node import NodeSource, open_node
from protocol.types import Hash32


@dataclass(slots=True)
class TrieDiff:
    """Nodes by hash, one entry per place in the trie: the same node may stand in several."""

    added: list[Hash32] = field(default_factory=list)
    removed: list[Hash32] = field(default_factory=list)


def state_diff(old_root: Hash32, new_root: Hash32, node: NodeSource) -> TrieDiff:
    """From the state `old_root` to `new_root`; `node` knows the nodes of both."""
    diff = TrieDiff()
    old_leaves, new_leaves = _diff(old_root, new_root, node, diff)
    for key in old_leaves.keys() | new_leaves.keys():
        old_storage, new_storage = _storage_root(old_leaves.get(key)), _storage_root(new_leaves.get(key))
        if old_storage != new_storage:
            _diff(old_storage, new_storage, node, diff)
    return diff


def _storage_root(account_leaf: bytes | None) -> Hash32:
    """The third of an account's four fields: it and the code hash after it always take 33 bytes each."""
    return EMPTY_ROOT if account_leaf is None else Hash32(account_leaf[-65:-33])


_Leaves = dict[str, bytes]


def _diff(old_root: Hash32, new_root: Hash32, node: NodeSource, diff: TrieDiff) -> tuple[_Leaves, _Leaves]:
    """Add one trie's differences to `diff`; returns the leaves, by path, that are in changed nodes of either."""
    old, new = _Side(old_root, diff.removed), _Side(new_root, diff.added)
    depth = 0
    while old.waiting or new.waiting:
        before, after = old.waiting.pop(depth, {}), new.waiting.pop(depth, {})
        for path, reference in before.items():
            if after.get(path) == reference:
                del after[path]
            else:
                old.open(path, reference, node)
        for path, reference in after.items():
            new.open(path, reference, node)
        depth += 1
    return old.leaves, new.leaves


class _Side:
    """One trie of a comparison: the references still to look at, by depth and path."""

    __slots__ = ("found", "leaves", "waiting")

    def __init__(self, root: Hash32, found: list[Hash32]) -> None:
        self.found = found
        self.leaves: _Leaves = {}
        self.waiting: dict[int, dict[str, bytes]] = {}
        if root != EMPTY_ROOT:
            self.waiting[0] = {"": b"\xa0" + root}

    def open(self, path: str, reference: bytes, node: NodeSource) -> None:
        """Count the node as different and queue what hangs on it."""
        node_rlp = reference
        if len(reference) == 33:
            node_hash = Hash32(reference[1:])
            self.found.append(node_hash)
            node_rlp = node(node_hash)
        children, value = open_node(node_rlp)
        for below, child in children:
            child_path = path + below
            self.waiting.setdefault(len(child_path), {})[child_path] = child
        if value is not None:
            self.leaves[path + value[0]] = value[1]
