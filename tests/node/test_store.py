import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import plyvel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.store import Store, tables
from node.store.cache import Cache
from node.store.codec import (
    decode_account,
    decode_node,
    decode_receipts,
    decode_undo,
    encode_account,
    encode_node,
    encode_nodes,
    encode_receipts,
    encode_undo,
)
from node.store.database import after_prefix
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.errors import Halt, InvalidInput
from protocol.mpt import EMPTY_ROOT
from protocol.mpt_node import pack_path
from protocol.receipt import Log, Receipt
from protocol.rlp_codec import rlp_list, rlp_string
from protocol.state import Account, StateChanges
from protocol.types import ZERO_HASH, Address, Hash32
from tests.node.small_world import ADDRESSES, Step, World, steps
from vm import state_root

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "db") as opened:
        yield opened


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


# --- opening ---


def test_what_was_written_is_there_after_reopening(tmp_path):
    with Store(tmp_path / "db") as store, store.write_batch(sync=True) as batch:
        batch.put_meta(b"name", b"value")
        batch.put_record(b"table", b"key", b"record")
    with Store(tmp_path / "db", create=False) as store:
        assert (store.get_meta(b"name"), store.get_record(b"table", b"key")) == (b"value", b"record")


def test_another_process_that_holds_the_database_is_told_to_the_user(store):
    code = "import sys; from pathlib import Path; from node.store import Store; Store(Path(sys.argv[1]))"
    result = run_python(code, str(store.path))
    assert "protocol.errors.Halt" in result.stderr
    assert f"{store.path}: another process is using this database; stop it, or choose another" in result.stderr


def test_the_same_process_cannot_open_it_twice_either(store):
    with pytest.raises(Halt, match="another process is using this database"):
        Store(store.path)


def test_another_schema_version_is_refused_and_the_database_released(tmp_path):
    with Store(tmp_path / "db") as store, store.write_batch() as batch:
        batch.put_meta(b"schema", b"999")
    for _attempt in range(2):
        with pytest.raises(Halt, match="has schema version 999, this program writes version 1"):
            Store(tmp_path / "db")


def test_a_foreign_leveldb_is_refused(tmp_path):
    database = plyvel.DB(str(tmp_path / "db"), create_if_missing=True)
    database.put(b"theirs", b"")
    database.close()
    with pytest.raises(Halt, match="a LevelDB that is not one of ours"):
        Store(tmp_path / "db")


def test_a_path_that_cannot_be_a_database_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="file: is a file, expected a directory"):
        Store(tmp_path / "file")
    with pytest.raises(InvalidInput, match=r"db: the directory cannot be made \(Not a directory\)"):
        Store(tmp_path / "file" / "db")
    with pytest.raises(InvalidInput, match="none: there is no database here"):
        Store(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def filled(path: Path) -> list[Path]:
    """A database with data in table files; returns them."""
    with Store(path) as store:
        with store.write_batch() as batch:
            for number in range(20_000):
                batch.put_record(b"t", number.to_bytes(4, "big"), keccak(number.to_bytes(4, "big")) * 2)
        store._database._db.compact_range()
    return sorted(path.glob("*.ldb"))


def test_a_flipped_bit_in_a_table_is_found_when_it_is_read(tmp_path):
    tables = filled(tmp_path / "db")
    damaged = bytearray(tables[0].read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    tables[0].write_bytes(damaged)
    message = "the database is damaged .*; move it away and rebuild it"
    with Store(tmp_path / "db") as store:
        with pytest.raises(Halt, match=message):
            [store.get_record(b"t", number.to_bytes(4, "big")) for number in range(20_000)]
        with pytest.raises(Halt, match=message):
            list(store.records(b"t"))


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("*.ldb", "1 missing files"),
        ("CURRENT", "its file CURRENT is missing"),
        ("MANIFEST-*", "CURRENT points to a non-existent file"),
    ],
)
def test_a_missing_file_is_found_when_opening_and_nothing_is_lost(tmp_path, pattern, how):
    filled(tmp_path / "db")
    missing = next((tmp_path / "db").glob(pattern))
    content = missing.read_bytes()
    missing.unlink()
    for create in (True, False):
        with pytest.raises(Halt, match=rf"the database is damaged \(.*{how}.*\); move it away and rebuild it"):
            Store(tmp_path / "db", create=create)
    missing.write_bytes(content)
    with Store(tmp_path / "db") as store:
        assert sum(1 for _ in store.records(b"t")) == 20_000


def test_a_table_that_is_cut_short_is_found(tmp_path):
    table = filled(tmp_path / "db")[0]
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(Halt, match=r"the database is damaged \(IO error: .*\.ldb: Invalid argument\)"):
        Store(tmp_path / "db")


