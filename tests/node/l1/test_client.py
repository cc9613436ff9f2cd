import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass
from typing import get_type_hints

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from da.adapter import Commitment
from node.artifacts import Artifact
from node.clock import SystemClock
from node.deploy import DeploymentFailed, NonceTaken, deploy, wait_until_mined
from node.l1.client import Fees, L1Client
from node.l1.inputs import L1Inputs, L1Position
from node.l1.reader import L1Reader
from node.l1.transport import L1Refused, L1Unreachable, shown_url
from node.l1.wire import (
    Json,
    L1Receipt,
    MalformedAnswer,
    as_data,
    as_head,
    as_logs,
    as_quantity,
    as_receipt,
    as_transaction,
    parse_json,
)
from protocol.crypto import keccak, private_key_address
from protocol.errors import Reject, Retry
from protocol.inbox import append_calldata
from protocol.l1 import L1BlockRef
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import ZERO_HASH, Address, Hash32
from tests.node.inboxes import deploy_inbox
from tests.peers import ANVIL_CHAIN_ID, DEV_KEYS, Anvil, run_anvil

KEY = DEV_KEYS[0]
SENDER = private_key_address(KEY)


class SleeplessClock:
    """Records what it was asked to wait, and does not wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def l1_that_answers(answer: Answer) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


def scripted(*answers: object) -> tuple[Answer, list[dict[str, object]]]:
    """Answers in turn: an exception-like (status, text) pair, or the JSON fields beside id; and what was asked."""
    asked: list[dict[str, object]] = []
    remaining = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        asked.append(body)
        step = remaining.pop(0)
        if isinstance(step, tuple):
            return web.Response(status=step[0], text=step[1])
        assert isinstance(step, dict)
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], **step})

    return answer, asked


async def test_an_answer_is_returned() -> None:
    answer, asked = scripted({"result": "0x7a69"})
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        assert await client.chain_id() == 31337
    assert asked == [{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_in_trouble_is_asked_again_with_growing_pauses(status: int) -> None:
    answer, asked = scripted((status, "busy"), (status, "busy"), {"result": "0x1"})
    clock = SleeplessClock()
    async with l1_that_answers(answer) as url, L1Client(url, clock, jitter=lambda: 0.5) as client:
        assert await client.chain_id() == 1
    assert len(asked) == 3
    assert clock.slept == [0.25, 0.5]


async def test_the_attempts_are_bounded() -> None:
    answer, asked = scripted(*[(503, "busy")] * 10)
    async with l1_that_answers(answer) as url, L1Client(url, SleeplessClock(), attempts=4) as client:
        with pytest.raises(L1Unreachable, match="eth_chainId with HTTP status 503"):
            await client.chain_id()
    assert len(asked) == 4


async def test_pauses_are_spread_by_the_injected_randomness() -> None:
    answer, _asked = scripted(*[(503, "busy")] * 3)
    clock = SleeplessClock()
    spread = iter([0.0, 1.0])
    async with l1_that_answers(answer) as url, L1Client(url, clock, jitter=lambda: next(spread)) as client:
        with pytest.raises(Retry):
            await client.chain_id()
    assert clock.slept == [0.125, 0.75]


async def test_an_unreachable_l1_is_retried(free_port: Callable[[], int]) -> None:
    async with L1Client(f"http://127.0.0.1:{free_port()}", SleeplessClock()) as client:
        with pytest.raises(L1Unreachable, match="does not answer"):
            await client.chain_id()


async def test_an_l1_that_never_answers_is_given_up() -> None:
    async def hang(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return web.Response()

    async with l1_that_answers(hang) as url, L1Client(url, SleeplessClock(), timeout_seconds=0.05) as client:
        with pytest.raises(L1Unreachable, match=r"does not answer: .*[Tt]ime"):
            await client.chain_id()


async def test_a_dropped_connection_is_retried() -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with l1_that_answers(drop) as url, L1Client(url, SleeplessClock()) as client:
        with pytest.raises(L1Unreachable, match="does not answer"):
            await client.chain_id()


async def test_a_refusal_carries_code_message_and_data_and_is_not_repeated() -> None:
    answer, asked = scripted({"error": {"code": 3, "message": "execution reverted: no", "data": "0x1234"}})
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        with pytest.raises(L1Refused) as caught:
            await client.call(SENDER, b"")
    refusal = caught.value
    assert (refusal.method, refusal.code, refusal.message, refusal.data) == (
        "eth_call",
        3,
        "execution reverted: no",
        "0x1234",
    )
    assert isinstance(refusal, Reject)
    assert len(asked) == 1


async def test_a_rate_limit_is_retried() -> None:
    answer, asked = scripted({"error": {"code": -32005, "message": "limit exceeded"}}, {"result": "0x1"})
    async with l1_that_answers(answer) as url, L1Client(url, SleeplessClock()) as client:
        assert await client.chain_id() == 1
    assert len(asked) == 2


async def test_a_client_error_without_json_is_a_refusal() -> None:
    answer, _asked = scripted((403, "forbidden"))
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        with pytest.raises(L1Refused, match="HTTP status 403"):
            await client.chain_id()


async def test_a_json_error_is_read_whatever_the_status() -> None:
    answer, _asked = scripted((400, '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"bad params"}}'))
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        with pytest.raises(L1Refused, match="bad params"):
            await client.chain_id()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        '{"jsonrpc":"2.0","id":77,"result":"0x1"}',
        '{"jsonrpc":"2.0","id":1,"error":"no"}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":"y"}}',
        '{"jsonrpc":"2.0","id":1,"result":7}',
        '{"jsonrpc":"2.0","id":1,"result":"7"}',
        '{"jsonrpc":"2.0","id":1,"result":"0x"}',
        '{"jsonrpc":"2.0","id":1,"result":"0xffffffffffffffffff"}',
        '{"jsonrpc":"2.0","id":1,"result":{}}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '["\\"]' + "[" * 100_000,
    ],
)
async def test_a_malformed_answer_is_never_used(body: str) -> None:
    answer, _asked = scripted((200, body))
    async with l1_that_answers(answer) as url, L1Client(url, attempts=1) as client:
        with pytest.raises(MalformedAnswer):
            await client.chain_id()


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.l1.transport.MAX_ANSWER_BYTES", 1000)
    answer, _asked = scripted((200, "x" * 2000))
    async with l1_that_answers(answer) as url, L1Client(url, attempts=1) as client:
        with pytest.raises(MalformedAnswer, match="more than 1000 bytes"):
            await client.chain_id()


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=70)
json_values = st.recursive(
    scalars | st.just("0x" + "11" * 32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["hash", "number", "topics"]), inner),
    max_leaves=6,
)
FIELDS: dict[str, Json] = {
    "number": "0x1",
    "hash": "0x" + "11" * 32,
    "parentHash": "0x" + "22" * 32,
    "timestamp": "0x5",
    "mixHash": "0x" + "33" * 32,
    "baseFeePerGas": "0x7",
    "blockHash": "0x" + "11" * 32,
    "topics": [],
    "address": "0x" + "44" * 20,
    "data": "0x",
    "transactionHash": "0x" + "55" * 32,
    "logIndex": "0x0",
    "to": None,
    "input": "0x",
    "nonce": "0x0",
    "blockNumber": "0x1",
    "status": "0x1",
    "gasUsed": "0x1",
    "contractAddress": None,
}


def unsound(value: object, kind: object = None) -> Iterator[object]:
    """What in it is not of its kind: hashes have 32 bytes, addresses 20, numbers are not negative and fit a word."""
    if isinstance(value, tuple):
        for item in value:
            yield from unsound(item)
    elif is_dataclass(value):
        kinds = get_type_hints(type(value))
        for field in fields(value):
            yield from unsound(getattr(value, field.name), kinds[field.name])
    elif isinstance(value, bytes):
        length = {Hash32: 32, Address: 20}.get(kind, len(value))  # type: ignore[call-overload]
        if len(value) != length:
            yield value
    elif not (value is None or isinstance(value, bool) or (isinstance(value, int) and 0 <= value < 2**256)):
        yield value


@given(st.sampled_from(sorted(FIELDS)), json_values)
def test_one_wrong_field_is_a_malformed_answer_or_a_sound_value(field: str, value: object) -> None:
    answer = json.loads(json.dumps({**FIELDS, field: value}))
    for parse in (as_head, as_transaction, as_receipt, lambda log: as_logs([log], Hash32(b"\x11" * 32))):
        try:
            parsed = parse(answer)
        except MalformedAnswer:
            continue
        assert list(unsound(parsed)) == []


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_json_or_malformed(body: bytes) -> None:
    try:
        value = parse_json(body)
    except MalformedAnswer:
        return
    json.dumps(value)


def test_brackets_in_strings_are_not_nesting() -> None:
    text = "[{" * 1000
    assert parse_json(json.dumps({"result": text}).encode()) == {"result": text}
    many: Json = [[] for _item in range(1000)]
    assert parse_json(json.dumps(many).encode()) == many


@pytest.mark.parametrize("text", ["0x", "0X1", "1", "0x-1", "0x 1", "0x1_0", "0xg", "0x" + "1" * 65, "0x\u0661"])
def test_only_plain_hex_is_a_quantity(text: str) -> None:
    with pytest.raises(MalformedAnswer):
        as_quantity(text, "number")


@pytest.mark.parametrize("text", ["", "00", "0x0", "0x0g", "0x 00", "0x00 00", "0x\u0660\u0660"])
def test_only_plain_hex_is_data(text: str) -> None:
    with pytest.raises(MalformedAnswer):
        as_data(text, "bytes")


def test_logs_of_another_block_are_not_used() -> None:
    log = {**FIELDS, "blockHash": "0x" + "99" * 32}
    with pytest.raises(MalformedAnswer, match="got one of 0x9999"):
        as_logs([log], Hash32(b"\x11" * 32))


def test_logs_out_of_order_are_not_used() -> None:
    logs: list[Json] = [{**FIELDS, "logIndex": "0x2"}, {**FIELDS, "logIndex": "0x1"}]
    with pytest.raises(MalformedAnswer, match="out of order"):
        as_logs(logs, Hash32(b"\x11" * 32))


@pytest.mark.parametrize("message", ["already known", "transaction already imported", "ALREADY KNOWN: 0x12"])
async def test_sending_again_is_no_failure(message: str) -> None:
    answer, _asked = scripted({"error": {"code": -32000, "message": message}})
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        assert await client.send_raw(b"raw") == keccak(b"raw")


async def test_an_acknowledgement_of_another_transaction_is_not_believed() -> None:
    answer, _asked = scripted({"result": "0x" + "11" * 32})
    async with l1_that_answers(answer) as url, L1Client(url, attempts=1) as client:
        with pytest.raises(MalformedAnswer, match="acknowledged another"):
            await client.send_raw(b"raw")


async def test_a_node_without_a_final_block_says_none() -> None:
    answer, _asked = scripted({"error": {"code": -39001, "message": "finalized block not found"}})
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        assert await client.block("finalized") is None


async def test_a_node_without_a_tip_method_gets_one_gwei() -> None:
    block = {key: FIELDS[key] for key in ("number", "hash", "parentHash", "timestamp", "mixHash", "baseFeePerGas")}
    answer, _asked = scripted({"result": block}, {"error": {"code": -32601, "message": "no such method"}})
    async with l1_that_answers(answer) as url, L1Client(url) as client:
        assert await client.suggest_fees() == Fees(max_fee=2 * 7 + 10**9, tip=10**9)


# Against a real L1.


@pytest.fixture(scope="module")
def shared_anvil() -> Iterator[Anvil]:
    with run_anvil() as anvil:
        yield anvil


@pytest.fixture
def anvil(shared_anvil: Anvil) -> Iterator[Anvil]:
    snapshot = shared_anvil.rpc("evm_snapshot")
    yield shared_anvil
    shared_anvil.rpc("evm_revert", snapshot)


async def transfer(client: L1Client, nonce: int, to: Address, data: bytes = b"") -> Hash32:
    fees = await client.suggest_fees()
    gas = await client.estimate_gas(SENDER, to, data)
    unsigned = UnsignedTransaction(ANVIL_CHAIN_ID, nonce, gas, to, 0, data, fees.max_fee, fees.tip)
    return await client.send_raw(sign_transaction(unsigned, KEY).raw)


async def test_a_transaction_whose_nonce_another_one_took_is_not_waited_for(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        nonce = await client.nonce(SENDER)
        mined = await transfer(client, nonce, Address(b"\x77" * 20), b"first")
        origin = (SENDER, nonce)
        assert (await wait_until_mined(client, SystemClock(), mined, origin=origin)).transaction_hash == mined
        with pytest.raises(NonceTaken, match="another transaction took the nonce"):
            await wait_until_mined(client, SystemClock(), Hash32(b"\x01" * 32), origin=origin)


async def test_a_receipt_that_comes_after_its_nonce_is_awaited(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    async with L1Client(anvil.url) as client:
        nonce = await client.nonce(SENDER)
        mined = await transfer(client, nonce, Address(b"\x77" * 20))
        receipt = await wait_until_mined(client, SystemClock(), mined)
        answers = [None, None, receipt]

        async def late(_hash: Hash32) -> L1Receipt | None:
            return answers.pop(0)

        monkeypatch.setattr(client, "receipt", late)
        assert await wait_until_mined(client, SystemClock(), mined, origin=(SENDER, nonce)) == receipt
        assert answers == []


async def test_every_read_works_against_anvil(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        assert await client.chain_id() == ANVIL_CHAIN_ID
        assert await client.balance(SENDER) == 10_000 * 10**18
        nonce = await client.nonce(SENDER)
        sent = await transfer(client, nonce, Address(b"\x77" * 20), b"hello")
        receipt = await wait_until_mined(client, SystemClock(), sent)  # anvil mines a moment after it answers
        assert receipt.succeeded
        assert (await client.nonce(SENDER), await client.nonce(SENDER, "pending")) == (nonce + 1, nonce + 1)
        latest = await client.block("latest")
        assert latest is not None
        assert (latest.hash, latest.number) == (receipt.block_hash, receipt.block_number)
        assert await client.block(latest.number) == latest
        for _ in range(400):  # anvil tells of the block before it tells of the transaction in it
            tx = await client.transaction(sent)
            if tx is not None and tx.block_hash is not None:
                break
            await asyncio.sleep(0.05)
        assert tx is not None
        assert (tx.to, tx.input, tx.nonce, tx.block_hash) == (b"\x77" * 20, b"hello", nonce, latest.hash)
        assert await client.block(latest.number + 1) is None
        assert await client.transaction(Hash32(bytes(32))) is None
        assert await client.receipt(Hash32(bytes(32))) is None
        assert await client.code(SENDER) == b""


async def test_the_inbox_is_deployed_and_read_back(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        inbox = await deploy_inbox(client, KEY, SENDER)
        created = await client.block(inbox.block_number)
        assert created is not None
        assert created.hash == inbox.block_hash
        assert await client.call(inbox.address, keccak(b"batcher()")[:4]) == bytes(12) + SENDER
        reader = L1Reader(client, inbox.address)
        assert await reader.inputs(created, L1Position()) == L1Inputs((), (), L1Position())
        nonce = await client.nonce(SENDER)
        anvil.rpc("evm_setAutomine", False)
        for offset, commitment in enumerate((b"\0one", b"\0two", b"\0" + bytes(100_000))):
            fees = await client.suggest_fees()
            unsigned = UnsignedTransaction(
                ANVIL_CHAIN_ID,
                nonce + offset,
                5_000_000,
                inbox.address,
                0,
                append_calldata(commitment),
                fees.max_fee,
                fees.tip,
            )
            await client.send_raw(sign_transaction(unsigned, KEY).raw)
        anvil.mine()
        anvil.rpc("evm_setAutomine", True)
        latest = await reader.latest()
        posted = (Commitment(b"\0one"), Commitment(b"\0two"), Commitment(b"\0" + bytes(100_000)))
        assert await reader.inputs(latest, L1Position()) == L1Inputs((), posted, L1Position(batches=3))
        with pytest.raises(MalformedAnswer, match=r"left out batches: block \d+ has \[0, 1, 2\], expected from 1"):
            await reader.inputs(latest, L1Position(batches=1))


async def test_a_refused_append_names_the_reason(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        inbox = await deploy_inbox(client, KEY, Address(b"\x99" * 20))
        with pytest.raises(L1Refused, match="inbox: not the batcher"):
            await client.estimate_gas(SENDER, inbox.address, append_calldata(b"\0batch"))


async def test_a_block_that_l1_does_not_know_is_retried(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        with pytest.raises(Retry, match="unknown block"):
            await L1Reader(client, SENDER).inputs(
                L1BlockRef(7, Hash32(b"\x12" * 32), ZERO_HASH, 0, ZERO_HASH), L1Position()
            )


async def test_a_creation_that_leaves_nothing_fails(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        empty = Artifact("empty", "[]", b"", b"")
        with pytest.raises(DeploymentFailed, match=r"the creation of empty .* left no contract"):
            await deploy(client, SystemClock(), KEY, empty)


async def test_a_creation_that_is_never_mined_is_given_up(anvil: Anvil) -> None:
    async with L1Client(anvil.url) as client:
        anvil.rpc("evm_setAutomine", False)
        clock = SleeplessClock()
        with pytest.raises(Retry, match="has not mined transaction 0x"):
            await deploy(client, clock, KEY, Artifact("empty", "[]", b"", b""), timeout_seconds=1)
        assert clock.slept == [0.1] * 10
        anvil.rpc("evm_setAutomine", True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8544", "http://127.0.0.1:8544"),
        ("http://127.0.0.1:8544/", "http://127.0.0.1:8544"),
        ("https://mainnet.example/v3/0123456789abcdef", "https://mainnet.example/…"),
        ("https://user:password@mainnet.example:8545", "https://mainnet.example:8545"),
        ("https://mainnet.example/?apikey=0123", "https://mainnet.example/…"),
    ],
)
async def test_no_message_holds_the_key_in_an_endpoints_address(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert L1Client(url).name == shown


async def test_an_endpoint_that_does_not_answer_is_named_without_its_key() -> None:
    async with L1Client("http://127.0.0.1:1/v3/0123456789abcdef", attempts=1) as client:
        with pytest.raises(Retry, match=r"L1 at http://127\.0\.0\.1:1/… does not answer") as found:
            await client.chain_id()
    assert "0123456789abcdef" not in str(found.value)
