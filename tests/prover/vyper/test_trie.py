"""The trie in Vyper against the one in Python, in pyrevm: every shape, and changed nodes of every kind."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import mpt
from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import encode as rlp_encode
from protocol.rlp_codec import uint_bytes
from protocol.types import Hash32
from prover.commitments import trie
from tests.in_revm import InRevm, Refused
from tests.near_nodes import near_nodes

GET = keccak(b"get(bytes32,bytes32,uint256)")[:4]
PUT = keccak(b"put(bytes32,bytes32,bytes,uint256)")[:4]
BUFFER = bytes(576)
"""What must lie behind the nodes."""


class Library:
    """The contract, and what it is asked."""

    def __init__(self) -> None:
        self.contract = InRevm("l1/proof/trie")

    def get(self, root: bytes, key: bytes, nodes: bytes) -> tuple[bytes, int]:
        """The value, and how many bytes of `nodes` were read."""
        answer = self.contract.call(GET + root + key + (100).to_bytes(32, "big") + nodes + BUFFER)
        value, end = decode(["bytes", "uint256"], answer)
        return value, end - 100

    def put(self, root: bytes, key: bytes, value: bytes, nodes: bytes) -> tuple[bytes, int]:
        """The new root, and how many bytes of `nodes` were read."""
        length = 4 + len(encode(["bytes32", "bytes32", "bytes", "uint256"], [root, key, value, 0]))
        head = encode(["bytes32", "bytes32", "bytes", "uint256"], [root, key, value, length])
        after, end = decode(["bytes32", "uint256"], self.contract.call(PUT + head + nodes + BUFFER))
        return after, end - length


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


class Trie:
    """Some keys and values, and the nodes that Python reads."""

    def __init__(self, entries: dict[bytes, bytes]) -> None:
        self.entries = entries
        self.root, self._nodes = mpt.update_trie(EMPTY_ROOT, entries, lambda _hash: b"")

    def get(self, key: bytes) -> tuple[bytes, list[bytes]]:
        """The value and the nodes read for it."""
        read: list[bytes] = []
        return trie.get(self.root, key, lambda node: self._read(node, read)), read

    def put(self, key: bytes, value: bytes) -> tuple[bytes, list[bytes]]:
        """The new root and the nodes read for it; the trie stays as it is."""
        read: list[bytes] = []
        return trie.put(self.root, key, value, lambda node: self._read(node, read))[0], read

    def _read(self, node: Hash32, read: list[bytes]) -> bytes:
        read.append(self._nodes[node])
        return self._nodes[node]


# Keys of 32 bytes that share long beginnings; values on both sides of the 32-byte limit of embedded nodes, and as long
# as an account's.
keys = st.one_of(
    st.builds(
        lambda head, middle, tail: bytes([head]) + bytes(28) + bytes([middle, 0, tail]),
        st.sampled_from([0, 1, 0x10, 0x11]),
        st.sampled_from([0, 1, 0x10]),
        st.integers(0, 0x22),
    ),
    st.binary(min_size=32, max_size=32),
)
values = st.one_of(
    st.binary(min_size=1, max_size=3), st.binary(min_size=28, max_size=60), st.binary(min_size=108, max_size=110)
)
tries = st.dictionaries(keys, values, max_size=24).map(Trie)


@settings(max_examples=500)
@given(contents=tries, absent=keys)
def test_it_reads_what_python_reads(library: Library, contents: Trie, absent: bytes) -> None:
    for key in [*contents.entries, absent]:
        value, read = contents.get(key)
        nodes = b"".join(read)
        assert value == contents.entries.get(key, b"")
        assert library.get(contents.root, key, nodes) == (value, len(nodes))


@settings(max_examples=500)
@given(contents=tries, other=keys, value=values)
def test_every_update_insertion_and_deletion_gives_the_root_of_python(
    library: Library, contents: Trie, other: bytes, value: bytes
) -> None:
    for key in [*contents.entries, other]:
        for changed in (value, b""):
            root, read = contents.put(key, changed)
            nodes = b"".join(read)
            assert library.put(contents.root, key, changed, nodes) == (root, len(nodes))


@settings(max_examples=150)
@given(contents=tries)
def test_a_trie_emptied_key_by_key_ends_in_the_empty_root(library: Library, contents: Trie) -> None:
    left = dict(contents.entries)
    for key in contents.entries:
        current = Trie(left)
        _root, read = current.put(key, b"")
        del left[key]
        assert library.put(current.root, key, b"", b"".join(read))[0] == Trie(left).root
    assert Trie(left).root == EMPTY_ROOT


@pytest.mark.parametrize(
    "file", ["trietest_secureTrie.json", "trieanyorder_secureTrie.json", "hex_encoded_securetrie_test.json"]
)
def test_official_trie_vectors_hold(library: Library, vectors, file: str) -> None:
    path = vectors / "ethereum-tests" / "TrieTests" / file
    if not path.exists():
        pytest.skip(f"{file} is not among the vectors")

    def raw(text: str) -> bytes:
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()

    for name, test in json.loads(path.read_text()).items():
        pairs = test["in"].items() if isinstance(test["in"], dict) else test["in"]
        current: dict[bytes, bytes] = {}
        root: bytes = EMPTY_ROOT
        for key, text in pairs:
            value = b"" if text is None else raw(text)
            _root, read = Trie(current).put(keccak(raw(key)), value)
            root, _end = library.put(root, keccak(raw(key)), value, b"".join(read))
            current[keccak(raw(key))] = value
            current = {each: kept for each, kept in current.items() if kept}
        assert f"0x{root.hex()}" == test["root"], name


def mutations(chooser: random.Random, nodes: bytes, others: list[bytes]) -> Iterator[bytes]:
    """Every kind of change: bits, cuts, insertions, repetitions, other keys' nodes."""
    for _ in range(10):
        at = chooser.randrange(len(nodes))
        yield nodes[:at] + bytes((nodes[at] ^ 1 << chooser.randrange(8),)) + nodes[at + 1 :]
    at, to = sorted(chooser.choices(range(len(nodes) + 1), k=2))
    yield nodes[:at]
    yield nodes[at:]
    yield nodes[:at] + nodes[to:]
    yield nodes[:at] + nodes[at:to] * 2 + nodes[to:]
    yield nodes[:at] + chooser.randbytes(chooser.randint(1, 40)) + nodes[at:]
    yield nodes[:at] + chooser.randbytes(to - at) + nodes[to:]
    yield nodes + b"\0"
    yield b""
    yield from others


