"""Executing a block that somebody else made, and saying in which field the result differs from what it claims."""

from dataclasses import fields

from protocol.block import Block, Header
from protocol.engine import AncestorHash, Engine, ExecutedBlock
from protocol.errors import InvalidBlock
from protocol.payload import BlockAttributes
from protocol.state import StateReader
from protocol.types import ZERO_HASH


def reexecute(
    engine: Engine, block: Block, parent: Header, state: StateReader, ancestor_hash: AncestorHash
) -> ExecutedBlock:
    """Execute `block` on `state`, which is the one after `parent`; `protocol.header_rules` has passed it before.

    Raises:
        InvalidBlock: Execution fails as a whole or makes another header.
        InvalidTransaction: The block contains one.
    """
    builder = engine.begin_block(parent, attributes_of(block), state, ancestor_hash)
    for tx in block.transactions:
        builder.add(tx)
    executed = builder.seal()
    compare_headers(block.header, executed.block.header)
    return executed


def attributes_of(block: Block) -> BlockAttributes:
    """What the block's author chose, for executing it again."""
    header = block.header
    return BlockAttributes(
        timestamp=header.timestamp,
        fee_recipient=header.fee_recipient,
        gas_limit=header.gas_limit,
        prev_randao=header.prev_randao,
        extra_data=header.extra_data,
        parent_beacon_block_root=header.parent_beacon_block_root or ZERO_HASH,
        withdrawals=block.withdrawals or (),
        difficulty=header.difficulty,
        nonce=header.nonce,
        ommers_hash=header.ommers_hash,
        ommers=block.ommers,
    )


_REASONS = (
    ("base_fee_per_gas", "INVALID_BASEFEE_PER_GAS"),
    ("excess_blob_gas", "INCORRECT_EXCESS_BLOB_GAS"),
    ("blob_gas_used", "INCORRECT_BLOB_GAS_USED"),
    ("transactions_root", "INVALID_TRANSACTIONS_ROOT"),
    ("withdrawals_root", "INVALID_WITHDRAWALS_ROOT"),
    ("gas_used", "INVALID_GAS_USED"),
    ("requests_hash", "INVALID_REQUESTS"),
    ("bloom", "INVALID_LOG_BLOOM"),
    ("receipts_root", "INVALID_RECEIPTS_ROOT"),
    ("state_root", "INVALID_STATE_ROOT"),
)
"""Fields in the order in which a difference says most: the last ones follow from the first."""


def compare_headers(claimed: Header, executed: Header) -> None:
    """Raise InvalidBlock on the most telling field in which two headers differ."""
    if claimed.hash == executed.hash:
        return
    known = dict(_REASONS)
    others = [field.name for field in fields(Header) if field.name not in known and field.name != "hash"]
    for name in (*others, *known):
        found, expected = getattr(claimed, name), getattr(executed, name)
        if found != expected:
            reason = known.get(name, "INVALID_HEADER")
            raise InvalidBlock(
                reason, f"block {claimed.number}: {name} is {_show(found)}, execution gives {_show(expected)}"
            )


def _show(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
