from dataclasses import replace
from pathlib import Path

import pytest

from da.adapter import BadSize, Commitment, WrongBytes
from da.alt_da import AltDa
from da.blob import Blobs
from da.calldata import Calldata
from da.celestia import Celestia
from da.file import FileStore
from da.settings import LayerSettings
from da.table import (
    CELESTIA_TOKEN_VARIABLE,
    LAYERS,
    DataLayers,
    UnknownLayer,
    chain_layers,
    effective_settings,
    layer_bits,
    layer_names,
    make_publisher,
    parse_settings,
    provable_settings,
    public_settings,
    require_settings,
)
from protocol.errors import InvalidInput
from protocol.provable import PROVABLE_LAYERS
from tests.da.worlds import POSTED

EVERYTHING = {
    "alt-da.url": "http://127.0.0.1:3100",
    "celestia.url": "http://127.0.0.1:26658",
    "celestia.namespace": "0x746f6d626f6c6f",
}


def settings(tmp_path: Path, **values: str) -> LayerSettings:
    given = {key.replace("__", ".").replace("_", "-"): value for key, value in values.items()}
    return LayerSettings(tmp_path, values={**EVERYTHING, **given}, environment={})


def test_each_name_has_its_own_byte() -> None:
    assert {name: layer.byte for name, layer in LAYERS.items()} == {
        "calldata": 0x00,
        "file": 0x01,
        "blob": 0x02,
        "alt-da": 0x03,
        "celestia": 0x04,
    }


def test_a_row_makes_the_adapter_of_its_byte(tmp_path: Path) -> None:
    made = {name: layer.make(settings(tmp_path)) for name, layer in LAYERS.items()}
    assert {name: adapter.layer for name, adapter in made.items()} == {n: row.byte for n, row in LAYERS.items()}
    assert list(map(type, made.values())) == [Calldata, FileStore, Blobs, AltDa, Celestia]


def test_two_adapters_cannot_share_a_byte(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share the byte 0x01"):
        DataLayers([FileStore(tmp_path / "a"), FileStore(tmp_path / "b")])


@pytest.mark.parametrize("commitment", [b"", b"\xff", b"\xff" + bytes(32)])
async def test_a_commitment_of_no_known_layer_is_rejected(tmp_path: Path, commitment: bytes) -> None:
    with pytest.raises(UnknownLayer):
        await chain_layers(("file",), settings(tmp_path)).fetch(Commitment(commitment), POSTED)


async def test_a_layer_that_the_chain_does_not_have_is_void(tmp_path: Path) -> None:
    commitment = await FileStore(tmp_path).submit(b"data")
    assert await chain_layers(("file",), settings(tmp_path)).fetch(commitment, POSTED) == b"data"
    with pytest.raises(UnknownLayer):
        await chain_layers(("calldata",), settings(tmp_path)).fetch(commitment, POSTED)


async def test_calldata_is_read_on_every_chain(tmp_path: Path) -> None:
    layers = chain_layers(("file",), settings(tmp_path))
    assert await layers.fetch(Commitment(b"\0data"), POSTED) == b"data"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="'avail'; there are: alt-da, blob, calldata, celestia, file"):
        layer_names("calldata,avail")


@pytest.mark.parametrize("text", ["", ",", "file,", "file,file", "File"])
def test_names_that_make_no_order_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        layer_names(text)


def test_the_order_of_the_names_is_kept() -> None:
    assert layer_names("celestia, alt-da,calldata") == ("celestia", "alt-da", "calldata")


def test_the_smallest_layer_bounds_a_batch(tmp_path: Path) -> None:
    assert make_publisher(("file", "calldata"), settings(tmp_path)).max_bytes == Calldata.max_bytes


def test_settings_are_pairs_with_commas_between() -> None:
    text = "alt-da.url=http://a:1/x=y, celestia.namespace=0x01"
    assert parse_settings(text) == {"alt-da.url": "http://a:1/x=y", "celestia.namespace": "0x01"}
    assert parse_settings("") == {}


