"""callTracer: the tree of calls of one transaction.

Source: https://geth.ethereum.org/docs/developers/evm-tracing/built-in-tracers#call-tracer
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.receipt import Log
from protocol.tracing import EnteredCall, Tracer
from rpc.encode import JsonObject, data
from rpc.errors import RESPONSE_TOO_LARGE, Json, RpcError
from rpc.revert import EXECUTION_REVERTED, revert_reason


@dataclass(slots=True)
class _Frame:
    """A call that has begun."""

    json: JsonObject
    creates: bool
    calls: list[Json] = field(default_factory=list)
    logs: list[JsonObject] = field(default_factory=list)


class CallTracer(Tracer):
    """Builds the tree. `gas_limit` is the transaction's, which the outermost frame shows instead of its own."""

    def __init__(
        self, gas_limit: int, check_time: Callable[[], None], *, only_top_call: bool, with_log: bool, at_most: int
    ) -> None:
        self._gas_limit = gas_limit
        self._check_time = check_time
        self._only_top_call = only_top_call
        self._with_log = with_log
        self._left = at_most
        self._depth = 0
        self._frames: list[_Frame] = []
        self._log_index = 0
        self.result: JsonObject = {}

    def enter(self, call: EnteredCall) -> None:
        """Open a frame."""
        self._check_time()
        self._depth += 1
        if self._only_top_call and self._depth > 1:
            return
        self._left -= 1
        if self._left < 0:
            raise RpcError(RESPONSE_TOO_LARGE, "response too large: the transaction makes too many calls")
        json: JsonObject = {
            "type": call.kind.value,
            "from": data(call.sender),
            "to": data(call.to),
            "gas": hex(self._gas_limit if self._depth == 1 else call.gas),
            "gasUsed": "0x0",
            "input": data(call.data),
        }
        if call.value is not None:
            json["value"] = hex(call.value)
        self._frames.append(_Frame(json, call.kind.creates))

    def leave(self, output: bytes, gas_used: int, error: str | None) -> None:
        """Close the frame and hang it under the one around it."""
        self._depth -= 1
        if self._only_top_call and self._depth > 0:
            return
        frame = self._frames.pop()
        json = frame.json
        json["gasUsed"] = hex(gas_used)
        if output and error in (None, EXECUTION_REVERTED):
            json["output"] = data(output)
        if error is not None:
            json["error"] = error
            if frame.creates:
                del json["to"]
            reason = revert_reason(output) if error == EXECUTION_REVERTED else None
            if reason is not None:
                json["revertReason"] = reason
            _void_logs(frame)
        if frame.calls:
            json["calls"] = frame.calls
        if frame.logs:
            json["logs"] = list(frame.logs)
        if self._frames:
            self._frames[-1].calls.append(json)
        else:
            self.result = json

    def log(self, log: Log) -> None:
        """An event of the frame that is open; `position` counts the calls before it."""
        if not self._with_log or (self._only_top_call and self._depth > 1):
            return
        frame = self._frames[-1]
        frame.logs.append(
            {
                "address": data(log.address),
                "topics": [data(topic) for topic in log.topics],
                "data": data(log.data),
                "index": hex(self._log_index),
                "position": hex(len(frame.calls)),
            }
        )
        self._log_index += 1

    def end(self, gas_used: int) -> None:
        """The outermost frame used what the transaction did, intrinsic gas and refunds included."""
        self.result["gasUsed"] = hex(gas_used)


def _void_logs(frame: _Frame) -> None:
    """A failed call's events never were, nor those of the calls under it."""
    frame.logs.clear()
    waiting = list(frame.calls)
    while waiting:
        call = waiting.pop()
        if isinstance(call, dict) and isinstance(calls := call.get("calls", []), list):
            call.pop("logs", None)
            waiting += calls
