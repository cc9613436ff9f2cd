"""JSON-RPC 2.0 itself: envelopes, batches, notifications, ids, error codes."""

import asyncio
import json
import threading
from typing import Any

import pytest

from protocol.engine import Call, CallResult
from protocol.errors import Halt, InvalidTransaction, Retry, TxError
from rpc.limits import Limits
from rpc.method import Method
from tests.rpc.fake import ALICE, CHAIN_ID

CHAIN_ID_HEX = hex(CHAIN_ID)
INVALID_REQUEST = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "invalid request"}}
PARSE_ERROR = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}}


def request(method="eth_chainId", **members):
    return {"jsonrpc": "2.0", "id": 1, "method": method, **members}


def answered(request_id=1):
    return {"jsonrpc": "2.0", "id": request_id, "result": CHAIN_ID_HEX}


@pytest.mark.parametrize("request_id", ["abc", "", "ü\ud800", 0, -1, 12345678901234567890, 1.5, None])
async def test_an_id_is_echoed_as_it_came(node, request_id):
    assert await node.ask(request(id=request_id)) == answered(request_id)


@pytest.mark.parametrize("request_id", [True, [], {}, [1]])
async def test_an_id_of_another_type_is_an_invalid_request(node, request_id):
    assert await node.ask(request(id=request_id)) == INVALID_REQUEST


@pytest.mark.parametrize("params", [{}, {"params": None}, {"params": []}], ids=["absent", "null", "empty"])
async def test_absent_null_and_empty_params_are_the_same(node, params):
    assert await node.ask(request(**params)) == answered()


async def test_named_params_are_refused(node):
    answer = await node.ask(request(params={"a": 1}))
    assert answer["error"] == {"code": -32602, "message": "non-array args"}


async def test_surplus_params_are_refused(node):
    answer = await node.ask(request("eth_getBalance", params=["0x" + "00" * 20, "latest", 1]))
    assert answer["error"] == {"code": -32602, "message": "too many arguments, want at most 2"}


async def test_a_missing_param_is_named(node):
    answer = await node.ask(request("eth_getBalance", params=[]))
    assert answer["error"] == {"code": -32602, "message": "missing value for required argument 0"}


@pytest.mark.parametrize(
    "broken",
    [
        {"id": 1, "method": "eth_chainId"},
        {"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"},
        {"jsonrpc": 2.0, "id": 1, "method": "eth_chainId"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": 1, "method": ["eth_chainId"]},
    ],
)
async def test_a_broken_envelope_is_an_invalid_request_with_its_id(node, broken):
    assert await node.ask(broken) == {**INVALID_REQUEST, "id": 1}


@pytest.mark.parametrize("junk", [1, "text", None, True, 1.5])
async def test_a_body_that_is_no_object_is_an_invalid_request(node, junk):
    assert await node.ask(junk) == INVALID_REQUEST


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b'{"id": 1' + b"0" * 5000 + b"}",
    ],
)
async def test_bytes_that_are_no_json_are_a_parse_error(node, body):
    status, text = await node.raw(body)
    assert (status, json.loads(text)) == (200, PARSE_ERROR)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b'["]",' * 500_000,
        b'["\\"]",' * 500_000,
        b"[" * 129 + b"]" * 129,
        b'"' + b"[" * 500 + b'", ' + b"[" * 129,
    ],
    ids=["arrays", "objects", "closed in strings", "closed after escapes", "one too many", "after a string"],
)
async def test_nesting_that_could_overflow_the_stack_is_refused_unparsed(node, body):
    status, text = await node.raw(body)
    expected = {"code": -32700, "message": "parse error: nested too deeply"}
    assert (status, json.loads(text)["error"]) == (200, expected)


@pytest.mark.parametrize("argument", ["[" * 1000, '\\"[[' * 100, "{" * 129])
async def test_brackets_in_strings_are_no_nesting(node, argument):
    assert await node.error("eth_getBalance", argument) == (-32602, "invalid argument 0: hex string without 0x prefix")


async def test_nesting_up_to_the_limit_is_parsed(node):
    body = json.dumps(request(params=[[]] * 200))
    assert json.loads((await node.raw(body))[1])["error"]["code"] == -32602


async def test_a_number_beyond_float_is_no_id(node):
    _status, text = await node.raw(b'{"jsonrpc": "2.0", "id": 1e999, "method": "eth_chainId"}')
    assert json.loads(text) == INVALID_REQUEST


@pytest.mark.parametrize("method", ["anvil_nodeInfo", "", "eth_chainid", "rollup_syncStatus"])
async def test_an_unknown_method_is_not_found(node, method):
    answer = await node.ask(request(method, params=None))
    assert answer["error"] == {"code": -32601, "message": f"the method {method} does not exist/is not available"}


