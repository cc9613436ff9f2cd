"""The verifier against the `trie` library, in pyrevm: thousands of tries, and mutations of every kind of proof."""

import random
import warnings
from collections.abc import Iterator

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie
from vyper import compile_code

from node.artifacts import SOURCES
from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT, prove, update_trie, verify_proof
from protocol.rlp_codec import encode as rlp_encode
from protocol.rlp_codec import uint_bytes
from protocol.types import Hash32
from tests.in_revm import InRevm, Refused
from tests.near_nodes import near_nodes

SOURCE = SOURCES / "l1" / "proof" / "mpt.vy"
GET = keccak(b"get(bytes32,bytes,bytes)")[:4]
STORAGE_VALUE = keccak(b"storage_value(bytes32,bytes32,bytes)")[:4]
ACCOUNT = keccak(b"account(bytes32,address,bytes)")[:4]
MAX_PROOF = 8192


class Verifier:
    """The contract, and what it is asked."""

    def __init__(self) -> None:
        self.contract = InRevm("l1/proof/mpt")

    def get(self, root: bytes, key: bytes, proof: bytes) -> bytes | None:
        result = self.contract.call(GET + encode(["bytes32", "bytes", "bytes"], [root, key, proof]))
        found, value = decode(["bool", "bytes"], result)
        assert found or value == b""
        return value if found else None

    def storage_value(self, root: bytes, slot: bytes, proof: bytes) -> int:
        return int.from_bytes(
            self.contract.call(STORAGE_VALUE + encode(["bytes32", "bytes32", "bytes"], [root, slot, proof])), "big"
        )

    def account(self, root: bytes, owner: bytes, proof: bytes) -> tuple[int, int, bytes, bytes] | None:
        result = self.contract.call(ACCOUNT + encode(["bytes32", "address", "bytes"], [root, owner, proof]))
        found, fields = decode(["bool", "(uint256,uint256,bytes32,bytes32)"], result)
        assert found or fields == (0, 0, bytes(32), bytes(32))
        return fields if found else None


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier()


class Trie:
    """A trie of the library, and proofs as the contract takes them."""

    def __init__(self, items: dict[bytes, bytes]) -> None:
        self.items = items
        self._trie = HexaryTrie({})
        for key, value in items.items():
            self._trie[key] = value
        self.root = self._trie.root_hash

    def nodes(self, key: bytes) -> list[bytes]:
        """What eth_getProof would list."""
        return prove(Hash32(self.root), key, lambda node_hash: self._trie.db[node_hash])

    def proof(self, key: bytes) -> bytes:
        return b"".join(self.nodes(key))

    def library_proof(self, key: bytes) -> bytes:
        """The library's own list of nodes; embedded ones are not repeated."""
        encoded = [rlp_encode(node) for node in self._trie.get_proof(key)]
        return b"".join(node for index, node in enumerate(encoded) if index == 0 or len(node) >= 32)


# Few distinct nibbles make deep, shared paths; short values make embedded nodes.
hostile_bytes = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xF0, 0xFF]), max_size=6).map(bytes)
keys = st.one_of(hostile_bytes, st.binary(max_size=4), st.binary(min_size=32, max_size=32))
values = st.one_of(
    st.binary(min_size=1, max_size=3), st.binary(min_size=1, max_size=40), st.binary(min_size=54, max_size=300)
)
tries = st.dictionaries(keys, values, max_size=24).map(Trie)


def test_it_compiles_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile_code(SOURCE.read_text(), output_formats=("bytecode",))


@settings(max_examples=2_000)
@given(trie=tries, absent=st.lists(keys, max_size=8))
def test_it_agrees_with_the_trie_library_on_what_is_in_a_trie_and_what_is_not(
    verifier: Verifier, trie: Trie, absent: list[bytes]
) -> None:
    for key in [*trie.items, *absent]:
        assert verifier.get(trie.root, key, trie.proof(key)) == trie.items.get(key)


@settings(max_examples=300)
@given(trie=tries, absent=st.lists(keys, max_size=4))
def test_the_librarys_proofs_are_ours(trie: Trie, absent: list[bytes]) -> None:
    for key in [*trie.items, *absent]:
        if trie.items:
            assert trie.library_proof(key) == trie.proof(key)


def _mutations(chooser: random.Random, proof: bytes, others: list[bytes]) -> Iterator[bytes]:
    """Every kind of change: bits, bytes, cuts, insertions, swaps, repetitions, other keys' proofs."""
    for _ in range(12):
        at = chooser.randrange(len(proof))
        yield proof[:at] + bytes((proof[at] ^ 1 << chooser.randrange(8),)) + proof[at + 1 :]
    at, to = sorted(chooser.choices(range(len(proof) + 1), k=2))
    yield proof[:at]
    yield proof[at:]
    yield proof[:at] + proof[to:]
    yield proof[:at] + proof[at:to] * 2 + proof[to:]
    yield proof[:at] + chooser.randbytes(chooser.randint(1, 40)) + proof[at:]
    yield proof[:at] + chooser.randbytes(to - at) + proof[to:]
    yield proof + b"\0"
    yield proof + proof
    yield b""
    for other in others:
        yield other
        yield proof + other
        yield other + proof


