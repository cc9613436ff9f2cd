"""What random programs and transactions do beyond `tests.vm.programs`: where py-evm is no oracle, EELS is."""

from dataclasses import dataclass
from hashlib import sha256

from hypothesis import strategies as st

from protocol.crypto import keccak, sign
from protocol.forks import Fork
from protocol.rlp_codec import encode, uint_bytes
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import (
    ACCESS_LIST,
    BLOB,
    DYNAMIC_FEE,
    LEGACY,
    SET_CODE,
    AccessEntry,
    Authorization,
    Transaction,
)
from protocol.types import ZERO_ADDRESS, Address
from tests.vm.conftest import GWEI, KEYS
from tests.vm.programs import CONTRACTS, codes, codes_of, gas, program, push, targets, words

CHAIN_ID = 1337


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


HASH = keccak(b"signed")
PARITY, R, S = sign(HASH, KEYS[0])
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BN_G1 = word(1) + word(2)
BLAKE2 = word(0)[:3] + b"\x0c" + sha256(b"blake").digest() * 6 + bytes(16) + b"\1"

PRECOMPILE_INPUTS = (
    (0x01, HASH + word(27 + PARITY) + word(R) + word(S)),
    (0x01, HASH + word(29) + word(R) + word(S)),
    (0x02, b"hashed"),
    (0x03, b"hashed"),
    (0x04, b"copied" * 9),
    (0x05, word(1) + word(1) + word(1) + b"\3\5\7"),
    (0x05, word(2) + word(33) + word(2) + b"\3\5" + b"\xff" * 33 + b"\1\1"),
    (0x05, word(0) + word(0) + word(1025)),
    (0x05, word(0) + word(0) + word(0)),
    (0x06, BN_G1 + BN_G1),
    (0x06, BN_G1 + word(1) + word(1)),
    (0x07, BN_G1 + word(2**255)),
    (0x08, b""),
    (0x08, bytes(192)),
    (0x08, bytes(191)),
    (0x09, BLAKE2),
    (0x09, BLAKE2[:-1] + b"\2"),
    (0x0A, bytes(192)),
    (0x0B, bytes(256)),
    (0x0B, bytes(255)),
    (0x0C, bytes(160)),
    (0x0D, bytes(512)),
    (0x0E, bytes(288)),
    (0x0F, bytes(384)),
    (0x10, bytes(64)),
    (0x10, bytes(63) + b"\5"),
    (0x11, bytes(128)),
    (0x12, b""),
    (0x100, HASH + word(1) + word(1) + word(1) + word(1)),
    (0x100, HASH + word(P256_N) + word(1) * 3),
)


def precompile_step(which: tuple[int, bytes], amount: int) -> bytes:
    """Calls a precompile and stores whether it succeeded and the hash of what it returned."""
    address, data = which
    stores = b"".join(
        program(push(data[at : at + 32].ljust(32, b"\0")), push(at), 0x52) for at in range(0, len(data), 32)
    )
    call = program(push(0), push(0), push(len(data)), push(0), push(address), push(amount), 0xFA, push(4), 0x55)
    returned = program(0x3D, push(0), push(0), 0x3E, 0x3D, push(0), 0x20, push(5), 0x55)
    return stores + call + returned


precompiles = st.builds(precompile_step, st.sampled_from(PRECOMPILE_INPUTS), gas)
block_context = st.builds(  # COINBASE to BLOBBASEFEE, and PUSH0
    lambda op: program(op, push(6), 0x55), st.sampled_from([0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4A, 0x5F])
)
by_number = st.builds(  # BLOCKHASH, BLOBHASH
    lambda op, index: program(push(index), op, push(6), 0x55), st.sampled_from([0x40, 0x49]), st.integers(0, 8)
)
clz = st.builds(lambda value: program(push(value), 0x1E, push(7), 0x55), words)
expensive_memory = st.builds(
    lambda at: program(push(at), 0x51, 0x50), st.sampled_from([10_000, 100_000, 2**32, 2**64, 2**255])
)
jumps = st.builds(lambda to: program(push(to), 0x56, 0x5B), st.integers(0, 40))

