"""prestateTracer: the accounts and slots that a transaction touches, as they were before, or before and after it.

Source: https://geth.ethereum.org/docs/developers/evm-tracing/built-in-tracers#prestate-tracer
"""

from dataclasses import dataclass, field

from protocol.crypto import EMPTY_KECCAK
from protocol.state import StateReader
from protocol.tracing import CallKind, EnteredCall, Tracer
from protocol.types import Address
from rpc.encode import JsonObject, data, word


@dataclass(slots=True)
class _Seen:
    """An account when it was first touched."""

    balance: int
    nonce: int
    code: bytes
    slots: dict[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.balance or self.nonce or self.code or self.slots)


class PrestateTracer(Tracer):
    """Remembers each account and slot at its first touch; `result` is there at the end."""

    def __init__(self, *, diff: bool, code: bool, storage: bool) -> None:
        self._diff = diff
        self._with_code = code
        self._with_storage = storage
        self._state: StateReader | None = None
        self._seen: dict[Address, _Seen] = {}
        self._created: set[Address] = set()
        self.result: JsonObject = {}

    def begin(self, state: StateReader) -> None:
        """Remember where to read."""
        self._state = state

    def touch(self, address: Address, slot: int | None) -> None:
        """Remember what is there, the first time."""
        seen = self._seen.get(address)
        if seen is None:
            seen = self._seen[address] = self._look_up(address)
        if slot is not None and self._with_storage and slot not in seen.slots and self._state is not None:
            seen.slots[slot] = self._state.storage(address, slot)

    def _look_up(self, address: Address) -> _Seen:
        account = None if self._state is None else self._state.account(address)
        if account is None or self._state is None:
            return _Seen(0, 0, b"")
        code = b"" if account.code_hash == EMPTY_KECCAK else self._state.code(account.code_hash)
        return _Seen(account.balance, account.nonce, code)

    def enter(self, call: EnteredCall) -> None:
        """Note new contracts: before the transaction they were not there."""
        if call.kind in (CallKind.CREATE, CallKind.CREATE2):
            self._created.add(call.to)

    def end(self, gas_used: int) -> None:
        """Say what was seen."""
        if self._diff:
            self.result = self._difference()
            return
        self.result = {
            data(address): self._json(seen)
            for address, seen in self._seen.items()
            if not (address in self._created and seen.is_empty)
        }

    def _json(self, seen: _Seen) -> JsonObject:
        """An account before; what it does not have is left out, but for its balance."""
        result: JsonObject = {"balance": hex(seen.balance)}
        if seen.nonce:
            result["nonce"] = seen.nonce
        if seen.code and self._with_code:
            result["code"] = data(seen.code)
        if seen.slots:
            result["storage"] = {word(slot): word(value) for slot, value in seen.slots.items()}
        return result

    def _difference(self) -> JsonObject:
        """Only what changed: `pre` the account as it was, `post` the new values alone."""
        before: JsonObject = {}
        after: JsonObject = {}
        for address, seen in self._seen.items():
            gone = self._state is not None and self._state.account(address) is None and not seen.is_empty
            now = self._look_up(address)
            slots = {} if self._state is None else {slot: self._state.storage(address, slot) for slot in seen.slots}
            changed = {slot: value for slot, value in slots.items() if value != seen.slots[slot]}
            post = self._changes(seen, now)
            written: JsonObject = {word(slot): word(value) for slot, value in changed.items() if value}
            if written:
                post["storage"] = written
            if not (post or changed or gone):
                continue
            if not gone:
                after[data(address)] = post
            old = _Seen(seen.balance, seen.nonce, seen.code, {s: seen.slots[s] for s in changed if seen.slots[s]})
            if not (address in self._created and old.is_empty):
                before[data(address)] = self._json(old)
        return {"pre": before, "post": after}

    def _changes(self, before: _Seen, now: _Seen) -> JsonObject:
        post: JsonObject = {}
        if now.balance != before.balance:
            post["balance"] = hex(now.balance)
        if now.nonce != before.nonce:
            post["nonce"] = now.nonce
        if now.code != before.code and self._with_code:
            post["code"] = data(now.code)
        return post