@pytest.mark.parametrize("text", ["file.url=x", "alt-da.url", "alt-da.url=", "=x", "url=x"])
def test_what_no_layer_takes_is_refused_with_the_keys_there_are(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"there are: file.max-bytes, .*, celestia.gas-price"):
        parse_settings(text)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("alt-da", {"alt_da__url": "ftp://x"}, "begins with http"),
        ("alt-da", {"alt_da__url": "http://"}, "begins with http"),
        ("alt-da", {"alt_da__url": "http://[::x"}, "begins with http"),
        ("celestia", {"celestia__url": "http://a:99999"}, "begins with http"),
        ("alt-da", {"alt_da__commitments": "sha"}, "one of keccak, generic"),
        ("alt-da", {"alt_da__max_bytes": "2000000"}, "from 1 to 1048576"),
        ("file", {"file__max_bytes": "0"}, "from 1 to"),
        ("blob", {"blob__max_blobs": "7"}, "from 1 to 6"),
        ("blob", {"blob__proofs": "none"}, "one of cells, blobs"),
        ("celestia", {"celestia__namespace": "00"}, "reserves"),
        ("celestia", {"celestia__namespace": "zz"}, "celestia"),
        ("celestia", {"celestia__namespace": "01" * 29}, "19 zero bytes"),
        ("celestia", {"celestia__namespace": "01" * 11}, "29 bytes"),
        ("celestia", {"celestia__gas_price": "cheap"}, "celestia"),
        ("celestia", {"celestia__token_file": "/nowhere/at/all"}, "cannot be read"),
    ],
)
def test_a_value_that_a_layer_does_not_take_is_refused(
    tmp_path: Path, name: str, change: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        LAYERS[name].make(settings(tmp_path, **change))


async def test_more_than_a_game_can_show_is_neither_taken_nor_read(tmp_path: Path) -> None:
    """Data behind a hash has to fit into one L1 transaction; what does not is as if it were not served."""
    bound = provable_settings(["calldata", "file", "alt-da", "blob"])
    assert bound == {"file.max-bytes": "120000", "alt-da.max-bytes": "120000"}
    assert public_settings(bound) == bound
    with pytest.raises(InvalidInput, match=r"file\.max-bytes is 120000 on this chain, not 130000"):
        effective_settings(bound, {"file.max-bytes": "130000"})
    unbound, bounded = (LAYERS["file"].make(replace(settings(tmp_path), values=values)) for values in ({}, bound))
    with pytest.raises(BadSize):
        await bounded.submit(bytes(120_001))
    assert await bounded.fetch(await bounded.submit(bytes(120_000)), POSTED) == bytes(120_000)
    with pytest.raises(WrongBytes):
        await bounded.fetch(await unbound.submit(bytes(120_001)), POSTED)
    assert make_publisher(("alt-da",), replace(settings(tmp_path), values={**EVERYTHING, **bound})).max_bytes == 120_000


async def test_what_a_commitment_is_made_from_is_the_data_where_it_is_a_hash(tmp_path: Path) -> None:
    layers = chain_layers(("file",), settings(tmp_path))
    commitment = await make_publisher(("file",), settings(tmp_path)).submit(b"data")
    assert await layers.contents(commitment, POSTED) == (b"data",)
    with pytest.raises(UnknownLayer):
        await layers.contents(Commitment(b"\2" + bytes(32)), POSTED)


def test_the_layers_that_can_be_proved_have_the_first_bytes() -> None:
    assert [LAYERS[name].byte for name in PROVABLE_LAYERS] == list(range(len(PROVABLE_LAYERS)))


def test_the_layers_of_a_chain_are_bits_of_its_rules() -> None:
    assert [layer_bits(names.split(",")) for names in ("calldata", "file", "blob,alt-da", "calldata,celestia")] == [
        0b1,
        0b11,
        0b1101,
        0b10001,
    ]


@pytest.mark.parametrize(("name", "key"), [("alt-da", "alt-da.url"), ("celestia", "celestia.url")])
def test_a_setting_that_must_be_given_is_asked_for(tmp_path: Path, name: str, key: str) -> None:
    values = {other: value for other, value in EVERYTHING.items() if other != key}
    with pytest.raises(InvalidInput, match=f"needs the setting {key}"):
        LAYERS[name].make(replace(settings(tmp_path), values=values))


def test_what_is_missing_is_named_before_a_launch() -> None:
    require_settings(("calldata", "file", "blob"), {})
    require_settings(tuple(LAYERS), EVERYTHING)
    with pytest.raises(InvalidInput, match=r"^the data layer alt-da needs --da-set alt-da\.url=…: the server$"):
        require_settings(("calldata", "alt-da"), {})


def test_only_what_every_reader_needs_goes_into_the_rollups_file() -> None:
    given = {**EVERYTHING, "celestia.token-file": "secret", "blob.beacon-url": "http://key@host"}
    assert public_settings(given) == {key: EVERYTHING[key] for key in ("alt-da.url", "celestia.namespace")}


def test_a_node_may_have_its_own_mirror_but_not_its_own_namespace() -> None:
    chain = {"alt-da.url": "http://a", "celestia.namespace": "0x01"}
    assert effective_settings(chain, {"alt-da.url": "http://b"}) == {**chain, "alt-da.url": "http://b"}
    with pytest.raises(InvalidInput, match=r"celestia\.namespace is 0x01 on this chain, not 0x02"):
        effective_settings(chain, {"celestia.namespace": "0x02"})


def test_a_token_is_hidden_from_logs_and_representations(tmp_path: Path) -> None:
    hidden: list[str] = []
    file = tmp_path / "token"
    file.write_text("from-file\n")
    made = LAYERS["celestia"].make(replace(settings(tmp_path, celestia__token_file=str(file)), hide=hidden.append))
    from_environment = replace(settings(tmp_path), environment={CELESTIA_TOKEN_VARIABLE: "from-env"})
    other = LAYERS["celestia"].make(replace(from_environment, hide=hidden.append))
    assert hidden == ["from-file", "from-env"]
    for adapter in (made, other):
        assert isinstance(adapter, Celestia)
        assert "from-" not in repr(adapter._node)
    assert "from-env" not in repr(from_environment)
