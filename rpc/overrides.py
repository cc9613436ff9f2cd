"""What a client may pretend about the state and the block before a call."""

from dataclasses import dataclass, replace
from typing import TypeVar

from protocol.block import Header, Withdrawal
from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.simulation import AccountOverride, StateOverride
from protocol.state import Account, StateReader
from protocol.types import Address, Hash32
from rpc.codec import address, array_of, data, field, hash32, needed, quantity, record, uint64
from rpc.errors import InvalidParams, Json

T = TypeVar("T")


def state_override(value: Json) -> StateOverride:
    """The codec of the object that maps addresses to changes."""
    return {address(key): _account_override(entry) for key, entry in record(value).items()}


def _account_override(value: Json) -> AccountOverride:
    source = record(value)
    state, state_diff = field(source, "state", _slots), field(source, "stateDiff", _slots)
    if state is not None and state_diff is not None:
        raise InvalidParams("an account has both 'state' and 'stateDiff'")
    return AccountOverride(
        nonce=field(source, "nonce", uint64),
        balance=field(source, "balance", quantity),
        code=field(source, "code", data),
        state=state,
        state_diff=state_diff or {},
        move_precompile_to=field(source, "movePrecompileToAddress", address),
    )


def _slots(value: Json) -> dict[int, int]:
    return {
        int.from_bytes(hash32(key), "big"): int.from_bytes(hash32(entry), "big") for key, entry in record(value).items()
    }


class OverriddenState:
    """A state with some accounts changed. Its root and nodes stay those of the real one."""

    def __init__(self, base: StateReader, overrides: StateOverride) -> None:
        self._base = base
        self._overrides = overrides
        self._code = {
            Hash32(keccak(change.code)): change.code for change in overrides.values() if change.code is not None
        }

    @property
    def root(self) -> Hash32:
        """The real state's root."""
        return self._base.root

    def account(self, address: Address) -> Account | None:
        """The account with its changes; an override makes an account exist."""
        account = self._base.account(address)
        change = self._overrides.get(address)
        if change is None:
            return account
        account = account or Account(nonce=0, balance=0, storage_root=EMPTY_ROOT)
        return Account(
            nonce=account.nonce if change.nonce is None else change.nonce,
            balance=account.balance if change.balance is None else change.balance,
            storage_root=account.storage_root if change.state is None else EMPTY_ROOT,
            code_hash=account.code_hash if change.code is None else keccak(change.code),
        )

    def storage(self, address: Address, slot: int) -> int:
        """The slot's word with its change."""
        change = self._overrides.get(address)
        if change is not None:
            if change.state is not None:
                return change.state.get(slot, 0)
            if slot in change.state_diff:
                return change.state_diff[slot]
        return self._base.storage(address, slot)

    def code(self, code_hash: Hash32) -> bytes:
        """Real or pretended code."""
        code = self._code.get(code_hash)
        return self._base.code(code_hash) if code is None else code

    def node(self, node_hash: Hash32) -> bytes:
        """The real state's node."""
        return self._base.node(node_hash)


@dataclass(frozen=True, slots=True)
class BlockOverride:
    """New values for the block a call runs in; None keeps the real one."""

    number: int | None = None
    timestamp: int | None = None
    difficulty: int | None = None
    gas_limit: int | None = None
    fee_recipient: Address | None = None
    prev_randao: Hash32 | None = None
    base_fee_per_gas: int | None = None
    blob_base_fee: int | None = None
    beacon_root: Hash32 | None = None
    withdrawals: tuple[Withdrawal, ...] | None = None

    def apply(self, header: Header) -> Header:
        """The header with its changes."""
        return replace(
            header,
            number=_either(self.number, header.number),
            timestamp=_either(self.timestamp, header.timestamp),
            difficulty=_either(self.difficulty, header.difficulty),
            gas_limit=_either(self.gas_limit, header.gas_limit),
            fee_recipient=_either(self.fee_recipient, header.fee_recipient),
            prev_randao=_either(self.prev_randao, header.prev_randao),
            base_fee_per_gas=_either(self.base_fee_per_gas, header.base_fee_per_gas),
        )


def _either(new: T | None, old: T) -> T:
    return old if new is None else new


def block_override(value: Json) -> BlockOverride:
    """The codec of a block override object."""
    source = record(value)
    withdrawals = field(source, "withdrawals", array_of(withdrawal))
    return BlockOverride(
        number=field(source, "number", uint64),
        timestamp=field(source, "time", uint64),
        difficulty=field(source, "difficulty", quantity),
        gas_limit=field(source, "gasLimit", uint64),
        fee_recipient=field(source, "feeRecipient", address),
        prev_randao=field(source, "prevRandao", hash32),
        base_fee_per_gas=field(source, "baseFeePerGas", quantity),
        blob_base_fee=field(source, "blobBaseFee", quantity),
        beacon_root=field(source, "beaconRoot", hash32),
        withdrawals=None if withdrawals is None else tuple(withdrawals),
    )


def call_block_override(value: Json) -> BlockOverride:
    """The codec of a block override for calls, which see a block's header only."""
    override = block_override(value)
    for name, given in (("beaconRoot", override.beacon_root), ("withdrawals", override.withdrawals)):
        if given is not None:
            raise InvalidParams(f'block override "{name}" is not supported for this method')
    return override


def withdrawal(value: Json) -> Withdrawal:
    """The codec of a withdrawal."""
    source = record(value)
    return Withdrawal(
        index=needed(source, "index", uint64),
        validator_index=needed(source, "validatorIndex", uint64),
        address=needed(source, "address", address),
        amount_gwei=needed(source, "amount", uint64),
    )