def test_a_broken_log_is_found_when_opening(tmp_path):
    with Store(tmp_path / "db") as store:
        for number in range(100):
            with store.write_batch() as batch:
                batch.put_record(b"t", bytes([number]), b"v" * 1000)
    log = max((tmp_path / "db").glob("*.log"))
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    log.write_bytes(damaged)
    with pytest.raises(Halt, match="the database is damaged"):
        Store(tmp_path / "db")


@pytest.mark.parametrize("cut", [1, 1500, 150_000])
def test_a_log_cut_off_by_a_crash_loses_whole_batches_only(tmp_path, cut):
    with Store(tmp_path / "db") as store:
        for number in range(100):
            with store.write_batch() as batch:
                batch.put_record(b"a", bytes([number]), b"v" * 1000)
                batch.put_record(b"b", bytes([number]), b"w" * 1000)
    log = max((tmp_path / "db").glob("*.log"))
    log.write_bytes(log.read_bytes()[:-cut])
    with Store(tmp_path / "db") as store:
        first, second = ([key for key, _ in store.records(table)] for table in (b"a", b"b"))
    assert first == second == [bytes([number]) for number in range(len(first))]
    assert 100 - cut // 2000 - 2 <= len(first) < 100


# --- batches ---


def test_an_exception_drops_the_whole_batch(store):
    def change_my_mind() -> None:
        with store.write_batch() as batch:
            batch.put_meta(b"name", b"value")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        change_my_mind()
    assert store.get_meta(b"name") is None


def test_nothing_is_visible_before_the_batch_ends(store):
    with store.write_batch() as batch:
        batch.put_meta(b"name", b"value")
        assert store.get_meta(b"name") is None
    assert store.get_meta(b"name") == b"value"
    with store.write_batch() as batch:
        batch.put_meta(b"name", None)
    assert store.get_meta(b"name") is None


WRITER = """
import itertools, sys
from pathlib import Path
from node.store import Store

store = Store(Path(sys.argv[1]))
for number in itertools.count():
    with store.write_batch() as batch:
        for part in range(50):
            batch.put_record(b"parts", number.to_bytes(8, "big") + bytes([part]), b"x" * 200)
        batch.put_meta(b"last", number.to_bytes(8, "big"))
    print(number, flush=True)
"""


def test_a_reported_batch_survives_kill_9_and_no_batch_is_ever_half_there(tmp_path):
    path = tmp_path / "db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    reported = -1
    for line in writer.stdout:
        reported = int(line)
        if reported == 300:
            os.kill(writer.pid, signal.SIGKILL)
    # Lines that were in the pipe when it died count as reported too: the loop above read them all.
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    with Store(path) as store:
        last = int.from_bytes(store.get_meta(b"last") or b"", "big")
        parts = [key for key, _ in store.records(b"parts")]
    assert last >= reported >= 300
    assert parts == [number.to_bytes(8, "big") + bytes([part]) for number in range(last + 1) for part in range(50)]


# --- records ---

keys = st.binary(max_size=3)


@settings(max_examples=50)
@given(
    st.dictionaries(keys, st.binary(max_size=4)),
    st.lists(keys, max_size=3),
    keys,
    st.one_of(st.none(), keys),
    st.booleans(),
)
def test_records_are_a_sorted_table(tmp_path_factory, content, deleted, start, stop, reverse):
    with Store(tmp_path_factory.mktemp("store")) as store:
        with store.write_batch() as batch:
            for key, value in content.items():
                batch.put_record(b"mine", key, value)
            for neighbour in (b"min", b"minf", b"mind", b"mine\xff"):
                batch.put_record(neighbour, b"key", b"other")
        with store.write_batch() as batch:
            for key in deleted:
                batch.put_record(b"mine", key, None)
        left = {key: value for key, value in content.items() if key not in deleted}
        expected = sorted((key, value) for key, value in left.items() if start <= key and (stop is None or key < stop))
        found = list(store.records(b"mine", start, stop, reverse=reverse))
        assert found == (expected[::-1] if reverse else expected)
        assert all(store.get_record(b"mine", key) == left.get(key) for key in (*content, *deleted))


def test_a_record_with_the_lowest_key_is_found_going_backwards(store):
    with store.write_batch() as batch:
        batch.put_record(b"t", b"\0", b"only")
    assert list(store.records(b"t", b"\0", b"\1", reverse=True)) == [(b"\0", b"only")]


def test_records_can_be_written_while_they_are_read(store):
    with store.write_batch() as batch:
        for number in range(10):
            batch.put_record(b"t", bytes([number]), b"")
    seen = []
    for key, _value in store.records(b"t"):
        seen.append(key)
        with store.write_batch() as batch:
            batch.put_record(b"t", key, None)
            batch.put_record(b"t", b"\xf0" + key, b"")
    assert seen == [bytes([number]) for number in range(10)]