@pytest.mark.parametrize("method", ["eth_chainId", "no_such", "eth_getBalance"])
async def test_a_notification_gets_no_body(node, method):
    assert await node.raw(json.dumps({"jsonrpc": "2.0", "method": method})) == (200, "")


async def test_a_batch_is_answered_in_order_without_its_notifications(node):
    batch = [request(id=1), {"jsonrpc": "2.0", "method": "eth_chainId"}, request(id="two"), 5, request("no", id=3)]
    assert await node.ask(batch) == [
        answered(1),
        answered("two"),
        INVALID_REQUEST,
        {
            "jsonrpc": "2.0",
            "id": 3,
            "error": {"code": -32601, "message": "the method no does not exist/is not available"},
        },
    ]


async def test_an_empty_batch_is_one_error_object(node):
    assert await node.ask([]) == {**INVALID_REQUEST, "error": {"code": -32600, "message": "empty batch"}}


async def test_a_batch_of_junk_is_one_error_each(node):
    assert await node.ask([1, "a", None, [], [[]]]) == [INVALID_REQUEST] * 5


async def test_a_batch_of_notifications_gets_an_empty_response(node):
    assert await node.raw(json.dumps([{"jsonrpc": "2.0", "method": "eth_chainId"}] * 3)) == (200, "")


async def test_a_batch_of_the_limit_is_answered_and_one_more_is_not(start_node):
    node = await start_node(Limits(batch_items=100))
    assert await node.ask([request(id=index) for index in range(100)]) == [answered(index) for index in range(100)]
    answer = await node.ask([request()] * 101)
    assert answer["error"]["code"] == -32600
    assert answer["id"] is None


async def test_a_batch_response_over_its_limit_ends_in_errors(start_node):
    node = await start_node(Limits(batch_response_bytes=100))
    answers = await node.ask([request(id=index) for index in range(5)] + [{"jsonrpc": "2.0", "method": "x"}, 7])
    assert answers[0] == answered(0)
    too_large = {"code": -32003, "message": "response too large"}
    assert [answer.get("error") for answer in answers[-2:]] == [too_large, too_large]
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3, 4, None]


async def test_extra_methods_join_the_table_and_may_be_coroutines(start_node):
    async def sync_status(context, number):
        return {"number": number}

    node = await start_node(extra_methods={"rollup_syncStatus": Method(sync_status, (lambda value: value,))})
    assert await node.call("rollup_syncStatus", 5) == {"number": 5}


@pytest.mark.parametrize("slow", [False, True])
async def test_a_bug_is_logged_in_full_and_answered_internal_error(start_node, caplog, expects_a_bug, slow):
    def broken(context):
        return 1 // 0

    node = await start_node(extra_methods={"x_broken": Method(broken, slow=slow)})
    assert await node.error("x_broken") == (-32603, "internal error")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage() == "x_broken failed: integer division or modulo by zero"
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_result_that_is_no_json_is_a_bug_too(start_node, expects_a_bug):
    unencodable: Any = b"raw"
    node = await start_node(extra_methods={"x_bytes": Method(lambda context: unencodable)})
    assert await node.error("x_bytes") == (-32603, "internal error")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW, "tx 3"), (-32000, "nonce too low: tx 3")),
        (Retry("L1 is not there yet"), (-32002, "L1 is not there yet")),
    ],
)
async def test_expected_failures_keep_their_words(start_node, failure, expected):
    def fail(context):
        raise failure

    node = await start_node(extra_methods={"x_fail": Method(fail)})
    assert await node.error("x_fail") == expected


async def test_a_halt_is_no_clients_business(start_node, expects_a_bug):
    def fail(context):
        raise Halt("/secret/path is damaged")

    node = await start_node(extra_methods={"x_fail": Method(fail)})
    assert await node.error("x_fail") == (-32603, "internal error")


async def test_slow_calls_beyond_threads_and_queue_are_refused_while_quick_ones_go_on(start_node):
    node = await start_node(Limits(worker_threads=1, worker_queue=1))
    release = threading.Event()

    def blocked(call: Call, header, state) -> CallResult:
        release.wait(10)
        return CallResult(None, b"\x01", 21_000, (), ())

    node.backend.engine.script = blocked
    call = request("eth_call", params=[{"to": "0x" + ALICE.hex()}])
    running = {asyncio.create_task(node.ask(call)) for _ in range(3)}
    done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    refusal = {"code": -32005, "message": "too many requests in work, try again later"}
    assert [task.result()["error"] for task in done] == [refusal]
    assert await node.call("eth_chainId") == CHAIN_ID_HEX
    release.set()
    assert [answer["result"] for answer in await asyncio.gather(*running)] == ["0x01", "0x01"]
