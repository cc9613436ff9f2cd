"""debug_trace*: what the tracers show, and what bounds them."""

import json

import pytest

from rpc.limits import Limits
from tests.rpc.fake import ALICE, BOB
from tests.rpc.world import CONTRACT, ETHER, LOGS, LOOPS_FOREVER, OTHER, STORES, calls, hex_of, populate

A, B, C, D = (hex_of(address) for address in (ALICE, BOB, CONTRACT, OTHER))
REVERTS = bytes.fromhex("60006000fd")
SELFDESTRUCTS = bytes.fromhex("73") + BOB + bytes.fromhex("ff")


async def trace(node, code, config=None, *, value="0x0", other=LOGS, gas="0xf4240"):
    populate(node, {CONTRACT: code, OTHER: other})
    return await node.call("debug_traceCall", {"from": A, "to": C, "value": value, "gas": gas}, "latest", config or {})


def call_tracer(**config):
    return {"tracer": "callTracer", "tracerConfig": config}


async def test_the_struct_logger_shows_each_step_with_its_whole_cost(node):
    answer = await trace(node, STORES, {"enableMemory": True})
    push, second, store, stop = answer["structLogs"]
    assert push == {"pc": 0, "op": "PUSH1", "gas": 979_000, "gasCost": 3, "depth": 1, "stack": []}
    assert (second["stack"], store["stack"]) == (["0x2a"], ["0x2a", "0x1"])
    assert store["gasCost"] == 22_100
    assert store["storage"] == {"0x" + "1".zfill(64): "0x" + "2a".zfill(64)}
    assert (stop["op"], stop["gas"]) == ("STOP", store["gas"] - 22_100)
    assert (answer["failed"], answer["gas"], answer["returnValue"]) == (False, 21_000 + 6 + 22_100, "0x")


async def test_a_call_costs_what_it_hands_on_and_its_steps_come_after_it(node):
    answer = await trace(node, calls(OTHER))
    steps = answer["structLogs"]
    index = next(index for index, step in enumerate(steps) if step["op"] == "CALL")
    assert steps[index]["gasCost"] == 2_600 + 0xFFFF
    assert steps[index + 1]["depth"] == 2
    assert steps[index + 1]["gas"] == 0xFFFF
    assert steps[-1]["depth"] == 1


async def test_a_step_that_cannot_be_paid_says_so(node):
    answer = await trace(node, STORES, gas=hex(21_000 + 6 + 5_000))
    assert answer["failed"] is True
    assert answer["structLogs"][-1]["error"] == "out of gas"
    assert answer["structLogs"][-1]["gasCost"] == 22_100
    answer = await trace(node, bytes.fromhex("01"))
    assert answer["structLogs"] == [
        {"pc": 0, "op": "ADD", "gas": 979_000, "gasCost": 3, "depth": 1, "stack": []}
        | {"error": "stack underflow (0 <=> 2)"}
    ]


async def test_steps_can_be_limited_and_their_parts_left_out(node):
    answer = await trace(node, STORES, {"limit": 3, "disableStack": True, "disableStorage": True})
    assert len(answer["structLogs"]) == 3
    assert all(step.keys() == {"pc", "op", "gas", "gasCost", "depth"} for step in answer["structLogs"])


async def test_the_call_tracer_shows_the_tree(node):
    answer = await trace(node, calls(OTHER, value=3) + calls(OTHER, opcode=0xF4), call_tracer(withLog=True))
    assert (answer["type"], answer["from"], answer["to"]) == ("CALL", A, C)
    assert answer["gas"] == hex(1_000_000)
    plain, delegated = answer["calls"]
    assert (plain["type"], plain["from"], plain["to"], plain["value"]) == ("CALL", C, D, "0x3")
    assert plain["gas"] == hex(0xFFFF + 2_300)
    assert plain["logs"][0]["address"] == D
    assert (delegated["type"], delegated["from"], delegated["to"], delegated["value"]) == ("DELEGATECALL", C, D, "0x0")
    assert delegated["logs"][0] == {**plain["logs"][0], "address": C, "index": "0x1"}


async def test_the_call_tracer_can_stop_at_the_top(node):
    answer = await trace(node, calls(OTHER), call_tracer(onlyTopCall=True, withLog=True))
    assert "calls" not in answer
    assert "logs" not in answer


async def test_failed_calls_say_why_and_have_no_logs(node):
    answer = await trace(node, calls(OTHER), call_tracer(withLog=True), other=LOGS + REVERTS)
    (child,) = answer["calls"]
    assert child["error"] == "execution reverted"
    assert "logs" not in child
    assert "error" not in answer


async def test_a_call_that_never_starts_is_shown_too(node):
    poor = b"\x60\x00" * 4 + b"\x6b" + b"\xff" * 12 + b"\x73" + OTHER + b"\x61\xff\xff\xf1"
    answer = await trace(node, poor, call_tracer())
    assert answer["calls"][0]["error"] == "insufficient balance for transfer"