modern_codes = st.one_of(codes_of(precompiles, block_context, by_number, clz), codes_of(expensive_memory, jumps, clz))


@dataclass(frozen=True)
class Send:
    """What a transaction is, apart from who sends it and its nonce."""

    type: int
    to: Address | None
    value: int
    gas_limit: int
    data: bytes
    max_fee_gwei: int
    tip_gwei: int
    access: tuple[AccessEntry, ...]
    blob_hashes: tuple[bytes, ...]
    authorities: tuple[tuple[int, Address, int, int], ...]
    """(signing key, delegate, chain id, nonce)"""

    def signed(self, sender: int, nonce: int) -> Transaction:
        return sign_transaction(
            UnsignedTransaction(
                chain_id=CHAIN_ID,
                nonce=nonce,
                gas_limit=self.gas_limit,
                to=self.to,
                value=self.value,
                data=self.data,
                max_fee_per_gas=self.max_fee_gwei * GWEI,
                max_priority_fee_per_gas=self.tip_gwei * GWEI,
                type=self.type,
                access_list=self.access if self.type != LEGACY else (),
                max_fee_per_blob_gas=GWEI if self.type == BLOB else 0,
                blob_hashes=self.blob_hashes if self.type == BLOB else (),
                authorizations=tuple(authorize(*one) for one in self.authorities) if self.type == SET_CODE else (),
            ),
            KEYS[sender],
        )


def authorize(key: int, delegate: Address, chain_id: int, nonce: int) -> Authorization:
    message = keccak(b"\5" + encode([uint_bytes(chain_id), delegate, uint_bytes(nonce)]))
    return Authorization(chain_id, delegate, nonce, *sign(message, KEYS[key]))


access_entries = st.builds(AccessEntry, targets, st.lists(st.integers(0, 3), max_size=3).map(tuple))
authorizations = st.tuples(
    st.integers(0, 4),
    st.sampled_from([*CONTRACTS, ZERO_ADDRESS]),
    st.sampled_from([0, CHAIN_ID, CHAIN_ID, 5]),
    st.integers(0, 2),
)
blob_hashes = st.sampled_from([b"\1" + bytes(30) + bytes((index,)) for index in range(3)])


def sends(fork: Fork, to: st.SearchStrategy[Address | None] | None = None) -> st.SearchStrategy[Send]:
    """Mostly transactions that a block of this fork can hold, and some that it cannot."""
    types = [LEGACY, ACCESS_LIST, DYNAMIC_FEE, DYNAMIC_FEE, BLOB, *([SET_CODE] * 2 if fork >= Fork.PRAGUE else [])]
    return st.builds(
        Send,
        type=st.sampled_from(types),
        to=to or st.one_of(st.sampled_from(CONTRACTS), st.sampled_from(CONTRACTS), targets, st.none()),
        value=st.sampled_from([0, 0, 7, 10**30]),
        gas_limit=st.sampled_from([20_000, 60_000, 120_000, 400_000, 1_500_000, 1_500_000, 2**24 + 1]),
        data=st.one_of(st.binary(max_size=70), codes, st.just(b"\xff" * 700)),
        max_fee_gwei=st.sampled_from([0, 10, 10, 10, 10]),
        tip_gwei=st.sampled_from([0, 1, 10, 11]),
        access=st.lists(access_entries, max_size=2).map(tuple),
        blob_hashes=st.one_of(
            st.lists(blob_hashes, min_size=1, max_size=4),
            st.lists(blob_hashes, max_size=8),
            st.just([b"\2" + bytes(31)]),
        ).map(tuple),
        authorities=st.lists(authorizations, min_size=0, max_size=3).map(tuple),
    )
