"""A node's own words and its end: JSON lines, no secrets whatever happens, and a stop that loses nothing."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from node.keystore import write_keystore
from tests.e2e.network import OPERATOR_KEY, running
from tests.faults.proxy import Line, proxy_to
from tests.faults.sequencer import Ledger, launch_sequencer, verifier_of

PASSWORD = "correct horse battery staple"


async def test_sigterm_under_load_ends_a_sequencer_cleanly_and_loses_nothing(
    l1_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    sequencer = await launch_sequencer(l1_url, tmp_path, free_port())
    ledger, verifier = Ledger(sequencer), verifier_of(sequencer, l1_url)
    async with running(verifier):
        try:
            await sequencer.start()
            await ledger.send(120)
            assert await sequencer.terminate() == 0
            assert "stopped as asked" in sequencer.said
            assert "Traceback" not in sequencer.said
            assert "ERROR" not in sequencer.said
            assert OPERATOR_KEY.hex() not in sequencer.said, "it came by environment, and goes nowhere"
            await sequencer.start()
            await ledger.settle(verifier)
        finally:
            sequencer.kill()


async def test_a_sequencer_takes_its_key_from_a_keystore_and_never_writes_it(
    l1_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    write_keystore(tmp_path / "operator.json", OPERATOR_KEY, PASSWORD, scrypt_n=2)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    async with proxy_to(int(l1_url.rpartition(":")[2])) as proxy:
        sequencer = await launch_sequencer(l1_url, tmp_path, free_port())
        arguments = ["--operator-keystore", str(tmp_path / "operator.json"), "--log-format", "json"]
        sequencer.arguments += [*arguments, "--log-level", "debug"]
        sequencer.arguments[sequencer.arguments.index("--l1") + 1] = proxy.url
        sequencer.environment = {"TOMBOLO_OPERATOR_PASSWORD_FILE": str(tmp_path / "password")}
        ledger, verifier = Ledger(sequencer), verifier_of(sequencer, l1_url)
        async with running(verifier):
            try:
                await sequencer.start()
                await ledger.send(5)
                await ledger.settle(verifier)
                proxy.turn(Line.REFUSED)
                for _ in range(100):
                    if "does not answer" in sequencer.said:
                        break
                    await asyncio.sleep(0.1)
                assert await sequencer.terminate() == 0
            finally:
                sequencer.kill()
    lines = [json.loads(line) for line in sequencer.said.splitlines()]
    assert any(line["level"] == "warning" and "does not answer" in line["message"] for line in lines)
    assert lines[-1]["message"] == "stopped as asked"
    for secret in (OPERATOR_KEY.hex(), PASSWORD):
        assert secret not in sequencer.said.lower()
