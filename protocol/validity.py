"""Whether a block may contain a transaction: three checks, in the order of what they need to know.

`check_stateless` needs the transaction and the fork, `check_block_room` the block so far, `check_state` the sender's
account. Each raises InvalidTransaction, and none changes anything. Deposits (type 0x7E) are never invalid on a chain
that has them: what one cannot pay or run makes its receipt a failure (`vm`), so that L1 can always force it in.
"""

from protocol.chain_config import ChainConfig
from protocol.crypto import SECP256K1_N
from protocol.errors import InvalidTransaction, TxError
from protocol.fees import blob_gas, floor_data_gas, intrinsic_gas
from protocol.forks import Fork
from protocol.rollup_limits import MAX_TX_BYTES
from protocol.state import Account
from protocol.transaction import ACCESS_LIST, BLOB, DEPOSIT, DYNAMIC_FEE, LEGACY, SET_CODE, Transaction
from protocol.types import UINT64_MAX, UINT256_MAX

MAX_INITCODE_SIZE = 2 * 24_576
"""Bytes (EIP-3860)."""
MAX_TX_GAS = 2**24
"""EIP-7825, from Osaka on."""
MAX_BLOBS_PER_TX = 6
"""EIP-7594, from Osaka on."""
BLOB_HASH_VERSION = 0x01
DELEGATION_PREFIX = b"\xef\x01\x00"
"""EIP-7702: code of an account that delegates is this prefix and an address."""

_TYPE_SINCE = {
    LEGACY: (Fork.FRONTIER, TxError.TYPE_NOT_SUPPORTED),
    ACCESS_LIST: (Fork.BERLIN, TxError.TYPE_1_TX_PRE_FORK),
    DYNAMIC_FEE: (Fork.LONDON, TxError.TYPE_2_TX_PRE_FORK),
    BLOB: (Fork.CANCUN, TxError.TYPE_3_TX_PRE_FORK),
    SET_CODE: (Fork.PRAGUE, TxError.TYPE_4_TX_PRE_FORK),
}


def check_stateless(tx: Transaction, fork: Fork, config: ChainConfig) -> None:
    """Refuse what no block of this fork may contain, whatever its state."""
    check_shape(tx, fork, config)
    check_gas(tx, fork)


def check_shape(tx: Transaction, fork: Fork, config: ChainConfig) -> None:
    """The part of `check_stateless` that comes before block and state are asked: all but gas and size."""
    if tx.type == DEPOSIT and config.allow_deposits:
        return
    if config.allow_deposits and len(tx.raw) > MAX_TX_BYTES:
        raise InvalidTransaction(TxError.OVERSIZED_DATA, f"transaction size {len(tx.raw)}, limit {MAX_TX_BYTES}")
    _check_type(tx, fork, config)
    _check_signature(tx, fork, config)
    if tx.nonce >= UINT64_MAX:
        raise InvalidTransaction(TxError.NONCE_IS_MAX, f"tx nonce {tx.nonce}")
    if fork >= Fork.OSAKA and tx.gas_limit > MAX_TX_GAS:
        raise InvalidTransaction(TxError.GAS_LIMIT_EXCEEDS_MAXIMUM, f"cap {MAX_TX_GAS}, tx {tx.gas_limit}")
    if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
        raise InvalidTransaction(
            TxError.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS,
            f"maxPriorityFeePerGas {tx.max_priority_fee_per_gas}, maxFeePerGas {tx.max_fee_per_gas}",
        )
    if tx.gas_limit * tx.max_fee_per_gas > UINT256_MAX:
        raise InvalidTransaction(
            TxError.GASLIMIT_PRICE_PRODUCT_OVERFLOW, f"gas limit {tx.gas_limit}, price {tx.max_fee_per_gas}"
        )
    if tx.type == BLOB:
        _check_blobs(tx, fork)
    elif tx.type == SET_CODE:
        _check_authorizations(tx)


def check_gas(tx: Transaction, fork: Fork) -> None:
    """The part of `check_stateless` that comes last: whether the gas limit covers what `tx` owes at least, and size."""
    if tx.type == DEPOSIT:
        return
    needed = intrinsic_gas(tx, fork)
    if tx.gas_limit < needed:
        raise InvalidTransaction(TxError.INTRINSIC_GAS_TOO_LOW, f"gas {tx.gas_limit}, minimum needed {needed}")
    floor = floor_data_gas(tx, fork)
    if tx.gas_limit < floor:
        raise InvalidTransaction(
            TxError.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST, f"gas {tx.gas_limit}, minimum needed {floor}"
        )
    if tx.to is None and fork >= Fork.SHANGHAI and len(tx.data) > MAX_INITCODE_SIZE:
        raise InvalidTransaction(TxError.INITCODE_SIZE_EXCEEDED, f"limit {MAX_INITCODE_SIZE}, size {len(tx.data)}")


