"""Chains for tests, which mine when asked: `tombolo dev` and anvil without a block time."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.anvil import BINARY
from bench.peers.peer import RunningPeer, free_port, rpc, started
from bench.workload import BALANCE_WEI, CHAIN_ID, GAS_LIMIT, Wallet


@dataclass(frozen=True, slots=True)
class DevChain:
    """One of them: `name` as the table calls it, its command without port, chain id and gas limit, and the option that
    says where it may write, for one that would write elsewhere."""

    name: str
    command: tuple[str, ...]
    port_option: str
    folder_option: str | None = None

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        """From genesis, with `funded` rich."""
        port = free_port()
        options = [self.port_option, str(port), "--chain-id", str(CHAIN_ID), "--gas-limit", str(GAS_LIMIT)]
        if self.folder_option is not None:
            options += [self.folder_option, str(folder / "states")]
        running = started(self.name, [*self.command, *options], port, folder)
        for wallet in funded:
            rpc(running.url, "anvil_setBalance", "0x" + wallet.address.hex(), hex(BALANCE_WEI))
        return running


OURS = DevChain("tombolo", (sys.executable, "-m", "node.cli", "dev"), "--rpc-port")
ANVIL = DevChain(
    "anvil",
    (str(BINARY), "--silent", "--hardfork", "cancun", "--accounts", "1", "--steps-tracing"),
    "--port",
    "--cache-path",
)
"""With what it needs to trace steps; it keeps them as it executes."""
