"""The blocks of the official suites: valid ones join the chain, invalid ones are refused for the right reason."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.model import Genesis, GenesisAccount, build_genesis
from node.chain import Chain, create_chain
from node.store import Store
from protocol.block import decode_block
from protocol.errors import Reject
from protocol.types import Address, Hash32
from vm.blocktest import network_config
from vm.pyevm.engine import PyEvmEngine
from vm.rejections import fits

SUITES = [
    "ethereum-tests/BlockchainTests/InvalidBlocks",
    "ethereum-tests/BlockchainTests/ValidBlocks",
    *(f"execution-spec-tests/{fork}/blockchain_tests" for fork in ("cancun", "prague", "osaka")),
]


def integer(text: str) -> int:
    return int(text, 16)


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def genesis_of(case: dict[str, Any]) -> Genesis:
    config = network_config(case["network"], case.get("config", {}))
    assert config is not None, case["network"]
    header = case["genesisBlockHeader"]
    accounts = {
        Address(data(address)): GenesisAccount(
            integer(entry["balance"]),
            integer(entry["nonce"]),
            data(entry["code"]),
            {integer(slot): integer(word) for slot, word in entry["storage"].items()},
        )
        for address, entry in case["pre"].items()
    }
    return Genesis(
        config,
        accounts,
        timestamp=integer(header["timestamp"]),
        gas_limit=integer(header["gasLimit"]),
        difficulty=integer(header["difficulty"]),
        fee_recipient=Address(data(header["coinbase"])),
        extra_data=data(header["extraData"]),
        prev_randao=Hash32(data(header["mixHash"])),
        nonce=data(header["nonce"]),
        base_fee_per_gas=integer(header["baseFeePerGas"]) if "baseFeePerGas" in header else None,
        excess_blob_gas=integer(header["excessBlobGas"]) if "excessBlobGas" in header else None,
        blob_gas_used=integer(header["blobGasUsed"]) if "blobGasUsed" in header else None,
    )


def problems_of(case: dict[str, Any], path: Path) -> Iterator[str]:
    genesis = genesis_of(case)
    executed = build_genesis(genesis)
    if executed.block.hash != data(case["genesisBlockHeader"]["hash"]):
        yield f"genesis is 0x{executed.block.hash.hex()}"
        return
    with Store(path) as store:
        create_chain(store, executed)
        chain = Chain(store, PyEvmEngine(genesis.config), genesis.config, sync=False)
        for number, entry in enumerate(case["blocks"]):
            expected = entry.get("expectException")
            try:
                chain.import_block(decode_block(data(entry["rlp"])))
            except Reject as error:
                if expected is None:
                    yield f"block entry {number} refused: {error}"
                elif not fits(error, expected):
                    yield f"block entry {number} refused for {error!r}, expected {expected}"
            else:
                if expected is not None:
                    yield f"block entry {number} accepted, expected {expected}"
        if chain.head().hash != data(case["lastblockhash"]):
            yield f"the chain ends at 0x{chain.head().hash.hex()}"


@pytest.mark.parametrize("suite", SUITES)
def test_official_blocks_join_or_are_refused_for_the_expected_reason(vectors, tmp_path, suite):
    problems = []
    count = 0
    for path in sorted((vectors / suite).rglob("*.json")):
        if ".meta" in path.parts:
            continue
        for name, case in json.loads(path.read_text()).items():
            problems += [f"{name}: {problem}" for problem in problems_of(case, tmp_path / "db")]
            shutil.rmtree(tmp_path / "db", ignore_errors=True)
            count += 1
    assert problems == []
    assert count > 0