@settings(max_examples=250)
@given(contents=tries, absent=keys, value=values, seed=st.integers(0, 2**32))
def test_changed_nodes_are_refused_or_lead_to_the_same(
    library: Library, contents: Trie, absent: bytes, value: bytes, seed: int
) -> None:
    chooser = random.Random(seed)
    every = [*contents.entries, absent]
    key = chooser.choice(every)
    changed = chooser.choice([value, b""])
    root, read = contents.put(key, changed)
    right = contents.get(key)[0]
    for nodes in mutations(chooser, b"".join(read) or b"\x80", [b"".join(contents.put(k, b"")[1]) for k in every]):
        with suppress(Refused):
            assert library.put(contents.root, key, changed, nodes)[0] == root
        with suppress(Refused):
            assert library.get(contents.root, key, nodes)[0] == right


@settings(max_examples=1_000)
@given(items=near_nodes, key=keys, value=st.one_of(values, st.just(b"")))
def test_of_what_only_resembles_a_node_nothing_is_believed_that_python_would_not(
    library: Library, items: list[bytes], key: bytes, value: bytes
) -> None:
    node = rlp_encode(items)

    def only(node_hash: Hash32) -> bytes:
        if node_hash != keccak(node):
            raise KeyError(node_hash)
        return node

    try:
        answer = library.get(keccak(node), key, node)[0]
    except Refused:
        pass
    else:
        assert answer == trie.get(keccak(node), key, only)
    try:
        root = library.put(keccak(node), key, value, node)[0]
    except Refused:
        return
    assert root == trie.put(keccak(node), key, value, only)[0]


def deep_trie() -> tuple[Trie, bytes]:
    """A key whose path is a branch at every nibble."""
    target = bytes(32)
    entries = {target: b"\1"}
    for nibble in range(64):
        sibling = bytearray(32)
        sibling[nibble // 2] = 0x10 if nibble % 2 == 0 else 0x01
        entries[bytes(sibling)] = b"\2" * 32
    return Trie(entries), target


def test_a_path_stretched_over_all_64_nibbles_is_followed_and_changed(library: Library) -> None:
    contents, key = deep_trie()
    for value in (b"\3" * 100, b""):
        root, read = contents.put(key, value)
        assert len(read) >= 63
        assert library.put(contents.root, key, value, b"".join(read))[0] == root
        assert library.contract.gas_used < 3_000_000


@pytest.mark.parametrize("change", ["read", "update", "insert", "delete"])
def test_seven_levels_cost_less_than_300_000_gas(library: Library, change: str) -> None:
    """A key whose path has seven full branches: a state of a hundred million accounts."""
    chooser = random.Random(7)
    key = chooser.randbytes(32)
    entries = {key: rlp_encode(uint_bytes(7))}
    for depth in range(7):
        for nibble in range(16):
            digits = key.hex()[:depth] + f"{nibble:x}"
            if not key.hex().startswith(digits):
                entries[bytes.fromhex(digits + chooser.randbytes(32).hex()[: 64 - len(digits)])] = b"\7" * 40
    contents = Trie(entries)
    target = key if change != "insert" else bytes.fromhex(key.hex()[:10] + chooser.randbytes(27).hex())
    value = b"" if change == "delete" else b"\5" * 70
    if change == "read":
        answer, read = contents.get(target)
        assert library.get(contents.root, target, b"".join(read))[0] == answer
    else:
        root, read = contents.put(target, value)
        assert library.put(contents.root, target, value, b"".join(read))[0] == root
    assert library.contract.gas_used < 300_000
