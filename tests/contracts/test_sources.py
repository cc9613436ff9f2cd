"""What holds for every settlement contract: it compiles without a warning, is documented, and fits."""

import pytest

from node.artifacts import SOURCES
from tests.contracts.conftest import compile_strictly

CONTRACTS = [
    "l1/bridge",
    "l1/chain_config",
    "l1/game",
    "l1/outputs",
    "l1/portal",
    "l1/proof/mpt",
    "l1/token_portal",
    "l2/bridge",
    "l2/bridged_token",
    "l2/fee_oracle",
    "l2/fee_vault",
    "l2/outbox",
    "metalayer/ether_hub",
    "metalayer/ether_route",
    "metalayer/ledger",
    "metalayer/mailbox",
    "metalayer/network_token",
    "metalayer/registry",
    "metalayer/settled_roots",
    "metalayer/token_image",
    "metalayer/token_route",
]
MAX_CODE_BYTES = 24_576
"""EIP-170."""


@pytest.mark.parametrize("name", CONTRACTS)
def test_it_compiles_without_a_warning_and_fits(name: str) -> None:
    code = compile_strictly(name)["bytecode_runtime"]
    assert 0 < len(code) // 2 - 1 <= MAX_CODE_BYTES


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_function_that_is_not_a_getter_is_documented(name: str) -> None:
    output = compile_strictly(name)
    documented = set(output["userdoc"].get("methods", {}))
    source = (SOURCES / f"{name}.vy").read_text()
    for entry in output["abi"]:
        if entry["type"] != "function" or f"\ndef {entry['name']}(" not in source:
            continue
        [signature] = [one for one in documented if one.startswith(entry["name"] + "(")]
        details = output["devdoc"]["methods"].get(signature, {})
        assert set(details.get("params", {})) == {one["name"] for one in entry["inputs"]}, signature
        assert len(details.get("returns", {})) >= min(1, len(entry["outputs"])), signature
    assert output["devdoc"]["title"]
    assert output["devdoc"]["license"] == "MIT"


def test_the_outboxs_mapping_is_in_slot_0() -> None:
    layout = compile_strictly("l2/outbox")["layout"]["storage_layout"]
    assert (layout["sent"]["slot"], layout["nonce"]["slot"]) == (0, 1)


def test_nothing_can_be_upgraded_paused_or_destroyed() -> None:
    for name in CONTRACTS:
        source = (SOURCES / f"{name}.vy").read_text()
        for word in ("selfdestruct", "is_delegate_call", "pause()", "upgrade("):
            assert word not in source, f"{name}: {word}"


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_refusal_says_whose_it_is(name: str) -> None:
    """Reverts are "module: reason", except for the `assert`s whose text stands on a later line."""
    source = (SOURCES / f"{name}.vy").read_text()
    for number, line in enumerate(source.splitlines(), start=1):
        if line.lstrip().startswith("assert ") and not line.rstrip().endswith("("):
            assert '"' in line, f"{name}:{number}: {line}"
            assert ": " in line.rsplit(', "', 1)[-1], f"{name}:{number}: {line}"
