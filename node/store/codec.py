"""The stored forms that are ours alone. Each pair of functions is the other's inverse."""

from collections.abc import Mapping, Sequence

from protocol.block import Block, Header, decode_header, decode_withdrawal
from protocol.crypto import EMPTY_KECCAK
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Log, Receipt
from protocol.rlp_codec import (
    RlpItem,
    as_bytes,
    as_list,
    as_uint,
    decode_list,
    encode,
    rlp_list,
    rlp_string,
    uint_bytes,
)
from protocol.state import Account
from protocol.transaction import decode_transaction
from protocol.types import Address, Hash32

_HAS_STORAGE = 1
_HAS_CODE = 2
_NO_STORAGE_NO_CODE = rlp_string(EMPTY_ROOT) + rlp_string(EMPTY_KECCAK)


def encode_account(account: Account) -> bytes:
    """Flags, nonce (8 bytes), then storage root and code hash where they are not the empty ones, then the balance.

    Half the size of the RLP and ten times quicker to read, and most reads of a block are of accounts.
    """
    flags = 0
    roots = b""
    if account.storage_root != EMPTY_ROOT:
        flags |= _HAS_STORAGE
        roots += account.storage_root
    if account.code_hash != EMPTY_KECCAK:
        flags |= _HAS_CODE
        roots += account.code_hash
    return bytes((flags,)) + account.nonce.to_bytes(8, "big") + roots + uint_bytes(account.balance)


def decode_account(data: bytes) -> Account:
    """Read an account of the head state."""
    flags = data[0]
    nonce = int.from_bytes(data[1:9], "big")
    if not flags:
        return Account(nonce, int.from_bytes(data[9:], "big"), EMPTY_ROOT)
    position = 9
    storage_root, code_hash = EMPTY_ROOT, EMPTY_KECCAK
    if flags & _HAS_STORAGE:
        storage_root = Hash32(data[position : position + 32])
        position += 32
    if flags & _HAS_CODE:
        code_hash = Hash32(data[position : position + 32])
        position += 32
    return Account(nonce, int.from_bytes(data[position:], "big"), storage_root, code_hash)


def encode_node(node: bytes) -> bytes:
    """A trie node without what most leaves of accounts end with: no storage and no code, 66 bytes of 110."""
    return node[: -len(_NO_STORAGE_NO_CODE)] if node[0] == 0xF8 and node.endswith(_NO_STORAGE_NO_CODE) else node


def encode_nodes(nodes: Mapping[Hash32, bytes]) -> dict[bytes, bytes]:
    """What their table gets for new nodes: `encode_node` of each, in one pass, for a block has thousands."""
    end = len(_NO_STORAGE_NO_CODE)
    return {
        b"n" + node_hash: node[:-end] if node[0] == 0xF8 and node.endswith(_NO_STORAGE_NO_CODE) else node
        for node_hash, node in nodes.items()
    }


def decode_node(data: bytes) -> bytes:
    """Read a trie node: one that is shorter than its own header says lacks that end."""
    return data + _NO_STORAGE_NO_CODE if data[0] == 0xF8 and data[1] + 2 != len(data) else data


def encode_body(block: Block) -> bytes:
    """RLP of [raw transactions, ommers, withdrawals if any fork has them]."""
    items: list[RlpItem] = [[tx.raw for tx in block.transactions], [ommer.fields() for ommer in block.ommers]]
    if block.withdrawals is not None:
        items.append([withdrawal.fields() for withdrawal in block.withdrawals])
    return encode(items)


def decode_body(header: Header, data: bytes) -> Block:
    """The block that this header and these bytes make."""
    items = decode_list(data, "body")
    withdrawals = None
    if len(items) > 2:
        withdrawals = tuple(decode_withdrawal(item) for item in as_list(items[2], "withdrawals"))
    return Block(
        header,
        tuple(decode_transaction(as_bytes(raw, "transaction")) for raw in as_list(items[0], "transactions")),
        tuple(decode_header(as_list(ommer, "ommer")) for ommer in as_list(items[1], "ommers")),
        withdrawals,
    )


def decode_raw_transactions(data: bytes) -> tuple[bytes, ...]:
    """Of a body, what was put into it as transactions."""
    transactions = as_list(decode_list(data, "body")[0], "transactions")
    return tuple(as_bytes(raw, "transaction") for raw in transactions)


def encode_receipts(receipts: Sequence[Receipt]) -> bytes:
    """RLP of one list per receipt. The bloom is stored, for recomputing it would cost a keccak per topic."""
    return rlp_list(b"".join([_encode_receipt(receipt) for receipt in receipts]))


def _encode_receipt(receipt: Receipt) -> bytes:
    # A pre-Byzantium state root always has 32 bytes, a status at most one.
    outcome = receipt.outcome if isinstance(receipt.outcome, bytes) else uint_bytes(receipt.outcome)
    logs = encode([[log.address, list(log.topics), log.data] for log in receipt.logs]) if receipt.logs else b"\xc0"
    return rlp_list(
        rlp_string(uint_bytes(receipt.type))
        + rlp_string(outcome)
        + rlp_string(uint_bytes(receipt.cumulative_gas_used))
        + rlp_string(uint_bytes(receipt.bloom))
        + logs
        + rlp_string(uint_bytes(receipt.gas_used))
        + rlp_string(receipt.contract_address or b"")
    )


def decode_receipts(data: bytes) -> tuple[Receipt, ...]:
    """Read all receipts of a block."""
    return tuple(_decode_receipt(as_list(item, "receipt")) for item in decode_list(data, "receipts"))


def _decode_receipt(fields: Sequence[RlpItem]) -> Receipt:
    outcome = as_bytes(fields[1], "outcome")
    contract = as_bytes(fields[6], "contract address")
    return Receipt(
        type=as_uint(fields[0], "type", 8),
        outcome=Hash32(outcome) if len(outcome) == 32 else int.from_bytes(outcome, "big"),
        cumulative_gas_used=as_uint(fields[2], "cumulative gas", 64),
        bloom=as_uint(fields[3], "bloom", 2048),
        logs=tuple(_decode_log(as_list(item, "log")) for item in as_list(fields[4], "logs")),
        gas_used=as_uint(fields[5], "gas used", 64),
        contract_address=Address(contract) if contract else None,
    )


def _decode_log(fields: Sequence[RlpItem]) -> Log:
    topics = tuple(as_bytes(topic, "topic", 32) for topic in as_list(fields[1], "topics"))
    return Log(Address(as_bytes(fields[0], "address", 20)), topics, as_bytes(fields[2], "data"))


def encode_undo(old: Mapping[bytes, bytes | None]) -> bytes:
    """Old values of the head state's keys: key length, key, value length, value; length 0 stands for absent."""
    parts: list[bytes] = []
    for key, before in old.items():
        value = before or b""
        parts += (bytes((len(key),)), key, bytes((len(value),)), value)
    return b"".join(parts)


def decode_undo(data: bytes) -> dict[bytes, bytes | None]:
    """The old values, by key."""
    old: dict[bytes, bytes | None] = {}
    position = 0
    while position < len(data):
        end = position + 1 + data[position]
        key = data[position + 1 : end]
        position = end + 1 + data[end]
        old[key] = data[end + 1 : position] or None
    return old
