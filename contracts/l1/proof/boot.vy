# pragma version 0.4.3
# pragma evm-version cancun
"""
@title From an assertion to its chain
@license MIT
@notice The phases start, ring walk, L1 walk, batch walk and deposit walk: all that a trace needs, out of three hashes; and
        those in which it halts, block done and output. A library of the one-step verifier.
@dev Follows `prover/machine/boot.py`. See `machine.vy` for the arguments.
"""

from . import headers
from . import l1_storage
from . import layout
from . import machine
from . import new_pages
from . import ring

EMPTY_RING: constant(bytes32) = 0x55ed9087d1287322e102f9147913b65d28b578f84aba1df19abc1a6c24251331
RING_SIZE: constant(uint256) = 2**layout.RING_DEPTH

INBOX_ACCUMULATOR_SLOT: constant(uint256) = 1
PORTAL_COUNT_SLOT: constant(uint256) = 1
PORTAL_ACCUMULATOR_SLOT: constant(uint256) = 2
CALLDATA_LAYER: constant(uint256) = 0
FILE_LAYER: constant(uint256) = 1
BLOB_LAYER: constant(uint256) = 2
ALT_DA_LAYER: constant(uint256) = 3
BLOB_HASH_VERSION: constant(uint256) = 1
MAX_BLOBS: constant(uint256) = 6
MAX_GENERIC: constant(uint256) = 1057  # bytes of a commitment with an alt-DA server's own key
MAX_COMMITMENT: constant(uint256) = 128 * 1024 + 1

# A rollup's extra data: its version, the origin, and in version 1 sixteen bytes more.
PLAIN_BYTES: constant(uint256) = 9
CHANGED_BYTES: constant(uint256) = 25


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_COMMITMENT],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in these phases. Reverts in others, or if the witness is wrong.
    @param pre The state's hash.
    @param state What every step opens of it.
    @param stack Nothing.
    @param code In a batch walk, the commitment that the inbox took.
    @param other Nothing.
    @param pages Nothing.
    @param tape Where everything else lies.
    @return The next state's hash.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    if state.vm.phase == layout.PHASE_BLOCK_DONE or state.vm.phase == layout.PHASE_OUTPUT:
        # Halted is a fixed point; what follows a block is for the game to say.
        return pre
    assert state.vm.globals == empty(bytes32) and state.vm.frame == empty(bytes32), "proof: phase"
    if state.vm.phase == layout.PHASE_START:
        return self._start(state.vm.cursor, tape.preimages)
    boot: layout.Boot = empty(layout.Boot)
    at: uint256 = 0
    boot, at = layout._open_boot(state.vm.cursor, tape.preimages)
    if state.vm.phase == layout.PHASE_RING_WALK:
        return self._ring_walk(boot, at)
    if state.vm.phase == layout.PHASE_L1_WALK:
        return self._l1_walk(boot, at)
    if state.vm.phase == layout.PHASE_BATCH_WALK:
        return self._batch_walk(boot, at, keccak256(code), len(code))
    assert state.vm.phase == layout.PHASE_DEPOSIT_WALK, "proof: phase"
    return self._deposit_walk(boot, at)


@internal
@pure
def _go(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))


@internal
@view
def _start(cursor: bytes32, preimages: uint256) -> bytes32:
    """
    @dev The parent assertion's block, as its output root and header say.
    """
    start: layout.Start = empty(layout.Start)
    rules: layout.ChainRules = empty(layout.ChainRules)
    at: uint256 = 0
    start, at = layout._open_start(cursor, preimages)
    rules, at = layout._open_chain_rules(start.rules, at)
    output: Bytes[128] = slice(msg.data, at, 128)
    assert keccak256(output) == start.parent_output, "proof: output"
    assert extract32(output, 0) == empty(bytes32), "proof: version of the output"
    header: headers.Header = headers._open(extract32(output, 96), at + 128)
    origin: uint256 = rules.l1_genesis
    if header.fields[headers.NUMBER] != 0:
        origin = self._origin(header)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    inputs.settings = rules.settings
    block_: layout.ChainBlock = layout.ChainBlock(
        rules=start.rules,
        number=header.fields[headers.NUMBER],
        hash=extract32(output, 96),
        state_root=extract32(output, 32),
        timestamp=header.fields[headers.TIMESTAMP],
        gas_limit=header.fields[headers.GAS_LIMIT],
        gas_used=header.fields[headers.GAS_USED],
        base_fee=header.fields[headers.BASE_FEE],
        outbox_root=extract32(output, 64),
        ring=EMPTY_RING,
        inputs=layout._l1_inputs_digest(inputs),
    )
    boot: layout.Boot = empty(layout.Boot)
    boot.start = cursor
    boot.block = layout._chain_block_digest(block_)
    boot.next = block_.hash
    boot.origin = origin
    return self._go(layout.PHASE_RING_WALK, layout._boot_digest(boot))


