"""What transactions pay beside gas, as JSON-RPC needs it: for calls that nobody signed, and in receipts."""

from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.engine import Call
from protocol.extra_data import is_plain
from protocol.fee_terms import FeeTerms, data_gas, terms_of
from protocol.signing import UnsignedTransaction, unsigned_transaction
from protocol.transaction import DEPOSIT, Transaction
from protocol.types import Hash32
from rpc.backend import Backend
from rpc.errors import Json

JsonObject = dict[str, Json]

MILLION = 10**6


def terms_at(backend: Backend, header: Header) -> FeeTerms | None:
    """What the transactions of this block pay beside gas; of a block that is not sealed, what its parent's do."""
    if not backend.config.allow_deposits or is_plain(header.extra_data):
        return None
    for block_hash in (header.hash, header.parent_hash):
        if block_hash in _known:
            return _known[block_hash]
        block = backend.chain.block(block_hash)
        if block is not None:
            if len(_known) >= KNOWN_BLOCKS:
                _known.clear()
            _known[block_hash] = terms_of(block.transactions)
            return _known[block_hash]
    return None


KNOWN_BLOCKS = 64
_known: dict[Hash32, FeeTerms | None] = {}
"""Of blocks asked for lately; what a hash stands for never changes."""


def charges_of(terms: FeeTerms | None, call: Call, chain_id: int) -> int:
    """Wei that a paying call is charged beside gas, at most; nothing for a free one."""
    if terms is None or not call.gas_price:
        return 0
    return terms.most(_as_transaction(call, chain_id))


def gas_affordable(terms: FeeTerms | None, wei: int, price: int, call: Call, chain_id: int) -> int:
    """The most gas that `wei` buys at this price per gas, after the charges for `call`; 0 if it does not cover them.

    The price is above 0.
    """
    if terms is None:
        return wei // price
    tx = _as_transaction(call, chain_id)
    left = wei - terms.l1_fee(tx.raw, is_signed=False) - terms.knobs.operator_fee_constant
    return max(left, 0) * MILLION // (price * MILLION + terms.knobs.operator_fee_scalar)


def _as_transaction(call: Call, chain_id: int) -> Transaction:
    price = call.gas_price or 0
    unsigned = UnsignedTransaction(
        chain_id,
        2**16,  # as many bytes as a nonce usually has at most
        call.gas_limit,
        call.to,
        call.value,
        call.data,
        price,
        price,
        access_list=call.access_list,
        authorizations=call.authorizations,
    )
    return unsigned_transaction(unsigned, call.sender)


def receipt_charges(block: Block, tx: Transaction, gas_used: int, config: ChainConfig) -> JsonObject:
    """The fields of a receipt that say what was paid beside gas, by OP Stack's names; none where nothing is charged.

    `operatorFee` is ours: the wei that the other two operator fields come to.
    """
    if not config.allow_deposits or is_plain(block.header.extra_data):
        return {}
    terms = terms_of(block.transactions)
    if terms is None or tx.type == DEPOSIT:
        return {}
    return charges_json(terms, tx.raw, gas_used, is_signed=True)


def charges_json(terms: FeeTerms, raw: bytes, gas: int, *, is_signed: bool) -> JsonObject:
    """What a transaction of these bytes, using so much gas, pays beside it, and why."""
    knobs = terms.knobs
    return {
        "l1Fee": hex(terms.l1_fee(raw, is_signed=is_signed)),
        "l1GasUsed": hex(data_gas(raw, is_signed=is_signed)),
        "l1GasPrice": hex(terms.l1_base_fee),
        "l1BlobBaseFee": hex(terms.l1_blob_base_fee),
        "l1BaseFeeScalar": hex(knobs.l1_base_fee_scalar),
        "l1BlobBaseFeeScalar": hex(knobs.l1_blob_base_fee_scalar),
        "operatorFee": hex(terms.operator_fee(gas)),
        "operatorFeeScalar": hex(knobs.operator_fee_scalar),
        "operatorFeeConstant": hex(knobs.operator_fee_constant),
    }
