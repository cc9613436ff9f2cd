"""Floods through the front door: the pool stays within its limits, and an honest user is mined all the same."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp
import pytest

from node.mempool.limits import PoolLimits
from protocol.signing import UnsignedTransaction, sign_transaction
from tests.e2e.network import L2_CHAIN_ID, rollup_on, until_mined
from tests.e2e.wallet import GWEI, Wallet

SEED = 20_267
LIMITS = PoolLimits(transactions=1_200, per_account=400, queued_per_account=100)
FLOODERS = 9


def signed(wallet: Wallet, nonce: int, max_fee: int, tip: int) -> bytes:
    unsigned = UnsignedTransaction(L2_CHAIN_ID, nonce, 21_000, wallet.address, 0, b"", max_fee, tip)
    return sign_transaction(unsigned, wallet.key).raw


def underpriced(chance: random.Random) -> Iterator[bytes]:
    """From many senders, below any base fee there will be: waiting for ever, if one lets them."""
    for nonce in range(250):
        for index in range(FLOODERS):
            yield signed(Wallet(index), nonce, chance.randint(1, 100), 0)


def gaps(chance: random.Random) -> Iterator[bytes]:
    """Behind a nonce that never comes, at the best of prices."""
    for _ in range(200):
        for index in range(FLOODERS):
            yield signed(Wallet(index), chance.randint(300, 5_000), 1_000 * GWEI, 100 * GWEI)


def replacements(chance: random.Random) -> Iterator[bytes]:
    """The same nonces again and again, mostly without the price that a replacement asks for."""
    for _ in range(150):
        for index in range(FLOODERS):
            yield signed(Wallet(index), chance.randint(0, 3), chance.randint(1, 200), 0)


async def post(session: aiohttp.ClientSession, url: str, raws: Sequence[bytes]) -> list[dict]:
    """All of them in requests of a hundred."""
    answers: list[dict] = []
    for start in range(0, len(raws), 100):
        batch = [
            {"jsonrpc": "2.0", "id": at, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
            for at, raw in enumerate(raws[start : start + 100])
        ]
        async with session.post(url, json=batch) as response:
            answers += await response.json()
    return answers


async def pool_size(session: aiohttp.ClientSession, url: str) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "rollup_syncStatus", "params": []}
    async with session.post(url, json=body) as response:
        pool = (await response.json())["result"]["pool"]
    return pool["pending"] + pool["queued"]


async def test_an_honest_user_is_mined_under_every_flood(
    l1_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.mempool.pool.PoolLimits", lambda: LIMITS)
    chance, honest = random.Random(SEED), Wallet(9)
    largest, sent, refused, waited = 0, 0, 0, 0
    async with rollup_on(l1_url, tmp_path) as network, aiohttp.ClientSession() as session:
        for flood in (underpriced, gaps, replacements):
            answers = await post(session, network.url, list(flood(chance)))
            sent += len(answers)
            refused += sum("error" in answer for answer in answers)
            assert all(answer["error"]["code"] == -32000 for answer in answers if "error" in answer)
            largest = max(largest, await pool_size(session, network.url))
            before = network.sequencer.chain.head().number
            tx = honest.sign(honest.address, value=1)
            (answer,) = await post(session, network.url, [tx.raw])
            assert "result" in answer, f"{flood.__name__}: {answer}"
            mined = await until_mined(network, [tx.hash])
            waited = max(waited, mined - before)
            assert mined - before <= 5, f"{flood.__name__}: an honest payment waited {mined - before} blocks"
    assert largest <= LIMITS.transactions
    assert largest > LIMITS.transactions // 2, "the floods filled the pool"
    print(f"{sent} flooding transactions, {refused} refused, pool at most {largest} of {LIMITS.transactions}; ", end="")
    print(f"an honest payment was mined within {waited} blocks each time")
