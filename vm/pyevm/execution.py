"""From a transaction to its effect on the state: check, buy gas, run the message, refund, pay the fee recipient.

Source: yellow paper 6.2; EIP-1559, 2929, 3529, 3651, 4844, 7623, 7702.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth.exceptions import VMError

from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.fees import blob_gas, floor_data_gas, intrinsic_gas
from protocol.forks import Fork
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Log
from protocol.rlp_codec import encode, uint_bytes
from protocol.state import Account
from protocol.transaction import AccessEntry, Authorization, Transaction
from protocol.types import UINT64_MAX, ZERO_ADDRESS, Address
from protocol.validity import DELEGATION_PREFIX, check_block_room, check_gas, check_shape, check_state, is_delegation
from vm.pyevm.block_state import BlockState
from vm.pyevm.faults import CreateCollision
from vm.pyevm.frame import execute
from vm.pyevm.message import CREATE, Message, TransactionContext
from vm.pyevm.rules import Rules

AUTHORIZATION_REFUND = 12_500
"""What EIP-7702 gives back of an authorization's gas when the account already exists."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction's message did. `gas` is what was left of its gas, before refunds."""

    gas: int
    output: bytes
    error: VMError | None
    contract_address: Address | None


@dataclass(frozen=True, slots=True)
class Execution:
    """What a transaction did. `gas_used` counts everything, after refunds."""

    gas_used: int
    outcome: Outcome
    logs: tuple[Log, ...]


def check_transaction(
    state: BlockState, config: ChainConfig, tx: Transaction, gas_left: int, blob_gas_left: int
) -> None:
    """Raise InvalidTransaction unless the block, with this much room left, may go on with `tx`.

    The order is geth's, since of several reasons the first one is reported, and the official suites name it.
    """
    check_shape(tx, state.fork, config)
    check_block_room(tx, gas_left, state.base_fee, blob_gas_left, state.blob_base_fee)
    fields = state.account(tx.sender)
    sender = None if fields is None else Account(fields[0], fields[1], EMPTY_ROOT, fields[2])
    charges = 0 if state.charges is None else state.charges.most(tx)
    check_state(tx, sender, state.get_code(tx.sender), charges)
    check_gas(tx, state.fork)


def execute_transaction(state: BlockState, rules: Rules, tx: Transaction) -> Execution:
    """Run one transaction, which `check_transaction` has let through, and charge for it."""
    price = tx.effective_gas_price(state.base_fee)
    state.begin_transaction(warm_addresses(state, rules, tx.sender, tx.to, tx.access_list))
    warm_slots(state, tx.access_list)
    nonce, balance, code_hash = state.account(tx.sender) or (0, 0, state.get_code_hash(tx.sender))
    fees = tx.gas_limit * price + blob_gas(tx) * state.blob_base_fee
    charges = state.charges
    taken = 0 if charges is None else charges.most(tx)
    state.set_account(tx.sender, (nonce + 1, balance - fees - taken, code_hash))
    if tx.authorizations:
        apply_authorizations(state, tx.authorizations)
    gas = tx.gas_limit - intrinsic_gas(tx, rules.fork)
    context = TransactionContext(tx.sender, price, tx.blob_hashes)
    outcome = run_message(state, rules, context, tx.to, tx.value, tx.data, gas, nonce)
    gas_used = gas_after_refund(state, rules, tx.gas_limit - outcome.gas, floor_data_gas(tx, rules.fork))
    state.delta_balance(tx.sender, (tx.gas_limit - gas_used) * price)
    state.touch_account(state.coinbase)
    state.delta_balance(state.coinbase, gas_used * (price - state.base_fee))
    if charges is not None:
        charges.settle(state, tx, taken, gas_used, state.base_fee)
    state.end_transaction(rules.clears_empty_accounts)
    return Execution(gas_used, outcome, tuple(state.logs))


def warm_addresses(
    state: BlockState, rules: Rules, sender: Address, to: Address | None, access_list: Sequence[AccessEntry]
) -> dict[Address, bool]:
    """The accounts that a transaction starts with warm (EIP-2929, EIP-3651)."""
    warm = dict(rules.warm_precompiles)
    warm[sender] = True
    if to is not None:
        warm[to] = True
    if rules.fork >= Fork.SHANGHAI:
        warm[state.coinbase] = True
    for entry in access_list:
        warm[entry.address] = True
    return warm


def warm_slots(state: BlockState, access_list: Sequence[AccessEntry]) -> None:
    """Warm the slots that the access list names."""
    for entry in access_list:
        for slot in entry.slots:
            state.warm_slots[entry.address, slot] = True


def run_message(
    state: BlockState,
    rules: Rules,
    context: TransactionContext,
    to: Address | None,
    value: int,
    data: bytes,
    gas: int,
    nonce: int,
) -> Outcome:
    """Run the outermost call or, when `to` is None, create; `nonce` is the sender's before the transaction."""
    sender = context.origin
    if to is None:
        address = contract_address(sender, nonce)
        state.mark_address_warm(address)
        message = Message(gas, CREATE, sender, value, b"", data, 0, address, address)
        if state.has_code_or_nonce(address):
            if rules.watch is not None:
                rules.watch.refuse(message, CreateCollision())
            return Outcome(0, b"", CreateCollision(), address)
    else:
        address = None
        code, delegated = code_to_run(state, rules, to)
        if not code and to not in rules.precompiles and rules.watch is None:
            _transfer(state, sender, to, value)
            return Outcome(gas, b"", None, None)
        message = Message(gas, to, sender, value, data, code, 0, to, to, is_delegation=delegated)
    frame = execute(state, rules, message, context)
    return Outcome(frame.gas, frame.output, frame.error, address)


def code_to_run(state: BlockState, rules: Rules, to: Address) -> tuple[bytes, bool]:
    """The code that a call to `to` runs, and whether it was found through a delegation (EIP-7702)."""
    code = state.get_code(to)
    if rules.fork < Fork.PRAGUE or not is_delegation(code):
        return code, False
    target = Address(code[len(DELEGATION_PREFIX) :])
    state.mark_address_warm(target)
    return state.get_code(target), True


def _transfer(state: BlockState, sender: Address, to: Address, value: int) -> None:
    """What a call does to an account without code."""
    state.touch_account(to)
    if value:
        state.delta_balance(sender, -value)
        state.delta_balance(to, value)


def gas_after_refund(state: BlockState, rules: Rules, gas_used: int, floor: int) -> int:
    """What is charged: gas used less the capped refund, and no less than the data's floor (EIP-7623)."""
    refund = min(state.refund, gas_used // rules.refund_quotient)
    return max(gas_used - refund, floor)


def apply_authorizations(state: BlockState, authorizations: Sequence[Authorization]) -> None:
    """Let accounts delegate to code (EIP-7702). One that does not hold is skipped; nothing here can fail."""
    for entry in authorizations:
        if entry.chain_id not in (0, state.chain_id) or entry.nonce >= UINT64_MAX:
            continue
        authority = entry.authority()
        if authority is None:
            continue
        state.mark_address_warm(authority)
        code = state.get_code(authority)
        if (code and not is_delegation(code)) or state.get_nonce(authority) != entry.nonce:
            continue
        if state.account_exists(authority):
            state.refund += AUTHORIZATION_REFUND
        state.set_code(authority, b"" if entry.address == ZERO_ADDRESS else DELEGATION_PREFIX + entry.address)
        state.increment_nonce(authority)


def contract_address(sender: Address, nonce: int) -> Address:
    """Where a create by `sender` at `nonce` puts the contract."""
    return Address(keccak(encode([sender, uint_bytes(nonce)]))[12:])
