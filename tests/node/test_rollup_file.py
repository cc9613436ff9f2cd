import json
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE
from genesis.model import GenesisAccount, build_genesis
from node.fee_options import FeeOptions, check_fees, fees_of_words, words_of_fees
from node.rollup import Rollup, new_rollup, rollup_chain_config
from node.rollup_file import load_rollup, save_rollup
from protocol.crypto import keccak
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address


def numbered(number: int) -> Address:
    return Address(bytes((number,)) * 20)


FEES = FeeOptions(
    *(2 * 10**9, True, numbered(9), 1, 2**63, 3, 4),
    *(numbered(5), numbered(6), numbered(7), 8),
)


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
        settlement=SettlementContracts(
            *(numbered(2), numbered(3), numbered(4), numbered(5), numbered(6), 7, 8, 10**18)
        ),
        predeploys={Address(b"\x42" * 20): GenesisAccount(nonce=1, code=b"\x60\x01", storage={2: 3})},
        fees=FEES,
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
        ({"fees": {"fixedBaseFee": 1, "gasToken": None}}, "fixedBaseFee: expected true or false, got 1"),
        ({"fees": {"fixedBaseFee": False, "gasToken": None}}, "field 'minBaseFee' is missing"),
        ({"l1Genesis": 3}, "l1Genesis is an object"),
        ({"settlement": {"portal": "0x"}}, "field 'chainConfig' is missing"),
        ({"accounts": {"0x12": "1"}}, "0x12: expected 20 bytes of hex"),
        ({"predeploys": []}, "predeploys is an object"),
        ({"dataAvailabilitySettings": {"file.folder": 1}}, "dataAvailabilitySettings is an object of texts"),
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
    with pytest.raises(InvalidInput, match="field 'dataAvailability' is missing"):
        load_rollup(path)


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        (FeeOptions(min_base_fee_wei=2**64), f"min base fee: {2**64} is out of range"),
        (FeeOptions(min_base_fee_wei=-1), "min base fee: -1 is out of range"),
        (FeeOptions(operator_fee_scalar=2**32), f"operator fee scalar: {2**32} is not from 0 to 2^32 - 1"),
        (FeeOptions(operator_fee_constant_wei=2**64), "operator fee constant: "),
        (FeeOptions(l1_base_fee_scalar=2**32), "l1 base fee scalar: "),
        (FeeOptions(l1_blob_base_fee_scalar=2**32), "l1 blob base fee scalar: "),
        (FeeOptions(l1_fee_recipient=ZERO_ADDRESS), "L1 fee recipient: is the zero address"),
        (FeeOptions(gas_token=ZERO_ADDRESS), "gas token: is the zero address"),
        (FeeOptions(l1_blob_update_fraction=0), "L1 blob update fraction: 0 is not from 1"),
    ],
)
def test_fees_that_cannot_be_are_named(chosen: FeeOptions, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_fees(chosen, rollup_chain_config(71717), 30_000_000)
    assert complaint in str(refusal.value)


def test_the_chain_has_the_fees_of_its_file(rollup: Rollup) -> None:
    chain, settings = rollup.config.chain, rollup.config.settings
    assert (chain.min_base_fee, chain.fixed_base_fee) == (2 * 10**9, True)
    assert (settings.min_base_fee, settings.fees) == (2 * 10**9, FEES.knobs)
    assert build_genesis(rollup.genesis()).block.header.base_fee_per_gas == 2 * 10**9


@pytest.mark.parametrize(
    ("text", "fees"),
    [
        ("", FeeOptions()),
        ("zero-gas", FeeOptions(fixed_base_fee=True)),
        ("fixed-base-fee,min-base-fee=7", FeeOptions(7, fixed_base_fee=True)),
        (
            "operator-fee-scalar=1,operator-fee-constant=2",
            FeeOptions(operator_fee_scalar=1, operator_fee_constant_wei=2),
        ),
        (f"gas-token=0x{'ab' * 20}", FeeOptions(gas_token=Address(b"\xab" * 20))),
    ],
)
def test_fees_in_words_are_read_and_written(text: str, fees: FeeOptions) -> None:
    assert fees_of_words(text) == fees
    assert fees_of_words(words_of_fees(fees)) == fees


def test_all_fees_survive_their_words() -> None:
    assert fees_of_words(words_of_fees(FEES)) == FEES


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("free", "'free' is none of zero-gas, fixed-base-fee, or NAME=VALUE of min-base-fee"),
        ("min-base-fee", "'min-base-fee' is none of"),
        ("min-base-fee=-1", "'min-base-fee=-1': expected a whole number"),
        ("zero-gas=1", "'zero-gas=1' is none of"),
        ("gas-token=0x12", "expected an address of 40 hexadecimal digits"),
        ("zero-gas,min-base-fee=1", "zero-gas and a minimum base fee contradict each other"),
    ],
)
def test_words_that_are_no_fees_are_named(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        fees_of_words(text)
    assert complaint in str(refusal.value)
