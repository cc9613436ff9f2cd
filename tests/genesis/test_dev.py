import pytest
from eth_account import Account as Wallet

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE, DEV_MNEMONIC, DEV_PRIVATE_KEYS, dev_genesis, rollup_genesis
from genesis.model import GenesisAccount, build_genesis
from genesis.predeploys import (
    BEACON_ROOTS,
    BEACON_ROOTS_CODE,
    CONSOLIDATION_REQUESTS,
    DEPLOYMENT_PROXY,
    DEPLOYMENT_PROXY_CODE,
    HISTORY_STORAGE,
    HISTORY_STORAGE_CODE,
    WITHDRAWAL_REQUESTS,
    predeploys,
)
from protocol.crypto import keccak
from protocol.forks import Fork
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import encode, uint_bytes
from protocol.state import Account
from protocol.transaction import decode_transaction
from protocol.types import Address


def test_the_dev_accounts_are_those_of_the_mnemonic():
    Wallet.enable_unaudited_hdwallet_features()
    for index, (address, key) in enumerate(zip(DEV_ACCOUNTS, DEV_PRIVATE_KEYS, strict=True)):
        expected = Wallet.from_mnemonic(DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        assert (bytes(expected.key), bytes.fromhex(expected.address[2:])) == (key, address)
    assert DEV_ACCOUNTS[0].hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def created_without_a_key(gas_price: int, gas: int, initcode: bytes, r: int, s: int) -> Address:
    """Where the transaction with this made-up signature creates its contract: it depends on every byte of the code."""
    fields = [b"", uint_bytes(gas_price), uint_bytes(gas), b"", b"", initcode, b"\x1b", uint_bytes(r), uint_bytes(s)]
    sender = decode_transaction(encode(fields)).sender
    return Address(keccak(encode([sender, b""]))[12:])


@pytest.mark.parametrize(
    ("address", "code", "prefix", "r", "s"),
    [
        (BEACON_ROOTS, BEACON_ROOTS_CODE, "60618060095f395ff3", 0x539, 0x1B9B6EB1F0),
        (HISTORY_STORAGE, HISTORY_STORAGE_CODE, "60538060095f395ff3", 0x539, 0xAA12693182426612186309F02CFE8A80A0000),
    ],
)
def test_system_contracts_are_those_that_ethereum_created(address, code, prefix, r, s):
    if prefix is None:
        pytest.skip("its initcode also writes storage")
    initcode = bytes.fromhex(prefix) + code
    assert created_without_a_key(10**12, 250_000, initcode, r, s) == address


def test_the_deployment_proxy_is_the_one_on_every_chain():
    initcode = bytes.fromhex("604580600e600039806000f350fe") + DEPLOYMENT_PROXY_CODE
    r = s = int("22" * 32, 16)
    assert created_without_a_key(10**11, 100_000, initcode, r, s) == DEPLOYMENT_PROXY


def test_predeploys_grow_with_the_fork():
    assert set(predeploys(Fork.CANCUN)) == {BEACON_ROOTS, HISTORY_STORAGE, DEPLOYMENT_PROXY}
    assert set(predeploys(Fork.PRAGUE)) - set(predeploys(Fork.CANCUN)) == {WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS}


def test_a_dev_l1_funds_ten_accounts_and_allows_blobs():
    genesis = dev_genesis(1337, 1_700_000_000)
    assert all(genesis.accounts[address].balance == DEV_BALANCE == 10**22 for address in DEV_ACCOUNTS)
    assert (genesis.config.allow_blobs, genesis.config.allow_deposits) == (True, False)
    header = build_genesis(genesis).block.header
    assert (header.timestamp, header.gas_limit, header.base_fee_per_gas) == (1_700_000_000, 30_000_000, 10**9)
    assert header.excess_blob_gas == 0


def test_a_rollup_allows_deposits_not_blobs_and_takes_its_own_accounts():
    owner = Address(b"\x11" * 20)
    genesis = rollup_genesis(
        901, 5, accounts={owner: GenesisAccount(balance=7)}, fork=Fork.PRAGUE, gas_limit=10**7, base_fee_per_gas=3
    )
    assert (genesis.config.allow_blobs, genesis.config.allow_deposits, genesis.config.chain_id) == (False, True, 901)
    assert set(genesis.accounts) == {owner, *predeploys(Fork.PRAGUE)}
    executed = build_genesis(genesis)
    assert executed.block.header.base_fee_per_gas == 3
    assert executed.block.header.requests_hash is not None
    assert executed.changes.accounts[owner] == Account(0, 7, EMPTY_ROOT)
