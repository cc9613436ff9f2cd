"""The official transaction tests: which bytes are a transaction in which fork; its hash, sender, intrinsic gas."""

import json
from pathlib import Path

import pytest

from protocol.chain_config import ChainConfig
from protocol.errors import InvalidTransaction
from protocol.fees import intrinsic_gas
from protocol.forks import Fork, constant_schedule
from protocol.transaction import Transaction, decode_transaction
from protocol.validity import check_stateless

FORKS = {
    "Frontier": Fork.FRONTIER,
    "Homestead": Fork.HOMESTEAD,
    "EIP150": Fork.TANGERINE_WHISTLE,
    "EIP158": Fork.SPURIOUS_DRAGON,
    "Byzantium": Fork.BYZANTIUM,
    "Constantinople": Fork.CONSTANTINOPLE,
    "ConstantinopleFix": Fork.PETERSBURG,
    "Istanbul": Fork.ISTANBUL,
    "Berlin": Fork.BERLIN,
    "London": Fork.LONDON,
    "Paris": Fork.PARIS,
    "Shanghai": Fork.SHANGHAI,
    "Cancun": Fork.CANCUN,
}


def accept(raw: bytes, fork: Fork) -> Transaction | None:
    """The transaction, or None when it is refused."""
    try:
        tx = decode_transaction(raw)
        check_stateless(tx, fork, ChainConfig(1, constant_schedule(fork)))
    except InvalidTransaction:
        return None
    return tx


@pytest.mark.parametrize("group", ["ttA", "ttD", "ttE", "ttG", "ttN", "ttR", "ttS", "ttV", "ttW"])
def test_transaction_tests_pass(vectors: Path, group: str) -> None:
    wrong, count = [], 0
    for file in sorted((vectors / "ethereum-tests" / "TransactionTests").rglob("*.json")):
        if not file.parent.name.startswith(group):
            continue
        for name, case in json.loads(file.read_text()).items():
            raw = bytes.fromhex(case["txbytes"][2:])
            for fork_name, expected in case["result"].items():
                count += 1
                fork = FORKS[fork_name]
                tx = accept(raw, fork)
                got = None
                if tx is not None:
                    got = (f"0x{tx.hash.hex()}", f"0x{tx.sender.hex()}", intrinsic_gas(tx, fork))
                want = None
                if "exception" not in expected:
                    want = (expected["hash"], expected["sender"], int(expected["intrinsicGas"], 16))
                if got != want:
                    wrong.append((name, fork_name, got, want))
    assert count
    assert wrong == []
