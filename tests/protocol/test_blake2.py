"""BLAKE2's compression: one result, whichever implementation is installed."""

import hashlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrevm import EVM

from protocol import blake2
from protocol.blake2 import blake2_f, in_python

INITIAL_STATE = bytes.fromhex(
    "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
    "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
)
"""BLAKE2b with 64 bytes of output and no key (EIP-152's test vectors)."""
ABC = b"abc".ljust(128, b"\0") + b"\3".ljust(16, b"\0")


def with_rounds(rounds: int, rest: bytes) -> bytes:
    return rounds.to_bytes(4, "big") + rest


inputs = st.builds(
    lambda rounds, rest, final: with_rounds(rounds, rest + bytes((final,))),
    st.integers(0, 40),
    st.binary(min_size=208, max_size=208),
    st.booleans(),
)


@given(st.binary(max_size=128))
def test_twelve_rounds_on_one_block_are_blake2b(data: bytes):
    block = data.ljust(128, b"\0") + len(data).to_bytes(16, "little")
    assert blake2_f(with_rounds(12, INITIAL_STATE + block + b"\1")) == hashlib.blake2b(data).digest()


VECTORS = {
    (0, True): "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
    "d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b",
    (12, True): "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    (12, False): "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d28752"
    "98743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735",
    (1, True): "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fb"
    "a551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421",
}
"""Of "abc", by rounds and whether it is the last block: EIP-152's test vectors 4 to 7."""


@pytest.mark.parametrize("case", VECTORS)
def test_the_vectors_of_the_eip(case: tuple[int, bool]):
    rounds, final = case
    data = with_rounds(rounds, INITIAL_STATE + ABC + bytes((final,)))
    assert blake2_f(data).hex() == in_python(data).hex() == VECTORS[case]


@settings(deadline=None)
@given(inputs)
def test_machine_code_python_and_l1_agree(data: bytes):
    by_l1 = EVM().message_call(caller=f"0x{1:040x}", to=f"0x{9:040x}", calldata=data, gas=1_000_000)
    assert blake2_f(data) == in_python(data) == bytes(by_l1)


def test_on_this_machine_it_is_not_python_that_counts_the_rounds():
    """Ten million are a fifth of a second, in Python a minute. What runs is asked, not how long it took."""
    pytest.importorskip("blake2b", reason="no wheel for this machine")
    assert blake2._fastest is not in_python


def test_without_the_package_python_does_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "blake2b", None)
    assert blake2._native_or(in_python) is in_python


@pytest.mark.parametrize("length", [0, 1, 212, 214, 213 * 2])
def test_another_length_is_refused(length: int):
    with pytest.raises(ValueError, match=f"^{length} bytes"):
        blake2_f(bytes(length))


@pytest.mark.parametrize("final", [2, 0x80, 0xFF])
def test_a_last_block_is_one_or_not(final: int):
    with pytest.raises(ValueError, match="no input"):
        blake2_f(bytes(212) + bytes((final,)))
