"""What counts as the reason that an official case names; the names are those of the suites."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from protocol.errors import InvalidBatch, InvalidBlock, InvalidTransaction, Reject, TxError
from protocol.rlp_codec import InvalidRlp, as_list, decode_list, encode
from vm.blocktest import run_blocktests
from vm.rejections import fits

MALFORMED_TX = InvalidTransaction(TxError.RLP_INVALID_VALUE)


@pytest.mark.parametrize("reason", TxError)
def test_every_reason_fits_its_own_name_alone_or_among_others(reason: TxError) -> None:
    refusal = InvalidTransaction(reason)
    assert fits(refusal, f"TransactionException.{reason.name}")
    assert fits(refusal, f"BlockException.INVALID_HEADER | TransactionException.{reason.name}")
    assert not fits(refusal, "BlockException.INVALID_HEADER")


@pytest.mark.parametrize(
    ("refusal", "expectation"),
    [
        (MALFORMED_TX, "TransactionException.RLP_LEADING_ZEROS_NONCE"),
        (MALFORMED_TX, "TransactionException.ADDRESS_TOO_SHORT"),
        (MALFORMED_TX, "TransactionException.TYPE_4_INVALID_AUTHORIZATION_FORMAT"),
        (MALFORMED_TX, "BlockException.RLP_STRUCTURES_ENCODING"),
        (InvalidRlp(""), "BlockException.RLP_INVALID_ADDRESS"),
        (InvalidRlp(""), "BlockException.INCORRECT_BLOCK_FORMAT"),
        (InvalidBlock("INCORRECT_BLOCK_FORMAT"), "BlockException.IMPORT_IMPOSSIBLE_LONDON_OVER_PARIS"),
        (InvalidBlock("INVALID_WITHDRAWALS_ROOT"), "BlockException.RLP_WITHDRAWALS_NOT_READ"),
        (InvalidBlock("UNKNOWN_PARENT"), "BlockException.UNKNOWN_PARENT_ZERO"),
        (InvalidBlock("UNCLE_IN_CHAIN"), "BlockException.UNCLE_IS_ANCESTOR"),
        (InvalidTransaction(TxError.GAS_ALLOWANCE_EXCEEDED), "BlockException.GAS_USED_OVERFLOW"),
        (InvalidTransaction(TxError.TYPE_3_TX_PRE_FORK), "TransactionException.TYPE_3_TX_ZERO_BLOBS_PRE_FORK"),
        (InvalidTransaction(TxError.TYPE_2_TX_PRE_FORK), "TR_TypeNotSupported"),
        (InvalidTransaction(TxError.INSUFFICIENT_ACCOUNT_FUNDS), "SenderNotEOAorNoCASH"),
    ],
)
def test_the_suites_have_other_names_for_the_same(refusal: Reject, expectation: str) -> None:
    assert fits(refusal, expectation)


@pytest.mark.parametrize(
    ("refusal", "expectation"),
    [
        (MALFORMED_TX, "TransactionException.INVALID_SIGNATURE_VRS"),
        (MALFORMED_TX, "BlockException.RLP_BLOCK_LIMIT_EXCEEDED"),
        (InvalidRlp(""), "BlockException.RLP_BLOCK_LIMIT_EXCEEDED"),
        (InvalidRlp(""), "BlockException.INVALID_STATE_ROOT"),
        (InvalidTransaction(TxError.INSUFFICIENT_ACCOUNT_FUNDS), "TransactionException.INTRINSIC_GAS_TOO_LOW"),
        (InvalidBlock("INVALID_STATE_ROOT"), "BlockException.INVALID_RECEIPTS_ROOT"),
        (InvalidBatch(""), "BlockException.RLP_STRUCTURES_ENCODING"),
        (MALFORMED_TX, ""),
    ],
)
def test_another_reason_does_not_fit(refusal: Reject, expectation: str) -> None:
    assert not fits(refusal, expectation)


OPTIONAL_SINCE_CANCUN = (17, 18, 19)
"""Where blob gas used, excess blob gas and the parent's beacon root stand in a header."""


@pytest.mark.parametrize(
    "absent", [absent for count in (1, 2, 3) for absent in combinations(OPTIONAL_SINCE_CANCUN, count)]
)
def test_a_header_without_its_forks_fields_is_refused_for_its_format(
    vectors: Path, tmp_path: Path, absent: tuple[int, ...]
) -> None:
    # What is left of the header shifts into the places of what is not there: often it cannot be read at all.
    source = next((vectors / "ethereum-tests/BlockchainTests/ValidBlocks/bcExample").glob("*.json"))
    ((name, case),) = [(name, case) for name, case in json.loads(source.read_text()).items() if name.endswith("Cancun")]
    header, *body = decode_list(bytes.fromhex(case["blocks"][0]["rlp"][2:]), "block")
    left = [item for index, item in enumerate(as_list(header, "header")) if index not in absent]
    case["blocks"] = [
        {"rlp": "0x" + encode([left, *body]).hex(), "expectException": "BlockException.INCORRECT_BLOCK_FORMAT"}
    ]
    case["lastblockhash"], case["postState"] = case["genesisBlockHeader"]["hash"], case["pre"]
    file = tmp_path / "lacking.json"
    file.write_text(json.dumps({name: case}))
    assert [result.error for result in run_blocktests([file])] == [None]
