"""What a live node says to bad input: one clear error each, and the chain goes on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from protocol.rlp_codec import encode
from protocol.signing import UnsignedTransaction, sign_transaction
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on, until_mined
from tests.e2e.wallet import GWEI, Wallet

MIB = 1 << 20


@pytest.fixture
async def network(embedded: L1, tmp_path: Path) -> AsyncIterator[Network]:
    async with rollup_on(embedded.url, tmp_path) as running:
        yield running


def brackets(depth: int) -> bytes:
    item: list = []
    for _ in range(depth):
        item = [item]
    return encode(item)


def with_bad_s(wallet: Wallet) -> bytes:
    """A transaction whose last byte, of s, is another: it recovers to somebody without ether, or to nobody."""
    raw = wallet.sign(wallet.address).raw
    return raw[:-1] + bytes((raw[-1] ^ 1,))


def priced(wallet: Wallet, **changes: Any) -> bytes:
    unsigned = UnsignedTransaction(L2_CHAIN_ID, 0, 21_000, wallet.address, 0, b"", 100 * GWEI, GWEI)
    return sign_transaction(replace(unsigned, **changes), wallet.key).raw


async def test_each_bad_transaction_gets_its_own_words(network: Network) -> None:
    wallet = Wallet(0)
    cases = {
        b"": "no bytes",
        b"\x02\xc0": "malformed transaction",
        b"\xf8\x01": "malformed",
        b"\x02" + brackets(100): "nested deeper than 64",
        b"\x55\xc0": "transaction type not supported",
        b"\x7e\xc0": "malformed transaction",
        Wallet(0, chain_id=1).sign(wallet.address).raw: "invalid chain id for signer",
        with_bad_s(wallet): "in",  # "insufficient funds" or "invalid sender", as the altered signature falls
        priced(wallet, gas_limit=20_999): "intrinsic gas too low",
        priced(wallet, gas_limit=31_000_000): "exceeds block gas limit",
        priced(wallet, max_priority_fee_per_gas=200 * GWEI): "max priority fee per gas higher than max fee per gas",
        priced(wallet, max_fee_per_gas=10**30): "insufficient funds",
    }
    async with aiohttp.ClientSession() as session:
        for raw, words in cases.items():
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
            async with session.post(network.url, json=body) as response:
                assert response.status == 200
                error = (await response.json())["error"]
            assert words in error["message"], raw[:8].hex()
            assert error["code"] in (-32000, -32602), error

        wallet.nonce = 0
        good = wallet.sign(wallet.address)
        for expected in ("result", "already known"):
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + good.raw.hex()]}
            async with session.post(network.url, json=body) as response:
                answer = await response.json()
            assert expected in answer or expected in answer["error"]["message"]
        await until_mined(network, [good.hash])
        async with session.post(network.url, json=body) as response:
            assert "nonce too low" in (await response.json())["error"]["message"]


async def test_bodies_that_are_no_requests(network: Network) -> None:
    json_type = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        async with session.post(network.url, data=BytesIO(b" " * (6 * MIB)), headers=json_type) as response:
            assert response.status == 413
            assert "5242880 bytes" in await response.text()
        async with session.post(network.url, data=b"{", headers=json_type) as response:
            assert (await response.json())["error"]["code"] == -32700
        async with session.post(network.url, data=b"[" * 200_000, headers=json_type) as response:
            assert (await response.json())["error"]["code"] == -32700
        async with session.post(network.url, data=b"{}", headers={"Content-Type": "text/plain"}) as response:
            assert response.status == 415
        async with session.get(network.url, headers={"Host": "evil.example"}) as response:
            assert response.status == 403
    before = network.sequencer.chain.head().number
    await network.until(lambda: network.sequencer.chain.head().number > before, "the chain goes on")
