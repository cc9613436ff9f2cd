"""Recorded sequences of requests, played against a live rollup as the client would send them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from protocol.signing import UnsignedTransaction, sign_transaction
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on

PROFILES = Path(__file__).parent.parent / "rpc" / "profiles"
KINDS = {
    "quantity": r"0x(0|[1-9a-f][0-9a-f]*)",
    "data": r"0x([0-9a-f]{2})*",
    "hash": r"0x[0-9a-f]{64}",
    "text": r"\d+",
}


@pytest.fixture
async def network(embedded: L1, tmp_path: Path) -> AsyncIterator[Network]:
    async with rollup_on(embedded.url, tmp_path) as running:
        yield running


def check(value: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert isinstance(value, dict), where
        for name, kind in expected.items():
            check(value.get(name), kind, f"{where}.{name}")
    elif expected == "array":
        assert isinstance(value, list), where
    else:
        assert isinstance(value, str), f"{where}: {value!r}"
        assert re.fullmatch(KINDS[expected], value), f"{where}: {value!r} is no {expected}"


def filled(template: Any, known: dict[str, str]) -> Any:
    if isinstance(template, list):
        return [filled(entry, known) for entry in template]
    if isinstance(template, str) and template.startswith("$"):
        return known[template]
    return template


async def test_metamask_shows_an_account_sends_and_sees_it_mined(network: Network) -> None:
    profile = json.loads((PROFILES / "metamask.json").read_text())
    tx = sign_transaction(
        UnsignedTransaction(L2_CHAIN_ID, 0, 21_000, DEV_ACCOUNTS[1], value=1, max_fee_per_gas=10**10),
        DEV_PRIVATE_KEYS[0],
    )
    known = {"$raw": "0x" + tx.raw.hex(), "$hash": "0x" + tx.hash.hex()}
    async with aiohttp.ClientSession(headers={"Origin": "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn"}) as http:

        async def ask(entry: dict[str, Any]) -> Any:
            body = {"id": 1, "jsonrpc": "2.0", "method": entry["method"], "params": filled(entry["params"], known)}
            async with http.post(network.url, json=body) as response:
                assert response.status == 200
                answer = await response.json()
            assert "error" not in answer, (body, answer)
            return answer["result"]

        for index, entry in enumerate(profile["requests"]):
            result = await ask(entry)
            async with asyncio.timeout(60):
                while result is None and entry.get("until") == "mined":
                    await asyncio.sleep(0.1)
                    result = await ask(entry)
            check(result, entry["expect"], f"{index} {entry['method']}")
            if entry["method"] == "eth_blockNumber":
                known["$latest"] = result
            if entry["method"] == "eth_getTransactionReceipt":
                known["$blockHash"] = result["blockHash"]
