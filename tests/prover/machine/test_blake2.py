import hashlib

from hypothesis import given
from hypothesis import strategies as st

from prover.machine.blake2 import blake2_compress

INITIAL_STATE = bytes.fromhex(
    "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
    "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
)
"""BLAKE2b with 64 bytes of output and no key (EIP-152's test vectors)."""


@given(st.binary(max_size=128))
def test_twelve_rounds_on_one_block_are_blake2b(data):
    offset = len(data).to_bytes(16, "little")
    assert blake2_compress(12, INITIAL_STATE, data.ljust(128, b"\0"), offset, True) == hashlib.blake2b(data).digest()


def test_no_round_at_all_is_the_vector_of_the_eip():
    expected = (
        "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
        "d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b"
    )
    message = b"abc".ljust(128, b"\0")
    assert blake2_compress(0, INITIAL_STATE, message, (3).to_bytes(16, "little"), True).hex() == expected
