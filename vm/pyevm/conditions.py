"""What `protocol.simulation.Conditions` mean to this engine: moved precompiles, a pretended state, someone watching."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from protocol.errors import Reject
from protocol.simulation import AccountOverride, Conditions, StateOverride
from protocol.tracing import Tracer
from protocol.transaction import Authorization
from protocol.types import Address
from vm.journal import EMPTY_ACCOUNT, Journal, PendingState
from vm.pyevm.block_state import BlockState
from vm.pyevm.execution import contract_address
from vm.pyevm.precompiles import Precompile
from vm.pyevm.rules import Rules
from vm.pyevm.tracing import stoppable, watched


def rules_under(rules: Rules, conditions: Conditions) -> Rules:
    """The rules with precompiles moved and a deadline minded. Raises Reject when a move is not possible."""
    if conditions.overrides:
        precompiles = move_precompiles(rules.precompiles, conditions.overrides)
        if precompiles != rules.precompiles:
            # The addresses that start warm are the fork's all the same, as in geth.
            rules = replace(rules, precompiles=precompiles)
    return rules if conditions.deadline is None else stoppable(rules, conditions.deadline)


def move_precompiles(
    precompiles: Mapping[Address, Precompile], overrides: StateOverride
) -> Mapping[Address, Precompile]:
    """Where precompiles answer once accounts are overridden, in order of address.

    Raises:
        Reject: What shall move is no precompile, or moves to an account that is overridden too.
    """
    result = dict(precompiles)
    taken: set[Address] = set()
    for address in sorted(overrides):
        if address in taken:
            raise Reject(f"account 0x{address.hex()} has already been overridden by a precompile")
        destination, precompile = overrides[address].move_precompile_to, result.get(address)
        if destination is not None:
            if precompile is None:
                raise Reject(f"account 0x{address.hex()} is not a precompile")
            if destination in overrides:
                raise Reject(f"account 0x{destination.hex()} is already overridden")
            result[destination] = precompile
            taken.add(destination)
        if precompile is not None:
            del result[address]
    return result


def override_accounts(state: Journal, overrides: StateOverride) -> None:
    """Write the overrides into `state`, as a block's own changes that nothing in it can undo."""
    for address in sorted(overrides):
        _override_account(state, address, overrides[address])
    state.begin_transaction({})


def _override_account(state: Journal, address: Address, change: AccountOverride) -> None:
    fields = state.account(address)
    if change.state is not None:
        state.delete_account(address)
        state.set_account(address, fields or EMPTY_ACCOUNT)
    for slot, value in (change.state if change.state is not None else change.state_diff).items():
        state.set_storage(address, slot, value)
    if change.code is not None:
        state.set_code(address, change.code)
    if change.nonce is not None:
        state.set_nonce(address, change.nonce)
    if change.balance is not None:
        state.set_balance(address, change.balance)
    if state.account(address) is None and change.state_diff:
        state.set_account(address, EMPTY_ACCOUNT)


def watch_transaction(
    rules: Rules,
    state: BlockState,
    tracer: Tracer,
    sender: Address,
    to: Address | None,
    authorizations: Iterable[Authorization],
) -> Rules:
    """Tell `tracer` that a transaction begins and whom it touches anyway; returns rules that report the rest."""
    tracer.begin(PendingState(state))
    tracer.touch(sender, None)
    tracer.touch(contract_address(sender, state.get_nonce(sender)) if to is None else to, None)
    tracer.touch(state.coinbase, None)
    if state.charges is not None:
        for recipient in state.charges.recipients():
            tracer.touch(recipient, None)
    for authorization in authorizations:
        authority = authorization.authority()
        if authority is not None:
            tracer.touch(authority, None)
    return watched(rules, tracer)
