"""Generated rubbish at a live node: a clear error each, no traceback, memory flat, and the chain goes on."""

import asyncio
import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from genesis.dev import DEV_PRIVATE_KEYS
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.rlp_codec import encode
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address
from tests.e2e.network import L2_CHAIN_ID
from tests.e2e.processes import rpc, running
from tests.e2e.wallet import Wallet
from tests.node.scripted_l1 import GENESIS_TIME, ScriptedL1
from tests.node.test_driver import Node, payment, rollup_on
from tests.rpc.test_fuzz import broken_requests, requests, values

SEED = 20_265
WORDS = [0, 1, 2, 21_000, 30_000_000, 2**32, 2**53, 2**63, 2**64 - 1, 2**64, 2**128, 2**255, 2**256 - 1]

T = TypeVar("T")

words = st.sampled_from(WORDS) | st.integers(0, 2**256 - 1)
rlp_items = st.recursive(
    st.binary(max_size=40) | words.map(lambda n: n.to_bytes((n.bit_length() + 7) // 8, "big")),
    lambda inner: st.lists(inner, max_size=12),
    max_leaves=20,
)


@st.composite
def signed_transactions(draw: st.DrawFn) -> bytes:
    """Any fields at all, with a sound signature."""
    unsigned = UnsignedTransaction(
        draw(st.sampled_from([L2_CHAIN_ID, 1, 0, 2**64])),
        draw(st.integers(0, 5) | st.sampled_from([2**64 - 2, 2**64 - 1])),
        draw(st.sampled_from([0, 20_999, 21_000, 100_000, 30_000_001, 2**64 - 1])),
        draw(st.none() | st.binary(min_size=20, max_size=20).map(Address)),
        draw(st.sampled_from(WORDS)),
        draw(st.binary(max_size=100)),
        draw(st.sampled_from([0, 10**9, 10**11, 2**128, 2**256 - 1])),
        draw(st.sampled_from([0, 10**9, 10**12])),
    )
    return sign_transaction(unsigned, draw(st.sampled_from(DEV_PRIVATE_KEYS))).raw


def damaged(whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Good bytes with some of them replaced, put in, or cut off."""

    def damage(data: bytes, at: int, noise: bytes, cut: int) -> bytes:
        at %= len(data) + 1
        return data[:at] + noise + data[at + cut :]

    return st.builds(damage, whole, st.integers(0, 2000), st.binary(max_size=4), st.integers(0, 6))


types = st.sampled_from([b"", b"\x00", b"\x01", b"\x02", b"\x03", b"\x04", b"\x7e", b"\x7f", b"\xff"])
raw_transactions = (
    st.binary(max_size=200)
    | st.builds(lambda kind, item: kind + encode(item), types, rlp_items)
    | signed_transactions()
    | damaged(signed_transactions())
)

claims = st.builds(
    BlockClaim,
    st.integers(0, 40).map(lambda n: GENESIS_TIME + n) | st.integers(0, 2**64 - 1),
    st.integers(45, 60) | st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 3).map(payment) | st.binary(max_size=60), max_size=3).map(tuple),
)
batches = st.builds(
    lambda first, blocks: encode_batch(Batch(first, tuple(blocks))),
    st.integers(0, 5) | st.integers(0, 2**64 - 1),
    st.lists(claims, min_size=1, max_size=3),
)
batch_bytes = st.binary(max_size=200) | batches | damaged(batches)


def for_each(strategy: st.SearchStrategy[T], count: int, check: Callable[[T], None]) -> int:
    """Run `check` on so many examples, the same ones each time; returns how many there were."""
    done = 0

    @seed(SEED)
    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(example: T) -> None:
        nonlocal done
        done += 1
        check(example)

    run()
    return done


@dataclass
class Rollup:
    """A whole rollup in processes of its own, and one connection to its sequencer."""

    url: str
    verifier_url: str
    log: Path
    process: int
    connection: http.client.HTTPConnection
    codes: Counter[int] = field(default_factory=Counter)

    def post(self, body: bytes) -> tuple[int, bytes]:
        """One request; the connection is made anew when the node closed it, as after an oversized body."""
        for last in (False, True):
            try:
                self.connection.request("POST", "/", body, {"Content-Type": "application/json"})
                response = self.connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if last:
                    raise
        raise AssertionError("unreachable")

    def check(self, body: bytes) -> None:
        """Send it; whatever comes back must be a sound JSON-RPC answer, and never an internal error."""
        status, answer = self.post(body)
        assert status == 200, (status, answer[:200])
        if not answer:
            return
        parsed = json.loads(answer)
        for one in parsed if isinstance(parsed, list) else [parsed]:
            assert one["jsonrpc"] == "2.0"
            assert one.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
            error = one.get("error")
            if error is not None:
                assert isinstance(error["message"], str)
                assert error["message"]
                assert isinstance(error["code"], int)
                assert error["code"] != -32603, (body[:500], error)
                self.codes[error["code"]] += 1

    def check_raw(self, raw: bytes) -> None:
        """As eth_sendRawTransaction."""
        self.check(
            json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
            ).encode()
        )

    def memory(self) -> int:
        """Resident bytes of the sequencer."""
        status = Path(f"/proc/{self.process}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def head(self, tag: str = "latest", url: str | None = None) -> int:
        return int(rpc(url or self.url, "eth_getBlockByNumber", tag, False)["number"], 16)


@pytest.fixture(scope="module")
def rollup(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Rollup]:
    folder, ports = tmp_path_factory.mktemp("up"), [free_port() for _ in range(3)]
    flags = [f"--{name}={port}" for name, port in zip(("rpc-port", "verifier-port", "l1-port"), ports, strict=True)]
    with running("up", "--data-dir", str(folder / "data"), *flags, output=folder / "out.txt") as up:
        up.until(lambda: re.search(r"block +2 ", up.output) is not None, "blocks are shown")
        connection = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=60)
        with closing(connection):
            yield Rollup(
                f"http://127.0.0.1:{ports[0]}",
                f"http://127.0.0.1:{ports[1]}",
                folder / "data" / "logs" / "sequencer.log",
                child_of(up.process.pid, "sequencer"),
                connection,
            )


def child_of(parent: int, role: str) -> int:
    """The process of one role that `up` started."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if role in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
            return int(child)
    raise AssertionError(f"`up` runs no {role}")


many = pytest.param(40_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])
MEMORY_BOUND = 64 << 20
"""Over the first third of a run, by whose end caches and the pool have their size."""


@pytest.mark.parametrize("count", [600, many])
@pytest.mark.parametrize("kind", ["raw transactions", "requests"])
@pytest.mark.xdist_group("rubbish")  # they share one rollup
def test_rubbish_gets_a_clear_error_each_and_the_chain_goes_on(kind: str, count: int, rollup: Rollup) -> None:
    before, memory, done, codes = rollup.head(), 0, 0, Counter(rollup.codes)
    sound = requests.map(as_body)
    bodies = (
        sound | sound | damaged(sound) | (broken_requests | st.lists(broken_requests | values, max_size=4)).map(as_body)
    )

    def check(example: Any) -> None:
        nonlocal memory, done
        done += 1
        if done == count // 3:
            memory = rollup.memory()
        if kind == "requests":
            rollup.check(example)
        else:
            rollup.check_raw(example)

    if kind == "requests":
        for_each(bodies, count, check)
    else:
        for_each(raw_transactions, count, check)
    grown = rollup.memory() - memory
    assert done >= count * 0.9
    assert grown < MEMORY_BOUND, f"{grown / 2**20:.0f} MiB more"
    log = rollup.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert " ERROR " not in log

    wallet = Wallet(9)
    wallet.nonce = int(rpc(rollup.url, "eth_getTransactionCount", "0x" + wallet.address.hex(), "pending"), 16)
    sent = rpc(rollup.url, "eth_sendRawTransaction", "0x" + wallet.sign(wallet.address, value=1).raw.hex())
    until(lambda: rpc(rollup.url, "eth_getTransactionReceipt", sent) is not None, "an honest payment is mined")
    mined = int(rpc(rollup.url, "eth_getTransactionReceipt", sent)["blockNumber"], 16)
    assert mined > before
    until(lambda: rollup.head("safe", rollup.verifier_url) >= mined, "the verifier has it from L1")
    print(
        f"{done} {kind}: {dict((rollup.codes - codes).most_common())} errors by code, {grown / 2**20:+.1f} MiB, "
        f"{mined - before} blocks meanwhile"
    )


def as_body(request: object) -> bytes:
    return json.dumps(request).encode()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.parametrize("count", [700, pytest.param(24_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_any_bytes_in_the_inbox_leave_derivation_going(count: int, tmp_path: Path) -> None:
    l1 = ScriptedL1()
    node = Node(tmp_path, l1, rollup_on(l1))
    done = 0

    def check(data: tuple[bytes, ...]) -> None:
        nonlocal done
        done += len(data)
        l1.mine(batches=data)
        asyncio.run(node.driver.step())
        assert node.driver.processed == l1.head

    try:
        for_each(st.lists(batch_bytes, min_size=1, max_size=6).map(tuple), count // 4, check)
        safe = node.chain.safe_head()
        claim = BlockClaim(safe.timestamp + 2, l1.head.number, (payment(node.nonce(9), account=9),))
        before = node.nonce(9)
        l1.mine(batches=(encode_batch(Batch(safe.number + 1, (claim,))),))
        node.catch_up()
        assert node.nonce(9) == before + 1, "an honest batch still counts"
        fresh = Node(tmp_path / "fresh", l1, node.rollup)
        try:
            while fresh.driver.processed != l1.head:
                asyncio.run(fresh.driver.step())
            assert fresh.hashes() == node.hashes(), "and everybody derives the same"
        finally:
            fresh.close()
    finally:
        node.close()
    built = node.chain.safe_head().number
    print(f"{done} batches in {len(l1.refs) - 1} L1 blocks: {built} L2 blocks derived, twice alike")
