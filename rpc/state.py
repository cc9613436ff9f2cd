"""eth_*: what an account holds, and proofs of it."""

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.mpt import EMPTY_ROOT, prove
from protocol.types import ZERO_HASH, Address
from rpc.codec import BlockId, BlockTag, StorageKey, address, array_of, record, storage_key
from rpc.encode import data, word
from rpc.errors import InvalidParams, Json
from rpc.lookup import known_header, state_of, state_reader
from rpc.method import Context


def get_balance(context: Context, address: Address, block: BlockId) -> str:
    """eth_getBalance."""
    account = state_reader(context.backend, block).account(address)
    return "0x0" if account is None else hex(account.balance)


def get_transaction_count(context: Context, address: Address, block: BlockId) -> str:
    """eth_getTransactionCount; `pending` counts what waits in the pool without a gap."""
    account = state_reader(context.backend, block).account(address)
    nonce = 0 if account is None else account.nonce
    if block is BlockTag.PENDING:
        nonce = max(nonce, context.backend.pool.next_nonce(address) or 0)
    return hex(nonce)


def get_code(context: Context, address: Address, block: BlockId) -> str:
    """eth_getCode; an EIP-7702 account shows its delegation."""
    state = state_reader(context.backend, block)
    account = state.account(address)
    if account is None or account.code_hash == EMPTY_KECCAK:
        return "0x"
    return data(state.code(account.code_hash))


def get_storage_at(context: Context, address: Address, key: StorageKey, block: BlockId) -> str:
    """eth_getStorageAt."""
    return word(state_reader(context.backend, block).storage(address, key.slot))


def get_storage_values(context: Context, wanted: dict[Address, list[StorageKey]], block: BlockId) -> Json:
    """eth_getStorageValues: many slots of many accounts."""
    if not wanted:
        raise InvalidParams("empty request")
    _check_slots(context, sum(len(keys) for keys in wanted.values()))
    state = state_reader(context.backend, block)
    return {data(address): [word(state.storage(address, key.slot)) for key in keys] for address, keys in wanted.items()}


def slots_by_address(value: Json) -> dict[Address, list[StorageKey]]:
    """The codec of eth_getStorageValues' first parameter: address to slots."""
    return {address(key): array_of(storage_key)(slots) for key, slots in record(value).items()}


def get_account_info(context: Context, address: Address, block: BlockId) -> Json:
    """eth_getAccountInfo: balance, nonce and code in one answer."""
    state = state_reader(context.backend, block)
    account = state.account(address)
    if account is None:
        return {"balance": "0x0", "nonce": "0x0", "code": "0x"}
    code = b"" if account.code_hash == EMPTY_KECCAK else state.code(account.code_hash)
    return {"balance": hex(account.balance), "nonce": hex(account.nonce), "code": data(code)}


def get_proof(context: Context, address: Address, keys: list[StorageKey], block: BlockId) -> Json:
    """eth_getProof: the account and some of its slots with their Merkle proofs (EIP-1186).

    `pending` proves against the newest sealed block, since a block being built has no root yet.
    """
    _check_slots(context, len(keys))
    chain = context.backend.chain
    state = state_of(chain, known_header(chain, block))
    account = state.account(address)
    storage_root = EMPTY_ROOT if account is None else account.storage_root
    return {
        "address": data(address),
        "accountProof": [data(node) for node in prove(state.root, keccak(address), state.node)],
        "balance": hex(account.balance if account else 0),
        "codeHash": data(account.code_hash if account else ZERO_HASH),
        "nonce": hex(account.nonce if account else 0),
        "storageHash": data(storage_root if account else ZERO_HASH),
        "storageProof": [
            {
                "key": key.echo,
                "value": hex(state.storage(address, key.slot)),
                "proof": [data(node) for node in prove(storage_root, keccak(key.slot.to_bytes(32, "big")), state.node)],
            }
            for key in keys
        ],
    }


def _check_slots(context: Context, slots: int) -> None:
    if slots > context.limits.storage_slots:
        raise InvalidParams(f"too many slots: {slots}, at most {context.limits.storage_slots} are allowed")
