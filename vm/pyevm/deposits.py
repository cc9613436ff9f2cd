"""Deposits (type 0x7E): transactions that L1 forces into a block, so they are included whatever happens in them.

The rule, after https://specs.optimism.io/protocol/deposits.html:

1. `mint` wei are credited to the sender. This stays, even if everything below fails.
2. The deposit runs like a call or create from the sender with its gas limit, intrinsic gas taken off; the sender's
   nonce goes up by one. Gas was paid for on L1: nothing is charged here, refunded, or paid to the fee recipient.
3. It is not run, and its receipt is a failure, when `value` exceeds the sender's balance after minting, or its gas
   limit is below the intrinsic gas or above what is left in the block. It then uses its whole gas limit, as far as
   the block still has gas.
4. A run that fails keeps mint and nonce, and loses the rest, like any transaction.

The sender may be a contract (L1 aliases those); its code is not looked at.
"""

from protocol.fees import floor_data_gas, intrinsic_gas
from protocol.transaction import Transaction
from protocol.types import UINT256_MAX, Address
from vm.pyevm.block_state import BlockState
from vm.pyevm.execution import (
    Execution,
    Outcome,
    contract_address,
    gas_after_refund,
    run_message,
    warm_addresses,
)
from vm.pyevm.faults import OutOfGas
from vm.pyevm.message import TransactionContext
from vm.pyevm.rules import Rules


def execute_deposit(state: BlockState, rules: Rules, tx: Transaction, gas_left: int) -> Execution:
    """Include one deposit; `gas_left` is the block's."""
    state.begin_transaction(warm_addresses(state, rules, tx.sender, tx.to, ()))
    sender = tx.sender
    nonce, balance, code_hash = state.account(sender) or (0, 0, state.get_code_hash(sender))
    # More ether than 2^256 wei cannot exist on L1; the bound only keeps arithmetic total on invented events.
    balance = min(balance + tx.mint, UINT256_MAX)
    state.set_account(sender, (nonce + 1, balance, code_hash))
    intrinsic = max(intrinsic_gas(tx, rules.fork), floor_data_gas(tx, rules.fork))
    address: Address | None = contract_address(sender, nonce) if tx.to is None else None
    if tx.value > balance or not intrinsic <= tx.gas_limit <= gas_left:
        gas_used = min(tx.gas_limit, gas_left)
        outcome = Outcome(0, b"", OutOfGas(), address)
    else:
        context = TransactionContext(sender, 0)
        gas = tx.gas_limit - intrinsic_gas(tx, rules.fork)
        outcome = run_message(state, rules, context, tx.to, tx.value, tx.data, gas, nonce)
        gas_used = gas_after_refund(state, rules, tx.gas_limit - outcome.gas, floor_data_gas(tx, rules.fork))
    state.end_transaction(rules.clears_empty_accounts)
    return Execution(gas_used, outcome, tuple(state.logs))
