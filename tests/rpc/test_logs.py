"""Which logs a filter wants, and where eth_getLogs looks for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.receipt import Log, logs_bloom
from protocol.types import Address
from rpc.limits import Limits
from rpc.logs import log_filter
from tests.rpc.fake import ALICE, BOB, transfer

ALICE_HEX, BOB_HEX = "0x" + ALICE.hex(), "0x" + BOB.hex()


def topic(number: int) -> bytes:
    return number.to_bytes(32, "big")


def topic_hex(number: int) -> str:
    return f"0x{number:064x}"


addresses = st.sampled_from([ALICE, BOB, Address(b"\x0c" * 20)])
topics = st.integers(0, 3).map(topic)
logs = st.builds(Log, addresses, st.lists(topics, max_size=4).map(tuple), st.just(b""))


@given(
    logs,
    st.lists(addresses, max_size=2),
    st.lists(st.lists(topics, max_size=2), max_size=4),
)
def test_a_filter_matches_by_the_definition_and_its_bloom_never_hides_a_match(log, wanted_addresses, wanted_topics):
    wanted = log_filter(wanted_addresses, wanted_topics)
    expected = (not wanted_addresses or log.address in wanted_addresses) and len(wanted_topics) <= len(log.topics)
    for position, alternatives in enumerate(wanted_topics):
        expected = expected and (not alternatives or log.topics[position] in alternatives)
    assert wanted.matches(log) == expected
    if expected:
        assert wanted.may_be_in(logs_bloom([log]))


@pytest.fixture
async def chain_with_logs(node):
    """Blocks 1 to 4: Alice logs topics (1,), (1, 2), Bob (2,), and Alice without topics."""
    entries = [
        Log(ALICE, (topic(1),), b""),
        Log(ALICE, (topic(1), topic(2)), b""),
        Log(BOB, (topic(2),), b""),
        Log(ALICE, (), b""),
    ]
    for nonce, entry in enumerate(entries):
        node.backend.new_block([transfer(nonce)], [(entry,)])
    return node


async def blocks_found(node, **query) -> list[int]:
    """Numbers of the blocks whose log matches."""
    everything = {"fromBlock": "earliest", "toBlock": "latest"}
    return [int(log["blockNumber"], 16) for log in await node.call("eth_getLogs", everything | query)]


@pytest.mark.parametrize(
    ("query", "blocks"),
    [
        ({}, [1, 2, 3, 4]),
        ({"address": None}, [1, 2, 3, 4]),
        ({"address": []}, [1, 2, 3, 4]),
        ({"address": ALICE_HEX}, [1, 2, 4]),
        ({"address": [BOB_HEX, "0x" + "0c" * 20]}, [3]),
        ({"topics": []}, [1, 2, 3, 4]),
        ({"topics": None}, [1, 2, 3, 4]),
        ({"topics": [None]}, [1, 2, 3]),
        ({"topics": [[]]}, [1, 2, 3]),
        ({"topics": [topic_hex(1)]}, [1, 2]),
        ({"topics": [[topic_hex(1), topic_hex(2)]]}, [1, 2, 3]),
        ({"topics": [[topic_hex(1), None]]}, [1, 2, 3]),
        ({"topics": [None, topic_hex(2)]}, [2]),
        ({"topics": [topic_hex(1), None]}, [2]),
        ({"topics": [topic_hex(2), topic_hex(2)]}, []),
        ({"fromBlock": "0x2", "toBlock": "0x3"}, [2, 3]),
        ({"fromBlock": "0x2"}, [2, 3, 4]),
        ({"fromBlock": None, "toBlock": None}, [4]),
        ({"fromBlock": "safe"}, [2, 3, 4]),
        ({"toBlock": "finalized"}, []),
        ({"fromBlock": "0x1", "toBlock": "safe"}, [1, 2]),
    ],
)
async def test_a_query_finds_its_blocks(chain_with_logs, query, blocks):
    assert await blocks_found(chain_with_logs, **query) == blocks


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"fromBlock": "0x3", "toBlock": "0x2"}, -32602, "invalid block range params"),
        ({"fromBlock": "0x3", "toBlock": "0x5"}, -32602, "block range extends beyond current head block"),
        ({"fromBlock": "0x5"}, -32602, "invalid block range params"),
        ({"fromBlock": "pending"}, -32602, "invalid argument 0: pending logs are not supported"),
        ({"toBlock": "pending"}, -32602, "invalid argument 0: pending logs are not supported"),
        ({"blockHash": "0x" + "de" * 32}, -32000, "unknown block"),
        (
            {"blockHash": "0x" + "de" * 32, "fromBlock": "0x1"},
            -32602,
            "invalid argument 0: can't specify fromBlock/toBlock with blockHash",
        ),
        ({"topics": [None] * 5}, -32602, "invalid argument 0: exceed max topics"),
        ({"topics": topic_hex(1)}, -32602, "invalid argument 0: topics: expected an array"),
        ({"topics": ["0x1"]}, -32602, "invalid argument 0: hash: hex string has length 1, want 64"),
        ({"address": "0x1"}, -32602, "invalid argument 0: address: hex string has length 1, want 40"),
        (
            {"fromBlock": 1},
            -32602,
            "invalid argument 0: fromBlock: expected a hex string, got a number",
        ),
    ],
)
async def test_a_bad_query_says_why(chain_with_logs, query, code, message):
    assert await chain_with_logs.error("eth_getLogs", query) == (code, message)


async def test_a_block_hash_finds_its_logs_even_off_the_chain(chain_with_logs):
    head = chain_with_logs.backend.chain.head()
    chain_with_logs.backend.chain.shrink(1)
    (log,) = await chain_with_logs.call("eth_getLogs", {"blockHash": "0x" + head.hash.hex()})
    assert (log["blockNumber"], log["removed"]) == ("0x4", False)


async def test_a_search_is_bounded(start_node):
    node = await start_node(Limits(log_blocks=3, logs=2, log_addresses=2))
    for nonce in range(3):
        node.backend.new_block([transfer(nonce)], [(Log(ALICE, (), b""),)])
    everything = {"fromBlock": "earliest", "toBlock": "latest"}
    assert await node.error("eth_getLogs", everything) == (-32005, "block range too large, at most 3 blocks")
    query = {"fromBlock": "0x1"}
    assert await node.error("eth_getLogs", query) == (-32005, "query returned more than 2 results")
    assert await blocks_found(node, fromBlock="0x2") == [2, 3]
    too_many = {"address": [ALICE_HEX, BOB_HEX, "0x" + "00" * 20]}
    assert (await node.error("eth_getLogs", too_many))[0] == -32000
