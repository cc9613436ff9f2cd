"""Transactions that nobody signed, in a block that is only imagined (eth_simulateV1).

They run and pay like real ones. What differs: the sender may be any account, contracts included; and without
validation the nonce is as given, and a price of zero is below no base fee, burns nothing and pays nobody.
"""

from protocol.engine import CallResult
from protocol.errors import InvalidTransaction, TxError
from protocol.fees import blob_gas, floor_data_gas, intrinsic_gas
from protocol.forks import Fork
from protocol.tracing import Tracer
from protocol.transaction import Transaction
from protocol.types import UINT64_MAX
from protocol.validity import max_cost
from vm.pyevm.block_state import BlockState
from vm.pyevm.call import check_call_gas
from vm.pyevm.conditions import watch_transaction
from vm.pyevm.execution import (
    Execution,
    apply_authorizations,
    gas_after_refund,
    run_message,
    warm_addresses,
    warm_slots,
)
from vm.pyevm.faults import fault_name
from vm.pyevm.message import TransactionContext
from vm.pyevm.rules import Rules

BLOB_HASH_VERSION = 0x01


def simulate_transaction(
    state: BlockState, rules: Rules, tx: Transaction, gas_left: int, tracer: Tracer | None, *, validate: bool
) -> tuple[Execution, CallResult]:
    """Run `tx` in a block with `gas_left`; raises InvalidTransaction, and has changed nothing then."""
    free = not validate and tx.max_fee_per_gas == 0 and tx.max_priority_fee_per_gas == 0
    _check(state, rules.fork, tx, gas_left, validate=validate, free=free)
    if tracer is not None:
        rules = watch_transaction(rules, state, tracer, tx.sender, tx.to, tx.authorizations)
    price = 0 if free else tx.effective_gas_price(state.base_fee)
    state.begin_transaction(warm_addresses(state, rules, tx.sender, tx.to, tx.access_list))
    warm_slots(state, tx.access_list)
    nonce, balance, code_hash = state.account(tx.sender) or (0, 0, state.get_code_hash(tx.sender))
    charges = None if free else state.charges
    taken = 0 if charges is None else charges.most(tx)
    fees = tx.gas_limit * price + blob_gas(tx) * _blob_price(state, tx, validate=validate)
    state.set_account(tx.sender, ((nonce + 1) & UINT64_MAX, balance - fees - taken, code_hash))
    apply_authorizations(state, tx.authorizations)
    gas = tx.gas_limit - intrinsic_gas(tx, rules.fork)
    context = TransactionContext(tx.sender, price, tx.blob_hashes)
    outcome = run_message(state, rules, context, tx.to, tx.value, tx.data, gas, nonce)
    floor = floor_data_gas(tx, rules.fork)
    most = max(tx.gas_limit - outcome.gas, floor)
    gas_used = gas_after_refund(state, rules, tx.gas_limit - outcome.gas, floor)
    state.delta_balance(tx.sender, (tx.gas_limit - gas_used) * price)
    if not free:
        state.touch_account(state.coinbase)
        state.delta_balance(state.coinbase, gas_used * (price - state.base_fee))
    if charges is not None:
        charges.settle(state, tx, taken, gas_used, state.base_fee)
    logs = tuple(state.logs)
    state.end_transaction(rules.clears_empty_accounts)
    if tracer is not None:
        tracer.end(gas_used)
    error = None if outcome.error is None else fault_name(outcome.error)
    return Execution(gas_used, outcome, logs), CallResult(error, outcome.output, gas_used, logs, (), most)


def _check(state: BlockState, fork: Fork, tx: Transaction, gas_left: int, *, validate: bool, free: bool) -> None:
    who = f"address 0x{tx.sender.hex()}"
    if validate:
        _check_nonce(state, tx, who)
    if not free:
        if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
            raise InvalidTransaction(
                TxError.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS,
                f"{who}, maxPriorityFeePerGas: {tx.max_priority_fee_per_gas}, maxFeePerGas: {tx.max_fee_per_gas}",
            )
        if tx.max_fee_per_gas < state.base_fee:
            raise InvalidTransaction(
                TxError.INSUFFICIENT_MAX_FEE_PER_GAS,
                f"{who}, maxFeePerGas: {tx.max_fee_per_gas}, baseFee: {state.base_fee}",
            )
    _check_blobs(state, tx, validate=validate)
    charges = 0 if free or state.charges is None else state.charges.most(tx)
    have, want = state.get_balance(tx.sender), max_cost(tx) + charges
    if have < want:
        raise InvalidTransaction(TxError.INSUFFICIENT_ACCOUNT_FUNDS, f"{who} have {have} want {want}")
    if tx.gas_limit > gas_left:
        raise InvalidTransaction(TxError.GAS_ALLOWANCE_EXCEEDED, f"left {gas_left}, tx {tx.gas_limit}")
    check_call_gas(tx, fork)


def _check_nonce(state: BlockState, tx: Transaction, who: str) -> None:
    nonce = state.get_nonce(tx.sender)
    if tx.nonce < nonce:
        raise InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW, f"{who}, tx: {tx.nonce} state: {nonce}")
    if tx.nonce > nonce:
        raise InvalidTransaction(TxError.NONCE_MISMATCH_TOO_HIGH, f"{who}, tx: {tx.nonce} state: {nonce}")
    if nonce == UINT64_MAX:
        raise InvalidTransaction(TxError.NONCE_IS_MAX, f"{who}, nonce: {nonce}")


def _check_blobs(state: BlockState, tx: Transaction, *, validate: bool) -> None:
    for index, blob_hash in enumerate(tx.blob_hashes):
        if blob_hash[0] != BLOB_HASH_VERSION:
            raise InvalidTransaction(
                TxError.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH, f"blob {index} has version 0x{blob_hash[0]:02x}"
            )
    if tx.blob_hashes and tx.max_fee_per_blob_gas < _blob_price(state, tx, validate=validate):
        raise InvalidTransaction(
            TxError.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS,
            f"maxFeePerBlobGas {tx.max_fee_per_blob_gas}, blobBaseFee {state.blob_base_fee}",
        )


def _blob_price(state: BlockState, tx: Transaction, *, validate: bool) -> int:
    """Wei per blob gas that is charged: nothing for one who offers nothing, unless that is validated."""
    return state.blob_base_fee if validate or tx.max_fee_per_blob_gas else 0
