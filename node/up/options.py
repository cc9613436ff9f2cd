"""What `tombolo up` lets one choose."""

from dataclasses import dataclass
from pathlib import Path

from node.launch import LaunchOptions
from node.logs import LogFormat, LogLevel


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `up` starts. `l1_url` None means the embedded L1."""

    data_dir: Path
    launch: LaunchOptions
    l1_url: str | None = None
    l1_port: int = 8544
    l1_chain_id: int = 71716
    l1_block_time_seconds: float = 1.0
    rpc_port: int = 8545
    verifier_port: int = 8546
    challenger_port: int = 8547
    """Taken only where disputes decide."""
    host: str = "127.0.0.1"
    operator_keystore: Path | None = None
    keep_states: int | None = None
    empty_blocks: bool = True
    l1_confirmations: int = 0
    proposal_interval_seconds: int | None = None
    """None: 10 on the embedded L1, else an hour."""
    log_format: LogFormat = LogFormat.text
    log_level: LogLevel = LogLevel.info

    @property
    def rollup_path(self) -> Path:
        """Where the launched rollup is described."""
        return self.data_dir / "rollup.json"