def check_block_room(
    tx: Transaction, gas_left: int, base_fee: int, blob_gas_left: int = 0, blob_base_fee: int = 0
) -> None:
    """Refuse what does not fit in the block so far, or pays less than its base fees (wei per gas, per blob gas)."""
    if tx.type == DEPOSIT:
        return
    if tx.max_fee_per_gas < base_fee:
        raise InvalidTransaction(
            TxError.INSUFFICIENT_MAX_FEE_PER_GAS, f"maxFeePerGas {tx.max_fee_per_gas}, baseFee {base_fee}"
        )
    if tx.type == BLOB:
        if blob_gas(tx) > blob_gas_left:
            raise InvalidTransaction(
                TxError.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED, f"left {blob_gas_left}, tx {blob_gas(tx)}"
            )
        if tx.max_fee_per_blob_gas < blob_base_fee:
            raise InvalidTransaction(
                TxError.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS,
                f"maxFeePerBlobGas {tx.max_fee_per_blob_gas}, blobBaseFee {blob_base_fee}",
            )
    if tx.gas_limit > gas_left:
        raise InvalidTransaction(TxError.GAS_ALLOWANCE_EXCEEDED, f"left {gas_left}, tx {tx.gas_limit}")


def check_state(tx: Transaction, sender: Account | None, sender_code: bytes, charges: int = 0) -> None:
    """Refuse what the sender's account does not allow. `sender_code` is the code behind `sender.code_hash`.

    `charges` is what the block takes beside gas, in wei (`FeeTerms.most`).
    """
    if tx.type == DEPOSIT:
        return
    nonce, balance = (0, 0) if sender is None else (sender.nonce, sender.balance)
    if tx.nonce < nonce:
        raise InvalidTransaction(TxError.NONCE_MISMATCH_TOO_LOW, f"next nonce {nonce}, tx nonce {tx.nonce}")
    if tx.nonce > nonce:
        raise InvalidTransaction(TxError.NONCE_MISMATCH_TOO_HIGH, f"next nonce {nonce}, tx nonce {tx.nonce}")
    if sender_code and not is_delegation(sender_code):
        raise InvalidTransaction(
            TxError.SENDER_NOT_EOA, f"address 0x{tx.sender.hex()}, {len(sender_code)} bytes of code"
        )
    cost = max_cost(tx) + charges
    if balance < cost:
        raise InvalidTransaction(
            TxError.INSUFFICIENT_ACCOUNT_FUNDS, f"balance {balance}, tx cost {cost}, overshot {cost - balance}"
        )


def max_cost(tx: Transaction) -> int:
    """The most wei that including `tx` can take from its sender: value, gas at its cap, blobs at theirs."""
    return tx.value + tx.gas_limit * tx.max_fee_per_gas + blob_gas(tx) * tx.max_fee_per_blob_gas


def is_delegation(code: bytes) -> bool:
    """Whether `code` only points at another account's code (EIP-7702).

    Whose account has such code may send in every fork, as in geth: before Prague nothing can put it there.
    """
    return len(code) == 23 and code[:3] == DELEGATION_PREFIX


def _check_type(tx: Transaction, fork: Fork, config: ChainConfig) -> None:
    known = _TYPE_SINCE.get(tx.type)
    if known is None or (tx.type == BLOB and not config.allow_blobs):
        raise InvalidTransaction(TxError.TYPE_NOT_SUPPORTED, f"type 0x{tx.type:02x}")
    since, error = known
    if fork < since:
        raise InvalidTransaction(error, f"since {since.name}, fork {fork.name}")


def _check_signature(tx: Transaction, fork: Fork, config: ChainConfig) -> None:
    if fork >= Fork.HOMESTEAD and tx.s > SECP256K1_N // 2:
        raise InvalidTransaction(TxError.INVALID_SIGNATURE_VRS, "s is in the upper half of the curve's order")
    if tx.chain_id is None:
        return
    if fork < Fork.SPURIOUS_DRAGON:
        raise InvalidTransaction(TxError.INVALID_SIGNATURE_VRS, f"v is {tx.v}")
    if tx.chain_id != config.chain_id:
        raise InvalidTransaction(TxError.INVALID_CHAINID, f"have {tx.chain_id}, want {config.chain_id}")


def _check_blobs(tx: Transaction, fork: Fork) -> None:
    if tx.to is None:
        raise InvalidTransaction(TxError.TYPE_3_TX_CONTRACT_CREATION)
    if not tx.blob_hashes:
        raise InvalidTransaction(TxError.TYPE_3_TX_ZERO_BLOBS)
    if fork >= Fork.OSAKA and len(tx.blob_hashes) > MAX_BLOBS_PER_TX:
        raise InvalidTransaction(
            TxError.TYPE_3_TX_BLOB_COUNT_EXCEEDED, f"at most {MAX_BLOBS_PER_TX}, tx {len(tx.blob_hashes)}"
        )
    for index, blob_hash in enumerate(tx.blob_hashes):
        if blob_hash[0] != BLOB_HASH_VERSION:
            raise InvalidTransaction(
                TxError.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH, f"blob {index} has version 0x{blob_hash[0]:02x}"
            )


def _check_authorizations(tx: Transaction) -> None:
    if tx.to is None:
        raise InvalidTransaction(TxError.TYPE_4_TX_CONTRACT_CREATION)
    if not tx.authorizations:
        raise InvalidTransaction(TxError.TYPE_4_EMPTY_AUTHORIZATION_LIST)
