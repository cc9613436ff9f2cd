"""debug_traceTransaction of a transaction of a million steps, as geth's struct logger writes it, read to its end."""

import http.client
import json
import time
from urllib.parse import urlsplit

from bench.measures.dev import beside_anvil, mine
from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.peers.peer import RunningPeer, rpc
from bench.row import Row
from bench.workload import CHAIN_ID, MAX_FEE_WEI, Workload
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address

COUNTER = Address(b"\xc0" * 20)
STEPS_PER_ROUND = 7
GAS_PER_ROUND = 26
READ_BYTES = 1 << 20
SECONDS = 600


def _trace(plan: Plan) -> list[Row]:
    return beside_anvil(plan, "trace_1m_steps_seconds", "s", _measure)


def _measure(plan: Plan, node: RunningPeer, workload: Workload) -> float:
    rounds = plan.sizes.trace_steps // STEPS_PER_ROUND
    rpc(node.url, "anvil_setCode", "0x" + COUNTER.hex(), "0x" + _countdown(rounds).hex())
    unsigned = UnsignedTransaction(
        CHAIN_ID, 0, 21_000 + 100 + rounds * GAS_PER_ROUND, COUNTER, 0, max_fee_per_gas=MAX_FEE_WEI
    )
    tx = sign_transaction(unsigned, workload.deployer.key)
    mine(node, tx)
    begun = time.perf_counter()
    steps = _count_steps(node.url, "0x" + tx.hash.hex())
    seconds = time.perf_counter() - begun
    if steps < rounds * STEPS_PER_ROUND:
        raise MeasureFailed(f"{node.name} traced {steps} steps of {rounds * STEPS_PER_ROUND}")
    return seconds


def _countdown(rounds: int) -> bytes:
    """PUSH3 rounds; JUMPDEST, PUSH1 1, SWAP1, SUB, DUP1, PUSH1 4, JUMPI until it is zero."""
    return bytes.fromhex(f"62{rounds:06x}5b600190038060045700")


def _count_steps(url: str, tx_hash: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    request = {"jsonrpc": "2.0", "id": 1, "method": "debug_traceTransaction", "params": [tx_hash]}
    connection.request("POST", "/", json.dumps(request), {"Content-Type": "application/json"})
    response = connection.getresponse()
    steps, rest = 0, b""
    while chunk := response.read(READ_BYTES):
        text = rest + chunk
        steps += text.count(b'"pc"')
        rest = text[-3:]  # shorter than what is counted
    connection.close()
    return steps


MEASURES = (Measure(("trace_1m_steps_seconds",), _trace),)
