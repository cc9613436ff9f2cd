import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da.adapter import Commitment
from da.calldata import Calldata
from protocol.errors import Reject
from protocol.inbox import MAX_COMMITMENT_BYTES, append_calldata
from tests.da.worlds import POSTED


async def test_the_commitment_is_a_byte_and_the_data() -> None:
    assert await Calldata().submit(b"data") == b"\x00data"


async def test_the_largest_commitment_fits_one_l1_transaction() -> None:
    commitment = await Calldata().submit(bytes(Calldata.max_bytes))
    assert len(commitment) <= MAX_COMMITMENT_BYTES
    envelope = 500  # a generous bound on the other fields of a signed type-2 transaction
    assert len(append_calldata(commitment)) + envelope <= 128 * 1024


@given(st.binary(min_size=1, max_size=100))
def test_any_data_behind_the_layer_byte_is_served(data: bytes) -> None:
    assert asyncio.run(Calldata().fetch(Commitment(b"\x00" + data), POSTED)) == data


async def test_what_the_inbox_took_is_served_even_above_the_submit_limit() -> None:
    data = bytes(MAX_COMMITMENT_BYTES - 1)
    assert await Calldata().fetch(Commitment(b"\x00" + data), POSTED) == data


@pytest.mark.parametrize("commitment", [b"", b"\x00", b"\x01data"])
async def test_a_commitment_without_data_is_no_calldata(commitment: bytes) -> None:
    with pytest.raises(Reject, match="is not 0x00 and data"):
        await Calldata().fetch(Commitment(commitment), POSTED)
