"""Why a transaction failed. A receipt does not say, so it is run again: traced where it stood, or else as a call."""

from dataclasses import dataclass

from protocol.block import Header
from protocol.transaction import Transaction
from rpc.encode import JsonObject, data
from rpc.errors import Json, RpcError
from web.answers import as_object, as_text
from web.site import Ask


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` in words; `output` is the revert's data in hex (`0x` without any); `exact` unless it ran elsewhere."""

    reason: str
    output: str
    exact: bool


async def why_it_failed(ask: Ask, tx: Transaction, header: Header) -> Failure:
    """Run a failed transaction again."""
    try:
        trace = as_object(await ask("debug_traceTransaction", data(tx.hash), {"tracer": "callTracer"}))
    except RpcError:
        return await _called(ask, tx, header)
    reason = as_text(trace.get("revertReason"))
    error = as_text(trace.get("error")) or "it fails without saying why"
    return Failure(f"{error}: {reason}" if reason else error, as_text(trace.get("output")) or "0x", exact=True)


async def _called(ask: Ask, tx: Transaction, header: Header) -> Failure:
    """On the state before its block: what came before it in the block is missing, which seldom matters."""
    call: JsonObject = {
        "from": data(tx.sender),
        "gas": hex(tx.gas_limit),
        "value": hex(tx.value),
        "data": data(tx.data),
    }
    if tx.to is not None:
        call["to"] = data(tx.to)
    try:
        await ask("eth_call", call, hex(header.number - 1))
    except RpcError as error:
        return Failure(error.message, error.data or "0x", exact=False)
    reason: Json = "it succeeds on the state before its block, so something earlier in the block made it fail"
    return Failure(str(reason), "0x", exact=False)
