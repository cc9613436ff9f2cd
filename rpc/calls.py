"""eth_call, eth_estimateGas, eth_createAccessList: try a message on a state and keep nothing."""

from dataclasses import dataclass, replace

from protocol.block import Header
from protocol.crypto import EMPTY_KECCAK
from protocol.engine import AncestorHash, Call, CallResult, Engine
from protocol.errors import InvalidTransaction, TxError
from protocol.fee_terms import FeeTerms
from protocol.fees import GAS_TX
from protocol.simulation import Conditions, StateOverride
from protocol.state import StateReader
from protocol.transaction import AccessEntry
from protocol.types import Address
from rpc.backend import Backend
from rpc.call_object import CallObject
from rpc.charges import charges_of, gas_affordable, terms_at
from rpc.codec import BlockId, BlockTag
from rpc.encode import access_list_json, data
from rpc.errors import REVERTED, Json, RpcError, server_error
from rpc.lookup import ancestor_hash_of, known_header, pending_header, state_of
from rpc.method import Context
from rpc.overrides import BlockOverride, OverriddenState
from rpc.revert import EXECUTION_REVERTED, revert_message

CALL_STIPEND = 2_300
"""Gas that a call with value gives on top of what the caller set aside."""

OUT_OF_GAS = "out of gas"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a call runs."""

    engine: Engine
    header: Header
    state: StateReader
    ancestor_hash: AncestorHash
    conditions: Conditions
    terms: FeeTerms | None
    """What a paying call is charged beside gas."""
    chain_id: int

    def run(self, call: Call) -> CallResult:
        """Execute; raises InvalidTransaction when it cannot start."""
        if self.terms is not None:
            call = replace(call, charges=charges_of(self.terms, call, self.chain_id))
        return self.engine.call(call, self.header, self.state, self.ancestor_hash, self.conditions)


def call(
    context: Context,
    wanted: CallObject,
    block: BlockId,
    state_override: StateOverride | None,
    block_override: BlockOverride | None,
) -> str:
    """eth_call: the output, or error 3 with the revert's data."""
    scene = scene_of(context, wanted, block, state_override, block_override)
    gas = gas_of_call(context, wanted)
    result = scene.run(wanted.to_call(gas, scene.header.base_fee_per_gas))
    _raise_failure(result)
    return data(result.output)


def estimate_gas(
    context: Context,
    wanted: CallObject,
    block: BlockId,
    state_override: StateOverride | None,
    block_override: BlockOverride | None,
) -> str:
    """eth_estimateGas: the least gas limit with which the message succeeds, exactly."""
    scene = scene_of(context, wanted, block, state_override, block_override)
    call = wanted.to_call(0, scene.header.base_fee_per_gas)
    ceiling = _gas_ceiling(context, wanted, scene, call)
    if _is_plain_transfer(wanted, scene.state) and _succeeds(scene, replace(call, gas_limit=GAS_TX)):
        return hex(GAS_TX)
    best = _try(scene, replace(call, gas_limit=ceiling))
    if best is None or best.error == OUT_OF_GAS:
        raise server_error(f"gas required exceeds allowance ({ceiling})")
    _raise_failure(best)
    return hex(_least_gas(scene, call, best.gas_used, ceiling))