@internal
@pure
def _origin(header: headers.Header) -> uint256:
    """
    @dev The L1 block that a rollup's header names.
    """
    extra: uint256 = header.fields[headers.EXTRA_DATA]
    if header.extra_length == PLAIN_BYTES:
        assert extra >> 64 == 0, "proof: extra data"
        return extra
    assert header.extra_length == CHANGED_BYTES and extra >> 192 == 1, "proof: extra data"
    return (extra >> 128) & (2**64 - 1)


@internal
@view
def _ring_walk(before: layout.Boot, preimages: uint256) -> bytes32:
    """
    @dev Put one ancestor into the ring; after 256, or genesis, go on to L1.
    """
    boot: layout.Boot = before
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    at: uint256 = 0
    block_, at = layout._open_chain_block(boot.block, preimages)
    header: headers.Header = headers._open(boot.next, at)
    number: uint256 = header.fields[headers.NUMBER]
    block_.ring = ring._grown(block_.ring, number, boot.next, header.end)
    boot.block = layout._chain_block_digest(block_)
    boot.next = convert(header.fields[headers.PARENT], bytes32)
    boot.count += 1
    if number != 0 and boot.count != RING_SIZE:
        return self._go(layout.PHASE_RING_WALK, layout._boot_digest(boot))
    start: layout.Start = empty(layout.Start)
    start, at = layout._open_start(boot.start, header.end + ring.OPENING)
    boot.next = start.l1_hash
    boot.count = 0
    return self._go(layout.PHASE_L1_WALK, layout._boot_digest(boot))


@internal
@view
def _l1_walk(before: layout.Boot, preimages: uint256) -> bytes32:
    """
    @dev Put one L1 block on the chain; at the block's origin, go on to the batches.
    """
    boot: layout.Boot = before
    start: layout.Start = empty(layout.Start)
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    at: uint256 = 0
    start, at = layout._open_start(boot.start, preimages)
    block_, at = layout._open_chain_block(boot.block, at)
    inputs, at = layout._open_l1_inputs(block_.inputs, at)
    header: headers.Header = headers._open(boot.next, at)
    number: uint256 = header.fields[headers.NUMBER]
    root: bytes32 = convert(header.fields[headers.STATE_ROOT], bytes32)
    if boot.count == 0:
        inputs.newest = number
        boot.newest_state = root
    if boot.next == start.parent_l1_hash:
        boot.parent_state = root
    inputs.l1_blocks = layout._l1_link_digest(
        layout.L1Link(
            below=inputs.l1_blocks,
            number=number,
            hash=boot.next,
            timestamp=header.fields[headers.TIMESTAMP],
            prev_randao=convert(header.fields[headers.PREV_RANDAO], bytes32),
            base_fee=header.fields[headers.BASE_FEE],
            excess_blob_gas=header.fields[headers.EXCESS_BLOB_GAS],
        )
    )
    block_.inputs = layout._l1_inputs_digest(inputs)
    boot.block = layout._chain_block_digest(block_)
    boot.next = convert(header.fields[headers.PARENT], bytes32)
    boot.count += 1
    if number > boot.origin:
        return self._go(layout.PHASE_L1_WALK, layout._boot_digest(boot))
    boot.next = empty(bytes32)
    boot.count = 0
    return self._go(layout.PHASE_BATCH_WALK, layout._boot_digest(boot))


