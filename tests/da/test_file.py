from pathlib import Path

import pytest

from da.adapter import Commitment
from da.file import FileStore
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from tests.da.worlds import POSTED


def file_of(directory: Path, commitment: Commitment) -> Path:
    return directory / commitment[1:2].hex() / commitment[1:].hex()


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


async def test_the_commitment_is_a_byte_and_the_hash(tmp_path: Path) -> None:
    commitment = await FileStore(tmp_path).submit(b"data")
    assert commitment == b"\x01" + keccak(b"data")
    assert file_of(tmp_path, commitment).read_bytes() == b"data"


@pytest.mark.parametrize("damage", [b"", b"dat", b"data and more", b"DATA", bytes(2 << 20)])
async def test_wrong_bytes_are_never_returned(tmp_path: Path, damage: bytes) -> None:
    store = FileStore(tmp_path)
    commitment = await store.submit(b"data")
    file_of(tmp_path, commitment).write_bytes(damage)
    with pytest.raises(Retry, match="holds something else"):
        await store.fetch(commitment, POSTED)


async def test_submitting_again_mends_a_damaged_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    commitment = await store.submit(b"data")
    file_of(tmp_path, commitment).write_bytes(b"dat")
    assert await store.submit(b"data") == commitment
    assert await store.fetch(commitment, POSTED) == b"data"


async def test_a_write_leaves_nothing_else_behind(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    commitment = await store.submit(b"data")
    await store.submit(b"data")
    assert files_in(tmp_path) == [file_of(tmp_path, commitment)]


async def test_a_failed_write_leaves_nothing_behind_and_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    store = FileStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(Retry, match="No space left"):
            await store.submit(b"data")
    assert files_in(tmp_path) == []
    assert await store.fetch(await store.submit(b"data"), POSTED) == b"data"


async def test_a_folder_that_cannot_be_used_is_retried(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(Retry, match="cannot write"):
        await FileStore(blocked).submit(b"data")
    with pytest.raises(Retry, match="is not served"):
        await FileStore(blocked).fetch(Commitment(b"\x01" + bytes(32)), POSTED)


@pytest.mark.parametrize("length", [1, 32, 34, 65])
async def test_a_commitment_of_another_length_is_rejected(tmp_path: Path, length: int) -> None:
    with pytest.raises(Reject, match="is not 0x01 and a hash"):
        await FileStore(tmp_path).fetch(Commitment(b"\x01" + bytes(length - 1)), POSTED)
