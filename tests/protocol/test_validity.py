from dataclasses import replace

import pytest

from protocol.chain_config import ChainConfig
from protocol.crypto import SECP256K1_N
from protocol.errors import InvalidTransaction, TxError
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.state import Account
from protocol.transaction import (
    ACCESS_LIST,
    BLOB,
    DYNAMIC_FEE,
    LEGACY,
    SET_CODE,
    Authorization,
    Transaction,
    deposit_transaction,
)
from protocol.types import UINT64_MAX, ZERO_ADDRESS, ZERO_HASH
from protocol.validity import (
    DELEGATION_PREFIX,
    MAX_INITCODE_SIZE,
    MAX_TX_GAS,
    check_block_room,
    check_state,
    check_stateless,
    is_delegation,
    max_cost,
)

CONFIG = ChainConfig(1337, constant_schedule(Fork.CANCUN))
BLOB_HASH = b"\x01" * 32
AUTHORIZATION = Authorization(0, ZERO_ADDRESS, 0, 0, 1, 1)


def signed(**fields: object) -> Transaction:
    defaults: dict[str, object] = {"chain_id": 1337, "nonce": 0, "gas_limit": 100_000, "to": ZERO_ADDRESS}
    return sign_transaction(UnsignedTransaction(**{**defaults, **fields}), b"\x01" * 32)  # type: ignore[arg-type]


def blob(**fields: object) -> Transaction:
    return signed(**{"type": BLOB, "blob_hashes": (BLOB_HASH,), **fields})


def high_s(tx: Transaction) -> Transaction:
    return replace(tx, s=SECP256K1_N - tx.s, y_parity=1 - tx.y_parity)


@pytest.mark.parametrize(
    ("tx", "fork", "reason"),
    [
        (signed(type=ACCESS_LIST), Fork.ISTANBUL, TxError.TYPE_1_TX_PRE_FORK),
        (signed(type=DYNAMIC_FEE), Fork.BERLIN, TxError.TYPE_2_TX_PRE_FORK),
        (blob(), Fork.SHANGHAI, TxError.TYPE_3_TX_PRE_FORK),
        (signed(type=SET_CODE, authorizations=(AUTHORIZATION,)), Fork.CANCUN, TxError.TYPE_4_TX_PRE_FORK),
        (deposit_transaction(ZERO_HASH, ZERO_ADDRESS, None, 0, 0, 0, b""), Fork.CANCUN, TxError.TYPE_NOT_SUPPORTED),
        (signed(chain_id=1), Fork.CANCUN, TxError.INVALID_CHAINID),
        (signed(type=LEGACY), Fork.TANGERINE_WHISTLE, TxError.INVALID_SIGNATURE_VRS),
        (high_s(signed()), Fork.CANCUN, TxError.INVALID_SIGNATURE_VRS),
        (signed(nonce=UINT64_MAX), Fork.CANCUN, TxError.NONCE_IS_MAX),
        (signed(gas_limit=MAX_TX_GAS + 1), Fork.OSAKA, TxError.GAS_LIMIT_EXCEEDS_MAXIMUM),
        (signed(max_priority_fee_per_gas=1), Fork.CANCUN, TxError.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS),
        (signed(max_fee_per_gas=2**255), Fork.CANCUN, TxError.GASLIMIT_PRICE_PRODUCT_OVERFLOW),
        (signed(gas_limit=20_999), Fork.CANCUN, TxError.INTRINSIC_GAS_TOO_LOW),
        (signed(gas_limit=53_000, data=b"\x01" * 2000), Fork.PRAGUE, TxError.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST),
        (
            signed(to=None, data=bytes(MAX_INITCODE_SIZE + 1), gas_limit=10**7),
            Fork.SHANGHAI,
            TxError.INITCODE_SIZE_EXCEEDED,
        ),
        (blob(to=None), Fork.CANCUN, TxError.TYPE_3_TX_CONTRACT_CREATION),
        (blob(blob_hashes=()), Fork.CANCUN, TxError.TYPE_3_TX_ZERO_BLOBS),
        (blob(blob_hashes=(bytes(32),)), Fork.CANCUN, TxError.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH),
        (blob(blob_hashes=(BLOB_HASH,) * 7), Fork.OSAKA, TxError.TYPE_3_TX_BLOB_COUNT_EXCEEDED),
        (signed(type=SET_CODE), Fork.PRAGUE, TxError.TYPE_4_EMPTY_AUTHORIZATION_LIST),
        (
            signed(type=SET_CODE, to=None, authorizations=(AUTHORIZATION,)),
            Fork.PRAGUE,
            TxError.TYPE_4_TX_CONTRACT_CREATION,
        ),
    ],
)
def test_what_no_block_may_contain_is_refused_by_name(tx: Transaction, fork: Fork, reason: TxError) -> None:
    with pytest.raises(InvalidTransaction) as refused:
        check_stateless(tx, fork, CONFIG)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("tx", "fork"),
    [
        (signed(type=LEGACY, chain_id=None), Fork.FRONTIER),
        (high_s(signed(type=LEGACY, chain_id=None)), Fork.FRONTIER),
        (signed(type=LEGACY), Fork.SPURIOUS_DRAGON),
        (signed(type=LEGACY, chain_id=None), Fork.CANCUN),
        (signed(gas_limit=MAX_TX_GAS + 1), Fork.PRAGUE),
        (signed(gas_limit=MAX_TX_GAS), Fork.OSAKA),
        (signed(to=None, data=bytes(MAX_INITCODE_SIZE + 1), gas_limit=10**7), Fork.PARIS),
        (signed(to=None, data=bytes(MAX_INITCODE_SIZE), gas_limit=10**7), Fork.SHANGHAI),
        (blob(blob_hashes=(BLOB_HASH,) * 7), Fork.PRAGUE),
        (signed(type=SET_CODE, authorizations=(AUTHORIZATION,)), Fork.PRAGUE),
    ],
)
def test_what_a_fork_allows_passes(tx: Transaction, fork: Fork) -> None:
    check_stateless(tx, fork, CONFIG)


