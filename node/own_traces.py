"""A node's own traces of what assertions are about, from the chain it has derived and what L1 proves of its origin.

A trace counts only if it ends where the node's own derivation does: if machine and node should ever disagree, the node
keeps out of disputes rather than lose one. Where derivation stands still, because a layer keeps a batch back, there is
only the trace's beginning, for who plays blind.
"""

import asyncio
import logging
from collections.abc import Callable

from node.blind import Served
from node.chain import Chain
from node.claims import Contents, read_claim
from node.l1.client import L1Client
from node.l1.records import record_at
from node.output_roots import output_at
from node.outputs_reader import OutputsReader
from protocol.block import Header
from protocol.errors import Halt, InvalidInput
from protocol.outputs import Assertion
from protocol.rollup import RollupConfig
from prover.chain import start_chain
from prover.commitments.chain_structures import Output
from prover.machine.block_begin import UnprovableChain
from prover.machine.vm import VM
from prover.prefix import Prefix, prefix_of
from prover.trajectory import Trajectory

logger = logging.getLogger(__name__)

RING = 256
END = 2**50


class OwnTraces:
    """`processed` tells the number of the newest L1 block that was derived from; `contents` as in `node.claims`."""

    def __init__(
        self,
        client: L1Client,
        config: RollupConfig,
        chain: Chain,
        outputs: OutputsReader,
        processed: Callable[[], int],
        contents: Contents | None = None,
    ) -> None:
        self._client = client
        self._config = config
        self._chain = chain
        self._outputs = outputs
        self._processed = processed
        self._contents = contents
        self._said: str | None = None

    async def trace_of(self, assertion: Assertion) -> Trajectory | None:
        """Our trace; None while we are behind, or where the parent is not our chain's: then that one is disputed.

        None also where the chain turns out not to be such as can be proved.

        Raises:
            Retry: L1 does not answer, or has reorganised under the assertion.
        """
        try:
            beginning = await self.beginning(assertion)
            if beginning is None:
                return None
            trace = await asyncio.to_thread(Trajectory, beginning)
        except (InvalidInput, UnprovableChain) as error:
            self._say(f"assertion {assertion.id} cannot be disputed: {error}")
            return None
        record = record_at(self._chain.store, assertion.l1_block_number)
        derived = None if record is None else output_at(self._chain, record.safe_number)
        found = trace.machine_at(END).cursor
        if not isinstance(found, Output) or derived is None or found.root != derived.root:
            self._say(f"assertion {assertion.id}: the machine's chain is not the one derived here; it is left alone")
            return None
        return trace

    async def prefix_of(self, assertion: Assertion) -> Prefix | None:
        """What can be told of the trace while a layer keeps a batch back; None where none does, or we are past it.

        Raises:
            Retry: As `trace_of`.
        """
        if self._processed() >= assertion.l1_block_number:
            return None
        served = Served(self._contents)
        try:
            beginning = await self._beginning(assertion, served.contents)
            return None if beginning is None else await asyncio.to_thread(prefix_of, beginning, served.absent)
        except (InvalidInput, UnprovableChain) as error:
            self._say(f"assertion {assertion.id} cannot be disputed: {error}")
            return None

    async def beginning(self, assertion: Assertion) -> VM | None:
        """The machine at the trace's first state; as `trace_of`, but raises InvalidInput for what cannot be proved."""
        if self._processed() < assertion.l1_block_number:
            return None
        return await self._beginning(assertion, self._contents)

    async def _beginning(self, assertion: Assertion, contents: Contents | None) -> VM | None:
        parent = await self._outputs.assertion(assertion.parent)
        ours = output_at(self._chain, parent.l2_block_number)
        if ours is None and parent.l2_block_number <= self._chain.head().number:
            raise InvalidInput(f"the state of block {parent.l2_block_number} is not kept here: raise --retention")
        if ours is None or ours.root != parent.output_root:
            return None
        ancestors = [
            self._header(number) for number in range(max(0, ours.header.number - RING + 1), ours.header.number)
        ]
        claim = await read_claim(
            self._client,
            self._config,
            parent,
            assertion,
            [*ancestors, ours.header],
            ours.preimage.outbox_root,
            contents,
        )
        state = self._chain.state_at(ours.header)
        return start_chain(claim, state.code, state.node)

    def _say(self, what: str) -> None:
        """Once, not at every look."""
        if what != self._said:
            logger.error(what)
        self._said = what

    def _header(self, number: int) -> Header:
        block_hash = self._chain.canonical_hash(number)
        header = None if block_hash is None else self._chain.header(block_hash)
        if header is None:
            raise Halt(f"damaged database: canonical block {number} is absent; rebuild it from L1")
        return header
