"""Hardhat 2's node, from npm, with interval mining and without a log line per request."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.peers.peer import ROOT, RunningPeer, free_port, rpc, started
from bench.workload import BALANCE_WEI, BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, Wallet

PROJECT = ROOT / "bench"
BINARY = PROJECT / "node_modules" / ".bin" / "hardhat"


class Hardhat:
    """In memory, Cancun, first come first served."""

    name = "hardhat"

    def missing(self) -> str | None:
        return None if BINARY.exists() else "not installed: run `make bench`, which installs it"

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        settings = folder / "hardhat-network.json"
        settings.write_text(
            json.dumps(
                {
                    "chainId": CHAIN_ID,
                    "hardfork": "cancun",
                    "blockGasLimit": GAS_LIMIT,
                    "mining": {"auto": False, "interval": BLOCK_SECONDS * 1000, "mempool": {"order": "fifo"}},
                    "accounts": [
                        {"privateKey": "0x" + wallet.key.hex(), "balance": str(BALANCE_WEI)} for wallet in funded
                    ],
                }
            )
        )
        port = free_port()
        command = [str(BINARY), "node", "--hostname", "127.0.0.1", "--port", str(port)]
        environment = {"BENCH_HARDHAT_NETWORK": str(settings), "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"}
        # It refuses to run from outside the project that it is installed in.
        running = started(self.name, command, port, folder, environment, PROJECT)
        # `hardhat node` prints every request; that is for people to read, and would cost it a third of its speed.
        rpc(running.url, "hardhat_setLoggingEnabled", False)
        return running
