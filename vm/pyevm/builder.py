"""Building one block: transactions in, receipts out, then withdrawals, roots and header."""

from dataclasses import replace

from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.engine import AncestorHash, CallResult, ExecutedBlock
from protocol.fee_terms import terms_of
from protocol.fees import GAS_PER_BLOB, blob_base_fee, blob_gas, next_base_fee, next_excess_blob_gas
from protocol.forks import BlobSchedule, Fork
from protocol.ordered_trie import OrderedTrie, ordered_root
from protocol.payload import BlockAttributes
from protocol.receipt import Receipt, logs_bloom
from protocol.rlp_codec import encode
from protocol.simulation import NORMAL, Conditions
from protocol.state import StateReader
from protocol.tracing import Tracer
from protocol.transaction import DEPOSIT, Transaction
from protocol.types import Hash32
from vm.journal import PendingState
from vm.pyevm import system
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.charges import charges_of
from vm.pyevm.conditions import override_accounts, rules_under, watch_transaction
from vm.pyevm.deposits import execute_deposit
from vm.pyevm.execution import Execution, check_transaction, execute_transaction
from vm.pyevm.rules import Rules, rules_of
from vm.pyevm.simulation import simulate_transaction
from vm.state_root import state_after


class PyEvmBuilder:
    """The block after `parent`, under construction. See `protocol.engine.BlockBuilder`."""

    def __init__(
        self,
        config: ChainConfig,
        parent: Header,
        attributes: BlockAttributes,
        state: StateReader,
        ancestor_hash: AncestorHash,
        conditions: Conditions = NORMAL,
    ) -> None:
        self._config = config
        self._parent = parent
        self._attributes = attributes
        self._reader = state
        self._number = parent.number + 1
        self._fork = config.forks.at(self._number, attributes.timestamp)
        self._rules: Rules = rules_under(rules_of(self._fork, config.allow_deposits), conditions)
        self._blobs = _blob_schedule(config, self._fork, attributes.timestamp)
        self._base_fee = attributes.base_fee_per_gas
        if self._base_fee is None:
            self._base_fee = next_base_fee(parent, config, self._fork)
        self._excess_blob_gas = attributes.excess_blob_gas
        if self._excess_blob_gas is None and self._blobs is not None:
            self._excess_blob_gas = next_excess_blob_gas(parent, self._blobs, self._fork)
        self._state = BlockState(state, self._environment(ancestor_hash, conditions.blob_base_fee))
        self._state.charges = charges_of(attributes.fee_terms, config)
        if conditions.overrides:
            override_accounts(self._state, conditions.overrides)
        self._gas_used = 0
        self._blob_gas_used = 0
        self._bloom = 0
        self._transactions: list[Transaction] = []
        self._receipts: list[Receipt] = []
        self._transactions_trie, self._receipts_trie = OrderedTrie(), OrderedTrie()
        system.begin_block(self._state, self._rules, parent.hash, attributes.parent_beacon_block_root)

    def _environment(self, ancestor_hash: AncestorHash, blob_fee: int | None) -> BlockEnvironment:
        attributes = self._attributes
        if blob_fee is None:
            blob_fee = 0 if self._blobs is None else blob_base_fee(self._excess_blob_gas or 0, self._blobs)
        return BlockEnvironment(
            fork=self._fork,
            chain_id=self._config.chain_id,
            fee_recipient=attributes.fee_recipient,
            number=self._number,
            timestamp=attributes.timestamp,
            gas_limit=attributes.gas_limit,
            difficulty=attributes.difficulty,
            prev_randao=attributes.prev_randao,
            base_fee=self.base_fee_per_gas,
            blob_base_fee=blob_fee,
            ancestor_hash=ancestor_hash,
        )

    @property
    def attributes(self) -> BlockAttributes:
        """What the block was begun with."""
        return self._attributes

    @property
    def gas_left(self) -> int:
        """Gas of the block's limit that no transaction has used yet."""
        return self._attributes.gas_limit - self._gas_used

    @property
    def base_fee_per_gas(self) -> int:
        """The block's base fee in wei; 0 before London."""
        return self._base_fee or 0

    @property
    def transactions(self) -> list[Transaction]:
        """What was added so far, in order."""
        return self._transactions

    @property
    def receipts(self) -> list[Receipt]:
        """One receipt per added transaction."""
        return self._receipts

    @property
    def state(self) -> StateReader:
        """The state as it would be if the block ended here."""
        return PendingState(self._state)

    def snapshot(self) -> StateReader:
        """The same as of now; later transactions do not show."""
        return PendingState(self._state, frozen=True)

    def add(self, tx: Transaction, tracer: Tracer | None = None) -> Receipt:
        """Execute `tx` at the end of the block; raises InvalidTransaction and changes nothing when it cannot be."""
        check_transaction(self._state, self._config, tx, self.gas_left, self._blob_gas_left())
        rules = self._rules
        if tracer is not None:
            rules = watch_transaction(rules, self._state, tracer, tx.sender, tx.to, tx.authorizations)
        if tx.type == DEPOSIT:
            execution = execute_deposit(self._state, rules, tx, self.gas_left)
            if not self._transactions:
                execution = self._begin_terms(tx, execution)
        else:
            execution = execute_transaction(self._state, rules, tx)
        if tracer is not None:
            tracer.end(execution.gas_used)
        return self._append(tx, execution)

    def _begin_terms(self, tx: Transaction, execution: Execution) -> Execution:
        """The block's first deposit may say what the others pay. It takes no gas of the block: all is theirs."""
        terms = terms_of([tx])
        self._state.charges = charges_of(terms, self._config)
        return execution if terms is None else replace(execution, gas_used=0)

    def call(self, tx: Transaction, *, validate: bool, tracer: Tracer | None = None) -> CallResult:
        """Execute `tx`, which nobody signed; see `protocol.engine.SimulatedBlock`."""
        execution, result = simulate_transaction(self._state, self._rules, tx, self.gas_left, tracer, validate=validate)
        self._append(tx, execution)
        return result

    def _append(self, tx: Transaction, execution: Execution) -> Receipt:
        self._gas_used += execution.gas_used
        self._blob_gas_used += blob_gas(tx)
        receipt = self._receipt(tx, execution)
        self._bloom |= receipt.bloom
        self._transactions.append(tx)
        self._transactions_trie.append(tx.raw)
        self._receipts.append(receipt)
        self._receipts_trie.append(receipt.encode())
        return receipt

    def _blob_gas_left(self) -> int:
        return 0 if self._blobs is None else self._blobs.maximum * GAS_PER_BLOB - self._blob_gas_used

    def _receipt(self, tx: Transaction, execution: Execution) -> Receipt:
        outcome: int | Hash32 = int(execution.outcome.error is None)
        if self._fork < Fork.BYZANTIUM:
            outcome = state_after(self._reader, self._state.changes())[0]
        return Receipt(
            type=tx.type,
            outcome=outcome,
            cumulative_gas_used=self._gas_used,
            bloom=logs_bloom(execution.logs) if execution.logs else 0,
            logs=execution.logs,
            gas_used=execution.gas_used,
            contract_address=execution.outcome.contract_address,
        )

    def seal(self) -> ExecutedBlock:
        """Finish the block; raises InvalidBlock when Prague's request contracts fail."""
        attributes = self._attributes
        requests, requests_hash = [], None
        if self._fork >= Fork.PRAGUE:
            requests = self._requests()
            requests_hash = system.requests_hash(requests)
        withdrawals = attributes.withdrawals if self._fork >= Fork.SHANGHAI else None
        system.pay_withdrawals(self._state, self._rules, withdrawals or ())
        system.pay_rewards(self._state, self._rules, attributes.ommers)
        root, changes = state_after(self._reader, self._state.changes())
        header = Header(
            parent_hash=self._parent.hash,
            ommers_hash=attributes.ommers_hash,
            fee_recipient=attributes.fee_recipient,
            state_root=root,
            transactions_root=self._transactions_trie.root(),
            receipts_root=self._receipts_trie.root(),
            bloom=self._bloom,
            difficulty=attributes.difficulty,
            number=self._number,
            gas_limit=attributes.gas_limit,
            gas_used=self._gas_used,
            timestamp=attributes.timestamp,
            extra_data=attributes.extra_data,
            prev_randao=attributes.prev_randao,
            nonce=attributes.nonce,
            base_fee_per_gas=self._base_fee if self._fork >= Fork.LONDON else None,
            withdrawals_root=None if withdrawals is None else ordered_root([encode(w.fields()) for w in withdrawals]),
            blob_gas_used=None if self._blobs is None else self._blob_gas_used,
            excess_blob_gas=None if self._blobs is None else self._excess_blob_gas,
            parent_beacon_block_root=attributes.parent_beacon_block_root if self._fork >= Fork.CANCUN else None,
            requests_hash=requests_hash,
        )
        block = Block(header, tuple(self._transactions), attributes.ommers, withdrawals)
        return ExecutedBlock(block, tuple(self._receipts), changes, tuple(requests))

    def _requests(self) -> list[bytes]:
        # A rollup has no consensus layer to ask anything of; its hash is that of no requests.
        if self._config.allow_deposits:
            return []
        return system.collect_requests(self._state, self._rules, self._receipts)


def _blob_schedule(config: ChainConfig, fork: Fork, timestamp: int) -> BlobSchedule | None:
    if fork < Fork.CANCUN:
        return None
    schedule = config.forks.blobs_at(timestamp)
    if schedule is None:
        raise ValueError(f"{fork.name} needs a blob schedule at time {timestamp}")
    return schedule
