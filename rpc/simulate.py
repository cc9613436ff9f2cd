"""eth_simulateV1: blocks that might be, on top of one that is.

Sources: https://ethereum.github.io/execution-apis (eth_simulateV1 and its notes). Where those are silent, or differ
from geth, whose answers the official suite holds, this does as geth does.
"""

from dataclasses import dataclass, replace

from protocol.block import Header
from protocol.engine import CallResult, ExecutedBlock, SimulatedBlock
from protocol.errors import InvalidTransaction
from protocol.forks import Fork
from protocol.payload import BlockAttributes
from protocol.signing import UnsignedTransaction, unsigned_transaction
from protocol.simulation import Conditions, StateOverride
from protocol.transaction import LEGACY, Transaction
from protocol.types import ZERO_HASH, Hash32
from rpc.backend import Backend
from rpc.call_object import CallObject, call_object
from rpc.charges import terms_at
from rpc.codec import BlockId, array_of, boolean, field, record
from rpc.encode import JsonObject, block_json, data, log_json
from rpc.errors import (
    BLOCK_GAS_LIMIT_REACHED,
    BLOCK_NUMBER_ORDER,
    BLOCK_TIMESTAMP_ORDER,
    CLIENT_LIMIT_EXCEEDED,
    EXECUTION_FAILED,
    REVERTED,
    InvalidParams,
    Json,
    RpcError,
    error_object,
    server_error,
    simulation_error,
)
from rpc.lookup import known_header, state_of
from rpc.method import Context
from rpc.overrides import BlockOverride, block_override, state_override
from rpc.revert import EXECUTION_REVERTED, revert_message
from rpc.simulated_logs import LogCollector, NumberedLog
from rpc.simulated_state import SimulatedState

SECONDS_PER_BLOCK = 12
"""What simulated timestamps advance by, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class BlockCalls:
    """One block to simulate."""

    block: BlockOverride
    state: StateOverride
    calls: tuple[CallObject, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a client asks to simulate."""

    blocks: tuple[BlockCalls, ...]
    trace_transfers: bool
    validate: bool
    full_transactions: bool


EMPTY_BLOCK = BlockCalls(BlockOverride(), {}, ())


def simulation(value: Json) -> Simulation:
    """The codec of eth_simulateV1's first parameter."""
    source = record(value)
    return Simulation(
        blocks=tuple(field(source, "blockStateCalls", array_of(_block_calls)) or ()),
        trace_transfers=field(source, "traceTransfers", boolean) or False,
        validate=field(source, "validation", boolean) or False,
        full_transactions=field(source, "returnFullTransactions", boolean) or False,
    )


def _block_calls(value: Json) -> BlockCalls:
    source = record(value)
    return BlockCalls(
        block=field(source, "blockOverrides", block_override) or BlockOverride(),
        state=field(source, "stateOverrides", state_override) or {},
        calls=tuple(field(source, "calls", array_of(call_object)) or ()),
    )


def simulate(context: Context, wanted: Simulation, block: BlockId) -> Json:
    """eth_simulateV1: each block with what its calls did."""
    if not wanted.blocks:
        raise InvalidParams("empty input")
    base = known_header(context.backend.chain, block)
    blocks = _in_sequence(base, wanted.blocks, context.limits.simulated_blocks)
    run = _Run(context, wanted, base)
    return [run.block(entry) for entry in blocks]


def _in_sequence(base: Header, blocks: tuple[BlockCalls, ...], at_most: int) -> list[BlockCalls]:
    """Blocks with every number and time set, gaps filled with empty blocks. Raises RpcError when they go back."""
    result: list[BlockCalls] = []
    number, timestamp = base.number, base.timestamp
    for entry in blocks:
        wanted_number = number + 1 if entry.block.number is None else entry.block.number
        if wanted_number <= number:
            raise RpcError(BLOCK_NUMBER_ORDER, f"block numbers must be in order: {wanted_number} <= {number}")
        if wanted_number - base.number > at_most:
            raise RpcError(CLIENT_LIMIT_EXCEEDED, "too many blocks")
        while number + 1 < wanted_number:
            number, timestamp = number + 1, timestamp + SECONDS_PER_BLOCK
            result.append(_placed(EMPTY_BLOCK, number, timestamp))
        wanted_time = timestamp + SECONDS_PER_BLOCK if entry.block.timestamp is None else entry.block.timestamp
        if wanted_time <= timestamp:
            raise RpcError(BLOCK_TIMESTAMP_ORDER, f"block timestamps must be in order: {wanted_time} <= {timestamp}")
        number, timestamp = wanted_number, wanted_time
        result.append(_placed(entry, number, timestamp))
    return result


def _placed(entry: BlockCalls, number: int, timestamp: int) -> BlockCalls:
    return replace(entry, block=replace(entry.block, number=number, timestamp=timestamp))


@dataclass(frozen=True, slots=True)
class _Called:
    """A call that was simulated."""

    tx: Transaction
    result: CallResult
    logs: list[NumberedLog]


