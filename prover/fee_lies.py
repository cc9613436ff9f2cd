"""Lies about fees and settings, for chains that charge more than gas or whose settings changed. See `prover.lies`."""

from dataclasses import replace

from prover.commitments.chain_structures import BlockPlan, ChainBlock, L1Inputs
from prover.commitments.journal_tree import ACCOUNT, journal_path
from prover.commitments.structures import AccountRecord, BlockContext, Charges, TxBoundary
from prover.lies import Kind
from prover.machine.vm import BEGIN, END, FLUSH_SLOTS, ORIGIN, PRICE, SYSTEM_WRITE, TERMS, VM


def _l1_fee(vm: VM) -> None:
    boundary = _boundary(vm.cursor)
    vm.cursor = replace(boundary, l1_fee=boundary.l1_fee + 1)


def _operator_fee(vm: VM) -> None:
    path = journal_path(ACCOUNT, _charges(_boundary(vm.boundary)).operator_fee_recipient, 0)
    record = vm.journal.read(path, AccountRecord, None)
    if record is None:
        raise TypeError("nobody was paid an operator fee")
    vm.journal.write(path, replace(record, balance=record.balance + 1), None)


def _is_paid(_opcode: int, vm: VM) -> bool:
    if not isinstance(vm.boundary, TxBoundary) or not isinstance(vm.boundary.charges, Charges):
        return False
    path = journal_path(ACCOUNT, vm.boundary.charges.operator_fee_recipient, 0)
    return vm.phase == FLUSH_SLOTS and vm.journal.read(path, AccountRecord, None) is not None


def _recipient(vm: VM) -> None:
    boundary = _boundary(vm.cursor)
    charges = _charges(boundary)
    vm.cursor = replace(boundary, charges=replace(charges, operator_fee_recipient=charges.l1_fee_recipient))


def _minimum(vm: VM) -> None:
    boundary = _boundary(vm.cursor)
    block = boundary.block
    if not isinstance(block, BlockContext):
        raise TypeError("no block begins")
    vm.cursor = replace(boundary, block=replace(block, base_fee=block.base_fee + 1))


def _ignored(vm: VM) -> None:
    plan = vm.cursor
    if not isinstance(plan, BlockPlan):
        raise TypeError("no block is planned")
    vm.cursor = replace(plan, settings=_inputs(plan).settings)


def _is_changed(_opcode: int, vm: VM) -> bool:
    plan = vm.cursor
    if vm.phase != ORIGIN or not isinstance(plan, BlockPlan):
        return False
    return plan.settings.digest() != _inputs(plan).settings.digest()


def _inputs(plan: BlockPlan) -> L1Inputs:
    if not isinstance(plan.parent, ChainBlock) or not isinstance(plan.parent.inputs, L1Inputs):
        raise TypeError("the plan has no parent")
    return plan.parent.inputs


def _boundary(cursor: object) -> TxBoundary:
    if not isinstance(cursor, TxBoundary):
        raise TypeError("not between transactions")
    return cursor


def _charges(boundary: TxBoundary) -> Charges:
    if not isinstance(boundary.charges, Charges):
        raise TypeError("the block charges for gas alone")
    return boundary.charges


FEE_KINDS = {
    kind.name: kind
    for kind in (
        Kind("l1-fee", "what a transaction's bytes cost", PRICE, lambda _opcode, vm: vm.phase == BEGIN, _l1_fee),
        Kind("operator-fee", "what the operator's vault is paid", END, _is_paid, _operator_fee),
        Kind("fee-recipient", "who is paid a fee", TERMS, lambda _opcode, vm: vm.phase == SYSTEM_WRITE, _recipient),
        Kind(
            "min-base-fee",
            "the least base fee",
            ORIGIN,
            lambda _opcode, vm: vm.phase in (TERMS, SYSTEM_WRITE),
            _minimum,
        ),
        Kind("settings", "a change of settings is ignored", ORIGIN, _is_changed, _ignored),
    )
}
"""By the name that `--lie` takes; told about a chain that charges everything and changes what it charges."""