async def test_a_contract_that_goes_sends_its_ether_on(node):
    answer = await trace(node, SELFDESTRUCTS, call_tracer(), value="0x5")
    assert answer["calls"] == [
        {
            "type": "SELFDESTRUCT",
            "from": C,
            "to": B,
            "gas": "0x0",
            "gasUsed": "0x0",
            "input": "0x",
            "value": hex(ETHER + 5),
        }
    ]


async def test_a_create_is_shown_with_its_address_and_code(node):
    populate(node, {})
    answer = await node.call("debug_traceCall", {"from": A, "input": "0x60fe60005360016000f3"}, "latest", call_tracer())
    assert answer["type"] == "CREATE"
    assert answer["output"] == "0xfe"
    assert len(answer["to"]) == 42


async def test_the_prestate_is_what_was_there_before(node):
    answer = await trace(node, STORES + calls(OTHER), {"tracer": "prestateTracer"}, value="0x7")
    assert answer[A] == {"balance": hex(100 * ETHER)}
    assert answer[C]["balance"] == hex(ETHER)
    assert answer[C]["nonce"] == 1
    assert answer[C]["storage"] == {"0x" + "1".zfill(64): "0x" + "0" * 64}
    assert answer[D]["code"] == hex_of(LOGS)


async def test_the_difference_has_only_what_changed(node):
    config = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    answer = await trace(node, STORES + calls(OTHER), config, value="0x7")
    assert D not in answer["pre"]
    assert answer["post"][A] == {"balance": hex(100 * ETHER - 7), "nonce": 1}
    assert answer["pre"][C] == {"balance": hex(ETHER), "nonce": 1, "code": hex_of(STORES + calls(OTHER))}
    assert answer["post"][C] == {
        "balance": hex(ETHER + 7),
        "storage": {"0x" + "1".zfill(64): "0x" + "2a".zfill(64)},
    }


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"tracer": "muxTracer"}, "no tracer 'muxTracer'"),
        ({"timeout": "soon"}, "invalid duration"),
        ({"tracerConfig": []}, "tracerConfig: expected an object"),
        ({"limit": -1}, "limit: number out of range"),
    ],
)
async def test_a_config_that_means_nothing_is_invalid(node, config, words):
    code, message = await node.error("debug_traceCall", {}, "latest", config)
    assert code == -32602
    assert words in message


async def test_a_trace_ends_when_its_own_time_is_up(node):
    populate(node, {CONTRACT: LOOPS_FOREVER})
    error = await node.error("debug_traceCall", {"to": C}, "latest", {"timeout": "1ms"})
    assert error == (-32000, "execution timeout")


async def test_a_call_ends_when_the_nodes_time_is_up(start_node):
    node = await start_node(Limits(call_seconds=0.05))
    populate(node, {CONTRACT: LOOPS_FOREVER})
    assert await node.error("eth_call", {"to": C}) == (-32000, "execution aborted (timeout = 0.05s)")
    assert await node.call("eth_call", {"to": D}) == "0x"


async def test_a_trace_beyond_its_bytes_is_an_error_and_no_torn_document(start_node):
    node = await start_node(Limits(trace_bytes=100_000))
    populate(node, {CONTRACT: LOOPS_FOREVER})
    code, message = await node.error("debug_traceCall", {"to": C, "gas": hex(1_000_000)}, "latest")
    assert (code, message) == (-32003, "response too large: more than 100000 bytes")


async def test_a_trace_of_too_many_calls_is_an_error(start_node):
    node = await start_node(Limits(trace_frames=3))
    populate(node, {CONTRACT: calls(OTHER) * 3, OTHER: b"\x00"})
    code, _message = await node.error("debug_traceCall", {"to": C}, "latest", call_tracer())
    assert code == -32003


async def test_a_long_trace_comes_whole_alone_and_not_at_all_in_a_batch_that_has_no_room(start_node):
    node = await start_node(Limits(batch_response_bytes=1_000_000))
    populate(node, {CONTRACT: LOOPS_FOREVER})
    request = {"jsonrpc": "2.0", "id": 7, "method": "debug_traceCall"}
    request["params"] = [{"to": C, "gas": hex(2_000_000)}, "latest", {}]
    alone = await node.ask(request)
    assert alone["id"] == 7
    assert len(alone["result"]["structLogs"]) > 100_000
    (batched,) = await node.ask([request])
    assert batched["error"]["code"] == -32003
    small = {**request, "params": [{"to": D}, "latest", {}]}
    assert (await node.ask([small, small]))[1]["result"]["structLogs"] == []


async def test_genesis_and_unknown_things_are_not_traceable(node):
    populate(node, {})
    assert await node.error("debug_traceBlockByNumber", "0x0") == (-32000, "genesis is not traceable")
    assert (await node.error("debug_traceBlockByNumber", "0x63"))[0] == -32000
    assert (await node.error("debug_traceBlockByHash", "0x" + "ab" * 32))[0] == -32000
    assert await node.error("debug_traceTransaction", "0x" + "ab" * 32) == (-32000, "transaction not found")
    assert json.dumps(await node.call("debug_traceBlockByNumber", "0x1")) == "[]"
