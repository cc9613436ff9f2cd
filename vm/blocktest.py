"""Ethereum's block tests: chains of blocks, some of them invalid, imported from a genesis state.

A block that must fail passes only if it is refused for the reason the case names.
"""

import argparse
import json
import multiprocessing
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocol.block import Block, Header, decode_block
from protocol.block_import import reexecute
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidBlock, InvalidInput, InvalidTransaction, Reject, TomboloError
from protocol.forks import BlobSchedule, Fork, ForkSchedule, constant_schedule
from protocol.header_rules import check_block
from protocol.rlp_codec import InvalidRlp
from protocol.types import Hash32
from vm.fixtures import (
    FORKS,
    JsonObject,
    allocations,
    blob_schedule,
    data,
    expected_kinds,
    fixture_files,
    items,
    load_fixtures,
    mapping,
    number,
)
from vm.memory_state import MemoryState, memory_state
from vm.pyevm.engine import PyEvmEngine

_TRANSITION = re.compile(r"(?P<before>\w+?)To(?P<after>\w+?)At(?P<time>Time)?(?P<start>\d+)(?P<kilo>k?)")


@dataclass(frozen=True, slots=True)
class BlockTestResult:
    """How one case went; `error` says why it failed, None when it passed."""

    name: str
    passed: bool
    network: str
    error: str | None = None

    def to_json(self) -> dict[str, str | bool]:
        """The result for printing."""
        shown: dict[str, str | bool] = {"name": self.name, "pass": self.passed, "network": self.network}
        if self.error is not None:
            shown["error"] = self.error
        return shown


def run_blocktests(paths: Sequence[Path], jobs: int = 1) -> Iterator[BlockTestResult]:
    """Run every case below `paths` on `jobs` processes; results in the order of the files.

    Raises:
        InvalidInput: A path does not exist, or a file named itself holds no block tests.
    """
    tasks = list(fixture_files(paths))
    if jobs <= 1:
        for task in tasks:
            yield from _run_file(task)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for results in pool.imap(_run_file, tasks):
            yield from results


def _run_file(task: tuple[Path, bool]) -> list[BlockTestResult]:
    path, named = task
    results: list[BlockTestResult] = []
    for name, case in load_fixtures(path).items():
        if not isinstance(case, dict) or not {"blocks", "pre", "network", "genesisRLP"} <= case.keys():
            if named:
                raise InvalidInput(f"{path}: {name} is not a block test")
            return []
        try:
            error = _run_case(case)
        except Exception as crash:  # a bug in the engine fails its case, not the run
            error = f"crash: {type(crash).__name__}: {crash}"
        results.append(BlockTestResult(name, error is None, str(case["network"]), error))
    return results


class _Chain:
    """Every valid block so far with the state after it; side chains included."""

    def __init__(self, config: ChainConfig, genesis: Block, state: MemoryState) -> None:
        self._config = config
        self._engine = PyEvmEngine(config)
        self.blocks = {genesis.hash: genesis}
        self.states = {genesis.hash: state}

    def add(self, block: Block) -> None:
        """Check, execute and keep a block; raises Reject."""
        parent = self.blocks.get(block.header.parent_hash)
        if parent is None:
            raise InvalidBlock("UNKNOWN_PARENT", f"0x{block.header.parent_hash.hex()}")
        check_block(block, parent.header, self._config, self.blocks.get)
        state = self.states[parent.hash]
        executed = reexecute(
            self._engine, block, parent.header, state, lambda height: self._ancestor(parent.header, height)
        )
        self.blocks[block.hash] = block
        self.states[block.hash] = state.applied(block.header.state_root, executed.changes)

    def _ancestor(self, header: Header, height: int) -> Hash32 | None:
        while header.number > height:
            header = self.blocks[header.parent_hash].header
        return header.hash


def _run_case(case: JsonObject) -> str | None:
    """What is wrong with the case, or None."""
    config = _chain_config(str(case["network"]), mapping(case.get("config", {})))
    if config is None:
        return f"unsupported network {case['network']}"
    genesis = decode_block(data(case["genesisRLP"]))
    state = memory_state(allocations(mapping(case["pre"])))
    if state.root != genesis.header.state_root:
        return f"genesis state root mismatch: got {state.root.hex()}, want {genesis.header.state_root.hex()}"
    chain = _Chain(config, genesis, state)
    for index, entry in enumerate(items(case["blocks"])):
        error = _judge(chain, mapping(entry))
        if error is not None:
            return f"block {index}: {error}"
    return _judge_end(chain, case)


