import pytest
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import encode, uint_bytes
from protocol.state import Account
from protocol.types import Address
from vm.journal import JournalChanges
from vm.memory_state import Allocation, MemoryState, memory_state
from vm.state_root import encode_account, state_after

addresses = st.integers(1, 6).map(lambda byte: Address(bytes((byte,)) * 20))
storages = st.dictionaries(st.integers(0, 5), st.integers(0, 3), max_size=4)
worlds = st.dictionaries(
    addresses,
    st.builds(
        Allocation, st.integers(0, 10**18), st.integers(0, 3), st.sampled_from([b"", b"\x01", b"\x02" * 40]), storages
    ),
    max_size=6,
)


def oracle_root(world: dict[Address, Allocation]) -> bytes:
    """The root by the `trie` library, account by account."""
    accounts = HexaryTrie({})
    for address, account in world.items():
        storage = HexaryTrie({})
        for slot, value in account.storage.items():
            if value:
                storage[keccak(slot.to_bytes(32, "big"))] = encode(uint_bytes(value))
        accounts[keccak(address)] = encode(
            [uint_bytes(account.nonce), uint_bytes(account.balance), storage.root_hash, keccak(account.code)]
        )
    return bytes(accounts.root_hash)


@given(worlds)
def test_a_state_in_memory_has_the_root_of_its_accounts(world: dict[Address, Allocation]) -> None:
    assert memory_state(world).root == oracle_root(world)


@given(worlds, worlds)
def test_changes_lead_from_any_state_to_any_other(
    before: dict[Address, Allocation], after: dict[Address, Allocation]
) -> None:
    state = memory_state(before)
    changes = JournalChanges(
        accounts={
            address: (after[address].nonce, after[address].balance, keccak(after[address].code))
            if address in after
            else None
            for address in before.keys() | after.keys()
        },
        storage={address: account.storage for address, account in after.items() if account.storage},
        wiped=frozenset(before),
        code={keccak(account.code): account.code for account in after.values()},
    )
    root, state_changes = state_after(state, changes)
    assert root == oracle_root(after)
    there = state.applied(root, state_changes)
    assert {
        address: [there.storage(address, slot) for slot in range(6)] for address in before.keys() | after.keys()
    } == {
        address: [after.get(address, Allocation()).storage.get(slot, 0) for slot in range(6)]
        for address in before.keys() | after.keys()
    }


@given(worlds, storages)
def test_storage_alone_may_change(world: dict[Address, Allocation], storage: dict[int, int]) -> None:
    address = Address(b"\x01" * 20)
    account = world.setdefault(address, Allocation(balance=1))
    root, _ = state_after(memory_state(world), JournalChanges({}, {address: storage}, frozenset(), {}))
    merged = Allocation(account.balance, account.nonce, account.code, {**account.storage, **storage})
    assert root == oracle_root({**world, address: merged})


def test_the_nodes_that_come_back_are_all_it_takes_to_read_the_new_state() -> None:
    address = Address(b"\x01" * 20)
    root, changes = state_after(
        MemoryState(), JournalChanges({address: (1, 2, EMPTY_KECCAK)}, {address: {1: 5}}, frozenset(), {})
    )
    account = changes.accounts[address]
    assert account is not None
    assert {root, account.storage_root} <= changes.nodes.keys()
    assert encode_account(account) in changes.nodes[root]


def test_storage_of_no_account_is_a_bug() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        state_after(MemoryState(), JournalChanges({}, {Address(b"\x01" * 20): {1: 1}}, frozenset(), {}))


def test_an_account_is_encoded_as_the_yellow_paper_says() -> None:
    account = Account(1, 2, EMPTY_ROOT)
    assert encode_account(account) == encode([b"\x01", b"\x02", EMPTY_ROOT, EMPTY_KECCAK])
