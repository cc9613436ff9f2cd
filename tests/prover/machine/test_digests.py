import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from prover.machine.digests import DIGESTS, KECCAK256, LANES, RIPEMD160, SHA256

WHOLE = {
    KECCAK256: keccak,
    SHA256: lambda data: hashlib.sha256(data).digest(),
    RIPEMD160: lambda data: hashlib.new("ripemd160", data).digest(),
}
EDGES = (0, 1, 55, 56, 63, 64, 65, 119, 120, 135, 136, 137, 271, 272, 1000)


@pytest.mark.parametrize("function", WHOLE, ids=["keccak256", "sha256", "ripemd160"])
@settings(max_examples=25)
@given(data=st.one_of(st.binary(max_size=420), st.sampled_from([b"a" * length for length in EDGES])))
def test_absorbing_block_by_block_gives_the_digest(function, data):
    digest = DIGESTS[function]
    padded = data + digest.padding(len(data))
    assert len(padded) % digest.rate == 0
    assert len(padded) - len(data) <= digest.rate + 8
    lanes = digest.absorb_blocks(digest.initial, padded)
    assert len(lanes) == LANES
    assert digest.squeeze(lanes) == WHOLE[function](data)
