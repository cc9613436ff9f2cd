"""A database that is damaged, or wanted by two: detected, named, and rebuilt from L1."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from tests.e2e.network import running
from tests.e2e.processes import tombolo
from tests.faults.sequencer import Ledger, Sequencer, launch_sequencer, verifier_of

SEED = 20_264


def damage(folder: Path, chance: random.Random) -> str:
    """Turn bits in the largest file that holds data; returns its name."""
    victim = max((path for path in folder.iterdir() if path.suffix in (".log", ".ldb")), key=lambda p: p.stat().st_size)
    data = bytearray(victim.read_bytes())
    for _ in range(20):
        data[chance.randrange(len(data) // 2)] ^= 1 << chance.randrange(8)
    victim.write_bytes(data)
    return victim.name


async def test_a_damaged_database_is_named_and_rebuilt_from_l1_and_the_node_goes_on_from_it(
    l1_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    sequencer = await launch_sequencer(l1_url, tmp_path, free_port())
    ledger, verifier = Ledger(sequencer), verifier_of(sequencer, l1_url)
    head, rebuilt = 0, tmp_path / "rebuilt"
    async with running(verifier):
        try:
            await sequencer.start()
            for _ in range(2):
                await ledger.send(30)
                head = await ledger.settle(verifier)
            assert await sequencer.terminate() == 0
            damaged = damage(tmp_path / "sequencer" / "db", random.Random(SEED))

            sequencer.spawn()
            assert await sequencer.ended() == 1
            assert f"tombolo: {tmp_path / 'sequencer' / 'db'}: the database is damaged" in sequencer.said
            assert "move it away and rebuild it from L1" in sequencer.said
            assert "`tombolo verify --into FOLDER`" in sequencer.said

            verified = await asyncio.to_thread(
                tombolo,
                *("verify", "--rollup", str(tmp_path / "rollup.json"), "--l1", l1_url),
                *("--da-dir", str(tmp_path / "da"), "--no-compare", "--into", str(rebuilt)),
            )
            assert verified.returncode == 0, verified.stderr

            sequencer.arguments[sequencer.arguments.index("--data-dir") + 1] = str(rebuilt)
            await sequencer.start()
            await ledger.check()
            await ledger.resume()
            assert ledger.wallet.nonce == 60
            await ledger.send(5)
            assert await ledger.settle(verifier) > head
        finally:
            sequencer.kill()
    print(f"{damaged} damaged; {head} blocks rebuilt from L1, all transactions in their blocks, the chain goes on")


async def test_a_second_process_on_the_same_database_is_refused_and_the_first_goes_on(
    l1_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    sequencer = await launch_sequencer(l1_url, tmp_path, free_port())
    second = Sequencer("", [*sequencer.arguments], tmp_path, lives=90)
    second.arguments[second.arguments.index("--rpc-port") + 1] = str(free_port())
    try:
        await sequencer.start()
        second.spawn()
        assert await second.ended() == 1
        assert second.said.rstrip().endswith(
            f"tombolo: {tmp_path / 'sequencer' / 'db'}: another process is using this database; stop it, or choose "
            "another directory"
        )
        assert "Traceback" not in second.said
        before = int(await sequencer.call("eth_blockNumber"), 16)
        for _ in range(200):
            if int(await sequencer.call("eth_blockNumber"), 16) > before:
                break
            await asyncio.sleep(0.1)
        assert int(await sequencer.call("eth_blockNumber"), 16) > before, "the first goes on"
        assert await sequencer.terminate() == 0
        assert "Traceback" not in sequencer.said
    finally:
        sequencer.kill()
        second.kill()
