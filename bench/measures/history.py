"""eth_getLogs over 10,000 blocks: one event in every tenth of them, all asked for at once."""

import time

from bench.measures.dev import beside_anvil, mine
from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.peers.peer import RunningPeer, rpc
from bench.row import Row
from bench.workload import Workload

BLOCKS_PER_EVENT = 10
ASKED = 5
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak of Transfer(address,address,uint256)."""


def _logs(plan: Plan) -> list[Row]:
    return beside_anvil(plan, "getlogs_10k_blocks_ms", "ms", _measure)


def _measure(plan: Plan, node: RunningPeer, workload: Workload) -> float:
    blocks = plan.sizes.log_blocks
    for tx in workload.token_setup():
        mine(node, tx)
    start = int(str(rpc(node.url, "eth_blockNumber")), 16) + 1
    events = 0
    for lane in workload.token_transfers(blocks // BLOCKS_PER_EVENT):
        for tx in lane.transactions:
            mine(node, tx)
            rpc(node.url, "anvil_mine", hex(BLOCKS_PER_EVENT - 1))
            events += 1
    span = {"fromBlock": hex(start), "toBlock": hex(start + blocks - 1)}
    query = {**span, "address": "0x" + workload.token.hex(), "topics": [TRANSFER]}
    seconds = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        found = rpc(node.url, "eth_getLogs", query)
        seconds.append(time.perf_counter() - begun)
        if not isinstance(found, list) or len(found) != events:
            raise MeasureFailed(f"{node.name} did not find the {events} events of {blocks} blocks")
    return sorted(seconds)[ASKED // 2] * 1000


MEASURES = (Measure(("getlogs_10k_blocks_ms",), _logs),)
