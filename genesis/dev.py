"""Chains to develop on: ten funded accounts whose keys everybody knows, and the usual predeploys."""

from collections.abc import Mapping

from genesis.model import Genesis, GenesisAccount
from genesis.predeploys import predeploys
from protocol.chain_config import ChainConfig
from protocol.crypto import private_key_address
from protocol.forks import Fork, constant_schedule
from protocol.types import Address

DEV_MNEMONIC = "test test test test test test test test test test test junk"
DEV_PRIVATE_KEYS = tuple(
    bytes.fromhex(key)
    for key in (
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
        "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
        "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
        "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
        "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
        "92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
        "4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
        "dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
        "2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6",
    )
)
"""Of the accounts m/44'/60'/0'/0/0 to 9 of `DEV_MNEMONIC`. Public: never fund them where money is real."""

DEV_ACCOUNTS = tuple(private_key_address(key) for key in DEV_PRIVATE_KEYS)
DEV_BALANCE = 10_000 * 10**18
"""Wei."""
DEV_GAS_LIMIT = 30_000_000


def dev_accounts() -> dict[Address, GenesisAccount]:
    """The ten accounts, funded."""
    return {address: GenesisAccount(balance=DEV_BALANCE) for address in DEV_ACCOUNTS}


def dev_genesis(chain_id: int, timestamp: int, *, fork: Fork = Fork.CANCUN, gas_limit: int = DEV_GAS_LIMIT) -> Genesis:
    """An L1 to develop on; blobs allowed, no deposits. `timestamp` in seconds."""
    config = ChainConfig(chain_id, constant_schedule(fork))
    return Genesis(config, {**predeploys(fork), **dev_accounts()}, timestamp, gas_limit)


def rollup_genesis(
    chain_id: int,
    timestamp: int,
    *,
    accounts: Mapping[Address, GenesisAccount] | None = None,
    fork: Fork = Fork.CANCUN,
    gas_limit: int = DEV_GAS_LIMIT,
    elasticity: int = 2,
    base_fee_change_denominator: int = 8,
    base_fee_per_gas: int | None = None,
) -> Genesis:
    """A rollup: predeploys and `accounts` (the funded dev accounts unless given); deposits allowed, blobs not.

    `timestamp` in seconds: that of the L1 block the chain starts from; `base_fee_per_gas` in wei, 1 gwei unless given.
    """
    config = ChainConfig(
        chain_id,
        constant_schedule(fork),
        elasticity=elasticity,
        base_fee_change_denominator=base_fee_change_denominator,
        allow_deposits=True,
        allow_blobs=False,
    )
    alloc = {**predeploys(fork), **(dev_accounts() if accounts is None else accounts)}
    return Genesis(config, alloc, timestamp, gas_limit, base_fee_per_gas=base_fee_per_gas)
