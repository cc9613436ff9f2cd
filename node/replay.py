"""A rollup's chain derived from L1 in memory, for as long as a dispute takes: small chains, read at one go.

A node has a database and follows L1; this has neither. What derives and executes is the same code.
"""

from collections.abc import Sequence

from genesis.model import build_genesis
from node.claims import Contents, read_entries, ref_of
from node.l1.client import L1Client
from node.rollup import Rollup
from protocol.block import Header
from protocol.config_changes import ChainSettings
from protocol.derivation import Derivation, tip_of
from protocol.engine import execute_payload
from protocol.l1 import L1Block, L1Window
from protocol.mpt import EMPTY_ROOT
from protocol.rollup import settings_at
from protocol.types import Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.chain import L1Entry
from vm.memory_state import Allocation, MemoryState, memory_state
from vm.pyevm.engine import PyEvmEngine


class Replay:
    """The chain from genesis on. `headers[n]` and `states[n]` are block n's."""

    def __init__(self, rollup: Rollup) -> None:
        genesis = rollup.genesis()
        accounts = {
            address: Allocation(entry.balance, entry.nonce, entry.code, entry.storage)
            for address, entry in genesis.accounts.items()
        }
        header = build_genesis(genesis).block.header
        self.config = rollup.config
        self.headers = [header]
        self.states = [memory_state(accounts)]
        self._settings: ChainSettings | None = None
        self._engine = PyEvmEngine(self.config.chain)
        self._derivation = Derivation(
            self.config, tip_of(self.config, header), L1Window([L1Block(self.config.l1_genesis)])
        )

    @property
    def head(self) -> Header:
        """The last block."""
        return self.headers[-1]

    def outbox_root(self, number: int) -> Hash32:
        """The storage root of the outbox after a block."""
        account = self.states[number].account(OUTBOX_ADDRESS)
        return Hash32(EMPTY_ROOT) if account is None else account.storage_root

    def state(self, number: int) -> MemoryState:
        """The state after a block."""
        return self.states[number]

    def feed(self, entries: Sequence[L1Entry]) -> None:
        """Derive and execute what the next L1 blocks yield."""
        for entry in entries:
            self._settings = settings_at(self.config, self._settings, entry.changes)
            raws = tuple(one.transaction(entry.header.hash).raw for one in entry.deposits)
            block = L1Block(ref_of(entry.header), raws, self._settings)
            for payload in self._derivation.feed(block, entry.batches()):
                executed = execute_payload(
                    self._engine, self.head, payload, self.states[-1], lambda number: self.headers[number].hash
                )
                self.headers.append(executed.block.header)
                self.states.append(self.states[-1].applied(executed.block.header.state_root, executed.changes))


async def replay(client: L1Client, rollup: Rollup, up_to: int, contents: Contents | None = None) -> Replay:
    """The chain as L1 up to a block has it; raises as `node.claims.read_entries`."""
    chain = Replay(rollup)
    chain.feed(await read_entries(client, rollup.config, rollup.config.l1_genesis.number + 1, up_to, contents))
    return chain
