from pathlib import Path

import pytest

from da.adapter import Commitment
from da.calldata import Calldata
from da.file import FileStore
from da.table import ADAPTERS, DataLayers, UnknownLayer, all_layers, make_adapter
from protocol.errors import InvalidInput


def test_each_name_has_its_own_byte(tmp_path: Path) -> None:
    assert {name: make(tmp_path).layer for name, make in ADAPTERS.items()} == {"calldata": 0x00, "file": 0x01}


def test_two_adapters_cannot_share_a_byte(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share the byte 0x01"):
        DataLayers([FileStore(tmp_path / "a"), FileStore(tmp_path / "b")])


@pytest.mark.parametrize("commitment", [b"", b"\xff", b"\xff" + bytes(32)])
async def test_a_commitment_of_no_known_layer_is_rejected(tmp_path: Path, commitment: bytes) -> None:
    with pytest.raises(UnknownLayer):
        await all_layers(tmp_path).fetch(Commitment(commitment))


async def test_a_layer_that_the_chain_does_not_use_is_unknown(tmp_path: Path) -> None:
    commitment = await FileStore(tmp_path).submit(b"data")
    with pytest.raises(UnknownLayer):
        await DataLayers([Calldata()]).fetch(commitment)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'celestia'; there are: calldata, file"):
        make_adapter("celestia", tmp_path)
