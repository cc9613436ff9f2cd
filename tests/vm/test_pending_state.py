"""Reads of the block that is being built: what is there now, without a trace in the journal."""

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.state import Account
from protocol.types import Address
from vm.journal import Journal, PendingState
from vm.memory_state import Allocation, memory_state

ALICE, BOB, CONTRACT = (Address(bytes((byte,)) * 20) for byte in (0xA1, 0xB0, 0xC0))
CODE = b"\x60\x01"


def journal() -> Journal:
    return Journal(memory_state({ALICE: Allocation(balance=5), CONTRACT: Allocation(code=CODE, storage={1: 2})}))


def balance_of(state: PendingState, address: Address) -> int | None:
    account = state.account(address)
    return None if account is None else account.balance


def test_reading_leaves_the_journal_as_it_was():
    state = journal()
    pending = PendingState(state)
    assert balance_of(pending, ALICE) == 5
    assert pending.account(BOB) is None
    assert (pending.storage(CONTRACT, 1), pending.storage(CONTRACT, 7), pending.storage(BOB, 1)) == (2, 0, 0)
    assert pending.code(keccak(CODE)) == CODE
    assert pending.root == state.reader.root
    assert state.accounts == {}
    assert state._storage == {}
    assert state.changes().accounts == {}


def test_it_shows_what_the_block_did_so_far():
    state = journal()
    pending = PendingState(state)
    state.set_balance(BOB, 9)
    state.set_storage(CONTRACT, 1, 3)
    state.set_code(BOB, b"\xfe")
    assert pending.account(BOB) == Account(0, 9, EMPTY_ROOT, keccak(b"\xfe"))
    assert pending.storage(CONTRACT, 1) == 3
    assert pending.code(keccak(b"\xfe")) == b"\xfe"
    state.delete_account(CONTRACT)
    assert pending.account(CONTRACT) is None
    assert pending.storage(CONTRACT, 1) == 0


def test_frozen_it_stays_as_it_is():
    state = journal()
    state.set_storage(CONTRACT, 1, 3)
    frozen = PendingState(state, frozen=True)
    state.set_storage(CONTRACT, 1, 4)
    state.set_balance(ALICE, 1)
    state.delete_account(CONTRACT)
    assert frozen.storage(CONTRACT, 1) == 3
    assert balance_of(frozen, ALICE) == 5
    assert frozen.account(CONTRACT) is not None
