"""eth_gasPrice and its kin: what to pay, and what was paid; rollup_estimateL1Fee."""

from dataclasses import dataclass

from protocol.block import Header
from protocol.fee_terms import NO_FEES, FeeTerms
from protocol.fees import GAS_PER_BLOB, blob_base_fee, next_base_fee, next_excess_blob_gas
from protocol.forks import Fork
from protocol.receipt import Receipt
from protocol.signing import UnsignedTransaction, unsigned_transaction
from protocol.transaction import DEPOSIT, Transaction
from rpc.backend import Backend
from rpc.call_object import CallObject
from rpc.charges import charges_json, terms_at
from rpc.codec import BlockTag
from rpc.errors import InvalidParams, Json, server_error
from rpc.lookup import body_of, header_of, state_of
from rpc.method import Context

MIN_TIP = 1_000_000
"""Wei per gas: what is suggested while blocks have room, since then any tip is enough."""

FULL_BLOCK = 0.95
"""Share of the gas limit from which on transactions compete and the tip has to rise."""


def gas_price(context: Context) -> str:
    """eth_gasPrice: enough for the next few blocks, because wallets also take it for a maximum."""
    base_fee = upcoming_base_fee(context.backend)
    return hex(base_fee + base_fee // 4 + suggested_tip(context.backend))


def max_priority_fee_per_gas(context: Context) -> str:
    """eth_maxPriorityFeePerGas."""
    return hex(suggested_tip(context.backend))


def base_fee(context: Context) -> Json:
    """eth_baseFee: that of the next block; null before London."""
    head = context.backend.chain.head()
    config = context.backend.config
    if config.forks.at(head.number + 1, head.timestamp + 1) < Fork.LONDON:
        return None
    return hex(upcoming_base_fee(context.backend))


def blob_base_fee_of_head(context: Context) -> Json:
    """eth_blobBaseFee: wei per blob gas in the next block; null where there are no blobs."""
    head = context.backend.chain.head()
    fee = _next_blob_base_fee(context.backend, head)
    return None if fee is None else hex(fee)


def upcoming_base_fee(backend: Backend) -> int:
    """The base fee, in wei per gas, of the block after the newest; 0 before London."""
    return _next_base_fee(backend, backend.chain.head())


def suggested_tip(backend: Backend) -> int:
    """Wei per gas: the minimum while the newest block has room, else a tenth above its median tip.

    Where the base fee is fixed, the minimum is nothing: gas may be meant to be free.
    """
    head = backend.chain.head()
    least = 0 if backend.config.fixed_base_fee else MIN_TIP
    if head.gas_used < FULL_BLOCK * head.gas_limit:
        return least
    tips = sorted(_tip(tx, head) for tx in body_of(backend.chain, head).transactions if tx.type != DEPOSIT)
    if not tips:
        return least
    median = tips[len(tips) // 2]
    return max(least, median + median // 10)


def fee_history(context: Context, count: int, newest: BlockTag | int, percentiles: list[float] | None) -> Json:
    """eth_feeHistory: `count` blocks up to `newest`, and the fees of the one after.

    `reward` holds, per block, the tips at the given percentiles of its gas; it is there only when asked for.
    """
    backend, chain = context.backend, context.backend.chain
    _check_percentiles(percentiles or [], context.limits.fee_history_percentiles)
    last = header_of(chain, newest)
    if last is None:
        raise server_error(f"request beyond head block: requested {newest}, head {chain.head().number}")
    count = min(count, context.limits.fee_history_blocks, last.number + 1)
    headers = [last]
    while len(headers) < count:
        parent = chain.header(headers[-1].parent_hash)
        if parent is None:
            break
        headers.append(parent)
    headers = headers[:count]
    headers.reverse()
    base_fees = [header.base_fee_per_gas or 0 for header in headers]
    blob_fees = [_blob_base_fee(backend, header) or 0 for header in headers]
    result: dict[str, Json] = {
        "oldestBlock": hex(last.number + 1 - len(headers)),
        "baseFeePerGas": [hex(fee) for fee in (*base_fees, _next_base_fee(backend, last))],
        "gasUsedRatio": [header.gas_used / header.gas_limit if header.gas_limit else 0.0 for header in headers],
        "baseFeePerBlobGas": [hex(fee) for fee in (*blob_fees, _next_blob_base_fee(backend, last) or 0)],
        "blobGasUsedRatio": [_blob_gas_used_ratio(backend, header) for header in headers],
    }
    if percentiles is not None:
        result["reward"] = [_rewards(backend, header, percentiles) for header in headers]
    return result


def estimate_l1_fee(context: Context, wanted: CallObject) -> Json:
    """rollup_estimateL1Fee: what a transaction would pay beside gas now; all zero on a chain that charges nothing.

    `operatorFee` is for `gas`, or the block's limit when the client names none. `l1Fee` allows for a signature.
    """
    backend = context.backend
    head = backend.chain.head()
    account = state_of(backend.chain, head).account(wanted.sender)
    gas = head.gas_limit if wanted.gas is None else wanted.gas
    unsigned = UnsignedTransaction(
        chain_id=backend.chain_id,
        nonce=(account.nonce if account else 0) if wanted.nonce is None else wanted.nonce,
        gas_limit=gas,
        to=wanted.to,
        value=wanted.value,
        data=wanted.data,
        max_fee_per_gas=wanted.gas_price or wanted.max_fee_per_gas or head.base_fee_per_gas or 0,
        max_priority_fee_per_gas=wanted.max_priority_fee_per_gas or 0,
        type=wanted.type,
        access_list=wanted.access_list,
        authorizations=wanted.authorizations,
    )
    raw = unsigned_transaction(unsigned, wanted.sender).raw
    terms = terms_at(backend, head) or FeeTerms(NO_FEES, 0, 0)
    return charges_json(terms, raw, gas, is_signed=False)


def percentile_list(value: Json) -> list[float]:
    """The codec of reward percentiles: an array of numbers."""
    if not isinstance(value, list):
        raise InvalidParams("expected an array of numbers")
    percentiles = []
    for entry in value:
        if isinstance(entry, bool) or not isinstance(entry, int | float):
            raise InvalidParams("expected an array of numbers")
        percentiles.append(float(min(max(entry, -1), 101)))  # out of range stays out of range, and fits a float
    return percentiles


def _check_percentiles(percentiles: list[float], at_most: int) -> None:
    if len(percentiles) > at_most:
        raise InvalidParams(f"over the query limit {at_most}")
    for index, percentile in enumerate(percentiles):
        if not 0 <= percentile <= 100:
            raise InvalidParams(f"invalid reward percentile: {percentile}")
        if index and percentile < percentiles[index - 1]:
            raise InvalidParams("invalid reward percentile: not in ascending order")


@dataclass(frozen=True, slots=True)
class _Paid:
    """One transaction's tip, wei per gas, and gas used."""

    tip: int
    gas_used: int


def _rewards(backend: Backend, header: Header, percentiles: list[float]) -> list[Json]:
    if header.gas_used == 0:
        return ["0x0"] * len(percentiles)
    transactions = body_of(backend.chain, header).transactions
    receipts: tuple[Receipt, ...] = backend.chain.receipts(header.hash) or ()
    paid = sorted(
        (_Paid(_tip(tx, header), receipt.gas_used) for tx, receipt in zip(transactions, receipts, strict=True)),
        key=lambda entry: entry.tip,
    )
    if not paid:
        return ["0x0"] * len(percentiles)
    rewards: list[Json] = []
    position, gas_so_far = 0, paid[0].gas_used
    for percentile in percentiles:
        threshold = int(header.gas_used * percentile / 100)
        while gas_so_far < threshold and position < len(paid) - 1:
            position += 1
            gas_so_far += paid[position].gas_used
        rewards.append(hex(paid[position].tip))
    return rewards


def _tip(tx: Transaction, header: Header) -> int:
    if tx.type == DEPOSIT:
        return 0
    base_fee_per_gas = header.base_fee_per_gas or 0
    return tx.effective_gas_price(base_fee_per_gas) - base_fee_per_gas


def _next_base_fee(backend: Backend, header: Header) -> int:
    return next_base_fee(header, backend.config, backend.config.forks.at(header.number + 1, header.timestamp + 1))


def _blob_base_fee(backend: Backend, header: Header) -> int | None:
    schedule = backend.config.forks.blobs_at(header.timestamp)
    if schedule is None or header.excess_blob_gas is None:
        return None
    return blob_base_fee(header.excess_blob_gas, schedule)


def _next_blob_base_fee(backend: Backend, header: Header) -> int | None:
    forks = backend.config.forks
    schedule = forks.blobs_at(header.timestamp + 1)
    if schedule is None or header.excess_blob_gas is None:
        return None
    fork = forks.at(header.number + 1, header.timestamp + 1)
    return blob_base_fee(next_excess_blob_gas(header, schedule, fork), schedule)


def _blob_gas_used_ratio(backend: Backend, header: Header) -> float:
    schedule = backend.config.forks.blobs_at(header.timestamp)
    if schedule is None or header.blob_gas_used is None:
        return 0.0
    return header.blob_gas_used / (schedule.maximum * GAS_PER_BLOB)
