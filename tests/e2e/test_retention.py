"""Retention on a live node: what is kept is answered, what is not is refused in words, and never with nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.clock import SystemClock
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import Json
from node.rollup_node import RollupNode
from tests.e2e.conftest import L1
from tests.e2e.network import as_sequencer, launch, running
from tests.e2e.wallet import Wallet

KEPT = 3


async def test_reads_beyond_retention_are_refused_with_4444_and_the_chain_goes_on(embedded: L1, tmp_path: Path) -> None:
    options = as_sequencer(await launch(embedded.url, tmp_path, embedded.operator_key), embedded.operator_key)
    node = RollupNode(replace(options, keep_states=KEPT), SystemClock())
    wallet = Wallet(0)
    async with running(node), L1Client(f"http://127.0.0.1:{node.port}") as client:
        clock = SystemClock()
        for _ in range(600):
            await client.send_raw(next(wallet.transfers(1)).raw)
            if node.chain.store.oldest_state >= 2:
                break
            await clock.sleep(0.1)
        oldest, account = node.chain.store.oldest_state, "0x" + wallet.address.hex()
        assert 2 <= oldest <= node.chain.finalized_head().number, "no state above the finalized head is forgotten"
        reads: dict[str, list[Json]] = {
            "eth_getBalance": [account],
            "eth_getTransactionCount": [account],
            "eth_getCode": [account],
            "eth_getStorageAt": [account, "0x0"],
            "eth_getProof": [account, []],
            "eth_call": [{"to": account}],
        }
        for method, params in reads.items():
            with pytest.raises(
                L1Refused, match="pruned history unavailable: the state of block 0 is not kept"
            ) as found:
                await client.request(method, [*params, "0x0"])
            assert found.value.code == 4444, method
        assert await client.request("eth_getBalance", [account, hex(node.chain.head().number)]) is not None
        assert await client.request("eth_getBlockByNumber", ["0x0", True]) is not None, "blocks are kept"
        head = node.chain.head().number
        for _ in range(600):
            if node.chain.head().number > head + 1:
                break
            await clock.sleep(0.05)
        assert node.chain.head().number > head + 1

    # With another setting the same database goes on; what is gone stays gone.
    again = RollupNode(options, SystemClock())
    async with running(again), L1Client(f"http://127.0.0.1:{again.port}") as client:
        assert await client.request("eth_getBalance", [account, hex(again.chain.head().number)]) is not None
        with pytest.raises(L1Refused, match="pruned history unavailable") as found:
            await client.request("eth_getBalance", [account, "0x0"])
        assert found.value.code == 4444