def _judge(chain: _Chain, entry: JsonObject) -> str | None:
    expected = entry.get("expectException")
    try:
        chain.add(decode_block(data(entry["rlp"])))
    except Reject as refusal:
        if expected is None:
            return f"unexpected refusal: {refusal}"
        if not _fits(refusal, expected_kinds(str(expected))):
            return f"refused for {refusal}, expected {expected}"
        return None
    return None if expected is None else f"expected the block to be refused: {expected}"


def _fits(refusal: Reject, kinds: frozenset[str]) -> bool:
    if isinstance(refusal, InvalidTransaction):
        return refusal.reason.name in kinds
    if isinstance(refusal, InvalidBlock):
        return refusal.reason in kinds
    # One error of ours stands for all the ways in which bytes can fail to be a block.
    return isinstance(refusal, InvalidRlp) and any(kind.startswith("RLP_") for kind in kinds)


def _judge_end(chain: _Chain, case: JsonObject) -> str | None:
    """Compare the last block, and the state after it, with what the case says."""
    last = Hash32(data(case["lastblockhash"]))
    if last not in chain.blocks:
        return f"last block {last.hex()} was not imported"
    if "postState" in case:
        want = memory_state(allocations(mapping(case["postState"]))).root
    else:
        want = Hash32(data(case["postStateHash"]))
    got = chain.blocks[last].header.state_root
    return None if got == want else f"post state root mismatch: got {got.hex()}, want {want.hex()}"


def _chain_config(network: str, config: JsonObject) -> ChainConfig | None:
    """The rules of a network by its name, a fork's or a transition's; None when it is unknown."""
    chain_id = number(config.get("chainid", 1))
    if network in FORKS:
        return ChainConfig(chain_id, _with_blobs(constant_schedule(FORKS[network]), config, [(0, network)]))
    match = _TRANSITION.fullmatch(network)
    if match is None or match["before"] not in FORKS or match["after"] not in FORKS:
        return None
    start = int(match["start"]) * (1000 if match["kilo"] else 1)
    before, after = FORKS[match["before"]], FORKS[match["after"]]
    if match["time"]:
        first = constant_schedule(before)
        schedule = ForkSchedule(first.by_block, (*first.by_time, (start, after)), first.blobs_by_time)
        if before <= Fork.PARIS:
            schedule = ForkSchedule(first.by_block, ((start, after),))
        schedule = _with_blobs(schedule, config, [(0, match["before"]), (start, match["after"])])
    else:
        schedule = ForkSchedule(((0, before), (start, after)))
    return ChainConfig(chain_id, schedule)


def _with_blobs(schedule: ForkSchedule, config: JsonObject, names: Sequence[tuple[int, str]]) -> ForkSchedule:
    """The schedule with the blob parameters of these forks: those that the case states, else the usual ones."""
    blobs: list[tuple[int, BlobSchedule]] = []
    for start, name in names:
        stated = blob_schedule(config, name) or constant_schedule(FORKS[name]).blobs_at(0)
        if stated is not None:
            blobs.append((start, stated))
    return ForkSchedule(schedule.by_block, schedule.by_time, tuple(blobs))


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m vm.blocktest`: print results, return 1 if a case failed and 2 if the input cannot be used."""
    parser = argparse.ArgumentParser(prog="vm.blocktest", description="Run Ethereum block tests.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a fixture file or a folder of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes to use")
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    options = parser.parse_args(arguments)
    try:
        results = []
        for result in run_blocktests(options.paths, options.jobs):
            results.append(result)
            if not options.json and not result.passed:
                print(f"FAIL {result.network} {result.name}: {result.error}", flush=True)
    except TomboloError as error:
        print(error, file=sys.stderr)
        return 2
    failed = sum(not result.passed for result in results)
    if options.json:
        print(json.dumps([result.to_json() for result in results], indent=2))
    else:
        print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
