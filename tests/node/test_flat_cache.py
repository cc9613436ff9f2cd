"""What is kept at hand of the head state is always what the database holds, also after reorganisations."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from node.store import Store, tables
from node.store.cache import Cache
from protocol.mpt import EMPTY_ROOT
from protocol.state import Account, StateChanges
from protocol.types import Address, Hash32

ADDRESSES = [Address(bytes([number]) * 20) for number in range(4)]
SLOTS = range(3)
KEYS = [tables.account(address) for address in ADDRESSES]
KEYS += [tables.slot(address, slot) for address in ADDRESSES for slot in SLOTS]

account = st.none() | st.builds(Account, st.integers(0, 3), st.integers(0, 3), st.just(EMPTY_ROOT))
changes = st.builds(
    StateChanges,
    accounts=st.dictionaries(st.sampled_from(ADDRESSES), account),
    storage=st.dictionaries(st.sampled_from(ADDRESSES), st.dictionaries(st.sampled_from(SLOTS), st.integers(0, 2))),
    wiped=st.frozensets(st.sampled_from(ADDRESSES)),
)
steps = st.lists(changes | st.integers(1, 3), max_size=12)
"""Blocks, and how many of them to take back."""


@settings(max_examples=60)
@given(steps)
def test_every_read_is_what_the_database_holds(walk: list[StateChanges | int]) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "db") as store:
        height = 0
        for step in walk:
            with store.write_batch() as batch:
                if isinstance(step, StateChanges):
                    height += 1
                    batch.apply_state(height, Hash32(height.to_bytes(32, "big")), step)
                else:
                    target = max(0, height - step)
                    batch.undo_state(range(height, target, -1), Hash32(target.to_bytes(32, "big")))
                    height = target
            assert [store.flat_value(key) for key in KEYS] == [store.get(key) for key in KEYS]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        key = tables.account(ADDRESSES[0])
        try:
            with store.write_batch() as batch:
                batch.apply_state(1, Hash32(b"\1" * 32), StateChanges({ADDRESSES[0]: Account(1, 1, EMPTY_ROOT)}))
                raise RuntimeError("before it is written")
        except RuntimeError:
            pass
        assert store.flat_value(key) is store.get(key) is None


def test_looking_makes_a_value_no_younger() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.put("seldom", 1)
    for number in range(6):
        assert cache.peek("seldom") == (1 if number < 5 else None)
        cache.put(f"other {number}", number)


def test_a_read_that_a_write_overtakes_brings_nothing_back(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        key, read = tables.account(ADDRESSES[0]), store.get

        def overtaken(key: bytes) -> bytes | None:
            old = read(key)
            store.get = read
            with store.write_batch() as batch:
                batch.apply_state(1, Hash32(b"\1" * 32), StateChanges({ADDRESSES[0]: Account(1, 1, EMPTY_ROOT)}))
            return old

        store._flat_values = Cache(10)
        store.get = overtaken
        assert store.flat_value(key) is None
        assert store.flat_value(key) == store.get(key) is not None


def test_what_was_read_is_at_hand(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        key = tables.account(ADDRESSES[0])
        asked: list[bytes] = []
        read = store.get
        store.get = lambda key: asked.append(key) or read(key)  # type: ignore[func-returns-value]
        assert store.flat_value(key) is None
        assert store.flat_value(key) is None
        assert asked == [key]
