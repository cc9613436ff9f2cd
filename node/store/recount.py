"""The first opening of a database with limited retention: count every node that is still wanted, delete the others."""

from collections.abc import Callable, Sequence

from node.store import tables
from node.store.database import Database
from node.store.retention import OLDEST, encode_journal
from node.store.trie_diff import state_diff
from protocol.block import Header
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import uint_bytes
from protocol.types import Hash32

DELETED_PER_WRITE = 50_000


def count_nodes(database: Database, headers: Sequence[Header], node: Callable[[Hash32], bytes]) -> None:
    """Keep the states of `headers`, canonical from the finalized to the newest block, with counts and journals.

    Interrupted, it leaves a database that keeps everything from the finalized block on, and can begin again. Needs
    about 150 bytes of memory per trie node of the finalized state.
    """
    base = headers[0]
    database.write({tables.meta(OLDEST): uint_bytes(base.number)}, sync=True)
    counts: dict[Hash32, int] = {}
    journals: dict[bytes, bytes | None] = {}
    before = EMPTY_ROOT
    for header in headers:
        diff = state_diff(before, header.state_root, node)
        for node_hash in diff.added:
            counts[node_hash] = counts.get(node_hash, 0) + 1
        if header is not base:
            journals[tables.node_journal(header.number)] = encode_journal(diff)
        before = header.state_root
    _delete_all_but(database, counts)
    several = {tables.node_count(key): count.to_bytes(8, "big") for key, count in counts.items() if count > 1}
    database.write({**journals, **several}, sync=True)


def _delete_all_but(database: Database, wanted: dict[Hash32, int]) -> None:
    deletions: dict[bytes, bytes | None] = {}
    for key, _value in database.scan_prefix(tables.node(Hash32(b""))):
        if key[1:] not in wanted:
            deletions[key] = None
        if len(deletions) >= DELETED_PER_WRITE:
            database.write(deletions, sync=False)
            deletions = {}
    database.write(deletions, sync=False)
