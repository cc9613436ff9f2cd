"""Foundry's anvil, from npm: the fastest development node there is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.peer import ROOT, RunningPeer, free_port, geth_genesis, rpc, started
from bench.workload import BALANCE_WEI, BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, Wallet

BINARY = ROOT / "node_modules" / ".bin" / "anvil"


@dataclass(frozen=True, slots=True)
class Anvil:
    """In memory, silent, Cancun; otherwise as it comes. With `keeps_chain` it writes its chain to a file at the end."""

    keeps_chain: bool = False
    name: str = "anvil"

    def missing(self) -> str | None:
        return None if BINARY.exists() else "not installed: run `make bench`, which installs it"

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        port = free_port()
        options = f"--silent --port {port} --block-time {BLOCK_SECONDS} --gas-limit {GAS_LIMIT} --hardfork cancun"
        # Its own ten accounts would each cost start-up time; the funded ones come from the genesis file. States that
        # it writes to disk go where the run's files are: it would leave gigabytes of them in the home folder.
        command = [str(BINARY), *options.split(), "--accounts", "1", "--cache-path", str(folder / "anvil-states")]
        if self.keeps_chain:
            return self._start_keeping(command, funded, port, folder)
        genesis = folder / "anvil-genesis.json"
        genesis.write_text(json.dumps(geth_genesis(funded)))
        return started(self.name, [*command, "--init", str(genesis)], port, folder)

    def _start_keeping(self, command: Sequence[str], funded: Sequence[Wallet], port: int, folder: Path) -> RunningPeer:
        """It dumps its chain only without a genesis file, so the accounts get their ether afterwards."""
        dump = folder / "anvil-chain"
        dump.mkdir()
        own_chain = ["--chain-id", str(CHAIN_ID), "--dump-state", str(dump)]
        running = started(self.name, [*command, *own_chain], port, folder)
        running.data = (dump,)
        for wallet in funded:
            rpc(running.url, "anvil_setBalance", "0x" + wallet.address.hex(), hex(BALANCE_WEI))
        return running