def _least_gas(scene: Scene, call: Call, gas_used: int, ceiling: int) -> int:
    """Search between what the run used (refunds may make that too little) and a limit that is known to do."""
    too_little, enough = gas_used - 1, ceiling
    # A frame can hand on 63/64 of its gas only: for most calls this bound is enough and leaves a narrow search.
    likely = (gas_used + CALL_STIPEND) * 64 // 63
    if likely < enough:
        if _succeeds(scene, replace(call, gas_limit=likely)):
            enough = likely
        else:
            too_little = likely
    while too_little + 1 < enough:
        # What a call needs is nearer to what it used than to the block's limit: leave the lower end slowly.
        middle = min((too_little + enough) // 2, too_little * 2)
        if _succeeds(scene, replace(call, gas_limit=middle)):
            enough = middle
        else:
            too_little = middle
    return enough


def gas_of_call(context: Context, wanted: CallObject) -> int:
    """What a call runs with: what it names, up to our cap. An explicit zero is taken at its word."""
    return context.limits.call_gas if wanted.gas is None else min(wanted.gas, context.limits.call_gas)


def _gas_ceiling(context: Context, wanted: CallObject, scene: Scene, call: Call) -> int:
    """The most gas the message may get: what it names or the block's limit, what the sender can pay, our own cap."""
    ceiling = wanted.gas if wanted.gas is not None and wanted.gas >= GAS_TX else scene.header.gas_limit
    price = wanted.gas_price or wanted.max_fee_per_gas or 0
    if price:
        account = scene.state.account(wanted.sender)
        available = (account.balance if account else 0) - wanted.value
        if available < 0:
            raise server_error("insufficient funds for transfer")
        ceiling = min(ceiling, gas_affordable(scene.terms, available, price, call, scene.chain_id))
    return min(ceiling, context.limits.call_gas)


def _is_plain_transfer(wanted: CallObject, state: StateReader) -> bool:
    if wanted.to is None or wanted.data or wanted.access_list or wanted.authorizations:
        return False
    account = state.account(wanted.to)
    return account is None or account.code_hash == EMPTY_KECCAK


def _try(scene: Scene, call: Call) -> CallResult | None:
    """The result, or None when the gas does not even cover what is due before the first opcode."""
    try:
        return scene.run(call)
    except InvalidTransaction as error:
        if error.reason in (TxError.INTRINSIC_GAS_TOO_LOW, TxError.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST):
            return None
        raise


def _succeeds(scene: Scene, call: Call) -> bool:
    result = _try(scene, call)
    return result is not None and result.error is None


def create_access_list(
    context: Context, wanted: CallObject, block: BlockId, state_override: StateOverride | None
) -> Json:
    """eth_createAccessList: what the message touches, found by running it with its own list until that is stable.

    A list changes gas, and gas may change the path; so one run is not enough. The list only grows, so this ends.
    """
    scene = scene_of(context, wanted, block, state_override, None)
    gas = gas_of_call(context, wanted)
    call = wanted.to_call(gas, scene.header.base_fee_per_gas)
    call = replace(call, access_list=_union(call.access_list, ()))
    while True:
        result = scene.run(call)
        touched = _union(call.access_list, result.access_list)
        if touched == call.access_list:
            break
        call = replace(call, access_list=touched)
    answer: dict[str, Json] = {"accessList": access_list_json(call.access_list), "gasUsed": hex(result.gas_used)}
    if result.error is not None:
        answer["error"] = revert_message(result) if result.error == EXECUTION_REVERTED else result.error
    return answer


def _union(left: tuple[AccessEntry, ...], right: tuple[AccessEntry, ...]) -> tuple[AccessEntry, ...]:
    slots: dict[Address, set[int]] = {}
    for entry in (*left, *right):
        slots.setdefault(entry.address, set()).update(entry.slots)
    return tuple(AccessEntry(address, tuple(sorted(slots[address]))) for address in sorted(slots))


def scene_of(
    context: Context,
    wanted: CallObject,
    block: BlockId,
    state_override: StateOverride | None,
    block_override: BlockOverride | None,
) -> Scene:
    """Where a call on `block` runs, with what the client pretends."""
    backend = context.backend
    if wanted.chain_id is not None and wanted.chain_id != backend.chain_id:
        raise server_error(f"chainId does not match node's (have={wanted.chain_id}, want={backend.chain_id})")
    header, state = _header_and_state(backend, block)
    terms = terms_at(backend, header)
    ancestor_hash = ancestor_hash_of(backend.chain, header)
    if state_override:
        state = OverriddenState(state, state_override)
    blob_base_fee = None
    if block_override is not None:
        header, blob_base_fee = block_override.apply(header), block_override.blob_base_fee
    conditions = Conditions(state_override or {}, blob_base_fee, deadline=context.deadline)
    return Scene(backend.engine, header, state, ancestor_hash, conditions, terms, backend.chain_id)


def _header_and_state(backend: Backend, block: BlockId) -> tuple[Header, StateReader]:
    if block is BlockTag.PENDING:
        # This is a thread of its own, and the open block belongs to whoever builds it: a snapshot is good only if
        # nobody was at work before and after it was taken, and nothing was added in between.
        builder = backend.pending_block()
        if builder is not None:
            head, count = backend.chain.head(), len(builder.transactions)
            header = pending_header(head, builder)
            try:
                state = builder.snapshot()
            except RuntimeError:  # a dictionary that grew while it was copied
                return head, state_of(backend.chain, head)
            if backend.pending_block() is builder and len(builder.transactions) == count:
                return header, state
    header = known_header(backend.chain, block)
    return header, state_of(backend.chain, header)


def _raise_failure(result: CallResult) -> None:
    if result.error is None:
        return
    if result.error == EXECUTION_REVERTED:
        raise RpcError(REVERTED, revert_message(result), data(result.output))
    raise server_error(result.error)
