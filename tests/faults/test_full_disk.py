"""A full disk: a clear stop, no damage, and on it goes once there is room."""

import asyncio
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from node.store.database import Database
from protocol.errors import Halt
from tests.e2e.network import running
from tests.faults.sequencer import Ledger, launch_sequencer, verifier_of

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int) -> None:
    """Leave this many bytes."""
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    with (place / "ballast").open("ab") as ballast:
        ballast.write(bytes(max(0, free - leave)))


async def load_until_it_ends(ledger: Ledger) -> None:
    try:
        while True:
            await ledger.send(50)
            await ledger.note()
    except (OSError, HTTPException, AssertionError):  # an error answer on the way down, or nobody there any more
        return


async def test_a_sequencer_on_a_full_disk_stops_clearly_and_goes_on_when_there_is_room(
    small_disk: Path, l1_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    sequencer = await launch_sequencer(l1_url, tmp_path, free_port(), small_disk / "sequencer")
    ledger, verifier = Ledger(sequencer), verifier_of(sequencer, l1_url)
    async with running(verifier):
        try:
            await sequencer.start()
            await ledger.send(50)
            while not ledger.reported:
                await asyncio.sleep(0.1)
                await ledger.note()
            fill(small_disk, leave=150_000)
            await load_until_it_ends(ledger)
            assert await sequencer.ended() == 1
            assert "the disk is full" in sequencer.said
            assert "make room and start again" in sequencer.said
            assert "Traceback" not in sequencer.said
            before = len(ledger.reported)

            fill(small_disk, leave=0)
            sequencer.spawn()
            assert await sequencer.ended() == 1, "there is no room yet"
            assert "the disk is full" in sequencer.said

            (small_disk / "ballast").unlink()
            await sequencer.start()
            await ledger.check()
            await ledger.resume()
            await ledger.send(5)
            head = await ledger.settle(verifier)
        finally:
            sequencer.kill()
    print(f"{before} transactions reported before the disk was full, {len(ledger.reported)} in {head} blocks after")


def test_after_a_write_that_failed_nothing_is_written_until_the_database_is_opened_again(tmp_path: Path) -> None:
    """LevelDB would write on behind half a record, and could then read none of it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    database = Database(tmp_path / "db", create=True)
    written: list[bytes] = []

    def write(count: int) -> None:
        for _ in range(count):
            key = len(written).to_bytes(4, "big")
            database.write({key: os.urandom(900)}, sync=False)
            written.append(key)

    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, limits[1]))
    try:
        with pytest.raises(Halt, match=r"the disk is full .*; nothing is damaged: make room and start again"):
            write(10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with pytest.raises(Halt, match="the disk is full"):
        write(1)
    database.close()
    again = Database(tmp_path / "db", create=False)
    try:
        assert len(written) > 1000
        assert [key for key in written if again.get(key) is None] == []
    finally:
        again.close()