@given(st.binary(max_size=3), st.lists(st.binary(max_size=4)))
def test_after_prefix_bounds_exactly_the_keys_with_the_prefix(prefix, candidates):
    bound = after_prefix(prefix)
    for key in [*candidates, *(prefix + candidate for candidate in candidates)]:
        inside = key >= prefix and (bound is None or key < bound)
        assert inside == key.startswith(prefix)


# --- stored forms ---

hashes = st.binary(min_size=32, max_size=32).map(Hash32)
addresses = st.binary(min_size=20, max_size=20).map(Address)
accounts = st.builds(
    Account,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**256 - 1),
    st.one_of(st.just(EMPTY_ROOT), hashes),
    st.one_of(st.just(EMPTY_KECCAK), hashes),
)
logs = st.builds(Log, addresses, st.lists(hashes, max_size=4).map(tuple), st.binary(max_size=70))
receipts = st.builds(
    Receipt,
    type=st.sampled_from([0, 1, 2, 3, 4, 0x7E]),
    outcome=st.one_of(st.integers(0, 1), hashes),
    cumulative_gas_used=st.integers(0, 2**64 - 1),
    bloom=st.one_of(st.just(0), st.integers(0, 2**2048 - 1)),
    logs=st.lists(logs, max_size=3).map(tuple),
    gas_used=st.integers(0, 2**64 - 1),
    contract_address=st.one_of(st.none(), addresses),
)


@given(accounts)
def test_an_account_reads_back_as_it_was(account):
    assert decode_account(encode_account(account)) == account
    assert len(encode_account(account)) < 256  # an undo record gives it one length byte


@given(st.lists(receipts, max_size=4).map(tuple))
def test_receipts_read_back_as_they_were(items):
    assert decode_receipts(encode_receipts(items)) == items


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=53), st.one_of(st.none(), st.binary(min_size=1, max_size=105)), max_size=5
    )
)
def test_an_undo_record_reads_back_as_it_was(old):
    assert decode_undo(encode_undo(old)) == old


@given(st.integers(1, 20), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=200))
def test_a_cache_is_bounded_and_keeps_what_was_used_last(limit, uses):
    cache: Cache[int, int] = Cache(limit)
    for key, weight in uses:
        cache.put(key, key + 1000, weight)
        assert cache.get(key) == key + 1000
        assert len(cache) <= 2 * limit + 2
    cache.forget(1)
    assert cache.get(1) is None


@given(
    st.integers(1, 20),
    st.lists(st.dictionaries(st.integers(0, 30), st.integers(), max_size=31), max_size=20),
)
def test_what_a_cache_was_given_at_once_is_there_unless_it_is_more_than_it_holds(limit, uses):
    cache: Cache[int, int] = Cache(limit)
    for values in uses:
        cache.put_all(values)
        kept = list(values)[-limit:]
        assert [cache.peek(key) for key in kept] == [values[key] for key in kept]
        assert len(cache) <= 3 * limit + 1


@given(accounts, st.integers(1, 64), st.binary(min_size=60, max_size=560))
def test_a_trie_node_reads_back_as_it_was(account, nibbles, branch):
    leaf = rlp_list(pack_path("7" * nibbles, leaf=True) + rlp_string(state_root.encode_account(account)))
    slot = rlp_list(pack_path("7" * nibbles, leaf=True) + rlp_string(b"\xa0" + EMPTY_KECCAK))
    for node in (leaf, slot, rlp_list(branch)):
        assert decode_node(encode_node(node)) == node
        assert encode_nodes({keccak(node): node}) == {tables.node(keccak(node)): encode_node(node)}
    plain = account.storage_root == EMPTY_ROOT and account.code_hash == EMPTY_KECCAK
    assert len(leaf) - len(encode_node(leaf)) == (66 if plain else 0)


# --- head state ---


def assert_state_is(store: Store, world: World) -> None:
    state = store.state(world.root())
    assert store.flat.root == world.root()
    for address in ADDRESSES:
        assert state.account(address) == world.account(address)
        for slot in range(4):
            assert state.storage(address, slot) == world.slots.get(address, {}).get(slot, 0)
    assert state._flat is not None


