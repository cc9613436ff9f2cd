"""What is refused before the pool looks at what it holds: size, validity, the block's gas limit, policy."""

from collections.abc import Callable
from dataclasses import dataclass

from node.mempool.limits import PoolLimits, PoolPolicy, PoolRefusal
from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidTransaction, TxError
from protocol.extra_data import is_plain
from protocol.fee_terms import FeeTerms, terms_of
from protocol.fees import next_base_fee
from protocol.forks import Fork
from protocol.transaction import BLOB, DEPOSIT, LEGACY, Transaction, decode_transaction
from protocol.types import Hash32
from protocol.validity import check_stateless, max_cost


@dataclass(frozen=True, slots=True)
class NextBlock:
    """What is known of the block that the pool's transactions are for."""

    fork: Fork
    gas_limit: int
    base_fee: int
    """Wei per gas; 0 before London."""
    terms: FeeTerms | None = None
    """What transactions pay beside gas, supposing that L1's prices stay."""

    def cost(self, tx: Transaction) -> int:
        """The most wei that `tx` can take from its sender."""
        return max_cost(tx) if self.terms is None else max_cost(tx) + self.terms.most(tx)


def next_block(head: Header, config: ChainConfig, body_of: Callable[[Hash32], Block | None]) -> NextBlock:
    """The block after `head`, supposing that its author keeps the gas limit; `body_of` is asked only for fee terms."""
    fork = config.forks.at(head.number + 1, head.timestamp + 1)
    terms = None
    if config.allow_deposits and not is_plain(head.extra_data):
        block = body_of(head.hash)
        terms = None if block is None else terms_of(block.transactions)
    return NextBlock(fork, head.gas_limit, next_base_fee(head, config, fork), terms)


def decode_bounded(raw: bytes, limits: PoolLimits) -> Transaction:
    """Decode a client's transaction, of bounded size so that the work is bounded.

    Raises:
        Reject: Oversized, malformed, or signed by nobody.
    """
    check_size(raw, limits)
    return decode_transaction(raw)


def check_size(raw: bytes, limits: PoolLimits) -> None:
    """Refuse a transaction of too many bytes."""
    if len(raw) > limits.transaction_bytes:
        raise PoolRefusal(f"oversized data: transaction size {len(raw)}, limit {limits.transaction_bytes}")


def check_admissible(tx: Transaction, block: NextBlock, config: ChainConfig, policy: PoolPolicy) -> None:
    """Refuse what the next block could not contain whatever the state, and what the operator does not want.

    Raises:
        Reject: With the reason.
    """
    if tx.type == DEPOSIT:
        raise InvalidTransaction(TxError.TYPE_NOT_SUPPORTED, "deposits come from L1 alone")
    check_stateless(tx, block.fork, config)
    if tx.gas_limit > block.gas_limit:
        raise PoolRefusal(f"exceeds block gas limit: tx {tx.gas_limit}, limit {block.gas_limit}")
    if tx.max_priority_fee_per_gas < policy.min_tip_wei:
        raise PoolRefusal(
            f"transaction underpriced: gas tip cap {tx.max_priority_fee_per_gas}, minimum needed {policy.min_tip_wei}"
        )
    if tx.type == LEGACY and tx.chain_id is None and not policy.allow_unprotected:
        raise PoolRefusal("only replay-protected (EIP-155) transactions allowed over RPC")


def outbids(new: Transaction, old: Transaction, bump_percent: int) -> bool:
    """Whether `new` pays enough more than `old` in every fee field to take its nonce."""

    def raised(ours: int, theirs: int) -> bool:
        return ours > theirs and ours >= theirs * (100 + bump_percent) // 100

    if not raised(new.max_fee_per_gas, old.max_fee_per_gas):
        return False
    if not raised(new.max_priority_fee_per_gas, old.max_priority_fee_per_gas):
        return False
    return old.type != BLOB or raised(new.max_fee_per_blob_gas, old.max_fee_per_blob_gas)