@settings(max_examples=1_000)
@given(trie=tries, absent=keys, seed=st.integers(0, 2**32))
def test_no_mutated_proof_shows_another_statement(verifier: Verifier, trie: Trie, absent: bytes, seed: int) -> None:
    chooser = random.Random(seed)
    every = [*trie.items, absent]
    key = chooser.choice(every)
    proof = trie.proof(key)
    for mutated in _mutations(chooser, proof or b"\x80", [trie.proof(other) for other in every]):
        if mutated == proof or len(mutated) > MAX_PROOF:
            continue
        # Not even the same statement: a proof has one form.
        with pytest.raises(Refused):
            verifier.get(trie.root, key, mutated)


@settings(max_examples=500)
@given(trie=tries, key=keys, junk=st.binary(max_size=200))
def test_no_proof_holds_under_another_root(verifier: Verifier, trie: Trie, key: bytes, junk: bytes) -> None:
    for root in (bytes(32), keccak(trie.root), EMPTY_ROOT):
        if root != trie.root:
            for proof in (trie.proof(key), junk):
                if root == EMPTY_ROOT and not proof:
                    continue
                with pytest.raises(Refused):
                    verifier.get(root, key, proof)


def test_the_zero_root_proves_nothing(verifier: Verifier) -> None:
    for proof in (b"", b"\x80", bytes(32), b"\xc0"):
        with pytest.raises(Refused):
            verifier.get(bytes(32), b"", proof)


@settings(max_examples=1_000)
@given(node=st.binary(max_size=600), key=st.binary(max_size=32))
def test_any_bytes_that_are_no_node_are_refused_even_under_their_own_hash(
    verifier: Verifier, node: bytes, key: bytes
) -> None:
    """A root of a liar's making: the verifier may refuse, or answer as ours does, but not otherwise."""
    root = keccak(node)
    try:
        answer = verifier.get(root, key, node)
    except Refused:
        return
    assert answer == verify_proof(root, key, [node])


@settings(max_examples=2_000)
@given(items=near_nodes, key=st.one_of(st.binary(max_size=2), st.binary(min_size=32, max_size=32)))
def test_of_what_only_resembles_a_node_nothing_is_believed_that_python_would_not(
    verifier: Verifier, items: list[bytes], key: bytes
) -> None:
    node = rlp_encode(items)
    try:
        answer = verifier.get(keccak(node), key, node)
    except Refused:
        return
    assert answer == verify_proof(keccak(node), key, [node])


@pytest.mark.parametrize(
    "node",
    [
        rlp_encode([b"\x20", b"value", b""]),
        rlp_encode([b"\x20", b"value", b"value"]),
        rlp_encode([b"\x20"]),
        rlp_encode([b"\x20", b"value"] + [b""] * 14),
        b"\xfa" + (7).to_bytes(2, "big") + rlp_encode(b"\x20") + rlp_encode(b"value"),
        b"\x87\x20\x85value",
    ],
    ids=["three items", "two values", "one item", "sixteen items", "a longer header", "a string"],
)
def test_a_leaf_in_another_shape_is_no_leaf(verifier: Verifier, node: bytes) -> None:
    leaf = rlp_encode([b"\x20", b"value"])
    assert verifier.get(keccak(leaf), b"", leaf) == b"value"
    with pytest.raises(Refused):
        verifier.get(keccak(node), b"", node)


@settings(max_examples=500)
@given(
    slots=st.dictionaries(st.binary(min_size=32, max_size=32), st.integers(1, 2**256 - 1), max_size=40),
    other=st.binary(min_size=32, max_size=32),
)
def test_a_storage_slot_is_read_as_its_word(verifier: Verifier, slots: dict[bytes, int], other: bytes) -> None:
    trie = Trie({keccak(slot): rlp_encode(uint_bytes(word)) for slot, word in slots.items()})
    for slot in [*slots, other]:
        assert verifier.storage_value(trie.root, slot, trie.proof(keccak(slot))) == slots.get(slot, 0)


@pytest.mark.parametrize(
    "value",
    ["00", "80", "8100", "817f", "820001", "820080", "83008000", "a1" + "11" * 33, "c0", "c101", "0102", "83ffff"],
)
def test_a_slot_that_holds_no_canonical_word_is_refused(verifier: Verifier, value: str) -> None:
    slot = bytes(32)
    trie = Trie({keccak(slot): bytes.fromhex(value)})
    if value == "80":
        # An empty string is zero, however it came there.
        assert verifier.storage_value(trie.root, slot, trie.proof(keccak(slot))) == 0
        return
    with pytest.raises(Refused):
        verifier.storage_value(trie.root, slot, trie.proof(keccak(slot)))


accounts = st.tuples(
    st.integers(0, 2**64 - 1),
    st.one_of(st.integers(0, 200), st.integers(0, 2**256 - 1)),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)


