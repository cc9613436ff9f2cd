"""A rollup as values: its rules, where it starts, and what genesis holds. `node.rollup_file` writes and reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from da.table import layer_bits, layer_names
from genesis.dev import rollup_genesis
from genesis.model import Genesis, GenesisAccount, build_genesis
from node.fee_options import FeeOptions, check_fees
from protocol.chain_config import ChainConfig
from protocol.forks import Fork, constant_schedule
from protocol.l1 import L1BlockRef
from protocol.provable import Unprovable, unprovable
from protocol.rollup import RollupConfig, SettlementContracts
from protocol.types import Address


@dataclass(frozen=True, slots=True)
class Rollup:
    """A rollup's rules and where it starts: `accounts` are the genesis balances in wei, `predeploys` what else genesis
    holds beside what every chain has; `da_layer` names the chain's data layers in the order in which its batcher tries
    them, with commas between; `da_settings` are those of their settings that every reader needs (see `da.table`)."""

    config: RollupConfig
    accounts: Mapping[Address, int]
    genesis_timestamp: int
    da_layer: str
    predeploys: Mapping[Address, GenesisAccount] = field(default_factory=dict)
    da_settings: Mapping[str, str] = field(default_factory=dict)

    def genesis(self) -> Genesis:
        """What block 0 is built from."""
        accounts = _accounts(self.accounts, self.predeploys)
        return _genesis(self.config.chain, accounts, self.genesis_timestamp, self.config.gas_limit)


def new_rollup(
    *,
    chain: ChainConfig,
    l1_chain_id: int,
    l1_genesis: L1BlockRef,
    inbox_address: Address,
    accounts: Mapping[Address, int],
    block_time_milliseconds: int,
    gas_limit: int,
    da_layer: str,
    max_sequencer_drift_seconds: int = 600,
    sequencing_window: int = 3600,
    settlement: SettlementContracts | None = None,
    predeploys: Mapping[Address, GenesisAccount] | None = None,
    da_settings: Mapping[str, str] | None = None,
    fees: FeeOptions | None = None,
) -> Rollup:
    """A rollup that starts at this L1 block, its genesis hash computed; raises InvalidInput on impossible fees."""
    contracts = predeploys or {}
    chosen = fees or FeeOptions()
    check_fees(chosen, chain, gas_limit)
    chain = chosen.on(chain)
    genesis = _genesis(chain, _accounts(accounts, contracts), l1_genesis.timestamp, gas_limit)
    config = RollupConfig(
        chain=chain,
        l1_chain_id=l1_chain_id,
        l1_genesis=l1_genesis,
        inbox_address=inbox_address,
        genesis_hash=build_genesis(genesis).block.hash,
        block_time_milliseconds=block_time_milliseconds,
        gas_limit=gas_limit,
        max_sequencer_drift_seconds=max_sequencer_drift_seconds,
        sequencing_window=sequencing_window,
        settlement=settlement,
        fees=chosen.knobs,
        fee_recipient=chosen.fee_recipient,
        l1_blob_update_fraction=chosen.l1_blob_update_fraction,
        gas_token=chosen.gas_token,
        layers=layer_bits(layer_names(da_layer)),
    )
    return Rollup(config, accounts, l1_genesis.timestamp, da_layer, contracts, da_settings or {})


def rollup_chain_config(
    chain_id: int, fork: Fork = Fork.CANCUN, *, elasticity: int = 2, base_fee_change_denominator: int = 8
) -> ChainConfig:
    """The execution rules of a rollup: one fork from genesis on, deposits, no blobs."""
    return ChainConfig(
        chain_id=chain_id,
        forks=constant_schedule(fork),
        elasticity=elasticity,
        base_fee_change_denominator=base_fee_change_denominator,
        allow_deposits=True,
        allow_blobs=False,
    )


def unprovable_chain(rollup: Rollup) -> Unprovable | None:
    """Why no game could judge this chain; None if one can."""
    config = rollup.config
    fork = config.chain.forks.at(0, rollup.genesis_timestamp)
    return unprovable(fork, layer_names(rollup.da_layer), config.gas_limit)


def _accounts(
    balances: Mapping[Address, int], predeploys: Mapping[Address, GenesisAccount]
) -> dict[Address, GenesisAccount]:
    return {**{address: GenesisAccount(balance) for address, balance in balances.items()}, **predeploys}


def _genesis(chain: ChainConfig, accounts: Mapping[Address, GenesisAccount], timestamp: int, gas_limit: int) -> Genesis:
    fork = chain.forks.at(0, timestamp)
    genesis = rollup_genesis(chain.chain_id, timestamp, accounts=accounts, fork=fork, gas_limit=gas_limit)
    return replace(genesis, config=chain)
