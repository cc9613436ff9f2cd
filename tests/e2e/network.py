"""A whole network in one process: an L1, a sequencer and a verifier, on free ports, in a folder of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node.batch_plan import BatcherConfig
from node.chain import Chain
from node.clock import SystemClock
from node.l1.client import L1Client
from node.l1_node import L1Node, L1Options
from node.launch import LaunchOptions, launch_rollup
from node.node_options import NodeOptions, ProposerOptions, SequencerOptions
from node.role import Role, run_role
from node.rollup_node import RollupNode
from protocol.block import Header
from protocol.crypto import private_key_address
from protocol.transaction import Transaction
from protocol.types import Hash32

OPERATOR_KEY = bytes.fromhex("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897")
L1_CHAIN_ID = 71716
L2_CHAIN_ID = 71717


@asynccontextmanager
async def running(role: Role) -> AsyncIterator[None]:
    """The role, started, with its tasks running; a failure of one of them surfaces here."""
    stop = asyncio.Event()
    started = asyncio.Event()
    start = role.start

    async def start_and_tell() -> None:
        await start()
        started.set()

    role.start = start_and_tell  # type: ignore[method-assign]
    task = asyncio.create_task(run_role(role, stop))
    waiter = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield
    finally:
        stop.set()
        await task


@asynccontextmanager
async def embedded_l1(folder: Path, block_time_seconds: float = 0.5) -> AsyncIterator[L1Node]:
    options = L1Options(
        folder / "l1",
        L1_CHAIN_ID,
        0,
        block_time_seconds=block_time_seconds,
        funded=(private_key_address(OPERATOR_KEY),),
    )
    node = L1Node(options, SystemClock())
    async with running(node):
        yield node


@dataclass
class Network:
    """A running rollup; `verifier` reads nothing but L1 and the data layer."""

    l1_url: str
    folder: Path
    sequencer_options: NodeOptions
    verifier_options: NodeOptions
    sequencer: RollupNode
    verifier: RollupNode

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sequencer.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.sequencer.port}"

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for a condition on the nodes; fails loudly rather than hanging."""
        for _ in range(int(seconds / 0.05)):
            if condition():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(
            f"not within {seconds} s: {what}; sequencer head {self.sequencer.chain.head().number} "
            f"safe {self.sequencer.chain.safe_head().number} {self.sequencer.driver.status()} "
            f"{self.sequencer.batcher and self.sequencer.batcher.status()}, verifier "
            f"head {self.verifier.chain.head().number} {self.verifier.driver.status()}"
        )

    async def until_verified(self, number: int) -> None:
        """Wait until the verifier has block `number` from L1 alone, and compare every block up to it."""
        await self.until(lambda: self.verifier.chain.safe_head().number >= number, f"block {number} on the verifier")
        await self.until(lambda: self.sequencer.chain.safe_head().number >= number, f"block {number} safe")
        for height in range(number + 1):
            assert self.verifier.chain.canonical_hash(height) == self.sequencer.chain.canonical_hash(height)


async def launch(l1_url: str, folder: Path, operator_key: bytes, options: LaunchOptions | None = None) -> NodeOptions:
    """Deploy a rollup; returns a verifier's options for it."""
    async with L1Client(l1_url) as client:
        chosen = options or LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=1000)
        await launch_rollup(client, SystemClock(), operator_key, chosen, folder / "rollup.json")
    return NodeOptions(folder / "verifier", folder / "rollup.json", l1_url, folder / "da", rpc_port=0)


def as_sequencer(options: NodeOptions, operator_key: bytes) -> NodeOptions:
    batcher = BatcherConfig(interval_seconds=0.5, poll_seconds=0.1)
    sequencer = SequencerOptions(operator_key, batcher)
    return replace(options, data_dir=options.data_dir.parent / "sequencer", sequencer=sequencer)


@asynccontextmanager
async def rollup_on(
    l1_url: str,
    folder: Path,
    operator_key: bytes = OPERATOR_KEY,
    options: LaunchOptions | None = None,
    proposer: ProposerOptions | None = None,
) -> AsyncIterator[Network]:
    """A sequencer and a verifier of a fresh rollup on the L1 at `l1_url`; the verifier may propose."""
    verifier_options = replace(await launch(l1_url, folder, operator_key, options), proposer=proposer)
    sequencer_options = as_sequencer(replace(verifier_options, proposer=None), operator_key)
    sequencer = RollupNode(sequencer_options, SystemClock())
    verifier = RollupNode(verifier_options, SystemClock())
    async with running(sequencer), running(verifier):
        yield Network(l1_url, folder, sequencer_options, verifier_options, sequencer, verifier)


async def send(client: L1Client, transactions: Iterable[Transaction]) -> list[Hash32]:
    """All in, one after another, as eth_sendRawTransaction."""
    return [await client.send_raw(tx.raw) for tx in transactions]


async def until_mined(network: Network, hashes: Sequence[Hash32]) -> int:
    """The number of the block that holds the last of them; each must have succeeded."""
    chain = network.sequencer.chain
    await network.until(lambda: all(chain.locate(h) is not None for h in hashes), f"{len(hashes)} transactions mined")
    numbers = []
    for tx_hash in hashes:
        location = chain.locate(tx_hash)
        assert location is not None
        receipts, header = chain.receipts(location.block_hash), chain.header(location.block_hash)
        assert receipts is not None
        assert header is not None
        assert receipts[location.index].succeeded
        numbers.append(header.number)
    return max(numbers)


def canonical_header(chain: Chain, number: int) -> Header:
    """The header at a height that the chain must have."""
    block_hash = chain.canonical_hash(number)
    assert block_hash is not None, f"no block {number}"
    header = chain.header(block_hash)
    assert header is not None
    return header
