"""The pool's journal holds what waits, whatever ends the process or cuts the file."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.mempool import journal as module
from node.mempool.journal import MAGIC, FileJournal
from protocol.crypto import keccak
from protocol.errors import Halt
from protocol.types import Hash32


def named(raw: bytes) -> tuple[Hash32, bytes]:
    return keccak(raw), raw


RAWS = [bytes([number]) * 40 for number in range(1, 9)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    with closing(FileJournal(tmp_path / "journal")) as made:
        yield made


class Reopened(RuleBasedStateMachine):
    """Whatever is written and forgotten, a journal that is opened anew holds the same, in the same order."""

    @initialize(folder=st.builds(lambda: Path(os.environ["JOURNAL_FOLDER"])))
    def open(self, folder: Path) -> None:
        self.path = folder / "journal"
        self.path.unlink(missing_ok=True)
        self.journal = FileJournal(self.path)
        self.model: dict[Hash32, bytes] = {}

    @rule(raws=st.lists(st.sampled_from(RAWS), unique=True), gone=st.lists(st.sampled_from(RAWS), unique=True))
    def write(self, raws: list[bytes], gone: list[bytes]) -> None:
        changes: dict[Hash32, bytes | None] = {keccak(raw): raw for raw in raws}
        changes |= {keccak(raw): None for raw in gone}
        self.journal.write(changes)
        for tx_hash, raw in changes.items():
            if raw is None:
                self.model.pop(tx_hash, None)
            else:
                self.model[tx_hash] = raw

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = FileJournal(self.path)

    @invariant()
    def holds_the_same(self) -> None:
        if hasattr(self, "journal"):
            assert list(self.journal.load()) == list(self.model.items())
            assert self.model or self.path.read_bytes() == MAGIC, "what is empty takes no room"

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()


@pytest.mark.parametrize("rewrite_bytes", [64 << 20, 200])
def test_a_journal_opened_anew_holds_what_was_written_in_its_order(
    rewrite_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REWRITE_BYTES", rewrite_bytes)
    monkeypatch.setenv("JOURNAL_FOLDER", str(tmp_path))
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Reopened, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


def test_a_file_of_much_that_does_not_wait_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REWRITE_BYTES", 200)
    with closing(FileJournal(tmp_path / "journal")) as journal:
        for raw in RAWS:
            journal.write(dict([named(raw)]))
        before = (tmp_path / "journal").stat()
        journal.write({keccak(raw): None for raw in RAWS[1:]})
        after = (tmp_path / "journal").stat()
        assert after.st_ino != before.st_ino, "another file"
        assert after.st_size == len(MAGIC) + 8 + 32 + 40
        journal.write(dict([named(RAWS[1])]))
    with closing(FileJournal(tmp_path / "journal")) as journal:
        assert list(journal.load()) == [named(RAWS[0]), named(RAWS[1])]


@given(kept=st.integers(min_value=0))
@settings(deadline=None, max_examples=200)
def test_a_file_cut_anywhere_holds_what_was_whole(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "journal"
    with closing(FileJournal(path)) as journal:
        journal.write(dict(named(raw) for raw in RAWS))
    data = path.read_bytes()
    kept %= len(data) + 1
    path.write_bytes(data[:kept])
    whole = max(0, (kept - len(MAGIC)) // (8 + 32 + 40))
    with closing(FileJournal(path)) as journal:
        assert list(journal.load()) == [named(raw) for raw in RAWS[:whole]]
        journal.write(dict([named(b"\xff" * 9)]))
    with closing(FileJournal(path)) as journal:
        assert list(journal.load())[whole:] == [named(b"\xff" * 9)], "behind the cut it goes on"


def test_a_record_that_was_changed_ends_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(FileJournal(path)) as journal:
        journal.write(dict(named(raw) for raw in RAWS[:2]))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with closing(FileJournal(path)) as journal:
        assert list(journal.load()) == [named(RAWS[0])]


def test_a_full_disk_leaves_whole_records(
    journal: FileJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write(dict([named(RAWS[0])]))
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
        with pytest.raises(Halt, match=r"the disk is full.*make room"):
            journal.write(dict([named(RAWS[1])]))
    assert list(journal.load()) == [named(RAWS[0])]
    journal.write(dict([named(RAWS[2])]))
    with closing(FileJournal(tmp_path / "journal")) as again:
        assert list(again.load()) == [named(RAWS[0]), named(RAWS[2])]


def test_a_broken_disk_is_named(journal: FileJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: int, data: bytes) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(Halt, match="cannot be used"):
        journal.write(dict([named(RAWS[0])]))


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"somebody's letters")
    with pytest.raises(Halt, match="not a journal"):
        FileJournal(path)
    assert path.read_bytes() == b"somebody's letters"
