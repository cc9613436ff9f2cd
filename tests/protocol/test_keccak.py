"""Whichever implementation is installed, it is Keccak and not SHA-3."""

import sys

import pytest
from eth_hash.backends.pycryptodome import keccak256
from hypothesis import given
from hypothesis import strategies as st

from protocol import crypto


@given(st.binary(max_size=600))
def test_keccak_agrees_with_pycryptodomes(data: bytes):
    assert crypto.keccak(data) == keccak256(data)


def test_without_the_fast_implementation_the_other_one_serves(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sha3", None)
    slow = crypto._fastest_keccak()
    assert slow(b"") == bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
