"""How to run a node of a rollup, and each of the roles that it may have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from node.batch_plan import BatcherConfig
from node.challenger import PlayerConfig
from node.proposer import ProposerConfig


@dataclass(frozen=True, slots=True)
class SequencerOptions:
    """What only the sequencer needs. `batcher_key` is the L1 account that pays for batches."""

    batcher_key: bytes
    batcher: BatcherConfig = field(default_factory=BatcherConfig)
    empty_blocks: bool = True
    l1_confirmations: int = 0


@dataclass(frozen=True, slots=True)
class ProposerOptions:
    """What only the proposer needs. `key` is the L1 account that bonds output roots."""

    key: bytes
    config: ProposerConfig = field(default_factory=ProposerConfig)


@dataclass(frozen=True, slots=True)
class PlayerOptions:
    """What only a challenger needs, or a proposer that defends. `key` is the L1 account that bonds and moves."""

    key: bytes
    config: PlayerConfig = field(default_factory=PlayerConfig)


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How to run a node of a rollup; without `sequencer` it is a verifier, which may propose what it has derived."""

    data_dir: Path
    rollup: Path
    l1_url: str
    da_dir: Path
    rpc_port: int = 8545
    host: str = "127.0.0.1"
    sequencer: SequencerOptions | None = None
    keep_states: int | None = None
    """For how many of the newest blocks the state stays readable; None keeps every state."""
    faucet: bool = False
    """Give ether away, on a development chain."""
    rpc_fronts: int = 0
    """Processes that read JSON-RPC requests; with 0 the node does so itself."""
    proposer: ProposerOptions | None = None
    player: PlayerOptions | None = None
    """Disputes what others have proposed, and defends what this account has."""
    da_settings: Mapping[str, str] = field(default_factory=dict)
    """This node's settings of data layers, by `layer.key`; see `da.table`."""

    @property
    def role(self) -> str:
        """What this process is, in a word, for its pages."""
        if self.sequencer is not None:
            return "sequencer"
        if self.proposer is not None:
            return "proposer"
        return "verifier" if self.player is None else "challenger"
