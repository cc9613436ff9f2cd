"""`rollup.json`: the one file that anybody needs, beside an L1 endpoint, to follow a rollup from its first block."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from da.table import check_settings, layer_bits, layer_names
from genesis.dev import rollup_genesis
from genesis.model import Genesis, GenesisAccount, build_genesis
from node.fee_options import FeeOptions, check_fees, fees_json, parse_fees
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidInput
from protocol.forks import Fork, constant_schedule
from protocol.l1 import L1BlockRef
from protocol.provable import Unprovable, unprovable
from protocol.rollup import RollupConfig, SettlementContracts
from protocol.types import Address, Hash32

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

FORMAT = 2

SETTLEMENT_KEYS = {
    "chainConfig": "chain_config",
    "outputs": "outputs",
    "portal": "portal",
    "bridge": "bridge",
    "game": "game",
}


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


def _accounts(
    balances: Mapping[Address, int], predeploys: Mapping[Address, GenesisAccount]
) -> dict[Address, GenesisAccount]:
    return {**{address: GenesisAccount(balance) for address, balance in balances.items()}, **predeploys}


def _genesis(chain: ChainConfig, accounts: Mapping[Address, GenesisAccount], timestamp: int, gas_limit: int) -> Genesis:
    fork = chain.forks.at(0, timestamp)
    genesis = rollup_genesis(chain.chain_id, timestamp, accounts=accounts, fork=fork, gas_limit=gas_limit)
    return replace(genesis, config=chain)


def rollup_json(rollup: Rollup) -> dict[str, Json]:
    """The file's content; also what `rollup_config` answers over JSON-RPC."""
    config, chain, l1 = rollup.config, rollup.config.chain, rollup.config.l1_genesis
    return {
        "format": FORMAT,
        "chainId": chain.chain_id,
        "fork": chain.forks.at(0, rollup.genesis_timestamp).name.lower(),
        "elasticity": chain.elasticity,
        "baseFeeChangeDenominator": chain.base_fee_change_denominator,
        "l1ChainId": config.l1_chain_id,
        "l1Genesis": {
            "number": l1.number,
            "hash": _hex(l1.hash),
            "parentHash": _hex(l1.parent_hash),
            "timestamp": l1.timestamp,
            "prevRandao": _hex(l1.prev_randao),
            "baseFeePerGas": l1.base_fee,
            "excessBlobGas": l1.excess_blob_gas,
        },
        "inboxAddress": _hex(config.inbox_address),
        "settlement": None if config.settlement is None else _settlement_json(config.settlement),
        "genesisHash": _hex(config.genesis_hash),
        "genesisTimestamp": rollup.genesis_timestamp,
        "blockTimeMilliseconds": config.block_time_milliseconds,
        "gasLimit": config.gas_limit,
        "fees": fees_json(fees_of(config)),
        "maxSequencerDriftSeconds": config.max_sequencer_drift_seconds,
        "sequencingWindow": config.sequencing_window,
        "dataAvailability": rollup.da_layer,
        "dataAvailabilitySettings": dict(rollup.da_settings),
        "accounts": {_hex(address): str(balance) for address, balance in rollup.accounts.items()},
        "predeploys": {_hex(address): _account_json(account) for address, account in rollup.predeploys.items()},
    }


def _settlement_json(settlement: SettlementContracts) -> dict[str, Json]:
    addresses: dict[str, Json] = {key: _hex(getattr(settlement, name)) for key, name in SETTLEMENT_KEYS.items()}
    return {
        **addresses,
        "challengeWindowSeconds": settlement.challenge_window,
        "finalisationDelaySeconds": settlement.finalisation_delay,
        "bond": str(settlement.bond),
    }


def _account_json(account: GenesisAccount) -> dict[str, Json]:
    return {
        "balance": str(account.balance),
        "nonce": account.nonce,
        "code": _hex(account.code),
        "storage": {hex(slot): hex(word) for slot, word in account.storage.items()},
    }


