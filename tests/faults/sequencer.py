"""A sequencer in a process of its own that tests kill, starve and start again, and a ledger of what it has said."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from node.clock import SystemClock
from node.node_options import NodeOptions
from node.rollup_node import RollupNode
from tests.e2e.network import OPERATOR_KEY, canonical_header, launch
from tests.e2e.processes import Running, answers, rpc
from tests.e2e.wallet import Wallet

SECONDS = 90


@dataclass
class Sequencer:
    """`tombolo node --role sequencer`, one life after another on one database."""

    url: str
    arguments: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"TOMBOLO_OPERATOR_KEY": OPERATOR_KEY.hex()})
    lives: int = 0
    process: Running | None = None
    starts: list[float] = field(default_factory=list)
    """Seconds from each start to the first answer."""
    cpu: list[float] = field(default_factory=list)
    """Of those, seconds that the sequencer itself used a core: what they would be on an idle machine."""

    def spawn(self) -> Running:
        """Start it without waiting."""
        self.lives += 1
        self.process = Running(self.arguments, self.folder / f"life{self.lives}.txt", self.environment)
        return self.process

    async def start(self) -> None:
        """Start it and wait until it answers."""
        began = time.monotonic()
        process = self.spawn()
        await asyncio.to_thread(process.until, lambda: answers(self.url), "the sequencer answers")
        self.starts.append(time.monotonic() - began)
        self.cpu.append(cpu_seconds(process.process.pid))

    async def call(self, method: str, *params: object):
        """One JSON-RPC call; OSError when it is gone."""
        return await asyncio.to_thread(rpc, self.url, method, *params)

    def kill(self) -> None:
        """kill -9, if it still runs."""
        if self.process is not None and self.process.process.poll() is None:
            self.process.kill()

    async def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        self.process.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it has ended by itself; returns the exit status."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.process.wait, SECONDS)

    @property
    def said(self) -> str:
        """What the last life wrote."""
        assert self.process is not None
        return self.process.output


def cpu_seconds(pid: int) -> float:
    """User and system time of a process since it began, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def launch_sequencer(l1_url: str, folder: Path, port: int, data_dir: Path | None = None) -> Sequencer:
    """Deploy a rollup on the L1; the sequencer is not started yet. `verifier_of` follows the same rollup."""
    await launch(l1_url, folder, OPERATOR_KEY)
    arguments = ["node", "--role", "sequencer", "--data-dir", str(data_dir or folder / "sequencer")]
    arguments += ["--rpc-port", str(port), "--rollup", str(folder / "rollup.json"), "--l1", l1_url]
    return Sequencer(f"http://127.0.0.1:{port}", [*arguments, "--da-dir", str(folder / "da")], folder)


def verifier_of(sequencer: Sequencer, l1_url: str, name: str = "verifier") -> RollupNode:
    """A verifier of the same rollup, in this process."""
    folder = sequencer.folder
    options = NodeOptions(folder / name, folder / "rollup.json", l1_url, folder / "da", rpc_port=0)
    return RollupNode(options, SystemClock())


@dataclass
class Ledger:
    """What was sent to a sequencer, and what it said became of it."""

    sequencer: Sequencer
    wallet: Wallet = field(default_factory=lambda: Wallet(0))
    sent: list[str] = field(default_factory=list)
    reported: dict[str, str] = field(default_factory=dict)
    """Block hash by transaction, as receipts said it."""

    async def send(self, count: int) -> None:
        """Send payments until they are in, or the sequencer is gone."""
        for tx in [self.wallet.sign(self.wallet.address, value=1) for _ in range(count)]:
            try:
                self.sent.append(await self.sequencer.call("eth_sendRawTransaction", "0x" + tx.raw.hex()))
            except (OSError, HTTPException, AssertionError):
                self.wallet.nonce = tx.nonce  # perhaps it is in, perhaps not; the next life is asked again
                raise

    async def note(self) -> None:
        """Ask for the receipts that are not known yet."""
        for tx_hash in self.sent:
            if tx_hash not in self.reported:
                receipt = await self.sequencer.call("eth_getTransactionReceipt", tx_hash)
                if receipt is None:
                    return
                self.reported[tx_hash] = receipt["blockHash"]

    async def check(self) -> None:
        """Whatever was reported is there, whole, on the canonical chain."""
        blocks: dict[str, dict] = {}
        for tx_hash, block_hash in self.reported.items():
            if block_hash not in blocks:
                block = await self.sequencer.call("eth_getBlockByHash", block_hash, False)
                assert block is not None, f"block {block_hash} was reported, then lost"
                canonical = await self.sequencer.call("eth_getBlockByNumber", block["number"], False)
                assert canonical["hash"] == block_hash
                receipts = await self.sequencer.call("eth_getBlockReceipts", block["number"])
                assert [receipt["transactionHash"] for receipt in receipts] == block["transactions"]
                blocks[block_hash] = block
            assert tx_hash in blocks[block_hash]["transactions"]

    async def resume(self) -> None:
        """Count nonces from what the sequencer has, after a life that ended in the middle of a request."""
        address = "0x" + self.wallet.address.hex()
        self.wallet.nonce = int(await self.sequencer.call("eth_getTransactionCount", address, "pending"), 16)

    async def settle(self, verifier: RollupNode) -> int:
        """Wait until all that was sent is mined and the verifier has it from L1; compare. Returns the block number."""
        for _ in range(SECONDS * 5):
            await self.note()
            if len(self.reported) == len(self.sent):
                break
            await asyncio.sleep(0.2)
        assert len(self.reported) == len(self.sent), "what the pool had taken was on disk"
        head = int(await self.sequencer.call("eth_blockNumber"), 16)
        for _ in range(SECONDS * 5):
            if verifier.chain.safe_head().number >= head:
                break
            await asyncio.sleep(0.2)
        assert verifier.chain.safe_head().number >= head, f"{verifier.driver.status()}"
        for number in range(head + 1):
            block = await self.sequencer.call("eth_getBlockByNumber", hex(number), False)
            assert block["hash"] == "0x" + canonical_header(verifier.chain, number).hash.hex()
        return head
