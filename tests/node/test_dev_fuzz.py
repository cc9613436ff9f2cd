"""Whatever is asked of a dev chain's methods, it answers in JSON-RPC and goes on: never an internal error."""

import asyncio
import json
import logging
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from protocol.signing import UnsignedTransaction, sign_transaction
from rpc.methods import METHODS
from tests.e2e.network import running
from tests.rpc.test_fuzz import Refuser, values

RICH = ["0x" + address.hex() for address in DEV_ACCOUNTS[:2]]
WORDS = st.sampled_from(["0x0", "0x1", "0x2a", hex(2**63), hex(2**256 - 1), "0x" + "00" * 32, "0x6001600155"])
PLAIN = (
    st.sampled_from(RICH) | WORDS | st.integers(-1, 3) | st.sampled_from([2**31, 2**53, 2**64, 2**256]) | st.booleans()
)
CALLS = st.fixed_dictionaries({}, optional={"from": st.sampled_from(RICH), "to": PLAIN, "value": PLAIN, "data": WORDS})
ADDRESS = st.sampled_from(RICH)
PARAMETERS = st.one_of(
    st.just([]),
    st.lists(PLAIN, min_size=1, max_size=1),
    st.lists(WORDS, min_size=1, max_size=2),
    st.tuples(ADDRESS),
    st.tuples(ADDRESS, PLAIN),
    st.tuples(ADDRESS, WORDS, WORDS),
    st.tuples(CALLS),
    st.tuples(CALLS, st.sampled_from(["latest", "pending", "0x1"])),
    st.lists(PLAIN | CALLS | values, max_size=4),
)
"""Mostly near enough to sound ones that methods get to work."""


def dev_method_names(node: DevNode) -> list[str]:
    server = node._server
    assert server is not None
    return sorted(server._dispatcher._methods.keys())


many = pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])


@pytest.mark.parametrize("count", [400, many])
async def test_any_parameters_of_any_method_of_a_dev_chain(count: int, tmp_path: Path) -> None:
    node = DevNode(DevOptions(tmp_path, rpc_port=0), SystemClock())
    codes: Counter[int] = Counter()
    served = 0
    async with running(node):
        names = dev_method_names(node)
        own = [name for name in names if name not in METHODS]
        assert len(own) > 30, "the dev chain's own methods are among them"
        bodies = st.fixed_dictionaries(
            {"jsonrpc": st.just("2.0"), "id": st.just(1), "method": st.sampled_from(own) | st.sampled_from(names)},
            optional={"params": PARAMETERS},
        )
        for body in examples(bodies, count):
            answer = await ask(node, body)
            if "error" in answer:
                codes[answer["error"]["code"]] += 1
                assert answer["error"]["code"] != -32603, body
                served += 1
        assert served > count // 10, "methods got to work"
        await ask(node, {"jsonrpc": "2.0", "id": 1, "method": "hardhat_reset", "params": []})
        tx = sign_transaction(
            UnsignedTransaction(31337, 0, 21_000, DEV_ACCOUNTS[1], 1, max_fee_per_gas=10**10), DEV_PRIVATE_KEYS[0]
        )
        sent = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + tx.raw.hex()]}
        assert (await ask(node, sent))["result"] == "0x" + tx.hash.hex(), "it still takes transactions"
    print(f"{count} requests over {len(names)} methods: {dict(codes.most_common())} errors by code")


def examples(strategy: st.SearchStrategy[dict], count: int) -> list[dict]:
    found: list[dict] = []

    @seed(1)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(strategy)
    def collect(example: dict) -> None:
        found.append(example)

    collect()
    return found


async def ask(node: DevNode, body: dict) -> dict:
    server = node._server
    assert server is not None
    refuser = Refuser(logging.ERROR)
    logging.getLogger("rpc").addHandler(refuser)
    try:
        async with asyncio.timeout(60):
            text = await server._dispatcher.answer(json.dumps(body), server._context)
    finally:
        logging.getLogger("rpc").removeHandler(refuser)
    answer = json.loads(text or "{}")
    assert answer.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"}), (body, answer)
    return answer
