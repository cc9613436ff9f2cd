"""What a plan leaves to governance is carried out: announced, made after the timelock, derived by every node alike."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from genesis.intent import Intent
from genesis.intent_file import parse_intent
from node.clock import SystemClock
from node.governance import Governance, NotTheOwner, check_owner
from node.l1.client import L1Client
from node.launch import LaunchOptions, launch_rollup
from node.settlement import DEV_SETTLEMENT
from protocol.errors import InvalidInput
from tests.e2e.conftest import L1
from tests.e2e.processes import Running, answers, rpc, running, tombolo

pytestmark = pytest.mark.timeout(280)

GWEI = 10**9
WANTED_WEI = 7 * GWEI


def base_fee(url: str, number: int | str) -> int | None:
    block = rpc(url, "eth_getBlockByNumber", hex(number) if isinstance(number, int) else number, False)
    return None if block is None else int(block["baseFeePerGas"], 16)


def all_have(urls: list[str], number: int) -> bool:
    return None not in [base_fee(url, number) for url in urls]


def first_block_at(url: str, wei: int) -> int | None:
    """The first block with at least this base fee, once the newest has it."""
    newest = int(rpc(url, "eth_blockNumber"), 16)
    fees = [base_fee(url, number) or 0 for number in range(1, newest + 1)]
    return next((at for at, fee in enumerate(fees, 1) if fee >= wei), None)


def test_a_plan_is_carried_out_and_holds_from_one_block_on_every_node(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, verifier_port, page_port = free_port(), free_port(), free_port()
    urls = [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{verifier_port}"]
    file = tmp_path / "lagoon.toml"

    def wish(*extra: str) -> None:
        lines = ['preset = "teaching"', "chain.chain_id = 90001", "metalayer.join = false", "node.proposer = false"]
        lines += ["governance.timelock_seconds = 2", "da.batch_interval_seconds = 1"]
        lines += [f"node.rpc_port = {port}", f"node.verifier_port = {verifier_port}", *extra]
        file.write_text("\n".join(lines) + "\n")

    data = ("--data-dir", str(tmp_path / "data"))

    def govern(*extra: str) -> tuple[int, str]:
        done = tombolo("govern", str(file), *data, *extra)
        return done.returncode, done.stdout + done.stderr

    wish()
    assert govern()[0] == 1, "nothing is launched yet"
    with running(
        *("up", str(file), *data, "--l1-port", str(free_port()), "--page-port", str(page_port)),
        output=tmp_path / "up.txt",
    ) as network:
        network.until(lambda: all(map(answers, urls)), "both nodes answer", 120)
        assert f"network        its page is at http://127.0.0.1:{page_port}" in network.output
        assert govern() == (0, "nothing to do: lagoon is as its file says\n")

        wish(f"fees.min_base_fee_wei = {WANTED_WEI}", "fees.elasticity = 3")
        plan = tombolo("plan", str(file), *data)
        assert plan.returncode == 1
        assert re.search(
            r"fees.min_base_fee_wei +0 +7000000000 +not by `up`: governance .*`tombolo govern`", plan.stdout
        )
        status, said = govern()
        assert status == 0, said
        assert said.index("min base fee: announced: 0 becomes 7000000000") < said.index(
            "min base fee: changed to 7000000000"
        )
        assert "base fee elasticity: announced: 2 becomes 3" in said
        assert "nothing to do" in tombolo("plan", str(file), *data).stdout
        holds_on_every_node(network, urls)

        # Announced by one run, made by another: what is announced is not announced again.
        wish(f"fees.min_base_fee_wei = {WANTED_WEI}", "fees.elasticity = 3", "chain.gas_limit = 40000000")
        status, said = govern("--wait", "0")
        assert status == 0, said
        assert re.search(r"announced; the changes can be made in \d s: run this again then", said)
        assert "gas limit: changed" not in said
        status, said = govern()
        assert (status, "announced" in said, "gas limit: changed to 40000000" in said) == (0, False, True), said

        wish('chain.fork = "prague"')
        status, said = govern()
        assert status == 1
        assert 'lagoon: chain.fork is "cancun", not "prague": impossible: fixed at genesis' in said

        wish("chain.gas_limit = 30000000")
        monkeypatch.setenv("TOMBOLO_OPERATOR_KEY", DEV_PRIVATE_KEYS[9].hex())
        status, said = govern()
        assert status == 1
        assert re.search(r"decides about this chain, not 0x\w{40}; let it call 0x\w{40} on L1 with these", said)
        assert json.loads(tombolo("status", *data, "--json").stdout)[0]["name"] == "lagoon"
        assert network.interrupt() == 0


def holds_on_every_node(network: Running, urls: list[str]) -> None:
    """The base fee reaches its new minimum in one and the same block, and not one block before."""
    found: list[int | None] = [None, None]

    def is_there() -> bool:
        for at, url in enumerate(urls):
            found[at] = found[at] or first_block_at(url, WANTED_WEI)
        return None not in found

    network.until(is_there, "the new minimum base fee on both nodes", 120)
    [first] = set(found)
    assert first is not None
    for number, expected in ((first - 1, False), (first, True), (first + 1, True)):
        network.until(partial(all_have, urls, number), "that block on both", 60)
        blocks = [rpc(url, "eth_getBlockByNumber", hex(number), False) for url in urls]
        assert len({block["hash"] for block in blocks}) == 1
        assert (int(blocks[0]["baseFeePerGas"], 16) >= WANTED_WEI) == expected
    assert [rpc(url, "rollup_settings")["minBaseFee"] for url in urls] == [str(WANTED_WEI)] * 2


async def test_where_nobody_decides_nothing_changes_and_an_account_is_no_multisig(embedded: L1, tmp_path: Path) -> None:
    clock = SystemClock()
    options = LaunchOptions(71_805, settlement=replace(DEV_SETTLEMENT, immutable=True))
    async with L1Client(embedded.url) as l1:
        rollup = await launch_rollup(l1, clock, embedded.operator_key, options, tmp_path / "rollup.json")
        contracts = rollup.config.settlement
        assert contracts is not None
        governance = Governance(l1, clock, contracts.chain_config, lambda _text: None)
        wanted = replace(rollup.config.settings, gas_limit=rollup.config.settings.gas_limit + 1)
        found = await governance.differences(wanted)
        assert [(one.name, one.wanted - one.now) for one in found] == [("gas limit", 1)]
        with pytest.raises(NotTheOwner, match="its settings are fixed for good"):
            await governance.carry_out(found, embedded.operator_key, 0)
        assert await governance.differences(wanted) == found

        intent = parse_intent("chain.chain_id = 5\n", "aa.toml", "aa")

        def decided_by(owner: bytes) -> Intent:
            return replace(intent, governance=replace(intent.governance, mode="multisig", owner="0x" + owner.hex()))

        await check_owner(l1, decided_by(contracts.chain_config))  # a contract, whatever it does
        with pytest.raises(InvalidInput, match="has no code on L1, so it is no multisig"):
            await check_owner(l1, decided_by(DEV_ACCOUNTS[5]))
