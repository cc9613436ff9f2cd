"""The machine's clock jumps: no crash, timestamps never go back, the drift rule holds, and the chain goes on."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from node.clock import SystemClock
from node.l1.client import L1Client
from node.l1_node import L1Node, L1Options
from node.launch import LaunchOptions
from node.rollup_file import load_rollup
from node.rollup_node import RollupNode
from protocol.crypto import private_key_address
from protocol.rollup import l1_origin_of
from tests.e2e.network import (
    L1_CHAIN_ID,
    L2_CHAIN_ID,
    OPERATOR_KEY,
    Network,
    as_sequencer,
    canonical_header,
    launch,
    running,
    send,
    until_mined,
)
from tests.e2e.wallet import Wallet

HOUR = 3600.0


class JumpingClock(SystemClock):
    """The machine's clock, set by hand. Only the time of day jumps; monotonic time never does."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset


@pytest.mark.parametrize("whose", ["the sequencer's", "everybody's"])
async def test_a_clock_that_jumps_by_hours_stops_nothing(whose: str, tmp_path: Path) -> None:
    clock = JumpingClock()
    l1_clock = clock if whose == "everybody's" else SystemClock()
    funded = (private_key_address(OPERATOR_KEY),)
    l1 = L1Node(L1Options(tmp_path / "l1", L1_CHAIN_ID, 0, block_time_seconds=0.5, funded=funded), l1_clock)
    async with running(l1):
        l1_url = f"http://127.0.0.1:{l1.port}"
        options = await launch(l1_url, tmp_path, OPERATOR_KEY, LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=500))
        behind = as_sequencer(options, OPERATOR_KEY)
        sequencer, verifier = RollupNode(behind, clock), RollupNode(options, clock)
        async with running(sequencer), running(verifier), L1Client(l1_url) as l1_client:
            network = Network(l1_url, tmp_path, behind, options, sequencer, verifier)
            async with L1Client(network.url) as client:
                wallet, last = Wallet(0), 0
                for jump in (3 * HOUR, -5 * HOUR, 4 * HOUR, -2 * HOUR):
                    clock.offset += jump
                    last = await until_mined(network, await send(client, wallet.transfers(5)))
                    await network.until_verified(last)  # L1 goes on too, or the batch would not be there
            config = load_rollup(options.rollup).config
            headers = [canonical_header(verifier.chain, number) for number in range(last + 1)]
            for parent, header in pairwise(headers):
                origin = await l1_client.block(l1_origin_of(header))
                assert origin is not None
                assert header.timestamp >= parent.timestamp, "timestamps never go back"
                assert origin.timestamp <= header.timestamp <= origin.timestamp + config.max_sequencer_drift_seconds
            l1_times = [canonical_header(l1.chain, n).timestamp for n in range(l1.chain.head().number + 1)]
            assert l1_times == sorted(set(l1_times)), "on L1 each block is later than its parent"
    print(f"{whose} clock jumped by +3, -5, +4 and -2 hours: {last} blocks, all derived, in order and within the drift")