def test_a_chain_without_blobs_refuses_them() -> None:
    with pytest.raises(InvalidTransaction, match="transaction type not supported: type 0x03"):
        check_stateless(blob(), Fork.CANCUN, replace(CONFIG, allow_blobs=False))


def test_a_deposit_is_never_refused_where_deposits_exist() -> None:
    deposit = deposit_transaction(ZERO_HASH, ZERO_ADDRESS, None, 0, 2**256 - 1, 0, b"")
    check_stateless(deposit, Fork.OSAKA, replace(CONFIG, allow_deposits=True))
    check_block_room(deposit, 0, 10**9)
    check_state(deposit, None, b"code")


@pytest.mark.parametrize(
    ("tx", "message"),
    [
        (signed(max_fee_per_gas=9), "max fee per gas less than block base fee: maxFeePerGas 9, baseFee 10"),
        (signed(max_fee_per_gas=10, gas_limit=100_001), "gas limit reached: left 100000, tx 100001"),
        (
            blob(max_fee_per_gas=10, blob_hashes=(BLOB_HASH,) * 3, max_fee_per_blob_gas=7),
            "blob gas limit of the block exceeded: left 262144, tx 393216",
        ),
        (
            blob(max_fee_per_gas=10, max_fee_per_blob_gas=6),
            "max fee per blob gas less than block blob gas fee: maxFeePerBlobGas 6, blobBaseFee 7",
        ),
    ],
)
def test_what_the_block_has_no_room_for_says_what_is_left(tx: Transaction, message: str) -> None:
    with pytest.raises(InvalidTransaction) as refused:
        check_block_room(tx, 100_000, 10, 262_144, 7)
    assert str(refused.value) == message


def test_a_transaction_that_fits_exactly_passes() -> None:
    check_block_room(
        blob(max_fee_per_gas=10, max_fee_per_blob_gas=7, blob_hashes=(BLOB_HASH,) * 2), 100_000, 10, 262_144, 7
    )


SENDER = Account(nonce=5, balance=1_000_000, storage_root=EMPTY_ROOT)


@pytest.mark.parametrize(
    ("tx", "code", "message"),
    [
        (signed(nonce=3), b"", "nonce too low: next nonce 5, tx nonce 3"),
        (signed(nonce=6), b"", "nonce too high: next nonce 5, tx nonce 6"),
        (
            signed(nonce=5, value=900_001, max_fee_per_gas=1),
            b"",
            "insufficient funds for gas * price + value: balance 1000000, tx cost 1000001, overshot 1",
        ),
        (
            signed(nonce=5),
            b"\0" * 23,
            f"sender not an eoa: address 0x{signed().sender.hex()}, 23 bytes of code",
        ),
    ],
)
def test_what_the_senders_account_forbids_says_both_values(tx: Transaction, code: bytes, message: str) -> None:
    with pytest.raises(InvalidTransaction) as refused:
        check_state(tx, SENDER, code)
    assert str(refused.value) == message


def test_a_sender_may_spend_exactly_what_it_has() -> None:
    check_state(signed(nonce=5, value=900_000, max_fee_per_gas=1), SENDER, b"")


def test_a_sender_that_delegates_is_still_an_eoa() -> None:
    check_state(signed(nonce=5), SENDER, DELEGATION_PREFIX + bytes(20))


def test_an_absent_sender_has_nonce_and_balance_zero() -> None:
    check_state(signed(), None, b"")
    with pytest.raises(InvalidTransaction, match="insufficient funds"):
        check_state(signed(value=1), None, b"")


def test_the_cost_of_a_blob_transaction_counts_its_blobs_at_their_cap() -> None:
    tx = blob(value=3, max_fee_per_gas=2, max_fee_per_blob_gas=5, blob_hashes=(BLOB_HASH,) * 2)
    assert max_cost(tx) == 3 + 200_000 + 2 * 131_072 * 5


@pytest.mark.parametrize("code", [b"", DELEGATION_PREFIX, DELEGATION_PREFIX + bytes(21), b"\xef\x01\x01" + bytes(20)])
def test_only_the_exact_designator_is_a_delegation(code: bytes) -> None:
    assert not is_delegation(code)