@internal
@view
def _batch_walk(before: layout.Boot, preimages: uint256, commitment: bytes32, length: uint256) -> bytes32:
    """
    @dev Read the inbox's hash chain at both ends; then take one batch per step from its newer end.
    """
    boot: layout.Boot = before
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    at: uint256 = 0
    block_, at = layout._open_chain_block(boot.block, preimages)
    if boot.count == 0:
        rules: layout.ChainRules = empty(layout.ChainRules)
        word: uint256 = 0
        rules, at = layout._open_chain_rules(block_.rules, at)
        word, at = l1_storage._word_of(boot.newest_state, rules.inbox, INBOX_ACCUMULATOR_SLOT, at)
        boot.next = convert(word, bytes32)
        word, at = l1_storage._word_of(boot.parent_state, rules.inbox, INBOX_ACCUMULATOR_SLOT, at)
        boot.stop = convert(word, bytes32)
        boot.count = 1
        return self._go(layout.PHASE_BATCH_WALK, layout._boot_digest(boot))
    if boot.next == boot.stop:
        boot.next = empty(bytes32)
        boot.stop = empty(bytes32)
        boot.count = 0
        return self._go(layout.PHASE_DEPOSIT_WALK, layout._boot_digest(boot))
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    inputs, at = layout._open_l1_inputs(block_.inputs, at)
    entry: uint256[5] = self._entry(boot.next, at)
    assert commitment == convert(entry[1], bytes32), "proof: commitment"
    boot.next = convert(entry[0], bytes32)
    layer: uint256 = convert(slice(msg.data, machine._code_start(), 1), uint256)
    if self._has_form(layer, length):
        rules: layout.ChainRules = empty(layout.ChainRules)
        rules, at = layout._open_chain_rules(block_.rules, at + 160)
        if (rules.layers >> layer) & 1 == 1:
            cursor: layout.BatchData = empty(layout.BatchData)
            cursor.boot = layout._boot_digest(boot)
            cursor.commitment = commitment
            cursor.l1_number = entry[2]
            cursor.data = layout.EMPTY_TREE
            return self._go(layout.PHASE_BATCH_DATA, layout._batch_data_digest(cursor))
    if length > 1 and layer == CALLDATA_LAYER:
        inputs.batches = layout._batch_link_digest(
            layout.BatchLink(
                below=inputs.batches,
                l1_number=entry[2],
                data=new_pages._of_calldata(machine._code_start() + 1, length - 1),
                length=length - 1,
            )
        )
        block_.inputs = layout._l1_inputs_digest(inputs)
    boot.block = layout._chain_block_digest(block_)
    return self._go(layout.PHASE_BATCH_WALK, layout._boot_digest(boot))


@internal
@view
def _has_form(layer: uint256, length: uint256) -> bool:
    """
    @dev Whether data could match the commitment that `code` is, as far as the phase batch data can open data.
    """
    if layer == FILE_LAYER:
        return length == 33
    at: uint256 = machine._code_start()
    if layer == ALT_DA_LAYER and length > 33:
        kind: uint256 = convert(slice(msg.data, at + 1, 1), uint256)
        return (kind == 0 and length == 34) or (kind == 1 and length > 34 and length <= MAX_GENERIC)
    if layer != BLOB_LAYER or length % 32 != 1 or length == 1 or length // 32 > MAX_BLOBS:
        return False
    for index: uint256 in range(length // 32, bound=MAX_BLOBS):
        if convert(slice(msg.data, at + 1 + 32 * index, 1), uint256) != BLOB_HASH_VERSION:
            return False
    return True


@internal
@view
def _deposit_walk(before: layout.Boot, preimages: uint256) -> bytes32:
    """
    @dev Along the portal's hash chain, whose count says which deposit is which, back to those that are in blocks.
    """
    boot: layout.Boot = before
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    at: uint256 = 0
    block_, at = layout._open_chain_block(boot.block, preimages)
    if boot.count == 0:
        rules: layout.ChainRules = empty(layout.ChainRules)
        word: uint256 = 0
        rules, at = layout._open_chain_rules(block_.rules, at)
        word, at = l1_storage._word_of(boot.newest_state, rules.portal, PORTAL_ACCUMULATOR_SLOT, at)
        boot.next = convert(word, bytes32)
        word, at = l1_storage._word_of(boot.newest_state, rules.portal, PORTAL_COUNT_SLOT, at)
        boot.count = 1 + word
        return self._go(layout.PHASE_DEPOSIT_WALK, layout._boot_digest(boot))
    entry: uint256[5] = empty(uint256[5])
    if boot.next != empty(bytes32):
        entry = self._entry(boot.next, at)
    if entry[2] <= boot.origin:
        # A block takes all deposits of its origin, and none is skipped.
        boot.next = empty(bytes32)
        boot.count = 0
        return self._go(layout.PHASE_CONFIG_WALK, layout._boot_digest(boot))
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    inputs, at = layout._open_l1_inputs(block_.inputs, at + 160)
    inputs.deposits = layout._deposit_link_digest(
        layout.DepositLink(
            below=inputs.deposits, l1_number=entry[2], index=boot.count - 2, deposit=convert(entry[1], bytes32)
        )
    )
    block_.inputs = layout._l1_inputs_digest(inputs)
    boot.block = layout._chain_block_digest(block_)
    boot.next = convert(entry[0], bytes32)
    boot.count -= 1
    return self._go(layout.PHASE_DEPOSIT_WALK, layout._boot_digest(boot))


@internal
@view
def _entry(digest: bytes32, at: uint256) -> uint256[5]:
    """
    @dev A hash chain's last entry: the chain before it, what it added, and number, time and parent of its L1 block.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "proof: not of this chain"
    return abi_decode(preimage, uint256[5])
