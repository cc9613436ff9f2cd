"""Fees beside gas: what a block's transactions pay, and its first transaction, which says so (`protocol.fee_terms`).

TERMS makes both from the settings in force and the L1 origin's prices, for a block that charges anything. PRICE says
before each transaction of the batch what its bytes cost. BEGIN takes it, END hands it out.
"""

from dataclasses import replace

from protocol.crypto import keccak
from protocol.fee_terms import BASE_FEE_WEIGHT, MILLION, FeeKnobs, FeeTerms, data_gas, terms_transaction
from protocol.fees import l1_blob_base_fee
from protocol.types import ZERO_ADDRESS
from prover.commitments.chain_structures import ChainBlock, ChainRules, L1Inputs, L1Link, Settings
from prover.commitments.structures import Charges, TxBoundary
from prover.machine.vm import BEGIN, PRICE, SYSTEM_WRITE, VM, is_end, opened

CONSTANT_BITS = 64
"""An operator fee is one word: what is per gas, then so many bits for what is per transaction."""


def charges_any(settings: Settings) -> bool:
    """Whether transactions pay for more than gas, or somebody receives the base fee."""
    fees = (settings.operator_fee, settings.l1_base_fee_scalar, settings.l1_blob_base_fee_scalar)
    return settings.base_fee_recipient != ZERO_ADDRESS or any(fees)


def operator_fee(word: int, gas: int) -> int:
    """Wei for so much gas, by the formula of Isthmus."""
    return gas * (word >> CONSTANT_BITS) // MILLION + word % (1 << CONSTANT_BITS)


def terms_step(vm: VM) -> None:
    """What this block charges, out of settings and origin."""
    boundary = opened(vm, vm.cursor, TxBoundary)
    parent = opened(vm, boundary.parent, ChainBlock)
    rules = opened(vm, parent.rules, ChainRules)
    inputs = opened(vm, boundary.batch_cursor, L1Inputs)
    settings = opened(vm, inputs.settings, Settings)
    origin = opened(vm, inputs.l1_blocks, L1Link)
    terms = FeeTerms(
        _knobs(settings), origin.base_fee, l1_blob_base_fee(origin.excess_blob_gas, rules.l1_blob_update_fraction)
    )
    raw = terms_transaction(terms, origin.hash, parent.number + 1).raw
    vm.oracle.keep_transaction(raw)
    charges = Charges(
        terms=keccak(raw),
        l1_price=BASE_FEE_WEIGHT * settings.l1_base_fee_scalar * terms.l1_base_fee
        + settings.l1_blob_base_fee_scalar * terms.l1_blob_base_fee,
        base_fee_recipient=settings.base_fee_recipient,
        l1_fee_recipient=rules.l1_fee_recipient,
        operator_fee_recipient=rules.operator_fee_recipient,
    )
    vm.go(SYSTEM_WRITE, replace(boundary, charges=charges, operator_fee=settings.operator_fee))


def _knobs(settings: Settings) -> FeeKnobs:
    return FeeKnobs(
        settings.base_fee_recipient,
        settings.operator_fee >> CONSTANT_BITS,
        settings.operator_fee % (1 << CONSTANT_BITS),
        settings.l1_base_fee_scalar,
        settings.l1_blob_base_fee_scalar,
    )


def phase_before(boundary: TxBoundary) -> int:
    """What comes first for a transaction of the batch."""
    return BEGIN if is_end(boundary.charges) else PRICE


def price_step(vm: VM) -> None:
    """What the next transaction's bytes cost, whether or not they are one."""
    boundary = opened(vm, vm.cursor, TxBoundary)
    charges = opened(vm, boundary.charges, Charges)
    raw = vm.oracle.transaction(boundary.item, vm.recorder)
    vm.go(BEGIN, replace(boundary, l1_fee=data_gas(raw) * charges.l1_price // (BASE_FEE_WEIGHT * MILLION)))


def is_terms_next(boundary: TxBoundary) -> bool:
    """Whether the block's terms transaction is the one that runs or comes next: it takes none of the block's gas."""
    return boundary.tx_index == 0 and not is_end(boundary.charges)
