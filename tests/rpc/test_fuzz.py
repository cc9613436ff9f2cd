"""Whatever bytes arrive, the answer is JSON-RPC: HTTP 200, never internal error, never a traceback in the log."""

import asyncio
import json
import logging

from hypothesis import given, settings
from hypothesis import strategies as st

from rpc.dispatch import Dispatcher
from rpc.filters import Filters
from rpc.limits import Limits
from rpc.method import Context
from rpc.methods import METHODS
from tests.rpc.fake import ALICE, FakeBackend, transfer

HASH = "0x" + "ab" * 32
HEX = ["0x", "0x0", "0x1", "0x01", "0x5208", hex(2**63), hex(2**64), hex(2**256), "0x" + ALICE.hex(), HASH]
KEYS = [
    "from", "to", "gas", "gasPrice", "value", "data", "input", "accessList", "authorizationList", "blobVersionedHashes",
    "address", "topics", "fromBlock", "toBlock", "blockHash", "blockNumber", "storageKeys", "balance", "code", "state",
    "stateDiff", "number", "time", HASH, "0x" + ALICE.hex(),
]  # fmt: skip
WORDS = ["latest", "pending", "earliest", "safe", "finalized", "newHeads", "logs", "newPendingTransactions"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(HEX)
    | st.sampled_from(WORDS)
    | st.binary(max_size=40).map(lambda data: "0x" + data.hex())
    | st.just("0x" + transfer(0).raw.hex())
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
requests = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers(), "method": st.sampled_from(sorted(METHODS))},
    optional={"params": st.lists(values, max_size=5)},
)
broken_requests = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "id": values,
        "method": st.sampled_from(sorted(METHODS)) | values,
        "params": values,
    },
)


async def answer(body: bytes | str) -> str | None:
    backend, limits = FakeBackend(), Limits(worker_threads=1)
    backend.new_block([transfer(0)])
    dispatcher = Dispatcher(METHODS, limits)
    try:
        return await dispatcher.answer(body, Context(backend, limits, Filters(limits, lambda: 0.0, lambda: "0xf")))
    finally:
        await dispatcher.close()


class Refuser(logging.Handler):
    """Turns a logged error into a failure of the example that caused it."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage()) from (record.exc_info or (None, None))[1]


def check(body: bytes | str) -> None:
    refuser = Refuser(logging.ERROR)
    logging.getLogger("rpc").addHandler(refuser)
    try:
        text = asyncio.run(answer(body))
    finally:
        logging.getLogger("rpc").removeHandler(refuser)
    if text is None:
        return
    parsed = json.loads(text)
    for response in parsed if isinstance(parsed, list) else [parsed]:
        assert response["jsonrpc"] == "2.0"
        assert response.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
        if "error" in response:
            assert isinstance(response["error"]["message"], str)
            assert isinstance(response["error"]["code"], int)
            assert response["error"]["code"] != -32603


@settings(max_examples=400)
@given(request=requests)
def test_any_parameters_of_any_method_are_answered_or_refused_as_the_callers_fault(request):
    check(json.dumps(request))


@given(batch=st.lists(broken_requests | values, max_size=4))
def test_any_batch_is_answered_one_by_one_or_refused(batch):
    check(json.dumps(batch))


@given(request=broken_requests)
def test_any_envelope_is_answered_or_refused(request):
    check(json.dumps(request))


@given(body=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_answered_or_refused(body):
    check(body)


@given(request=requests, cut=st.integers(0, 200), noise=st.binary(max_size=5))
def test_any_damage_to_a_request_is_its_callers_fault(request, cut, noise):
    body = json.dumps(request).encode()
    check(body[:cut] + noise + body[cut + len(noise) :])
