"""debug_trace*: run what has run before, or what might, and show what happens inside.

Source: https://ethereum.github.io/execution-apis (debug), https://geth.ethereum.org/docs/interacting-with-geth/rpc/ns-debug
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from protocol.block import Block
from protocol.block_import import attributes_of
from protocol.engine import BlockBuilder
from protocol.errors import InvalidTransaction
from protocol.tracing import Tracer
from protocol.types import Hash32
from rpc.call_object import CallObject
from rpc.calls import gas_of_call, scene_of
from rpc.codec import BlockHash, BlockId, BlockTag, boolean, count, field, record, text
from rpc.encode import data, encode_json
from rpc.errors import InvalidParams, Json, server_error
from rpc.lookup import ancestor_hash_of, block_of, body_of, state_of
from rpc.method import Context
from rpc.overrides import BlockOverride, block_override, state_override
from rpc.spool import Spool, spooled
from rpc.trace_calls import CallTracer
from rpc.trace_prestate import PrestateTracer
from rpc.trace_steps import StepDetail, StepTracer


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """How to trace. `tracer` is None for the struct logger, and `config` is the named tracer's own."""

    tracer: str | None
    steps: StepDetail
    only_top_call: bool
    with_log: bool
    diff: bool
    code: bool
    storage: bool
    seconds: float | None


DEFAULT_OPTIONS = TraceOptions(None, StepDetail(), False, False, False, True, True, None)
TRACERS = ("callTracer", "prestateTracer", "noopTracer")


def trace_options(value: Json) -> TraceOptions:
    """The codec of a trace config."""
    source = record(value)
    config = field(source, "tracerConfig", record) or {}
    tracer = field(source, "tracer", text) or None
    if tracer is not None and tracer not in TRACERS:
        raise InvalidParams(f"no tracer {tracer!r:.80}; there are {', '.join(TRACERS)}")

    def flag(options: dict[str, Json], name: str) -> bool:
        return field(options, name, boolean) or False

    return TraceOptions(
        tracer=tracer,
        steps=StepDetail(
            stack=not flag(source, "disableStack"),
            storage=not flag(source, "disableStorage"),
            memory=flag(source, "enableMemory"),
            return_data=flag(source, "enableReturnData"),
            limit=field(source, "limit", count) or 0,
        ),
        only_top_call=flag(config, "onlyTopCall"),
        with_log=flag(config, "withLog"),
        diff=flag(config, "diffMode"),
        code=not flag(config, "disableCode"),
        storage=not flag(config, "disableStorage"),
        seconds=field(source, "timeout", _duration),
    )


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{0,9})?)(ns|us|µs|ms|s|m|h)")


def _duration(value: Json) -> float:
    """Seconds from a text such as "1m30s" or "500ms"."""
    parts = _DURATION.findall(words := text(value))
    if not parts or "".join(number + unit for number, unit in parts) != words:
        raise InvalidParams(f"invalid duration {words!r:.80}")
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


def trace_call_options(value: Json) -> tuple[TraceOptions, dict[str, Json]]:
    """The codec of debug_traceCall's config, which may hold overrides too."""
    return trace_options(value), record(value)


def trace_transaction(context: Context, transaction_hash: Hash32, options: TraceOptions) -> Spool:
    """debug_traceTransaction."""
    location = context.backend.chain.locate(transaction_hash)
    block = None if location is None else context.backend.chain.block(location.block_hash)
    if location is None or block is None:
        raise server_error("transaction not found")
    builder = _rebuild(context, block)
    for tx in block.transactions[: location.index]:
        _check_late(context)
        builder.add(tx)
    tx = block.transactions[location.index]

    def write(spool: Spool) -> None:
        _trace(context, options, tx.gas_limit, spool, lambda tracer: builder.add(tx, tracer))

    return spooled(context.limits.trace_bytes, write)


def trace_block_by_number(context: Context, number: BlockTag | int, options: TraceOptions) -> Spool:
    """debug_traceBlockByNumber."""
    return _trace_block(context, number, options)


def trace_block_by_hash(context: Context, block_hash: Hash32, options: TraceOptions) -> Spool:
    """debug_traceBlockByHash."""
    return _trace_block(context, BlockHash(block_hash), options)


def _trace_block(context: Context, block_id: BlockId, options: TraceOptions) -> Spool:
    block = block_of(context.backend.chain, block_id)
    if block is None:
        raise server_error("block not found")
    builder = _rebuild(context, block)

    def write(spool: Spool) -> None:
        spool.write("[")
        for index, tx in enumerate(block.transactions):
            _check_late(context)
            spool.write(f'{"," if index else ""}{{"txHash":"{data(tx.hash)}","result":')
            _trace(context, options, tx.gas_limit, spool, partial(builder.add, tx))
            spool.write("}")
        spool.write("]")

    return spooled(context.limits.trace_bytes, write)


def trace_call(
    context: Context, wanted: CallObject, block: BlockId, options: tuple[TraceOptions, dict[str, Json]]
) -> Spool:
    """debug_traceCall: a message on top of a block, traced."""
    trace, source = options
    pretended: BlockOverride | None = field(source, "blockOverrides", block_override)
    scene = scene_of(context, wanted, block, field(source, "stateOverrides", state_override), pretended)
    gas = gas_of_call(context, wanted)
    call = wanted.to_call(gas, scene.header.base_fee_per_gas)

    def run(tracer: Tracer) -> None:
        replace(scene, conditions=replace(scene.conditions, tracer=tracer)).run(call)

    try:
        return spooled(context.limits.trace_bytes, lambda spool: _trace(context, trace, gas, spool, run))
    except InvalidTransaction as error:
        raise server_error(f"tracing failed: {error}") from error


def _rebuild(context: Context, block: Block) -> BlockBuilder:
    """The block as it was when it was begun."""
    backend, header = context.backend, block.header
    parent = backend.chain.header(header.parent_hash)
    if header.number == 0 or parent is None:
        raise server_error("genesis is not traceable")
    body_of(backend.chain, header)
    state = state_of(backend.chain, parent)
    return backend.engine.begin_block(parent, attributes_of(block), state, ancestor_hash_of(backend.chain, header))


def _trace(
    context: Context, options: TraceOptions, gas_limit: int, spool: Spool, run: Callable[[Tracer], object]
) -> None:
    """Run with the tracer that was asked for and write its result."""
    check_time = _time_check(context, options)
    if options.tracer is None:
        run(StepTracer(options.steps, spool, check_time))
    elif options.tracer == "callTracer":
        calls = CallTracer(
            gas_limit,
            check_time,
            only_top_call=options.only_top_call,
            with_log=options.with_log,
            at_most=context.limits.trace_frames,
        )
        run(calls)
        spool.write(encode_json(calls.result))
    elif options.tracer == "prestateTracer":
        prestate = PrestateTracer(diff=options.diff, code=options.code, storage=options.storage)
        run(prestate)
        spool.write(encode_json(prestate.result))
    else:
        run(Tracer())
        spool.write("{}")


def _time_check(context: Context, options: TraceOptions) -> Callable[[], None]:
    """What raises once our own time for a trace is up, or the client's."""
    end = None if options.seconds is None else time.monotonic() + options.seconds

    def check() -> None:
        _check_late(context)
        if end is not None and time.monotonic() > end:
            raise server_error("execution timeout")

    return check


def _check_late(context: Context) -> None:
    if context.deadline is not None and context.deadline.expired:
        raise server_error("execution timeout")
