"""The default engine: py-evm's opcodes over our own state, transaction and block rules."""

from protocol.block import Header
from protocol.chain_config import ChainConfig
from protocol.engine import AncestorHash, Call, CallResult
from protocol.fees import blob_base_fee
from protocol.payload import BlockAttributes
from protocol.simulation import NORMAL, Conditions
from protocol.state import StateReader
from vm.pyevm.block_state import BlockEnvironment
from vm.pyevm.builder import PyEvmBuilder
from vm.pyevm.call import run_call
from vm.pyevm.conditions import rules_under
from vm.pyevm.rules import rules_of


class PyEvmEngine:
    """Executes blocks and calls by one chain's rules. It keeps nothing between calls. See `protocol.engine.Engine`."""

    def __init__(self, config: ChainConfig) -> None:
        self._config = config

    def begin_block(
        self, parent: Header, attributes: BlockAttributes, state: StateReader, ancestor_hash: AncestorHash
    ) -> PyEvmBuilder:
        """Start the block after `parent`, whose post-state is `state`. Runs the fork's opening system calls."""
        return PyEvmBuilder(self._config, parent, attributes, state, ancestor_hash)

    def begin_simulation(
        self,
        parent: Header,
        attributes: BlockAttributes,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> PyEvmBuilder:
        """Imagine a block after `parent` under `conditions`; raises Reject when an override cannot be."""
        return PyEvmBuilder(self._config, parent, attributes, state, ancestor_hash, conditions)

    def call(
        self,
        call: Call,
        header: Header,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> CallResult:
        """Run `call` on `state` as if inside the block that `header` describes. Nothing is kept.

        Raises:
            InvalidTransaction: The call cannot start (funds for value or gas, intrinsic gas).
            Reject: An override asks for what cannot be.
        """
        fork = self._config.forks.at(header.number, header.timestamp)
        blobs = self._config.forks.blobs_at(header.timestamp)
        blob_fee = conditions.blob_base_fee
        if blob_fee is None:
            blob_fee = 0 if blobs is None else blob_base_fee(header.excess_blob_gas or 0, blobs)
        environment = BlockEnvironment(
            fork=fork,
            chain_id=self._config.chain_id,
            fee_recipient=header.fee_recipient,
            number=header.number,
            timestamp=header.timestamp,
            gas_limit=header.gas_limit,
            difficulty=header.difficulty,
            prev_randao=header.prev_randao,
            base_fee=(header.base_fee_per_gas or 0) if call.gas_price else 0,
            blob_base_fee=blob_fee,
            ancestor_hash=ancestor_hash,
        )
        rules = rules_under(rules_of(fork, self._config.allow_deposits), conditions)
        return run_call(self._config, rules, call, environment, state, conditions.tracer)
