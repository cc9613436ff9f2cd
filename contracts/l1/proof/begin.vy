# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A transaction's beginning
@license MIT
@notice The phase begin: decode the transaction, check it against block and sender, and take its gas; or skip it, where no
        block may contain it. A library of the one-step verifier.
@dev Follows `begin_step` in `prover/machine/transaction.py`, with `protocol/validity.py` and `protocol/fees.py`, for
     Cancun. `code` is the transaction, `other` the sender's code. A transaction longer than MAX_TX reverts:
     `docs/proof/verifier.md`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import new_pages
from . import tx_bytes
from . import tx_zeros

MAX_TX: constant(uint256) = 120 * 1024  # bytes
MAX_INITCODE: constant(uint256) = 49152  # bytes (EIP-3860)
MAX_BLOBS: constant(uint256) = 9
HALF_CURVE_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
UINT64: constant(uint256) = 2**64 - 1

GAS_TX: constant(uint256) = 21000
GAS_CREATE: constant(uint256) = 32000
GAS_ZERO_BYTE: constant(uint256) = 4
GAS_BYTE: constant(uint256) = 16
GAS_INITCODE_WORD: constant(uint256) = 2
GAS_ACCESS_ADDRESS: constant(uint256) = 2400
GAS_ACCESS_SLOT: constant(uint256) = 1900
GAS_PER_BLOB: constant(uint256) = 2**17
BLOB_HASH_VERSION: constant(uint256) = 1

