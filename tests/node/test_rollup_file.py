import json
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE
from genesis.model import GenesisAccount, build_genesis
from node.rollup_file import Rollup, load_rollup, new_rollup, rollup_chain_config, save_rollup
from protocol.crypto import keccak
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import ZERO_HASH, Address


@pytest.fixture
def rollup() -> Rollup:
    return new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=71716,
        l1_genesis=L1BlockRef(5, keccak(b"block"), keccak(b"parent"), 1_700_000_000, ZERO_HASH),
        inbox_address=Address(b"\x01" * 20),
        accounts=dict.fromkeys(DEV_ACCOUNTS, DEV_BALANCE),
        block_time_milliseconds=250,
        gas_limit=30_000_000,
        da_layer="file",
        settlement=SettlementContracts(*(Address(bytes((number,)) * 20) for number in range(2, 7))),
        predeploys={Address(b"\x42" * 20): GenesisAccount(nonce=1, code=b"\x60\x01", storage={2: 3})},
    )


def test_what_is_saved_is_what_is_loaded(rollup: Rollup, tmp_path: Path) -> None:
    save_rollup(rollup, tmp_path / "new" / "rollup.json")
    loaded = load_rollup(tmp_path / "new" / "rollup.json")
    assert loaded == rollup
    assert build_genesis(loaded.genesis()).block.hash == rollup.config.genesis_hash


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"chainId": "71717"}, "chainId: expected a whole number, got '71717'"),
        ({"inboxAddress": "0x12"}, "inboxAddress: expected 20 bytes of hex, got '0x12'"),
        ({"fork": "atlantis"}, "fork 'atlantis' is unknown"),
        ({"format": 99}, "format 99 is not 2"),
        ({"l1Genesis": 3}, "l1Genesis and accounts are objects"),
        ({"settlement": {"portal": "0x"}}, "field 'chainConfig' is missing"),
        ({"predeploys": []}, "predeploys is an object"),
        ({"predeploys": {}}, "genesisHash is 0x"),
        ({"gasLimit": 29_000_000}, "genesisHash is 0x"),
    ],
)
def test_a_wrong_field_is_named(rollup: Rollup, tmp_path: Path, change: dict, complaint: str) -> None:
    path = tmp_path / "rollup.json"
    save_rollup(rollup, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InvalidInput) as refusal:
        load_rollup(path)
    assert str(path) in str(refusal.value)
    assert complaint in str(refusal.value)


def test_a_missing_field_file_or_syntax_is_named(rollup: Rollup, tmp_path: Path) -> None:
    path = tmp_path / "rollup.json"
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_rollup(path)
    path.write_text("{")
    with pytest.raises(InvalidInput, match="not JSON"):
        load_rollup(path)
    path.write_text('{"format": 2}')
    with pytest.raises(InvalidInput, match="field 'fork' is missing"):
        load_rollup(path)
