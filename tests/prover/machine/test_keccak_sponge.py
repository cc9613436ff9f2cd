from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from prover.machine.keccak_sponge import LANES, RATE, absorb, pad, squeeze


@settings(max_examples=30)
@given(st.one_of(st.binary(max_size=3 * RATE), st.sampled_from([b"a" * n for n in (135, 136, 137, 271, 272)])))
def test_absorbing_block_by_block_gives_keccak(data):
    lanes = (0,) * LANES
    whole = len(data) // RATE * RATE
    for start in range(0, whole, RATE):
        lanes = absorb(lanes, data[start : start + RATE])
    assert squeeze(absorb(lanes, pad(data[whole:]))) == keccak(data)
