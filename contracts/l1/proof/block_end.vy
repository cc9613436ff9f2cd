# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The end of a block
@license MIT
@notice The phase seal: the next receipt; when all are in their trie, the header and its hash, and the chain after the
        block. A library of the one-step verifier.
@dev Follows `prover/machine/block_end.py`. See `machine.vy` for the arguments. Source of the header's form:
     yellow paper section 4.4, EIP-1559, EIP-4788, EIP-4844, EIP-4895.
"""

from . import accounts
from . import layout
from . import machine
from . import ring

EMPTY_OMMERS: constant(bytes32) = 0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347
EMPTY_ROOT: constant(bytes32) = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421
OUTBOX: constant(uint256) = 376793390874373408599387495934666716005045108758  # where withdrawals begin


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[1],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, if a block ends. Reverts if none does, or the witness is wrong.
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack Nothing.
    @param code Nothing.
    @param other Nothing.
    @param pages Nothing.
    @param tape Where everything lies.
    @return The next state's hash.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_SEAL
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    sealing: layout.Sealing = empty(layout.Sealing)
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    context: layout.BlockContext = empty(layout.BlockContext)
    after: layout.ChainBlock = empty(layout.ChainBlock)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    origin: layout.L1Link = empty(layout.L1Link)
    at: uint256 = 0
    sealing, at = layout._open_sealing(state.vm.cursor, tape.preimages)
    if sealing.receipts != empty(bytes32):
        return self._next_receipt(state.vm.cursor, sealing.receipts, at)
    boundary, at = layout._open_tx_boundary(sealing.boundary, at)
    context, at = layout._open_block_context(boundary.block, at)
    after, at = layout._open_chain_block(boundary.parent, at)
    inputs, at = layout._open_l1_inputs(boundary.batch_cursor, at)
    origin, at = layout._open_l1_link(inputs.l1_blocks, at)
    rules: layout.ChainRules = empty(layout.ChainRules)
    launched: layout.Settings = empty(layout.Settings)
    chosen: layout.Settings = empty(layout.Settings)
    rules, at = layout._open_chain_rules(after.rules, at)
    launched, at = layout._open_settings(rules.settings, at)
    chosen, at = layout._open_settings(inputs.settings, at)

    is_plain: bool = (
        boundary.charges == empty(bytes32)
        and chosen.base_fee_denominator == launched.base_fee_denominator
        and chosen.elasticity == launched.elasticity
        and chosen.min_base_fee == launched.min_base_fee
    )
    extra: Bytes[26] = self._extra_data(origin.number, chosen, is_plain)
    after.hash = self._header_hash(sealing, boundary, context, after.hash, origin.hash, extra)
    after.ring = ring._grown(context.ring, context.number, after.hash, at)
    outbox: layout.AccountRecord = empty(layout.AccountRecord)
    outbox, at = accounts._account_in_trie(boundary.state_root, OUTBOX, at + ring.OPENING)
    after.number = context.number
    after.state_root = boundary.state_root
    after.timestamp = context.timestamp
    after.gas_limit = context.gas_limit
    after.gas_used = boundary.gas_used
    after.base_fee = context.base_fee
    after.outbox_root = outbox.storage_root
    after.inputs = boundary.batch_cursor
    return machine._post(
        layout.PHASE_BLOCK_DONE, layout._chain_block_digest(after), empty(bytes32), empty(bytes32)
    )


@internal
@view
def _next_receipt(sealing: bytes32, link: bytes32, at: uint256) -> bytes32:
    """
    @dev Begin with the last receipt that is left.
    """
    receipt: layout.Receipt = empty(layout.Receipt)
    end: uint256 = 0
    receipt, end = layout._open_receipt(link, at)
    logs: layout.ReceiptLogs = empty(layout.ReceiptLogs)
    logs.sealing = sealing
    logs.left = receipt.logs
    return machine._post(
        layout.PHASE_RECEIPT_LOGS, layout._receipt_logs_digest(logs), empty(bytes32), empty(bytes32)
    )


@internal
@pure
def _header_hash(
    sealing: layout.Sealing,
    boundary: layout.TxBoundary,
    context: layout.BlockContext,
    parent: bytes32,
    origin: bytes32,
    extra: Bytes[26],
) -> bytes32:
    bloom: Bytes[256] = abi_encode(
        sealing.bloom_0,
        sealing.bloom_1,
        sealing.bloom_2,
        sealing.bloom_3,
        sealing.bloom_4,
        sealing.bloom_5,
        sealing.bloom_6,
        sealing.bloom_7,
    )
    roots: Bytes[489] = concat(
        x"a0",
        parent,
        x"a0",
        EMPTY_OMMERS,
        x"94",
        slice(convert(context.fee_recipient, bytes32), 12, 20),
        x"a0",
        boundary.state_root,
        x"a0",
        sealing.transactions_root,
        x"a0",
        sealing.receipts_root,
        x"b90100",
        bloom,
        x"80",  # no difficulty
    )
    numbers: Bytes[158] = concat(
        self._number(context.number),
        self._number(context.gas_limit),
        self._number(boundary.gas_used),
        self._number(context.timestamp),
        extra,
    )
    rest: Bytes[208] = concat(
        x"a0",
        context.prev_randao,
        x"880000000000000000",  # no nonce
        self._number(context.base_fee),
        x"a0",
        EMPTY_ROOT,  # no withdrawals
        self._number(boundary.blob_gas_used),
        x"80",
        x"a0",
        origin,
    )
    size: uint256 = len(roots) + len(numbers) + len(rest)
    return keccak256(concat(x"f9", slice(convert(size, bytes32), 30, 2), roots, numbers, rest))


@internal
@pure
def _extra_data(origin: uint256, chosen: layout.Settings, is_plain: bool) -> Bytes[26]:
    """
    @dev The origin and, where they are not the launch's, the base-fee rules after the block; as an RLP item.
    """
    if is_plain:
        return concat(x"8900", slice(convert(origin, bytes32), 24, 8))
    rules: uint256 = chosen.base_fee_denominator << 96 | chosen.elasticity << 64 | chosen.min_base_fee
    return concat(x"9901", slice(convert(origin << 128 | rules, bytes32), 8, 24))


@internal
@pure
def _number(number: uint256) -> Bytes[33]:
    """
    @dev A number as an RLP item.
    """
    if number == 0:
        return x"80"
    size: uint256 = 32
    for i: uint256 in range(1, 32):
        if number >> (8 * i) == 0:
            size = i
            break
    digits: Bytes[32] = slice(convert(number, bytes32), 32 - size, size)
    if number < 128:
        return digits
    return concat(slice(convert(128 + size, bytes32), 31, 1), digits)
