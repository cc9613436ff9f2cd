"""Official block tests with something changed: our runner takes the blocks that EELS takes, to the same state.

TOMBOLO_MUTATION_SEED chooses other changes, TOMBOLO_MUTATIONS how many cases each of the parts has.
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from hypothesis.errors import UnsatisfiedAssumption

from protocol.block import decode_block
from protocol.rlp_codec import RlpItem, encode, uint_bytes
from tests.vm.eels.answers import files_in
from tests.vm.eels.block_mutations import (
    HEADER_CHANGES,
    NETWORKS,
    ChainTest,
    damaged_header,
    mutate_chain,
    read_chain_test,
)
from tests.vm.eels.chains import Draft, EelsChain
from tests.vm.eels.oracle import Refused
from vm.blocktest import run_blocktests

SEED = os.environ.get("TOMBOLO_MUTATION_SEED", "1")
COUNT = int(os.environ.get("TOMBOLO_MUTATIONS", "40"))
SUITES = (
    "ethereum-tests/BlockchainTests/ValidBlocks",
    "ethereum-tests/BlockchainTests/InvalidBlocks",
    "execution-spec-tests/cancun/blockchain_tests",
    "execution-spec-tests/prague/blockchain_tests",
    "execution-spec-tests/osaka/blockchain_tests",
)


@dataclass(frozen=True)
class Judged:
    """A chain and what EELS says of its last block: refused or not, and the state root after the last valid one.

    `reason` is what it must be refused for, where the change says so.
    """

    blocks: list[bytes]
    refused: bool
    state_root: bytes
    reason: str


def judged(test: ChainTest, random: Random) -> Judged | None:
    """What EELS makes of the chain; None where it fails, or a block before the last is no longer valid."""
    chain = EelsChain(NETWORKS[test.network], test.accounts, test.genesis)
    blocks: list[bytes] = []
    try:
        for draft in test.drafts[:-1]:
            sealed = chain.seal(draft)
            if isinstance(sealed, Refused):
                return None
            blocks.append(encode_block(sealed.fields(), draft))
            if chain.extend(blocks[-1], draft.timestamp) is not None:
                return None
        draft, reason = test.drafts[-1], ""
        sealed = chain.seal(draft)
        if isinstance(sealed, Refused):
            blocks.append(encode_block(unsealed(test, draft, blocks), draft))
        else:
            fields = sealed.fields()
            # A block with two flaws may be refused for either.
            if random.random() < 0.4 and not HEADER_CHANGES.intersection(test.changes):
                fields, reason = damaged_header(fields, random)
            blocks.append(encode_block(fields, draft))
        refused = chain.extend(blocks[-1], draft.timestamp) is not None
    except (OverflowError, UnsatisfiedAssumption):
        return None
    return Judged(blocks, refused, chain.state_root, reason)


def unsealed(test: ChainTest, draft: Draft, blocks: list[bytes]) -> list[RlpItem]:
    """Some header of the right form, for a body that has no right one."""
    parent = decode_block(blocks[-1]).header if blocks else test.genesis
    return [parent.hash, *parent.fields()[1:8], uint_bytes(parent.number + 1), *parent.fields()[9:]]


def encode_block(fields: list[RlpItem], draft: Draft) -> bytes:
    return encode([fields, list(draft.transactions), [], list(draft.withdrawals)])


def difference(test: ChainTest, found: Judged, folder: Path) -> str:
    """What our runner does otherwise than EELS; empty if nothing."""
    file = folder / "mutated.json"
    expected = found.reason or "BlockException.SOMETHING"
    file.write_text(test.as_fixture(found.blocks, found.state_root, expected if found.refused else ""))
    (result,) = run_blocktests([file])
    if result.error is None:
        return ""
    if found.refused and not found.reason and f"block {len(found.blocks) - 1}: refused for " in result.error:
        return ""
    return result.error


def compare(vectors: Path, tmp_path: Path, part: int, count: int) -> None:
    suites = [files_in(vectors / suite) for suite in SUITES]
    different, verdicts, index = [], Counter[bool](), 0
    while verdicts.total() < count:
        random = Random(f"{SEED} block {part} {index}")
        index += 1
        official = read_chain_test(random.choice(random.choice(suites)), random)
        if official is None:
            continue
        test = mutate_chain(official, random)
        found = judged(test, random)
        if found is None:
            continue
        verdicts[found.refused] += 1
        error = difference(test, found, tmp_path)
        if error:
            different.append(f"{part}/{index} {test.name} {test.changes}: {error}")
    assert different == []
    assert min(verdicts[True], verdicts[False]) > count // 10


@pytest.mark.parametrize("part", range(2))
def test_mutated_official_blocks_are_judged_as_eels_does(vectors: Path, tmp_path: Path, part: int) -> None:
    compare(vectors, tmp_path, part, COUNT * 2 // 3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(2, 4))
def test_more_mutated_official_blocks_are_judged_as_eels_does(vectors: Path, tmp_path: Path, part: int) -> None:
    compare(vectors, tmp_path, part, 20 * COUNT)