@settings(max_examples=150)
@given(st.lists(steps, min_size=1, max_size=6), st.data())
def test_the_head_state_follows_every_block_forward_and_back(tmp_path_factory, history, data):
    with Store(tmp_path_factory.mktemp("store")) as store:
        worlds = [World()]

        def forward(step: Step) -> None:
            after, changes = step.apply(worlds[-1], len(worlds))
            with store.write_batch() as batch:
                batch.apply_state(len(worlds), after.root(), changes)
            worlds.append(after)

        for step in history:
            forward(step)
            assert_state_is(store, worlds[-1])
        target = data.draw(st.integers(0, len(history)))
        old = worlds[-1]
        while len(worlds) - 1 > target:
            count = data.draw(st.integers(1, len(worlds) - 1 - target))
            numbers = range(len(worlds) - 1, len(worlds) - 1 - count, -1)
            del worlds[-count:]
            with store.write_batch() as batch:
                batch.undo_state(numbers, worlds[-1].root())
            assert_state_is(store, worlds[-1])
        forward(data.draw(steps))
        assert_state_is(store, worlds[-1])
        # The state that was left is still there, through its trie.
        state = store.state(old.root())
        for address in ADDRESSES:
            assert state.account(address) == old.account(address)
            assert all(state.storage(address, slot) == old.slots.get(address, {}).get(slot, 0) for slot in range(4))


def grown(store: Store, world: World, number: int, balance: int) -> World:
    step = Step(frozenset(), frozenset(), {ADDRESSES[0]: {1: balance}})
    after, changes = step.apply(world, balance)
    with store.write_batch() as batch:
        batch.apply_state(number, after.root(), changes)
    return after


def test_a_reader_keeps_its_state_when_the_head_moves_on(store):
    first = grown(store, World(), 1, balance=5)
    reader = store.state(first.root())
    assert reader.account(ADDRESSES[0]) == first.account(ADDRESSES[0])
    second = grown(store, first, 2, balance=6)
    assert reader.account(ADDRESSES[0]) == first.account(ADDRESSES[0]) != second.account(ADDRESSES[0])
    assert reader.storage(ADDRESSES[0], 1) == 5
    assert store.state(second.root()).storage(ADDRESSES[0], 1) == 6


def test_nodes_that_a_block_replaces_take_no_place_in_the_cache(store):
    first = grown(store, World(), 1, balance=5)
    second = grown(store, first, 2, balance=6)
    cache: Cache[Hash32, bytes] = Cache(10)
    store._nodes = cache
    assert store.state(second.root()).node(second.root()) == second.nodes[second.root()]
    assert len(cache) == 0
    assert store.state(first.root()).storage(ADDRESSES[0], 1) == 5
    assert len(cache) == 2, "the only leaf of each trie of an old state"


def test_readers_on_other_threads_never_see_a_block_half_way(store):
    world = grown(store, World(), 1, balance=1)
    roots: dict[Hash32, int] = {}
    stop = threading.Event()
    wrong: list[tuple[int, int]] = []
    reads = 0

    def read() -> None:
        nonlocal reads
        while not stop.is_set():
            root = store.flat.root
            expected = roots.get(root)
            if root is not None and expected is not None:
                reader = store.state(root)
                found = reader.storage(ADDRESSES[0], 1), expected
                reads += 1
                if found[0] != found[1]:
                    wrong.append(found)

    roots[world.root()] = 1
    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 150):
            step = Step(frozenset(), frozenset(), {ADDRESSES[0]: {1: number}})
            after, changes = step.apply(world, number)
            roots[after.root()] = number
            with store.write_batch() as batch:
                batch.apply_state(number, after.root(), changes)
            world = after
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert reads > 0


def test_one_batch_moves_the_head_state_once(store):
    first = grown(store, World(), 1, balance=5)
    with store.write_batch() as batch:
        batch.undo_state(range(1, 0, -1), EMPTY_ROOT)
        with pytest.raises(ValueError, match="one batch moves the head state once"):
            batch.apply_state(1, first.root(), StateChanges())
        with pytest.raises(ValueError, match="one batch moves the head state once"):
            batch.undo_state(range(1, 0, -1), EMPTY_ROOT)


def test_what_the_database_lost_is_a_halt(store):
    lost = Hash32(b"\x11" * 32)
    for read, what in ((store.node, "trie node"), (store.code, "code")):
        with pytest.raises(Halt, match=f"the database is damaged \\({what} 0x{lost.hex()} is missing\\)"):
            read(lost)
    with pytest.raises(Halt, match="the undo record of block 7 is missing"):
        store.undo_record(7)
    with store.write_batch() as batch:
        batch.put_meta(b"unsafe", lost)
    with pytest.raises(Halt, match=r"the unsafe head 0x11.* has no header"):
        store.head("unsafe")
    store.close()
    for _attempt in range(2):  # the failed opening let go of the database
        with pytest.raises(Halt, match=r"the unsafe head 0x11.* has no header"):
            Store(store.path)


def test_what_never_was_there_is_none_or_empty(store):
    assert store.code(EMPTY_KECCAK) == b""
    assert store.header(ZERO_HASH) is None
    assert store.receipts(ZERO_HASH) is None