@settings(max_examples=300)
@given(
    state=st.dictionaries(st.binary(min_size=20, max_size=20), accounts, max_size=20),
    other=st.binary(min_size=20, max_size=20),
)
def test_an_account_is_read_as_its_fields(
    verifier: Verifier, state: dict[bytes, tuple[int, int, bytes, bytes]], other: bytes
) -> None:
    trie = Trie(
        {
            keccak(owner): rlp_encode([uint_bytes(nonce), uint_bytes(balance), storage_root, code_hash])
            for owner, (nonce, balance, storage_root, code_hash) in state.items()
        }
    )
    for owner in [*state, other]:
        assert verifier.account(trie.root, owner, trie.proof(keccak(owner))) == state.get(owner)


@settings(max_examples=300)
@given(fields=accounts, at=st.integers(0, 111), change=st.integers(1, 255), cut=st.integers(0, 3))
def test_bytes_that_are_no_account_are_refused_or_read_as_python_reads_them(
    verifier: Verifier, fields: tuple[int, int, bytes, bytes], at: int, change: int, cut: int
) -> None:
    nonce, balance, storage_root, code_hash = fields
    good = bytearray(rlp_encode([uint_bytes(nonce), uint_bytes(balance), storage_root, code_hash]))
    good[at % len(good)] ^= change
    value = bytes(good[: len(good) - cut])
    owner = bytes(20)
    trie = Trie({keccak(owner): value})
    try:
        answer = verifier.account(trie.root, owner, trie.proof(keccak(owner)))
    except Refused:
        return
    assert answer is not None
    assert rlp_encode([uint_bytes(answer[0]), uint_bytes(answer[1]), answer[2], answer[3]]) == value


def _malformed_accounts() -> dict[str, bytes]:
    root, code = b"\x11" * 32, b"\x22" * 32
    good = rlp_encode([b"\1", b"\2", root, code])
    return {
        "a field more": rlp_encode([b"\1", b"\2", root, code, b"\3"]),
        "a field less": rlp_encode([b"\1" * 32, root, code]),
        "another storage root mark": good.replace(b"\xa0" + root, b"\xa1" + root),
        "another code hash mark": good.replace(b"\xa0" + code, b"\x9f" + code),
        "short root, long code": rlp_encode([b"\1", b"\2", root[1:], code + b"\2"]),
        "leading zero in the nonce": rlp_encode([b"\0\1", b"\2", root, code]),
        "zero as a byte": rlp_encode([b"\1", b"\0", root, code]),
        "a nonce that is a list": rlp_encode([[], b"\2", root, code]),
        "a balance over 32 bytes": rlp_encode([b"\1", b"\2" * 33, root, code]),
        "a list too short for its head": good[:-1],
        "a list too long for its head": good + b"\0",
        "a string": b"\xb8" + good[1:],
        "almost nothing": b"\xf8",
        "one small byte as a string": good.replace(b"\1\2\xa0", b"\x81\1\2\xa0").replace(b"\xf8\x44", b"\xf8\x45"),
    }


@pytest.mark.parametrize("name", _malformed_accounts())
def test_a_malformed_account_is_refused(verifier: Verifier, name: str) -> None:
    owner = bytes(20)
    trie = Trie({keccak(owner): _malformed_accounts()[name]})
    with pytest.raises(Refused):
        verifier.account(trie.root, owner, trie.proof(keccak(owner)))


def test_a_path_stretched_over_all_64_nibbles_is_followed(verifier: Verifier) -> None:
    target = bytes(32)
    items = {target: b"\1"}
    for nibble in range(64):
        sibling = bytearray(32)
        sibling[nibble // 2] = 0x10 if nibble % 2 == 0 else 0x01
        items[bytes(sibling)] = b"\2" * 32
    trie = Trie(items)
    assert len(trie.nodes(target)) >= 63
    assert verifier.get(trie.root, target, trie.proof(target)) == b"\1"


def test_a_value_over_the_bound_is_refused(verifier: Verifier) -> None:
    trie = Trie({b"k": bytes([1]) * 1024, b"l": bytes([1]) * 1025})
    assert verifier.get(trie.root, b"k", trie.proof(b"k")) == bytes([1]) * 1024
    with pytest.raises(Refused):
        verifier.get(trie.root, b"l", trie.proof(b"l"))


def test_a_node_of_the_way_costs_less_than_12_000_gas(verifier: Verifier) -> None:
    """Beside its calldata. Forty thousand slots make four or five nodes."""
    slots = [index.to_bytes(32, "big") for index in range(40_000)]
    nodes: dict[Hash32, bytes] = {}
    root, created = update_trie(EMPTY_ROOT, {keccak(slot): rlp_encode(b"\1") for slot in slots}, nodes.__getitem__)
    nodes.update(created)
    proof = prove(root, keccak(slots[7]), nodes.__getitem__)
    assert len(proof) >= 4
    calldata = STORAGE_VALUE + encode(["bytes32", "bytes32", "bytes"], [root, slots[7], b"".join(proof)])
    assert int.from_bytes(verifier.contract.call(calldata), "big") == 1
    intrinsic = 21_000 + 16 * len(calldata) - 12 * calldata.count(0)
    assert verifier.contract.gas_used - intrinsic < 12_000 * len(proof)
