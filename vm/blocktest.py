"""Ethereum's block tests: chains of blocks, some of them invalid, imported from a genesis state.

A block that must fail passes only if it is refused for the reason the case names.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from protocol.block import Block, Header, decode_block
from protocol.block_import import reexecute
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidBlock, InvalidInput, Reject
from protocol.forks import BlobSchedule, Fork, ForkSchedule, constant_schedule
from protocol.header_rules import check_block
from protocol.types import ZERO_HASH, Hash32
from vm.fixtures import (
    BLOCK_TEST,
    FORKS,
    JsonObject,
    allocations,
    blob_schedule,
    cases_of,
    data,
    items,
    mapping,
    number,
)
from vm.memory_state import MemoryState, memory_state
from vm.pyevm.engine import PyEvmEngine
from vm.rejections import fits
from vm.suite import CaseResult, Task, run_files

_TRANSITION = re.compile(r"(?P<before>\w+?)To(?P<after>\w+?)At(?P<time>Time)?(?P<start>\d+)(?P<kilo>k?)")


def run_blocktests(paths: Sequence[Path], fork: str | None = None, jobs: int = 1) -> Iterator[CaseResult]:
    """Run every case below `paths`, or those of one network, on `jobs` processes; results in the order of the files.

    Files in a folder that hold something else are passed over.

    Raises:
        InvalidInput: A path does not exist, a file named itself holds no block tests, or the network is unknown.
    """
    if fork is not None and network_config(fork, {}) is None:
        raise InvalidInput(
            f"unknown network {fork}; known: {', '.join(FORKS)}, and transitions like ShanghaiToCancunAtTime15k"
        )
    return run_files(_run_file, paths, fork, jobs)


def _run_file(task: Task) -> list[CaseResult]:
    path, named, fork = task
    results: list[CaseResult] = []
    for name, case in cases_of(path, named, BLOCK_TEST, "block test"):
        if fork is not None and case["network"] != fork:
            continue
        try:
            root, error = _run_case(case)
        except Exception as crash:  # a bug in the engine, or in the case, fails this case, not the run
            root, error = ZERO_HASH, f"crash: {type(crash).__name__}: {crash}"
        results.append(CaseResult(name, error is None, str(case["network"]), root, error))
    return results


class _Chain:
    """Every valid block so far with the state after it; side chains included."""

    def __init__(self, config: ChainConfig, genesis: Block, state: MemoryState) -> None:
        self._config = config
        self._engine = PyEvmEngine(config)
        self.blocks = {genesis.hash: genesis}
        self.states = {genesis.hash: state}

    @property
    def state_root(self) -> Hash32:
        """After the block that was added last."""
        return next(reversed(self.blocks.values())).header.state_root

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


def _run_case(case: JsonObject) -> tuple[Hash32, str | None]:
    """The state root after the last block that was imported, and what is wrong with the case, or None."""
    config = network_config(str(case["network"]), mapping(case.get("config") or {}))
    if config is None:
        return ZERO_HASH, f"unsupported network {case['network']}"
    genesis = decode_block(data(case["genesisRLP"]))
    state = memory_state(allocations(mapping(case["pre"])))
    if state.root != genesis.header.state_root:
        return (
            state.root,
            f"genesis state root mismatch: got {state.root.hex()}, want {genesis.header.state_root.hex()}",
        )
    chain = _Chain(config, genesis, state)
    for index, entry in enumerate(items(case["blocks"])):
        error = _judge(chain, mapping(entry))
        if error is not None:
            return chain.state_root, f"block {index}: {error}"
    return _judge_end(chain, case)


def _judge(chain: _Chain, entry: JsonObject) -> str | None:
    expected = entry.get("expectException")
    try:
        chain.add(decode_block(data(entry["rlp"])))
    except Reject as refusal:
        if expected is None:
            return f"unexpected refusal: {refusal}"
        if not fits(refusal, str(expected)):
            return f"refused for {refusal}, expected {expected}"
        return None
    return None if expected is None else f"expected the block to be refused: {expected}"


def _judge_end(chain: _Chain, case: JsonObject) -> tuple[Hash32, str | None]:
    """The state root after the last block, and how it or the block differ from what the case says."""
    last = Hash32(data(case["lastblockhash"]))
    if last not in chain.blocks:
        return chain.state_root, f"last block {last.hex()} was not imported"
    if "postState" in case:
        want = memory_state(allocations(mapping(case["postState"]))).root
    else:
        want = Hash32(data(case["postStateHash"]))
    got = chain.blocks[last].header.state_root
    return got, None if got == want else f"post state root mismatch: got {got.hex()}, want {want.hex()}"


def network_config(network: str, config: JsonObject) -> ChainConfig | None:
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