class _Run:
    """The simulation of one request: its state, its newest block, and the gas that is left to it."""

    def __init__(self, context: Context, wanted: Simulation, base: Header) -> None:
        self._context = context
        self._backend: Backend = context.backend
        self._wanted = wanted
        self._base = base
        self._parent = base
        self._hashes: dict[int, Hash32] = {base.number: base.hash}
        self._state = SimulatedState(state_of(context.backend.chain, base))
        self._gas_left = context.limits.call_gas
        self._terms = terms_at(context.backend, base)

    def block(self, entry: BlockCalls) -> Json:
        """Simulate the next block."""
        deadline = self._context.deadline
        conditions = Conditions(entry.state, entry.block.blob_base_fee, deadline=deadline)
        open_block = self._backend.engine.begin_simulation(
            self._parent, self._attributes(entry.block), self._state, self._ancestor_hash, conditions
        )
        collector = LogCollector(transfers=self._wanted.trace_transfers)
        called = []
        for call in entry.calls:
            if deadline is not None and deadline.expired:
                break  # the answer is thrown away
            called.append(self._call(open_block, call, collector))
        executed = open_block.seal()
        self._parent = executed.block.header
        self._hashes[self._parent.number] = self._parent.hash
        self._state.apply(self._parent.state_root, executed.changes)
        return self._json(executed, called)

    def _attributes(self, block: BlockOverride) -> BlockAttributes:
        """The header of the next block, as far as it can be chosen; what is not overridden follows the parent."""
        parent, number, timestamp = self._parent, block.number or 0, block.timestamp or 0
        fork = self._backend.config.forks.at(number, timestamp)
        if block.withdrawals and fork < Fork.SHANGHAI:
            raise server_error("withdrawals set before Shanghai activation")
        base_fee = block.base_fee_per_gas
        if base_fee is None and not self._wanted.validate:
            base_fee = 0
        difficulty = 0 if fork >= Fork.PARIS else parent.difficulty
        return BlockAttributes(
            timestamp=timestamp,
            fee_recipient=block.fee_recipient or parent.fee_recipient,
            gas_limit=parent.gas_limit if block.gas_limit is None else block.gas_limit,
            prev_randao=block.prev_randao or ZERO_HASH,
            parent_beacon_block_root=block.beacon_root or ZERO_HASH,
            withdrawals=block.withdrawals or (),
            difficulty=difficulty if block.difficulty is None else block.difficulty,
            base_fee_per_gas=base_fee,
            # A rollup's header says how the base fee goes on; an L1's does not, and geth leaves it empty.
            extra_data=parent.extra_data if self._backend.config.allow_deposits else b"",
            fee_terms=self._terms,
        )

    def _ancestor_hash(self, number: int) -> Hash32 | None:
        known = self._hashes.get(number)
        return self._backend.chain.ancestor_hash(self._base, number) if known is None else known

    def _call(self, block: SimulatedBlock, call: CallObject, collector: LogCollector) -> _Called:
        tx = self._transaction(block, call)
        try:
            result = block.call(tx, validate=self._wanted.validate, tracer=collector)
        except InvalidTransaction as error:
            raise simulation_error(error) from error
        self._gas_left -= result.gas_used
        return _Called(tx, result, collector.take())

    def _transaction(self, block: SimulatedBlock, call: CallObject) -> Transaction:
        """The transaction that the call stands for. It gets all gas there is when it does not say."""
        chain_id = self._backend.chain_id
        if call.chain_id is not None and call.chain_id != chain_id:
            raise server_error(f"chainId does not match node's (have={call.chain_id}, want={chain_id})")
        gas = block.gas_left if call.gas is None else call.gas
        if gas > block.gas_left:
            raise RpcError(BLOCK_GAS_LIMIT_REACHED, f"block gas limit reached: {gas} > {block.gas_left} left")
        sender = block.state.account(call.sender)
        fork = self._backend.config.forks.at(self._parent.number + 1, self._parent.timestamp + 1)
        kind = LEGACY if fork < Fork.LONDON else call.type
        price = call.gas_price if kind == LEGACY else call.max_fee_per_gas
        return unsigned_transaction(
            UnsignedTransaction(
                chain_id=None if kind == LEGACY else chain_id,
                nonce=(sender.nonce if sender else 0) if call.nonce is None else call.nonce,
                gas_limit=min(gas, self._gas_left),
                to=call.to,
                value=call.value,
                data=call.data,
                max_fee_per_gas=price or 0,
                max_priority_fee_per_gas=call.max_priority_fee_per_gas or 0,
                type=kind,
                access_list=call.access_list,
                max_fee_per_blob_gas=call.max_fee_per_blob_gas or 0,
                blob_hashes=call.blob_hashes,
                authorizations=call.authorizations,
            ),
            call.sender,
        )

    def _json(self, executed: ExecutedBlock, called: list[_Called]) -> Json:
        block = executed.block
        result = block_json(block, full_transactions=self._wanted.full_transactions)
        if self._wanted.full_transactions:
            result["transactions"] = [_unsigned_json(entry) for entry in _objects(result["transactions"])]
        result["calls"] = [_call_json(entry, block.header, index) for index, entry in enumerate(called)]
        return result


def _objects(value: Json) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _unsigned_json(transaction: JsonObject) -> JsonObject:
    """A legacy transaction's `v` would speak of a signature; there is none."""
    return {**transaction, "v": "0x0"}


def _call_json(called: _Called, header: Header, index: int) -> JsonObject:
    result = called.result
    answer: JsonObject = {
        "returnData": data(result.output),
        "logs": [log_json(entry.log, header, called.tx, index, entry.index) for entry in called.logs],
        "gasUsed": hex(result.gas_used),
        "maxUsedGas": hex(result.gas_before_refund),
        "status": hex(int(result.error is None)),
    }
    if result.error is not None:
        answer["error"] = _failure(result)
        if result.error == EXECUTION_REVERTED:
            answer["returnData"] = "0x"
    return answer


def _failure(result: CallResult) -> JsonObject:
    if result.error == EXECUTION_REVERTED:
        return error_object(REVERTED, revert_message(result), data(result.output))
    return error_object(EXECUTION_FAILED, result.error or "")
