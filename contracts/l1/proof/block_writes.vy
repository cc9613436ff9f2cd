# pragma version 0.4.3
# pragma evm-version cancun
"""
@title What a block writes by itself
@license MIT
@notice The phase system write: the L1 origin's hash goes into EIP-4788's contract, without running its code. A library of
        the one-step verifier.
@dev Follows `system_write_step` in `prover/machine/block_begin.py`. See `machine.vy` for the arguments.
"""

from . import accounts
from . import layout
from . import machine
from . import trie

BEACON_ROOTS: constant(uint256) = 339909022928299415537769066420252604268194818  # 0x000f3df6…ac02
CODE_HASH: constant(bytes32) = 0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c
BUFFER: constant(uint256) = 8191


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
    @notice The state after `pre`, in this phase. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert (
        state.vm.phase == layout.PHASE_SYSTEM_WRITE
        and state.vm.globals == empty(bytes32)
        and state.vm.frame == empty(bytes32)
    ), "proof: phase"
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    context: layout.BlockContext = empty(layout.BlockContext)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    origin: layout.L1Link = empty(layout.L1Link)
    at: uint256 = 0
    boundary, at = layout._open_tx_boundary(state.vm.cursor, tape.preimages)
    context, at = layout._open_block_context(boundary.block, at)
    inputs, at = layout._open_l1_inputs(boundary.batch_cursor, at)
    origin, at = layout._open_l1_link(inputs.l1_blocks, at)
    account: layout.AccountRecord = empty(layout.AccountRecord)
    account, at = accounts._account_in_trie(boundary.state_root, BEACON_ROOTS, at)
    if account.code_hash != machine.EMPTY_KECCAK:
        assert account.code_hash == CODE_HASH, "proof: other code than EIP-4788's"
        slot: uint256 = context.timestamp % BUFFER
        storage: bytes32 = account.storage_root
        storage, at = trie._put(storage, self._key(slot), self._uint(context.timestamp), at)
        storage, at = trie._put(storage, self._key(slot + BUFFER), self._uint(convert(origin.hash, uint256)), at)
        fields: Bytes[108] = concat(
            convert(self._number(account.nonce), Bytes[9]),
            self._number(account.balance),
            x"a0",
            storage,
            x"a0",
            account.code_hash,
        )
        item: Bytes[trie.MAX_VALUE] = concat(x"f8", slice(convert(len(fields), bytes32), 31, 1), fields)
        boundary.state_root, at = trie._put(
            boundary.state_root, keccak256(slice(convert(BEACON_ROOTS, bytes32), 12, 20)), item, at
        )
    return machine._post(
        layout.PHASE_DONE, layout._tx_boundary_digest(boundary), empty(bytes32), empty(bytes32)
    )


@internal
@pure
def _key(slot: uint256) -> bytes32:
    return keccak256(convert(slot, bytes32))


@internal
@pure
def _uint(number: uint256) -> Bytes[trie.MAX_VALUE]:
    """
    @dev A word as the storage trie holds it; zero is no word.
    """
    if number == 0:
        return b""
    return self._number(number)


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
