"""From a client's block id to a header and a state, with the errors that clients expect."""

from dataclasses import replace

from protocol.block import Block, Header
from protocol.engine import AncestorHash, BlockBuilder
from protocol.errors import Reject
from protocol.state import StateReader
from protocol.types import ZERO_HASH, Hash32
from rpc.backend import Backend, ChainView
from rpc.codec import BlockHash, BlockId, BlockTag
from rpc.errors import HISTORY_PRUNED, RpcError, server_error


def header_of(chain: ChainView, block: BlockId) -> Header | None:
    """The header of a sealed block, or None when there is none; `pending` is the newest sealed one.

    Raises:
        RpcError: An EIP-1898 hash that is unknown, or not canonical although asked to be.
    """
    if block is BlockTag.LATEST or block is BlockTag.PENDING:
        return chain.head()
    if isinstance(block, int):
        block_hash = chain.canonical_hash(block)
        return None if block_hash is None else chain.header(block_hash)
    if isinstance(block, BlockHash):
        header = chain.header(block.hash)
        if header is not None and block.require_canonical and chain.canonical_hash(header.number) != block.hash:
            raise server_error("hash is not currently canonical")
        return header
    if block is BlockTag.SAFE:
        return chain.safe_head()
    if block is BlockTag.FINALIZED:
        return chain.finalized_head()
    genesis = chain.canonical_hash(0)
    return None if genesis is None else chain.header(genesis)


def known_header(chain: ChainView, block: BlockId) -> Header:
    """Like `header_of`; an absent block is an error."""
    header = header_of(chain, block)
    if header is None:
        raise server_error("header for hash not found" if isinstance(block, BlockHash) else "header not found")
    return header


def block_of(chain: ChainView, block: BlockId) -> Block | None:
    """The sealed block, or None when there is none."""
    header = header_of(chain, block)
    return None if header is None else body_of(chain, header)


def body_of(chain: ChainView, header: Header) -> Block:
    """The block of a header that the chain has given us."""
    block = chain.block(header.hash)
    if block is None:
        raise RpcError(HISTORY_PRUNED, f"pruned history unavailable: block {header.number}")
    return block


def state_of(chain: ChainView, header: Header) -> StateReader:
    """The state after a block.

    Raises:
        RpcError: Code 4444 when it has been pruned.
    """
    try:
        return chain.state_at(header)
    except Reject as error:
        raise RpcError(HISTORY_PRUNED, str(error)) from error


def state_reader(backend: Backend, block: BlockId) -> StateReader:
    """The state that a read of `block` sees; `pending` includes the transactions of the block being built."""
    chain = backend.chain
    if block is BlockTag.LATEST:
        return state_of(chain, chain.head())
    if block is BlockTag.PENDING:
        builder = backend.pending_block()
        if builder is not None:
            return builder.state
    return state_of(chain, known_header(chain, block))


def pending_header(head: Header, builder: BlockBuilder) -> Header:
    """The header of the block being built on `head`, as far as it is known; its roots are not yet."""
    attributes = builder.attributes
    return replace(
        head,
        parent_hash=head.hash,
        ommers_hash=attributes.ommers_hash,
        fee_recipient=attributes.fee_recipient,
        state_root=ZERO_HASH,
        bloom=0,
        difficulty=attributes.difficulty,
        number=head.number + 1,
        gas_limit=attributes.gas_limit,
        gas_used=attributes.gas_limit - builder.gas_left,
        timestamp=attributes.timestamp,
        extra_data=attributes.extra_data,
        prev_randao=attributes.prev_randao,
        nonce=attributes.nonce,
        base_fee_per_gas=None if head.base_fee_per_gas is None else builder.base_fee_per_gas,
        parent_beacon_block_root=(
            None if head.parent_beacon_block_root is None else attributes.parent_beacon_block_root
        ),
    )


def ancestor_hash_of(chain: ChainView, header: Header) -> AncestorHash:
    """BLOCKHASH's view from inside the block of `header`, which need not be stored itself."""
    parent = chain.header(header.parent_hash)

    def ancestor_hash(number: int) -> Hash32 | None:
        if number == header.number - 1:
            return header.parent_hash
        return None if parent is None else chain.ancestor_hash(parent, number)

    return ancestor_hash


def path_between(chain: ChainView, old: Header, new: Header) -> tuple[list[Header], list[Header]] | None:
    """How to get from one head to another: headers to remove, newest first, and headers to add, oldest first.

    None when the branches do not meet in what is stored.
    """
    removed: list[Header] = []
    added: list[Header] = []
    while old.hash != new.hash:
        if old.number >= new.number:
            removed.append(old)
            parent = chain.header(old.parent_hash)
            if parent is None:
                return None
            old = parent
        else:
            added.append(new)
            parent = chain.header(new.parent_hash)
            if parent is None:
                return None
            new = parent
    added.reverse()
    return removed, added
