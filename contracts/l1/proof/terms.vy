# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Settings and charges
@license MIT
@notice The phases config walk: how the chain's settings have changed since its launch; terms: what a block charges beside
        gas, and the transaction that says so; price: what a transaction's bytes cost. A library of the one-step verifier.
@dev Follows `prover/machine/chain_settings.py` and `prover/machine/block_terms.py`. In the phase price, `code` is the
     transaction. See `machine.vy` for the arguments.
"""

from . import l1_storage
from . import layout
from . import machine
from . import settings
from . import tx_zeros

CHANGES_SLOT: constant(uint256) = 5  # of the config contract: its hash chain of changes
MAX_TX: constant(uint256) = 120 * 1024  # bytes

MILLION: constant(uint256) = 10**6
BASE_FEE_WEIGHT: constant(uint256) = 16
GAS_ZERO_BYTE: constant(uint256) = 4
GAS_BYTE: constant(uint256) = 16

# L1's blob base fee (EIP-4844), bounded as in `protocol/fees.py`.
MAX_BASE_FEE: constant(uint256) = 2**128 - 1
BLOB_FEE_EXPONENT: constant(uint256) = 88
MAX_TERMS: constant(uint256) = 512  # of the series; with a fraction below 2^48 it has fewer than 300

# The terms transaction (`protocol/fee_terms.py`).
SET_TERMS: constant(Bytes[4]) = method_id(
    "set_terms(uint256,uint256,uint256,uint256,uint256,uint256,address)", output_type=Bytes[4]
)
TERMS_DOMAIN: constant(uint256) = 1


@external
@view
def step(
    pre: bytes32,
    state: layout.State,
    stack: DynArray[uint256, 17],
    code: Bytes[MAX_TX],
    other: Bytes[1],
    pages: Bytes[1],
    tape: layout.Tape,
) -> bytes32:
    """
    @notice The state after `pre`, in these phases. Reverts in others, or if the witness is wrong.
    """
    assert layout._vm_digest(state.vm) == pre, "proof: not this state"
    assert state.vm.globals == empty(bytes32) and state.vm.frame == empty(bytes32), "proof: phase"
    if state.vm.phase == layout.PHASE_CONFIG_WALK:
        return self._config_walk(state.vm.cursor, tape.preimages)
    boundary: layout.TxBoundary = empty(layout.TxBoundary)
    at: uint256 = 0
    boundary, at = layout._open_tx_boundary(state.vm.cursor, tape.preimages)
    if state.vm.phase == layout.PHASE_TERMS:
        return self._terms(boundary, at)
    assert state.vm.phase == layout.PHASE_PRICE, "proof: phase"
    assert keccak256(code) == boundary.item, "proof: transaction"
    return self._price(boundary, len(code), at)


@internal
@pure
def _go(phase: uint256, cursor: bytes32) -> bytes32:
    return machine._post(phase, cursor, empty(bytes32), empty(bytes32))


# --- settings ---------------------------------------------------------------------------------------------------------


@internal
@view
def _config_walk(cursor: bytes32, preimages: uint256) -> bytes32:
    """
    @dev Read the hash chain's end; then put one change on the chain; then pass those up to the block's origin.
    """
    boot: layout.Boot = empty(layout.Boot)
    block_: layout.ChainBlock = empty(layout.ChainBlock)
    rules: layout.ChainRules = empty(layout.ChainRules)
    at: uint256 = 0
    boot, at = layout._open_boot(cursor, preimages)
    block_, at = layout._open_chain_block(boot.block, at)
    rules, at = layout._open_chain_rules(block_.rules, at)
    if boot.count == 0:
        word: uint256 = 0
        word, at = l1_storage._word_of(boot.newest_state, rules.chain_config, CHANGES_SLOT, at)
        boot.next = convert(word, bytes32)
        boot.count = 1
        return self._go(layout.PHASE_CONFIG_WALK, layout._boot_digest(boot))
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    inputs, at = layout._open_l1_inputs(block_.inputs, at)
    if boot.next != empty(bytes32):
        preimage: Bytes[128] = slice(msg.data, at, 128)
        assert keccak256(preimage) == boot.next, "proof: not of this chain"
        entry: uint256[4] = abi_decode(preimage, uint256[4])
        boot.next = convert(entry[0], bytes32)
        if entry[3] > rules.l1_genesis:
            inputs.changes = layout._change_link_digest(
                layout.ChangeLink(below=inputs.changes, l1_number=entry[3], knob=entry[1], setting=entry[2])
            )
        else:
            # Made before the chain began, whose launch says what holds.
            boot.next = empty(bytes32)
    else:
        change: layout.ChangeLink = empty(layout.ChangeLink)
        if inputs.changes != empty(bytes32):
            change, at = layout._open_change_link(inputs.changes, at)
        if inputs.changes == empty(bytes32) or change.l1_number > boot.origin:
            return self._go(layout.PHASE_BLOCK_DONE, boot.block)
        before: layout.Settings = empty(layout.Settings)
        before, at = layout._open_settings(inputs.settings, at)
        inputs.settings = settings._changed(before, change)
        inputs.changes = change.below
    block_.inputs = layout._l1_inputs_digest(inputs)
    boot.block = layout._chain_block_digest(block_)
    return self._go(layout.PHASE_CONFIG_WALK, layout._boot_digest(boot))


# --- charges ----------------------------------------------------------------------------------------------------------


@internal
@view
def _terms(boundary: layout.TxBoundary, preimages: uint256) -> bytes32:
    """
    @dev What this block charges, out of settings and origin.
    """
    parent: layout.ChainBlock = empty(layout.ChainBlock)
    rules: layout.ChainRules = empty(layout.ChainRules)
    inputs: layout.L1Inputs = empty(layout.L1Inputs)
    chosen: layout.Settings = empty(layout.Settings)
    origin: layout.L1Link = empty(layout.L1Link)
    at: uint256 = 0
    parent, at = layout._open_chain_block(boundary.parent, preimages)
    rules, at = layout._open_chain_rules(parent.rules, at)
    inputs, at = layout._open_l1_inputs(boundary.batch_cursor, at)
    chosen, at = layout._open_settings(inputs.settings, at)
    origin, at = layout._open_l1_link(inputs.l1_blocks, at)
    blob_base_fee: uint256 = self._blob_base_fee(origin.excess_blob_gas, rules.l1_blob_update_fraction)
    charges: layout.Charges = layout.Charges(
        terms=self._terms_transaction(chosen, origin.base_fee, blob_base_fee, origin.hash, parent.number + 1),
        l1_price=(
            BASE_FEE_WEIGHT * chosen.l1_base_fee_scalar * origin.base_fee
            + chosen.l1_blob_base_fee_scalar * blob_base_fee
        ),
        base_fee_recipient=chosen.base_fee_recipient,
        l1_fee_recipient=rules.l1_fee_recipient,
        operator_fee_recipient=rules.operator_fee_recipient,
    )
    after: layout.TxBoundary = boundary
    after.charges = layout._charges_digest(charges)
    after.operator_fee = chosen.operator_fee
    return self._go(layout.PHASE_SYSTEM_WRITE, layout._tx_boundary_digest(after))


@internal
@pure
def _terms_transaction(
    chosen: layout.Settings, base_fee: uint256, blob_base_fee: uint256, origin: bytes32, number: uint256
) -> bytes32:
    """
    @dev The hash of the deposit that says the terms: its type, then a list in RLP. Only its source and words vary.
    """
    source: bytes32 = keccak256(abi_encode(TERMS_DOMAIN, keccak256(abi_encode(origin, number))))
    words: Bytes[224] = abi_encode(
        base_fee,
        blob_base_fee,
        chosen.l1_base_fee_scalar,
        chosen.l1_blob_base_fee_scalar,
        chosen.operator_fee >> 64,
        chosen.operator_fee & (2**64 - 1),
        chosen.base_fee_recipient,
    )
    return keccak256(
        concat(
            x"7ef90137a0",  # a list of 311 bytes; a string of 32
            source,
            x"94deaddeaddeaddeaddeaddeaddeaddeaddead0001",  # from nobody
            x"94420000000000000000000000000000000000000f",  # to the oracle
            x"8080830493e0",  # no mint, no value, gas limit 300,000
            x"b8e4",  # 228 bytes
            SET_TERMS,
            words,
        )
    )


@internal
@pure
def _blob_base_fee(excess: uint256, fraction: uint256) -> uint256:
    """
    @dev Wei per blob gas on L1: e^(excess / fraction) by EIP-4844's integer series, and no more than MAX_BASE_FEE.
    """
    if excess >= BLOB_FEE_EXPONENT * fraction:
        return MAX_BASE_FEE
    total: uint256 = 0
    term: uint256 = fraction
    for index: uint256 in range(1, MAX_TERMS):
        if term == 0:
            return total // fraction
        total += term
        term = term * excess // (index * fraction)
    raise "proof: blob base fee"


@internal
@view
def _price(boundary: layout.TxBoundary, length: uint256, preimages: uint256) -> bytes32:
    """
    @dev What the bytes in `code` cost, whether or not they are a transaction.
    """
    charges: layout.Charges = empty(layout.Charges)
    at: uint256 = 0
    charges, at = layout._open_charges(boundary.charges, preimages)
    zeros: uint256 = tx_zeros._count(machine._code_start(), length)
    gas: uint256 = GAS_ZERO_BYTE * zeros + GAS_BYTE * (length - zeros)
    after: layout.TxBoundary = boundary
    after.l1_fee = gas * charges.l1_price // (BASE_FEE_WEIGHT * MILLION)
    return self._go(layout.PHASE_BEGIN, layout._tx_boundary_digest(after))