def save_rollup(rollup: Rollup, path: Path) -> None:
    """Write the file in one step: a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(rollup_json(rollup), indent=2) + "\n")
    os.replace(temporary, path)


def load_rollup(path: Path) -> Rollup:
    """Read the file.

    Raises:
        InvalidInput: It is missing, malformed, or its genesis hash is not that of the genesis it describes.
    """
    try:
        fields = json.loads(path.read_text())
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); `tombolo up` makes it") from error
    except ValueError as error:
        raise InvalidInput(f"{path}: not JSON ({error})") from error
    try:
        rollup = _parse(fields)
    except KeyError as error:
        raise InvalidInput(f"{path}: field {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"{path}: {error}") from error
    found = build_genesis(rollup.genesis()).block.hash
    if found != rollup.config.genesis_hash:
        raise InvalidInput(
            f"{path}: genesisHash is {_hex(rollup.config.genesis_hash)}, but the genesis it describes is {_hex(found)}"
        )
    return rollup


def _parse(fields: dict[str, object]) -> Rollup:
    if _integer(fields, "format") != FORMAT:
        raise ValueError(f"format {fields['format']} is not {FORMAT}: made by another version of tombolo")
    fork = fields["fork"]
    if not isinstance(fork, str) or fork.upper() not in Fork.__members__:
        raise ValueError(f"fork {fork!r} is unknown")
    l1, accounts, da_layer = fields["l1Genesis"], fields["accounts"], fields["dataAvailability"]
    predeploys, settlement = fields["predeploys"], fields["settlement"]
    da_settings = fields["dataAvailabilitySettings"]
    if not isinstance(da_settings, dict) or any(not isinstance(value, str) for value in da_settings.values()):
        raise TypeError("dataAvailabilitySettings is an object of texts")
    layer_names(da_layer if isinstance(da_layer, str) else "")
    check_settings(da_settings)
    if not isinstance(l1, dict) or not isinstance(accounts, dict) or not isinstance(da_layer, str):
        raise TypeError("l1Genesis and accounts are objects, dataAvailability a string")
    if not isinstance(predeploys, dict) or not isinstance(settlement, dict | None):
        raise TypeError("predeploys is an object, settlement an object or null")
    fees = parse_fees(fields["fees"])
    chain = rollup_chain_config(
        _integer(fields, "chainId"),
        Fork[fork.upper()],
        elasticity=_integer(fields, "elasticity"),
        base_fee_change_denominator=_integer(fields, "baseFeeChangeDenominator"),
    )
    check_fees(fees, chain, _integer(fields, "gasLimit"))
    config = RollupConfig(
        chain=fees.on(chain),
        l1_chain_id=_integer(fields, "l1ChainId"),
        l1_genesis=L1BlockRef(
            number=_integer(l1, "number"),
            hash=Hash32(_bytes(l1, "hash", 32)),
            parent_hash=Hash32(_bytes(l1, "parentHash", 32)),
            timestamp=_integer(l1, "timestamp"),
            prev_randao=Hash32(_bytes(l1, "prevRandao", 32)),
            base_fee=_integer(l1, "baseFeePerGas"),
            excess_blob_gas=_integer(l1, "excessBlobGas"),
        ),
        inbox_address=Address(_bytes(fields, "inboxAddress", 20)),
        genesis_hash=Hash32(_bytes(fields, "genesisHash", 32)),
        block_time_milliseconds=_integer(fields, "blockTimeMilliseconds"),
        gas_limit=_integer(fields, "gasLimit"),
        max_sequencer_drift_seconds=_integer(fields, "maxSequencerDriftSeconds"),
        sequencing_window=_integer(fields, "sequencingWindow"),
        settlement=None if settlement is None else parse_settlement(settlement),
        fees=fees.knobs,
        fee_recipient=fees.fee_recipient,
        l1_blob_update_fraction=fees.l1_blob_update_fraction,
        gas_token=fees.gas_token,
        layers=layer_bits(layer_names(da_layer)),
    )
    balances = {Address(bytes.fromhex(key.removeprefix("0x"))): int(value) for key, value in accounts.items()}
    contracts = {Address(bytes.fromhex(key.removeprefix("0x"))): _account(value) for key, value in predeploys.items()}
    return Rollup(config, balances, _integer(fields, "genesisTimestamp"), da_layer, contracts, da_settings)


def parse_settlement(fields: Mapping[str, object]) -> SettlementContracts:
    """The `settlement` of a rollup's file, or of `rollup_config`; raises KeyError, TypeError or ValueError."""
    return SettlementContracts(
        **{name: Address(_bytes(fields, key, 20)) for key, name in SETTLEMENT_KEYS.items()},
        challenge_window=_integer(fields, "challengeWindowSeconds"),
        finalisation_delay=_integer(fields, "finalisationDelaySeconds"),
        bond=int(str(fields["bond"])),
    )


def _account(fields: dict[str, object]) -> GenesisAccount:
    code, storage = fields["code"], fields["storage"]
    if not isinstance(code, str) or not isinstance(storage, dict):
        raise TypeError("a predeploy's code is hex, its storage an object")
    return GenesisAccount(
        balance=int(str(fields["balance"])),
        nonce=_integer(fields, "nonce"),
        code=bytes.fromhex(code.removeprefix("0x")),
        storage={int(slot, 16): int(word, 16) for slot, word in storage.items()},
    )


def fees_of(config: RollupConfig) -> FeeOptions:
    """What the chain was launched with."""
    chain, knobs = config.chain, config.fees
    return FeeOptions(
        chain.min_base_fee,
        chain.fixed_base_fee,
        knobs.base_fee_recipient,
        knobs.operator_fee_scalar,
        knobs.operator_fee_constant,
        knobs.l1_base_fee_scalar,
        knobs.l1_blob_base_fee_scalar,
        config.fee_recipient,
        chain.l1_fee_recipient,
        chain.operator_fee_recipient,
        config.l1_blob_update_fraction,
        config.gas_token,
    )


def unprovable_chain(rollup: Rollup) -> Unprovable | None:
    """Why no game could judge this chain; None if one can."""
    config = rollup.config
    fork = config.chain.forks.at(0, rollup.genesis_timestamp)
    return unprovable(fork, layer_names(rollup.da_layer), config.gas_limit)


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


def _integer(fields: Mapping[str, object], name: str) -> int:
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name}: expected a whole number, got {value!r}")
    return value


def _bytes(fields: Mapping[str, object], name: str, length: int) -> bytes:
    value = fields[name]
    data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    if len(data) != length:
        raise ValueError(f"{name}: expected {length} bytes of hex, got {value!r}")
    return data


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
