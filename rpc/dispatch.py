"""JSON-RPC 2.0: from the bytes of a request, or of a batch, to the text of the answer.

Source: https://www.jsonrpc.org/specification. Parameters are positional only, as everywhere in Ethereum.
"""

import asyncio
import json
import logging
import math
import re
import time
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from protocol.errors import Halt, TomboloError
from protocol.tracing import Deadline
from protocol.transaction import Transaction
from rpc.encode import encode_json
from rpc.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RESPONSE_TOO_LARGE,
    InvalidParams,
    Json,
    RpcError,
    error_object,
    rpc_error_of,
    server_error,
)
from rpc.limits import Limits
from rpc.method import Answer, Context, Method, MethodTable
from rpc.metrics import UNKNOWN_METHOD, Counts
from rpc.spool import Spool, Streamed

_LOGGER = logging.getLogger(__name__)

MAX_DEPTH = 128
"""Nesting of a request. Checked before parsing, because the parser recurses in C and the libraries that we execute
with raise Python's recursion limit so far that a deep enough text would overflow the stack and end the process."""

ITEMS_PER_TURN = 32
"""Requests of a batch after which the event loop may serve others."""


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode

_BRACKETS_AND_STRINGS = re.compile(r'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


SEND = "eth_sendRawTransaction"

WATCH_SECONDS = 0.1
"""How often the time of slow calls is looked at."""


class Dispatcher:
    """Runs the methods of one table. Slow ones go to threads, of which there are a fixed number, and have deadlines."""

    def __init__(self, methods: MethodTable, limits: Limits, counts: Counts | None = None) -> None:
        self._methods = methods
        self._limits = limits
        self._counts = counts or Counts()
        self._threads = ThreadPoolExecutor(max_workers=limits.worker_threads, thread_name_prefix="rpc")
        self._slow_calls = 0
        self._running: dict[Deadline, float] = {}
        """When the calls that threads run at this moment will have used up their time, on the monotonic clock."""

    async def close(self) -> None:
        """Wait for the calls that run; those that wait for a thread are cancelled."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def answer(self, body: bytes | str, context: Context) -> str | None:
        """The response text, or None when nothing may be answered (notifications)."""
        reply = await self.reply(body, context)
        return self._in_one_piece(reply) if isinstance(reply, Streamed) else reply

    async def reply(self, body: bytes | str, context: Context) -> str | Streamed | None:
        """Like `answer`, but the result of a single request may be one to send in chunks."""
        try:
            text = body if isinstance(body, str) else body.decode()
            if _is_too_deep(text):
                return _error_response("null", error_object(PARSE_ERROR, "parse error: nested too deeply"))
            request: Json = _decode(text)
        except ValueError:
            return _error_response("null", error_object(PARSE_ERROR, "parse error"))
        if isinstance(request, list):
            return await self._answer_batch(request, context)
        return await self._answer_one(request, context)

    def submit(self, transactions: Sequence[Transaction], context: Context) -> list[str]:
        """eth_sendRawTransaction of each, decoded by a front: what it answers, from the result or error on."""
        try:
            with context.backend.pool.together():
                return [self._submit_one(tx, context) for tx in transactions]
        except Exception as error:  # storing them failed, so none of them may be called taken
            return [f'"error":{encode_json(_error_of(error, SEND))}'] * len(transactions)

    def _submit_one(self, tx: Transaction, context: Context) -> str:
        started, failed = time.monotonic(), False
        try:
            context.backend.pool.add_decoded(tx)
            return f'"result":"0x{tx.hash.hex()}"'
        except Exception as error:
            failed = True
            return f'"error":{encode_json(_error_of(error, SEND))}'
        finally:
            self._counts.note(SEND, time.monotonic() - started, failed=failed)

    async def _answer_batch(self, requests: list[Json], context: Context) -> str | None:
        if not requests:
            return _error_response("null", error_object(INVALID_REQUEST, "empty batch"))
        if len(requests) > self._limits.batch_items:
            message = f"batch too large: {len(requests)} requests, at most {self._limits.batch_items}"
            return _error_response("null", error_object(INVALID_REQUEST, message))
        responses: list[str] = []
        size = 0
        for index, request in enumerate(requests):
            if size > self._limits.batch_response_bytes:
                response = _too_large(request)
            else:
                reply = await self._answer_one(request, context)
                response = self._in_one_piece(reply) if isinstance(reply, Streamed) else reply
            if response is not None:
                responses.append(response)
                size += len(response)
            if index % ITEMS_PER_TURN == ITEMS_PER_TURN - 1:
                await asyncio.sleep(0)
        return f"[{','.join(responses)}]" if responses else None

    def _in_one_piece(self, reply: Streamed) -> str:
        try:
            result = reply.result.text(self._limits.batch_response_bytes)
        except RpcError as error:
            request_id = reply.head.decode().removeprefix(_HEAD).partition(',"result"')[0]
            return _error_response(request_id, error_object(error.code, error.message))
        return f"{reply.head.decode()}{result}{reply.tail.decode()}"

    async def _answer_one(self, request: Json, context: Context) -> str | Streamed | None:
        if not isinstance(request, dict):
            return _error_response("null", error_object(INVALID_REQUEST, "invalid request"))
        request_id = _encoded_id(request)
        name = request.get("method")
        if request_id is None or request.get("jsonrpc") != "2.0" or not isinstance(name, str):
            return _error_response(request_id or "null", error_object(INVALID_REQUEST, "invalid request"))
        is_notification = "id" not in request
        method = self._methods.get(name)
        started, failed = time.monotonic(), False
        try:
            if method is None:
                raise RpcError(METHOD_NOT_FOUND, f"the method {name} does not exist/is not available")
            result = await self._run(method, method.parse(_positional(request.get("params"))), context)
            head = f'{_HEAD}{request_id},"result":'
            if isinstance(result, Spool):
                if not is_notification:
                    return Streamed(head.encode(), result, b"}")
                result.close()
                return None
            response = f"{head}{result}}}"
        except Exception as error:
            failed = True
            response = _error_response(request_id, _error_of(error, name))
        finally:
            known = UNKNOWN_METHOD if method is None else name
            self._counts.note(known, time.monotonic() - started, failed=failed)
        return None if is_notification else response

    async def _run(self, method: Method, arguments: list[object], context: Context) -> str | Spool:
        """Call the handler where it belongs; its result comes back as JSON text."""
        if not method.slow:
            result = method.handler(context, *arguments)
            if isinstance(result, Awaitable):
                result = await result
            return _text_of(result)
        if self._slow_calls >= self._limits.worker_threads + self._limits.worker_queue:
            raise RpcError(LIMIT_EXCEEDED, "too many requests in work, try again later")
        self._slow_calls += 1
        if self._slow_calls == 1:
            self._watch()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._run_slow, method, arguments, context
            )
        finally:
            self._slow_calls -= 1

    def _run_slow(self, method: Method, arguments: list[object], context: Context) -> str | Spool:
        """On a thread: run the handler until its time is up."""
        seconds = self._limits.trace_seconds if method.long else self._limits.call_seconds
        deadline = Deadline()
        self._running[deadline] = time.monotonic() + seconds
        try:
            result = _text_of(method.handler(replace(context, deadline=deadline), *arguments))
        except TomboloError as error:
            if deadline.expired:  # what went wrong is only that it was stopped
                raise _too_late(seconds) from error
            raise
        finally:
            del self._running[deadline]
        if deadline.expired:
            if isinstance(result, Spool):
                result.close()
            raise _too_late(seconds)
        return result

    def _watch(self) -> None:
        """Expire what has run too long, and look again while anything runs."""
        now = time.monotonic()
        for deadline, end in list(self._running.items()):
            if now > end and not deadline.expired:
                deadline.expire()
        if self._slow_calls:
            asyncio.get_running_loop().call_later(WATCH_SECONDS, self._watch)


def _too_late(seconds: float) -> RpcError:
    return server_error(f"execution aborted (timeout = {seconds:g}s)")


def _text_of(result: Answer) -> str | Spool:
    return result if isinstance(result, Spool) else encode_json(result)


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _BRACKETS_AND_STRINGS.finditer(text):
        bracket = match[0]
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket in "]}":
            depth -= 1
    return False


def _encoded_id(request: dict[str, Json]) -> str | None:
    """The id as JSON text ("null" when absent), or None when it is of a type that no id may have."""
    request_id = request.get("id")
    if isinstance(request_id, str) or request_id is None:
        return encode_json(request_id)
    if isinstance(request_id, bool) or not isinstance(request_id, int | float):
        return None
    return encode_json(request_id) if math.isfinite(request_id) else None


def _positional(params: Json) -> list[Json]:
    if params is None:
        return []
    if not isinstance(params, list):
        raise InvalidParams("non-array args")
    return params


def _error_of(error: Exception, method: str) -> dict[str, Json]:
    """The error object for what a handler raised; anything unexpected is logged in full, and is a bug."""
    answer = rpc_error_of(error) if isinstance(error, TomboloError) else None
    if answer is not None:
        return error_object(answer.code, answer.message, answer.data)
    # A Halt stops the node by itself, where it writes; it says what to do, and its traceback says nothing more.
    _LOGGER.error("%s failed: %s", method, error, exc_info=None if isinstance(error, Halt) else error)
    return error_object(INTERNAL_ERROR, "internal error")


_HEAD = '{"jsonrpc":"2.0","id":'


def _error_response(encoded_id: str, error: dict[str, Json]) -> str:
    return f'{_HEAD}{encoded_id},"error":{encode_json(error)}}}'


def _too_large(request: Json) -> str | None:
    if isinstance(request, dict) and "id" not in request:
        return None
    encoded_id = _encoded_id(request) if isinstance(request, dict) else None
    return _error_response(encoded_id or "null", error_object(RESPONSE_TOO_LARGE, "response too large"))
