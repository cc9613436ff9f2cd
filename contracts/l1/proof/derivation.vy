# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The next block
@license MIT
@notice The phases next block and origin: what L1 has for the chain, one thing per step, until a block begins or nothing is
        left. A library of the one-step verifier.
@dev Follows `next_block_step` and `origin_step` in `prover/machine/block_begin.py`. See `machine.vy` for the arguments.
"""

from . import batch_bytes
from . import layout
from . import machine
from . import settings

MAX_BLOCKS: constant(uint256) = 2**10  # in a batch
MAX_BASE_FEE: constant(uint256) = 2**128 - 1
MIN_BLOB_BASE_FEE: constant(uint256) = 1
MAX_PAGES: constant(uint256) = 8 * 1024  # bytes


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[1],
    other: Bytes[1],
    pages: Bytes[MAX_PAGES],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in these phases. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert state.vm.globals == empty(bytes32) and state.vm.frame == empty(bytes32), "proof: phase"
    if state.vm.phase == layout.PHASE_ORIGIN:
        return self._origin(state.vm.cursor, tape.preimages)
    assert state.vm.phase == layout.PHASE_NEXT_BLOCK, "proof: phase"
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    rules: layout.ChainRules = empty(layout.ChainRules)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    at: uint256 = 0
    block_, at = layout._open_chain_block(state.vm.cursor, tape.preimages)
    rules, at = layout._open_chain_rules(block_.rules, at)
    inputs, at = layout._open_l1_inputs(block_.inputs, at)
    if inputs.reading == empty(bytes32):
        return self._between_batches(block_, rules, inputs, at, batch_bytes._shown(tape))
    return self._in_batch(block_, rules, inputs, at, batch_bytes._shown(tape))


@internal
@view
def _between_batches(
    block_: layout.ChainBlock,
    rules: layout.ChainRules,
    inputs: layout.L1Inputs,
    preimages: uint256,
    shown: batch_bytes.Shown,
) -> bytes32:
    """
    @dev Deposits that are overdue before the next batch's L1 block; then that batch; then the end.
    """
    at: uint256 = preimages
    batch: layout.BatchLink = empty(layout.BatchLink)
    has_batch: bool = inputs.batches != empty(bytes32)
    if has_batch:
        batch, at = layout._open_batch_link(inputs.batches, at)
    if inputs.deposits != empty(bytes32):
        deposit: layout.DepositLink = empty(layout.DepositLink)
        deposit, at = layout._open_deposit_link(inputs.deposits, at)
        forced_from: uint256 = deposit.l1_number + rules.sequencing_window
        is_due: bool = forced_from <= inputs.newest
        if has_batch:
            is_due = forced_from < batch.l1_number
        if is_due:
            plan: layout.BlockPlan = layout.BlockPlan(
                parent=layout._chain_block_digest(block_),
                l1_blocks=inputs.l1_blocks,
                origin=deposit.l1_number,
                timestamp=0,
                due=1,
                settings=inputs.settings,
                changes=inputs.changes,
            )
            return self._outside(layout.PHASE_ORIGIN, layout._block_plan_digest(plan))
    if has_batch:
        later: layout.L1Inputs = inputs
        later.batches = batch.below
        rest: batch_bytes.Shown = shown
        reading: bytes32 = empty(bytes32)
        rest, reading = batch_bytes._opened(shown, batch)
        return self._go_on(block_, later, reading)
    root: bytes32 = keccak256(abi_encode(empty(bytes32), block_.state_root, block_.outbox_root, block_.hash))
    return self._outside(
        layout.PHASE_OUTPUT, layout._output_digest(layout.Output(number=block_.number, root=root))
    )


@internal
@view
def _in_batch(
    block_: layout.ChainBlock,
    rules: layout.ChainRules,
    inputs: layout.L1Inputs,
    preimages: uint256,
    before: batch_bytes.Shown,
) -> bytes32:
    """
    @dev The next item of the open batch, if it begins the block after this one; what does not is passed over.
    """
    reading: layout.BatchReading = empty(layout.BatchReading)
    at: uint256 = 0
    reading, at = layout._open_batch_reading(inputs.reading, preimages)
    if reading.checked < reading.count:
        return self._go_on(block_, inputs, batch_bytes._checked_further(before, reading))
    if reading.item == reading.count:
        return self._go_on(block_, inputs, empty(bytes32))
    shown: batch_bytes.Shown = before
    start: uint256 = 0
    length: uint256 = 0
    begins: bool = False
    timestamp: uint256 = 0
    claimed: uint256 = 0
    shown, start, length = batch_bytes._item(shown, reading)
    shown, begins, timestamp, claimed = batch_bytes._claim(shown, reading, start, length)
    number: uint256 = reading.first_number + reading.blocks
    after: layout.BatchReading = reading
    after.item += 1
    if not begins:
        return self._go_on(block_, inputs, layout._batch_reading_digest(after))
    if reading.blocks == MAX_BLOCKS or number > block_.number + 1:
        return self._go_on(block_, inputs, empty(bytes32))
    after.blocks += 1
    after.transactions = 0
    if number <= block_.number:
        return self._go_on(block_, inputs, layout._batch_reading_digest(after))

    tip: layout.L1Link = empty(layout.L1Link)
    tip, at = layout._open_l1_link(inputs.l1_blocks, at)
    newest: uint256 = reading.l1_number
    origin: uint256 = max(claimed, tip.number)
    if newest > rules.sequencing_window:
        origin = max(origin, newest - rules.sequencing_window)
    origin = min(origin, newest)
    due: uint256 = 0
    if inputs.deposits != empty(bytes32):
        deposit: layout.DepositLink = empty(layout.DepositLink)
        deposit, at = layout._open_deposit_link(inputs.deposits, at)
        origin = min(origin, deposit.l1_number)
        due = deposit.l1_number
    origin = max(origin, tip.number)
    later: layout.L1Inputs = inputs
    later.reading = layout._batch_reading_digest(after)
    parent: layout.ChainBlock = block_
    parent.inputs = layout._l1_inputs_digest(later)
    plan: layout.BlockPlan = layout.BlockPlan(
        parent=layout._chain_block_digest(parent),
        l1_blocks=inputs.l1_blocks,
        origin=origin,
        timestamp=timestamp,
        due=1 if inputs.deposits != empty(bytes32) and origin == due else 0,
        settings=inputs.settings,
        changes=inputs.changes,
    )
    return self._outside(layout.PHASE_ORIGIN, layout._block_plan_digest(plan))


@internal
@view
def _origin(cursor: bytes32, preimages: uint256) -> bytes32:
    """
    @dev Pass one L1 block, or one change of settings, or begin the block on the L1 block that was looked for; a block
         ahead of its time is void.
    """
    plan: layout.BlockPlan = empty(layout.BlockPlan)
    origin: layout.L1Link = empty(layout.L1Link)
    at: uint256 = 0
    plan, at = layout._open_block_plan(cursor, preimages)
    origin, at = layout._open_l1_link(plan.l1_blocks, at)
    if origin.number != plan.origin:
        plan.l1_blocks = origin.below
        return self._outside(layout.PHASE_ORIGIN, layout._block_plan_digest(plan))
    chosen: layout.Settings = empty(layout.Settings)
    chosen, at = layout._open_settings(plan.settings, at)
    if plan.changes != empty(bytes32):
        change: layout.ChangeLink = empty(layout.ChangeLink)
        change, at = layout._open_change_link(plan.changes, at)
        if change.l1_number <= origin.number:
            plan.settings = settings._changed(chosen, change)
            plan.changes = change.below
            return self._outside(layout.PHASE_ORIGIN, layout._block_plan_digest(plan))
    parent: layout.ChainBlock = empty(layout.ChainBlock)
    rules: layout.ChainRules = empty(layout.ChainRules)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    parent, at = layout._open_chain_block(plan.parent, at)
    rules, at = layout._open_chain_rules(parent.rules, at)
    inputs, at = layout._open_l1_inputs(parent.inputs, at)
    latest: uint256 = origin.timestamp + rules.max_drift
    earliest: uint256 = max(parent.timestamp + rules.timestamp_step, origin.timestamp)
    timestamp: uint256 = max(min(plan.timestamp, latest), earliest)
    if timestamp > latest and plan.due == 0:
        return self._go_on(parent, inputs, empty(bytes32))
    before: layout.Settings = empty(layout.Settings)
    before, at = layout._open_settings(inputs.settings, at)
    inputs.l1_blocks = plan.l1_blocks
    inputs.settings = plan.settings
    inputs.changes = plan.changes
    context: layout.BlockContext = layout.BlockContext(
        chain_id=rules.chain_id,
        fork=rules.fork,
        allow_blobs=0,
        allow_deposits=1,
        number=parent.number + 1,
        timestamp=timestamp,
        fee_recipient=rules.fee_recipient,
        gas_limit=chosen.gas_limit,
        base_fee=self._next_base_fee(parent, before, rules.fixed_base_fee == 1),
        prev_randao=origin.prev_randao,
        blob_base_fee=MIN_BLOB_BASE_FEE,
        blob_gas_limit=0,
        ring=parent.ring,
    )
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    boundary.block = layout._block_context_digest(context)
    boundary.parent = plan.parent
    boundary.state_root = parent.state_root
    boundary.batch_cursor = layout._l1_inputs_digest(inputs)
    phase: uint256 = layout.PHASE_TERMS if settings._charge_any(chosen) else layout.PHASE_SYSTEM_WRITE
    return self._outside(phase, layout._tx_boundary_digest(boundary))


@internal
@pure
def _next_base_fee(parent: layout.ChainBlock, chosen: layout.Settings, is_fixed: bool) -> uint256:
    """
    @dev Wei per gas (EIP-1559, with a least fee), by the settings of `parent`.
    """
    if is_fixed:
        return chosen.min_base_fee
    base_fee: uint256 = parent.base_fee
    target: uint256 = parent.gas_limit // chosen.elasticity
    if parent.gas_used > target:
        rise: uint256 = base_fee * (parent.gas_used - target) // max(target, 1) // chosen.base_fee_denominator
        base_fee = min(base_fee + max(rise, 1), MAX_BASE_FEE)
    elif parent.gas_used < target:
        base_fee -= base_fee * (target - parent.gas_used) // target // chosen.base_fee_denominator
    return max(base_fee, chosen.min_base_fee)


@internal
@pure
def _go_on(block_: layout.ChainBlock, inputs: layout.L1Inputs, reading: bytes32) -> bytes32:
    """
    @dev Look further, in this batch or without one.
    """
    later: layout.L1Inputs = inputs
    later.reading = reading
    after: layout.ChainBlock = block_
    after.inputs = layout._l1_inputs_digest(later)
    return self._outside(layout.PHASE_NEXT_BLOCK, layout._chain_block_digest(after))


@internal
@pure
def _outside(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))
