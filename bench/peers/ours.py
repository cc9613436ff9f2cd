"""This node as a rollup runs it: an embedded L1, a sequencer that batches to it, each a process of its own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.peers.peer import RunningPeer, forget, free_port, spawn, wait_until_ready
from bench.workload import BALANCE_WEI, BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, Wallet
from node.clock import SystemClock
from node.l1.client import L1Client
from node.launch import LaunchOptions, launch_rollup
from node.operator_key import OPERATOR_KEY_VARIABLE
from node.up.keys import OPERATOR_KEY

L1_CHAIN_ID = 71_716
NODE = (sys.executable, "-m", "node.cli", "node")
ENVIRONMENT = {OPERATOR_KEY_VARIABLE: OPERATOR_KEY.hex()}


class Ours:
    """Cancun, batches in the file layer: a block of L1 calldata would hold no more than 1,000 transfers."""

    name = "tombolo"

    def missing(self) -> str | None:
        return None

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        return OurNetwork(folder, funded).start()


class OurNetwork:
    """The pieces of one rollup, for measures that need more of it than its JSON-RPC."""

    def __init__(self, folder: Path, funded: Sequence[Wallet]) -> None:
        self.folder = folder
        self.rollup = folder / "rollup.json"
        self.da = folder / "da"
        self.l1_port = free_port()
        self.l1_url = f"http://127.0.0.1:{self.l1_port}"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = folder / "sequencer.log"
        self._funded = funded

    def start(self) -> RunningPeer:
        """Launch the rollup on a fresh L1; the time counted is all of it, from nothing to the first answer."""
        begun = time.perf_counter()
        l1_options = f"--role l1 --data-dir {self.folder / 'l1'} --rpc-port {self.l1_port} --chain-id {L1_CHAIN_ID}"
        l1 = spawn([*NODE, *l1_options.split()], self.folder / "l1.log", ENVIRONMENT)
        sequencer = self._spawn_sequencer()  # as `tombolo up` does: it is ready by the time that the rollup is launched
        try:
            wait_until_ready(self.l1_url, l1, self.folder / "l1.log", L1_CHAIN_ID)
            asyncio.run(self._launch())
            wait_until_ready(self.url, sequencer, self._log)
        except BaseException:
            for process in (sequencer, l1):
                process.kill()
                forget(process)
            raise
        seconds = time.perf_counter() - begun
        database = (self.folder / "sequencer", self.da)
        return RunningPeer(Ours.name, self.url, [l1, sequencer], seconds, database)

    def restart(self, node: RunningPeer) -> float:
        """kill -9 the sequencer of `node`, start it again; returns the seconds from this start to its first answer."""
        node.answering.kill()
        forget(node.answering)
        begun = time.perf_counter()
        node.processes[-1] = self._spawn_sequencer()
        wait_until_ready(self.url, node.answering, self._log)
        return time.perf_counter() - begun

    def _spawn_sequencer(self) -> subprocess.Popen[bytes]:
        """It waits for the rollup's file, and ends with us, whose end of its standard input stays open."""
        options = f"--role sequencer --data-dir {self.folder / 'sequencer'} --rpc-port {self._port} --l1 {self.l1_url}"
        options += f" --rollup {self.rollup} --da-dir {self.da} --with-parent"
        return spawn([*NODE, *options.split()], self._log, ENVIRONMENT, stdin=subprocess.PIPE)

    async def _launch(self) -> None:
        options = LaunchOptions(
            CHAIN_ID,
            block_time_milliseconds=BLOCK_SECONDS * 1000,
            gas_limit=GAS_LIMIT,
            da_layer="file",
            accounts={wallet.address: BALANCE_WEI for wallet in self._funded},
        )
        clock = SystemClock()
        async with L1Client(self.l1_url, clock) as l1:
            await launch_rollup(l1, clock, OPERATOR_KEY, options, self.rollup)
