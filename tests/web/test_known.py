"""The declarations that the explorer knows: hashed as the ABI says, and true of the contracts they describe."""

import json

import pytest

from node.artifacts import load_artifact
from protocol.crypto import keccak
from web.known import SIGNATURES, canonical, selectors


@pytest.mark.parametrize(
    ("declaration", "hashed"),
    [
        ("function transfer(address to, uint256 amount) returns (bool)", "transfer(address,uint256)"),
        (
            "event Transfer(address indexed sender, address indexed receiver, uint256 value)",
            "Transfer(address,address,uint256)",
        ),
        ("function f()", "f()"),
        (
            "function g((uint256 a, (bool b, bytes c)[] d)[2] pair, string s) view",
            "g((uint256,(bool,bytes)[])[2],string)",
        ),
    ],
)
def test_a_declaration_is_hashed_by_its_types_alone(declaration: str, hashed: str) -> None:
    assert canonical(declaration) == hashed


def test_a_bracket_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="not closed"):
        canonical("function f(uint256")


@pytest.mark.parametrize("contract", ["examples/token", "l1/inbox"])
def test_every_function_and_event_of_a_contract_is_known(contract: str) -> None:
    known = selectors(SIGNATURES.read_text())
    entries = [entry for entry in json.loads(load_artifact(contract).abi) if entry["type"] in ("function", "event")]
    assert len(entries) >= 4
    for entry in entries:
        digest = keccak(f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})".encode())
        if entry["type"] == "function":
            assert canonical(known["functions"]["0x" + digest[:4].hex()]).startswith(entry["name"])
            continue
        declaration = known["events"]["0x" + digest.hex()]
        assert declaration.count(" indexed") == sum(part["indexed"] for part in entry["inputs"])
