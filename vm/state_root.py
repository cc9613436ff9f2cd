"""From a block's changes to the new state root: storage tries first, then the accounts that hold their roots."""

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.rlp_codec import encode, rlp_list, rlp_string, uint_bytes
from protocol.state import Account, StateChanges, StateReader
from protocol.types import Address, Hash32
from vm.journal import JournalChanges


def state_after(reader: StateReader, changes: JournalChanges) -> tuple[Hash32, StateChanges]:
    """The state root after `changes` on top of `reader`, and everything that a store must write for it."""
    nodes: dict[Hash32, bytes] = {}
    accounts: dict[Address, Account | None] = {}
    leaves: dict[bytes, bytes | None] = {}
    for address in changes.accounts.keys() | changes.storage.keys():
        account = _account_after(reader, changes, address, nodes)
        accounts[address] = account
        leaves[keccak(address)] = None if account is None else encode_account(account)
    root, account_nodes = update_trie(reader.root, leaves, reader.node)
    nodes.update(account_nodes)
    return root, StateChanges(accounts, changes.storage, changes.wiped, changes.code, nodes)


def encode_account(account: Account) -> bytes:
    """The account as the state trie holds it."""
    numbers = rlp_string(uint_bytes(account.nonce)) + rlp_string(uint_bytes(account.balance))
    # Hashes have 32 bytes, so what stands before them is known.
    return rlp_list(numbers + b"\xa0" + account.storage_root + b"\xa0" + account.code_hash)


def _account_after(
    reader: StateReader, changes: JournalChanges, address: Address, nodes: dict[Hash32, bytes]
) -> Account | None:
    before = reader.account(address)
    storage_root = EMPTY_ROOT if before is None or address in changes.wiped else before.storage_root
    slots = changes.storage.get(address)
    if address in changes.accounts:
        fields = changes.accounts[address]
        if fields is None:
            return None
        nonce, balance, code_hash = fields
    else:
        if before is None:
            raise ValueError(f"storage of 0x{address.hex()} changed, but the account does not exist")
        nonce, balance, code_hash = before.nonce, before.balance, before.code_hash
    if slots:
        leaves: dict[bytes, bytes | None] = {
            keccak(slot.to_bytes(32, "big")): encode(uint_bytes(value)) if value else None
            for slot, value in slots.items()
        }
        storage_root, storage_nodes = update_trie(storage_root, leaves, reader.node)
        nodes.update(storage_nodes)
    return Account(nonce, balance, storage_root, code_hash)
