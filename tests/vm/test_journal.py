import copy
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import EMPTY_KECCAK
from protocol.receipt import Log
from protocol.types import Address
from vm.journal import EMPTY_ACCOUNT, RIPEMD160_PRECOMPILE, Journal, JournalChanges, PendingState
from vm.memory_state import Allocation, memory_state

A, B, C = (Address(bytes((byte,)) * 20) for byte in b"\xaa\xbb\xcc")
CODE = b"\x60\x00"


def fresh() -> Journal:
    return Journal(
        memory_state(
            {
                A: Allocation(balance=100, nonce=1),
                B: Allocation(balance=5, code=CODE, storage={1: 11, 2: 22}),
                RIPEMD160_PRECOMPILE: Allocation(),
            }
        )
    )


addresses = st.sampled_from([A, B, C])
slots = st.integers(0, 3)
words = st.integers(0, 3)
operations = st.one_of(
    st.tuples(st.just("delta_balance"), addresses, st.integers(0, 5)),
    st.tuples(st.just("set_nonce"), addresses, st.integers(0, 3)),
    st.tuples(st.just("set_code"), addresses, st.sampled_from([b"", CODE, b"\x01"])),
    st.tuples(st.just("set_storage"), addresses, slots, words),
    st.tuples(st.just("set_transient_storage"), addresses, slots, words.map(lambda word: word.to_bytes(32, "big"))),
    st.tuples(st.just("mark_address_warm"), addresses),
    st.tuples(st.just("mark_storage_warm"), addresses, slots),
    st.tuples(st.just("mark_created"), addresses),
    st.tuples(st.just("mark_destructed"), addresses),
    st.tuples(st.just("touch_account"), addresses),
)


def apply(journal: Journal, operation: tuple[object, ...]) -> None:
    method: Callable[..., object] = getattr(journal, str(operation[0]))
    method(*operation[1:])


def observed(journal: Journal) -> object:
    """Everything that anyone can see of the journal."""
    return copy.deepcopy(
        (
            [journal.account(address) for address in (A, B, C)],
            [journal.get_storage(address, slot) for address in (A, B, C) for slot in range(4)],
            [journal.get_storage(address, slot, from_journal=False) for address in (A, B, C) for slot in range(4)],
            [journal.get_transient_storage(address, slot) for address in (A, B, C) for slot in range(4)],
            journal.warm_addresses,
            journal.warm_slots,
            journal.created,
            journal.destructed,
            journal.touched,
            journal.logs,
            journal.refund,
            journal.changes(),
        )
    )


@given(st.lists(operations, max_size=8), st.lists(operations, max_size=8), st.lists(operations, max_size=8))
def test_a_revert_restores_everything_that_can_be_seen(
    before: list[tuple[object, ...]], inner: list[tuple[object, ...]], outer: list[tuple[object, ...]]
) -> None:
    journal = fresh()
    for operation in before:
        apply(journal, operation)
    seen = observed(journal)
    outside = journal.snapshot()
    for operation in outer:
        apply(journal, operation)
    journal.refund += 7
    journal.logs.append(Log(A, (), b""))
    seen_outside = observed(journal)
    inside = journal.snapshot()
    for operation in inner:
        apply(journal, operation)
    journal.revert(inside)
    assert observed(journal) == seen_outside
    journal.revert(outside)
    assert observed(journal) == seen


@given(st.lists(operations, max_size=20))
def test_the_original_value_is_the_one_at_the_transactions_start(history: list[tuple[object, ...]]) -> None:
    journal = fresh()
    journal.set_storage(B, 1, 3)
    journal.begin_transaction({})
    for operation in history:
        apply(journal, operation)
    assert [journal.get_storage(B, slot, from_journal=False) for slot in range(4)] == [0, 3, 22, 0]


def test_nothing_done_is_no_change() -> None:
    journal = fresh()
    journal.get_storage(B, 1)
    journal.delta_balance(A, 1)
    journal.delta_balance(A, -1)
    journal.set_storage(B, 1, 9)
    journal.set_storage(B, 1, 11)
    assert journal.changes() == JournalChanges({}, {}, frozenset(), {})


def test_changes_hold_new_values_and_only_those() -> None:
    journal = fresh()
    journal.delta_balance(A, 1)
    journal.set_storage(B, 1, 0)
    journal.set_storage(B, 3, 33)
    journal.set_code(C, b"\x01")
    code_hash = journal.get_code_hash(C)
    assert journal.changes() == JournalChanges(
        accounts={A: (1, 101, EMPTY_KECCAK), C: (0, 0, code_hash)},
        storage={B: {1: 0, 3: 33}},
        wiped=frozenset(),
        code={code_hash: b"\x01"},
    )


def test_a_destructed_account_is_gone_with_its_storage() -> None:
    journal = fresh()
    journal.set_storage(B, 3, 33)
    journal.mark_destructed(B)
    journal.end_transaction(clear_empty=True)
    assert journal.account(B) is None
    assert [journal.get_storage(B, slot) for slot in (1, 3)] == [0, 0]
    assert journal.changes() == JournalChanges({B: None}, {}, frozenset({B}), {})


def test_an_account_made_again_after_destruction_starts_with_empty_storage() -> None:
    journal = fresh()
    journal.mark_destructed(B)
    journal.end_transaction(clear_empty=True)
    journal.begin_transaction({})
    journal.delta_balance(B, 5)
    journal.set_code(B, CODE)
    journal.set_storage(B, 2, 22)
    changes = journal.changes()
    assert (changes.accounts, changes.storage, changes.wiped) == (
        {B: (0, 5, journal.get_code_hash(B))},
        {B: {2: 22}},
        frozenset({B}),
    )


def test_an_account_made_and_destructed_in_one_block_leaves_no_trace() -> None:
    journal = fresh()
    journal.set_code(C, CODE)
    journal.set_storage(C, 1, 1)
    journal.mark_destructed(C)
    journal.end_transaction(clear_empty=True)
    assert journal.changes() == JournalChanges({}, {}, frozenset(), {})


def test_touched_empty_accounts_go_from_spurious_dragon_on() -> None:
    for clear_empty, left in ((True, None), (False, EMPTY_ACCOUNT)):
        journal = fresh()
        journal.touch_account(C)
        journal.end_transaction(clear_empty)
        assert journal.account(C) == left


def test_the_ripemd_precompile_goes_even_if_its_touch_was_reverted() -> None:
    journal = fresh()
    snapshot = journal.snapshot()
    journal.touch_account(RIPEMD160_PRECOMPILE)
    journal.revert(snapshot)
    journal.end_transaction(clear_empty=True)
    assert journal.account(RIPEMD160_PRECOMPILE) is None


def test_storage_alone_forbids_a_create() -> None:
    journal = Journal(memory_state({A: Allocation(storage={1: 1}), B: Allocation(balance=9)}))
    assert journal.has_code_or_nonce(A)
    assert not journal.has_code_or_nonce(B)
    journal.set_storage(B, 1, 1)
    assert journal.has_code_or_nonce(B)


def test_the_pending_state_reads_what_the_journal_holds() -> None:
    journal = fresh()
    pending = PendingState(journal)
    journal.delta_balance(A, 1)
    journal.set_storage(B, 1, 7)
    journal.set_code(C, b"\x01")
    account, contract = pending.account(A), pending.account(C)
    assert account is not None
    assert contract is not None
    assert (account.balance, pending.storage(B, 1), pending.code(contract.code_hash)) == (101, 7, b"\x01")
    assert pending.root == journal.reader.root
    assert pending.account(Address(b"\xdd" * 20)) is None