DELEGATION: constant(uint256) = 15663360  # 0xef0100 (EIP-7702)
DELEGATION_LENGTH: constant(uint256) = 23


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_TX],
    other: Bytes[24576],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    """
    # Nothing runs yet, so there is no more to a state than this.
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_BEGIN
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    block_context: layout.BlockContext = empty(layout.BlockContext)
    at: uint256 = 0
    boundary, at = layout._open_tx_boundary(state.vm.cursor, tape.preimages)
    block_context, at = layout._open_block_context(boundary.block, at)
    assert block_context.fork == machine.CANCUN, "proof: fork"
    assert keccak256(code) == boundary.item, "proof: transaction"

    start: uint256 = machine._code_start()
    context: tx_bytes.Transaction = tx_bytes._parsed(start, start + len(code))
    declared: tx_bytes.AccessList = empty(tx_bytes.AccessList)
    intrinsic: uint256 = 0
    sender: uint256 = context.sender
    if context.is_valid:
        declared = tx_bytes._access_list(context.access_list)
        intrinsic = self._intrinsic_gas(context, declared)
    if not declared.is_valid or not self._is_allowed(context, intrinsic, boundary, block_context):
        return self._skipped(boundary)
    if context.type != tx_bytes.DEPOSIT:
        head: Bytes[4] = b""
        tail: Bytes[11] = b""
        head, tail = self._signed_around(context)
        signed: Bytes[MAX_TX] = slice(
            code, context.signed.start - start, context.signed.end - context.signed.start
        )
        hash: bytes32 = empty(bytes32)
        if context.type == tx_bytes.LEGACY:
            hash = keccak256(concat(head, signed, tail))
        else:
            hash = keccak256(concat(slice(convert(context.type, bytes32), 31, 1), head, signed))
        # The function fails alike for a wrong signature and for too little gas.
        assert msg.gas >= 100000, "proof: too little gas"
        sender = convert(
            ecrecover(hash, context.y_parity + 27, context.r, context.s), uint256
        )
        if sender == 0:
            return self._skipped(boundary)
    initcode_hash: bytes32 = empty(bytes32)
    if context.create:
        initcode_hash = keccak256(
            slice(code, context.data.start - start, context.data.end - context.data.start)
        )

    # The sender.
    before: layout.Globals = empty(layout.Globals)
    before.start_root = boundary.state_root
    changed: layout.Tape = tape
    changed.preimages = at
    ledger: accounts.Ledger = accounts._ledger(before, changed)
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_account(ledger, sender)
    if context.type != tx_bytes.DEPOSIT:
        if record.code_hash != machine.EMPTY_KECCAK:
            assert keccak256(other) == record.code_hash, "proof: other code"
            if len(other) != DELEGATION_LENGTH or convert(slice(other, 0, 3), uint256) != DELEGATION:
                return self._skipped(boundary)
        if context.nonce != record.nonce or not self._is_affordable(
            context, record.balance, self._charged(boundary, context)
        ):
            return self._skipped(boundary)
    return self._begun(
        state.vm.cursor,
        boundary,
        block_context,
        context,
        intrinsic,
        declared.chain,
        sender,
        initcode_hash,
        ledger,
    )


@internal
@pure
def _skipped(boundary: layout.TxBoundary) -> bytes32:
    """
    @dev The state after a transaction that no block may contain.
    """
    after: layout.TxBoundary = boundary
    after.item = empty(bytes32)
    after.l1_fee = 0
    return machine._post(
        layout.PHASE_DONE, layout._tx_boundary_digest(after), empty(bytes32), empty(bytes32)
    )


@internal
@view
def _begun(
    boundary_hash: bytes32,
    boundary: layout.TxBoundary,
    block_context: layout.BlockContext,
    context: tx_bytes.Transaction,
    intrinsic: uint256,
    declared: bytes32,
    sender: uint256,
    initcode_hash: bytes32,
    loaded: accounts.Ledger,
) -> bytes32:
    """
    @dev The state after one that begins.
    """
    ledger: accounts.Ledger = loaded
    record: layout.AccountRecord = empty(layout.AccountRecord)
    cold: bool = False
    ledger, record, cold = accounts._load_account(ledger, sender)
    blobs: uint256 = (context.blob_hashes.end - context.blob_hashes.start) // 33
    length: uint256 = context.data.end - context.data.start
    begun: layout.TxContext = layout.TxContext(
        item=boundary.item,
        type=context.type,
        origin=sender,
        create=1 if context.create else 0,
        to=context.to,
        nonce=record.nonce,
        value=context.value,
        gas_limit=context.gas_limit,
        gas=context.gas_limit - min(intrinsic, context.gas_limit),
        gas_price=0,
        tip=0,
        blob_gas=GAS_PER_BLOB * blobs,
        blob_hashes=self._blob_hashes(context.blob_hashes, blobs),
        data=empty(bytes32),
        data_length=0,
        initcode_hash=initcode_hash,
    )
    if not context.create:
        begun.data_length = length
        if length != 0:
            begun.data = self._data_root(context.data.start, length)

    phase: uint256 = layout.PHASE_ACCESS
    cursor: bytes32 = declared
    record.nonce += 1
    if context.type == tx_bytes.DEPOSIT:
        # Minted, which nothing undoes; one that cannot run uses its gas, as far as the block has it, and is over.
        record.balance += min(context.mint, max_value(uint256) - record.balance)
        left: uint256 = block_context.gas_limit - boundary.gas_used
        if context.value > record.balance or intrinsic > context.gas_limit or context.gas_limit > left:
            phase = layout.PHASE_FLUSH_SLOTS
            # A terms transaction takes none of the block's gas.
            used: uint256 = 0
            if boundary.charges == empty(bytes32) or boundary.tx_index != 0:
                used = min(context.gas_limit, left)
            cursor = layout._flush_digest(layout.Flush(success=0, gas_used=used))
    else:
        begun.tip = min(context.max_fee - block_context.base_fee, context.max_priority_fee)
        begun.gas_price = block_context.base_fee + begun.tip
        record.balance -= (
            context.gas_limit * begun.gas_price
            + begun.blob_gas * block_context.blob_base_fee
            + self._charged(boundary, context)
        )
    ledger = accounts._store_account(ledger, sender, record)
    ledger = accounts._warm_account(ledger, block_context.fee_recipient)
    globals: layout.Globals = empty(layout.Globals)
    globals.fork = block_context.fork
    globals.boundary = boundary_hash
    globals.tx = layout._tx_context_digest(begun)
    globals.start_root = boundary.state_root
    globals.working_root = boundary.state_root
    return machine._post(
        phase, cursor, layout._globals_digest(accounts._globals_after(globals, ledger)), empty(bytes32)
    )


# --- whether a block may contain it -----------------------------------------------------------------------------------


@internal
@view
def _is_allowed(
    context: tx_bytes.Transaction,
    intrinsic: uint256,
    boundary: layout.TxBoundary,
    block_context: layout.BlockContext,
) -> bool:
    """
    @dev Everything but the sender's account, and but that the signature is one.
    """
    if context.type == tx_bytes.DEPOSIT:
        return block_context.allow_deposits == 1
    if context.y_parity > 1 or context.s > HALF_CURVE_ORDER:
        return False
    if context.has_chain_id and context.chain_id != block_context.chain_id:
        return False
    if context.nonce == UINT64 or context.max_priority_fee > context.max_fee:
        return False
    if context.gas_limit < intrinsic or context.max_fee > max_value(uint256) // context.gas_limit:
        return False
    if context.create and context.data.end - context.data.start > MAX_INITCODE:
        return False
    if context.max_fee < block_context.base_fee:
        return False
    if context.gas_limit + boundary.gas_used > block_context.gas_limit:
        return False
    if context.type == tx_bytes.BLOB:
        if block_context.allow_blobs == 0 or context.create:
            return False
        return self._are_blobs_allowed(context, boundary, block_context)
    return True


@internal
@view
def _are_blobs_allowed(
    context: tx_bytes.Transaction, boundary: layout.TxBoundary, block_context: layout.BlockContext
) -> bool:
    length: uint256 = context.blob_hashes.end - context.blob_hashes.start
    if length == 0 or length % 33 != 0 or context.max_blob_fee < block_context.blob_base_fee:
        return False
    if GAS_PER_BLOB * (length // 33) + boundary.blob_gas_used > block_context.blob_gas_limit:
        return False
    for i: uint256 in range(length // 33, bound=MAX_BLOBS):
        # A string of 32 bytes that begins with the version.
        if layout._word(context.blob_hashes.start + 33 * i) >> 240 != tx_bytes.HASH << 8 | BLOB_HASH_VERSION:
            return False
    return True


@internal
@pure
def _charged(boundary: layout.TxBoundary, context: tx_bytes.Transaction) -> uint256:
    """
    @dev Wei that are taken beside gas, the operator fee for the whole gas limit.
    """
    per_gas: uint256 = boundary.operator_fee >> 64
    return boundary.l1_fee + context.gas_limit * per_gas // 10**6 + (boundary.operator_fee & UINT64)


@internal
@pure
def _is_affordable(context: tx_bytes.Transaction, balance: uint256, charged: uint256) -> bool:
    """
    @dev Whether the sender has what inclusion can cost at most: value, charges, gas at its cap, blobs at theirs.
    """
    if balance < charged or balance - charged < context.value:
        return False
    left: uint256 = balance - charged - context.value
    cost: uint256 = context.gas_limit * context.max_fee  # found not to overflow
    if left < cost:
        return False
    blob_gas: uint256 = GAS_PER_BLOB * ((context.blob_hashes.end - context.blob_hashes.start) // 33)
    return blob_gas == 0 or context.max_blob_fee <= (left - cost) // blob_gas


@internal
@view
def _intrinsic_gas(context: tx_bytes.Transaction, declared: tx_bytes.AccessList) -> uint256:
    """
    @dev What is due before the first opcode.
    """
    length: uint256 = context.data.end - context.data.start
    zeros: uint256 = tx_zeros._count(context.data.start, length)
    gas: uint256 = GAS_TX + GAS_ZERO_BYTE * zeros + GAS_BYTE * (length - zeros)
    if context.create:
        gas += GAS_CREATE + GAS_INITCODE_WORD * machine._words_of(length)
    return gas + GAS_ACCESS_ADDRESS * declared.entries + GAS_ACCESS_SLOT * declared.slots


# --- its parts --------------------------------------------------------------------------------------------------------


@internal
@pure
def _signed_around(context: tx_bytes.Transaction) -> (Bytes[4], Bytes[11]):
    """
    @dev What is signed before and behind the fields: a list's header, and a legacy transaction's chain.
    """
    tail: Bytes[11] = b""
    if context.type == tx_bytes.LEGACY and context.has_chain_id:
        # The chain id, which has at most 8 bytes here, and two empty strings.
        size: uint256 = 1
        encoded: uint256 = context.chain_id
        if encoded == 0:
            encoded = tx_bytes.STRING
        elif encoded >= tx_bytes.STRING:
            for i: uint256 in range(1, 9):
                size = i + 1
                if context.chain_id >> (8 * i) == 0:
                    break
            encoded = context.chain_id | (tx_bytes.STRING + size - 1) << (8 * (size - 1))
        encoded = encoded << 16 | tx_bytes.STRING << 8 | tx_bytes.STRING
        tail = convert(slice(convert(encoded, bytes32), 30 - size, size + 2), Bytes[11])
    length: uint256 = context.signed.end - context.signed.start + len(tail)
    if length < 56:
        return slice(convert(tx_bytes.LIST + length, bytes32), 31, 1), tail
    width: uint256 = 1
    if length >= 65536:
        width = 3
    elif length >= 256:
        width = 2
    head: uint256 = (tx_bytes.LIST + 55 + width) << (8 * width) | length
    return convert(slice(convert(head, bytes32), 31 - width, width + 1), Bytes[4]), tail


@internal
@view
def _blob_hashes(hashes: tx_bytes.Span, count: uint256) -> bytes32:
    words: uint256[10] = empty(uint256[10])
    words[0] = count
    for i: uint256 in range(count, bound=MAX_BLOBS):
        words[i + 1] = layout._word(hashes.start + 33 * i + 1)
    return keccak256(abi_encode(layout.TAG_BLOB_HASHES, words))


@internal
@view
def _data_root(start: uint256, length: uint256) -> bytes32:
    """
    @dev The call's data as pages.
    """
    leaves: DynArray[bytes32, 128] = []
    for i: uint256 in range((length + 1023) // 1024, bound=120):
        chunk: Bytes[1024] = slice(msg.data, start + 1024 * i, 1024)
        leaves.append(new_pages._leaf(slice(chunk, 0, min(1024, length - 1024 * i))))
    return new_pages._root(leaves)
