"""Where each thing lies in the database: one letter per table, then its key. Numbers are 8 bytes, big-endian.

m‖name                      heads, schema, identity and other single values
h‖hash  b‖hash  r‖hash      header, body, receipts
c‖number                    hash of the canonical block
l‖number                    bloom of its logs, if it has any
t‖transaction hash          hash of the canonical block that holds it ‖ index in it (4 bytes)
a‖address                   account, of the head state
s‖address‖slot              word, of the head state
n‖hash                      trie node, of every retained state; see `codec.encode_node`
k‖hash                      code
u‖number                    undo record of the canonical block
x‖length‖table‖key          records of the other roles
"""

from protocol.types import Address, Hash32


def meta(name: bytes) -> bytes:
    """A single value."""
    return b"m" + name


def header(block_hash: Hash32) -> bytes:
    """A header by its hash."""
    return b"h" + block_hash


def body(block_hash: Hash32) -> bytes:
    """A block's transactions, ommers and withdrawals."""
    return b"b" + block_hash


def receipts(block_hash: Hash32) -> bytes:
    """A block's receipts."""
    return b"r" + block_hash


def canonical(number: int) -> bytes:
    """The canonical hash at a height."""
    return b"c" + number.to_bytes(8, "big")


def bloom(number: int) -> bytes:
    """The bloom of the canonical block at a height."""
    return b"l" + number.to_bytes(8, "big")


def transaction(transaction_hash: Hash32) -> bytes:
    """The place of a mined transaction."""
    return b"t" + transaction_hash


def account(address: Address) -> bytes:
    """An account of the head state."""
    return b"a" + address


def slots(address: Address) -> bytes:
    """What the keys of all of an account's slots start with."""
    return b"s" + address


def slot(address: Address, number: int) -> bytes:
    """A storage slot of the head state."""
    return b"s" + address + number.to_bytes(32, "big")


def node(node_hash: Hash32) -> bytes:
    """A trie node."""
    return b"n" + node_hash


def node_count(node_hash: Hash32) -> bytes:
    """How many places hold a trie node."""
    return b"w" + node_hash


def node_journal(number: int) -> bytes:
    """What the canonical block at this height did to the tries."""
    return b"j" + number.to_bytes(8, "big")


def code(code_hash: Hash32) -> bytes:
    """Contract code."""
    return b"k" + code_hash


def undo(number: int) -> bytes:
    """How to take the canonical block at this height back."""
    return b"u" + number.to_bytes(8, "big")


def record(table: bytes, key: bytes) -> bytes:
    """A record of another role; keys sort within their table."""
    return b"x" + bytes((len(table),)) + table + key
