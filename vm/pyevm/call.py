"""Trying a message without a signature, as geth's eth_call does: what only a signer could promise is not checked."""

from protocol.chain_config import ChainConfig
from protocol.engine import Call, CallResult
from protocol.errors import InvalidTransaction, TxError
from protocol.fees import floor_data_gas, intrinsic_gas
from protocol.forks import Fork
from protocol.state import StateReader
from protocol.tracing import Tracer
from protocol.transaction import DYNAMIC_FEE, AccessEntry, Transaction
from protocol.types import ZERO_HASH, Address
from protocol.validity import MAX_INITCODE_SIZE
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.conditions import watch_transaction
from vm.pyevm.execution import apply_authorizations, gas_after_refund, run_message, warm_addresses, warm_slots
from vm.pyevm.faults import fault_name
from vm.pyevm.message import TransactionContext
from vm.pyevm.rules import Rules


class RecordingState(BlockState):
    """A state that remembers which accounts and slots opcodes asked for, even in frames that were reverted."""

    __slots__ = ("asked_addresses", "asked_slots")

    def __init__(self, reader: StateReader, environment: BlockEnvironment) -> None:
        super().__init__(reader, environment)
        self.asked_addresses: dict[Address, bool] = {}
        self.asked_slots: dict[tuple[Address, int], bool] = {}

    def is_address_warm(self, address: Address) -> bool:
        """Every opcode that reads another account asks this first."""
        self.asked_addresses[address] = True
        return super().is_address_warm(address)

    def is_storage_warm(self, address: Address, slot: int) -> bool:
        """Every opcode that reads a slot asks this first."""
        self.asked_slots[address, slot] = True
        return super().is_storage_warm(address, slot)


def run_call(
    config: ChainConfig,
    rules: Rules,
    call: Call,
    environment: BlockEnvironment,
    state: StateReader,
    tracer: Tracer | None = None,
) -> CallResult:
    """Run `call` in this environment on top of `state`; raises InvalidTransaction when it cannot start."""
    journal = RecordingState(state, environment)
    tx = _as_transaction(config, call)
    price = call.gas_price or 0
    _check(tx, rules.fork, journal, call.charges)
    if tracer is not None:
        rules = watch_transaction(rules, journal, tracer, call.sender, call.to, call.authorizations)
    warm = warm_addresses(journal, rules, call.sender, call.to, call.access_list)
    journal.begin_transaction(dict(warm))
    warm_slots(journal, call.access_list)
    nonce, balance, code_hash = journal.account(call.sender) or (0, 0, journal.get_code_hash(call.sender))
    journal.set_account(call.sender, (nonce + 1, balance - call.gas_limit * price - call.charges, code_hash))
    apply_authorizations(journal, call.authorizations)
    context = TransactionContext(call.sender, price, call.blob_hashes)
    gas = call.gas_limit - intrinsic_gas(tx, rules.fork)
    outcome = run_message(journal, rules, context, call.to, call.value, call.data, gas, nonce)
    floor = floor_data_gas(tx, rules.fork)
    gas_used = gas_after_refund(journal, rules, call.gas_limit - outcome.gas, floor)
    if tracer is not None:
        tracer.end(gas_used)
    return CallResult(
        error=None if outcome.error is None else fault_name(outcome.error),
        output=outcome.output,
        gas_used=gas_used,
        logs=tuple(journal.logs),
        access_list=_access_list(journal, warm_addresses(journal, rules, call.sender, call.to, ())),
        gas_before_refund=max(call.gas_limit - outcome.gas, floor),
    )


def _as_transaction(config: ChainConfig, call: Call) -> Transaction:
    """The call as a transaction that nobody signed, for the rules that are written over transactions."""
    return Transaction(
        type=DYNAMIC_FEE,
        hash=ZERO_HASH,
        sender=call.sender,
        nonce=0,
        gas_limit=call.gas_limit,
        to=call.to,
        value=call.value,
        data=call.data,
        max_fee_per_gas=call.gas_price or 0,
        max_priority_fee_per_gas=call.gas_price or 0,
        chain_id=config.chain_id,
        raw=b"",
        access_list=call.access_list,
        blob_hashes=call.blob_hashes,
        authorizations=call.authorizations,
    )


def _check(tx: Transaction, fork: Fork, state: BlockState, charges: int) -> None:
    """What geth refuses even of a call."""
    if tx.max_fee_per_gas < state.base_fee:
        raise InvalidTransaction(
            TxError.INSUFFICIENT_MAX_FEE_PER_GAS, f"maxFeePerGas {tx.max_fee_per_gas}, baseFee {state.base_fee}"
        )
    have, want = state.get_balance(tx.sender), tx.gas_limit * tx.max_fee_per_gas + tx.value + charges
    if have < want:
        raise InvalidTransaction(
            TxError.INSUFFICIENT_ACCOUNT_FUNDS, f"address 0x{tx.sender.hex()} have {have} want {want}"
        )
    check_call_gas(tx, fork)


def check_call_gas(tx: Transaction, fork: Fork) -> None:
    """`protocol.validity.check_gas` in the words that geth has for calls; for transactions it has its pool's."""
    needed = intrinsic_gas(tx, fork)
    if tx.gas_limit < needed:
        raise InvalidTransaction(TxError.INTRINSIC_GAS_TOO_LOW, f"have {tx.gas_limit}, want {needed}")
    floor = floor_data_gas(tx, fork)
    if tx.gas_limit < floor:
        raise InvalidTransaction(TxError.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST, f"have {tx.gas_limit}, want {floor}")
    if tx.to is None and fork >= Fork.SHANGHAI and len(tx.data) > MAX_INITCODE_SIZE:
        raise InvalidTransaction(TxError.INITCODE_SIZE_EXCEEDED, f"code size {len(tx.data)} limit {MAX_INITCODE_SIZE}")


def _access_list(state: RecordingState, always_warm: dict[Address, bool]) -> tuple[AccessEntry, ...]:
    """Accounts in the order they were first asked for; those always warm only if slots of theirs were."""
    slots: dict[Address, list[int]] = {address: [] for address in state.asked_addresses if address not in always_warm}
    for address, slot in state.asked_slots:
        slots.setdefault(address, []).append(slot)
    return tuple(AccessEntry(address, tuple(keys)) for address, keys in slots.items())
