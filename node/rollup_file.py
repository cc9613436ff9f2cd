"""`rollup.json`: the one file that anybody needs, beside an L1 endpoint, to follow a rollup from its first block."""

import json
from collections.abc import Mapping
from pathlib import Path

from da.table import check_settings, layer_bits, layer_names
from genesis.model import GenesisAccount, build_genesis
from node.fee_options import Json, check_fees, fees_json, fees_of, parse_fees
from node.rollup import Rollup, rollup_chain_config
from node.whole_file import write_whole
from protocol.errors import InvalidInput
from protocol.forks import Fork
from protocol.l1 import L1BlockRef
from protocol.rollup import RollupConfig, SettlementContracts
from protocol.types import Address, Hash32

FORMAT = 2

SETTLEMENT_KEYS = {
    "chainConfig": "chain_config",
    "outputs": "outputs",
    "portal": "portal",
    "bridge": "bridge",
    "game": "game",
}


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
    write_whole(path, json.dumps(rollup_json(rollup), indent=2) + "\n")


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
    """Raises KeyError, TypeError or ValueError naming what is wrong."""
    if _integer(fields, "format") != FORMAT:
        raise ValueError(f"format {fields['format']} is not {FORMAT}: made by another version of tombolo")
    da_layer = fields["dataAvailability"]
    if not isinstance(da_layer, str):
        raise TypeError("dataAvailability is a string")
    settings = _object(fields, "dataAvailabilitySettings")
    if any(not isinstance(value, str) for value in settings.values()):
        raise TypeError("dataAvailabilitySettings is an object of texts")
    da_settings = check_settings({key: str(value) for key, value in settings.items()})
    accounts, predeploys = _object(fields, "accounts"), _object(fields, "predeploys")
    return Rollup(
        _config(fields, layer_bits(layer_names(da_layer))),
        {_address(key): int(str(value)) for key, value in accounts.items()},
        _integer(fields, "genesisTimestamp"),
        da_layer,
        {_address(key): _account(_object(predeploys, key)) for key in predeploys},
        da_settings,
    )


def _config(fields: Mapping[str, object], layers: int) -> RollupConfig:
    fees, gas_limit = parse_fees(fields["fees"]), _integer(fields, "gasLimit")
    chain = rollup_chain_config(
        _integer(fields, "chainId"),
        _fork(fields["fork"]),
        elasticity=_integer(fields, "elasticity"),
        base_fee_change_denominator=_integer(fields, "baseFeeChangeDenominator"),
    )
    check_fees(fees, chain, gas_limit)
    return RollupConfig(
        chain=fees.on(chain),
        l1_chain_id=_integer(fields, "l1ChainId"),
        l1_genesis=_l1_block(_object(fields, "l1Genesis")),
        inbox_address=Address(_bytes(fields, "inboxAddress", 20)),
        genesis_hash=Hash32(_bytes(fields, "genesisHash", 32)),
        block_time_milliseconds=_integer(fields, "blockTimeMilliseconds"),
        gas_limit=gas_limit,
        max_sequencer_drift_seconds=_integer(fields, "maxSequencerDriftSeconds"),
        sequencing_window=_integer(fields, "sequencingWindow"),
        settlement=None if fields["settlement"] is None else parse_settlement(_object(fields, "settlement")),
        fees=fees.knobs,
        fee_recipient=fees.fee_recipient,
        l1_blob_update_fraction=fees.l1_blob_update_fraction,
        gas_token=fees.gas_token,
        layers=layers,
    )


def _fork(name: object) -> Fork:
    if not isinstance(name, str) or name.upper() not in Fork.__members__:
        raise ValueError(f"fork {name!r} is unknown")
    return Fork[name.upper()]


def _l1_block(fields: Mapping[str, object]) -> L1BlockRef:
    return L1BlockRef(
        number=_integer(fields, "number"),
        hash=Hash32(_bytes(fields, "hash", 32)),
        parent_hash=Hash32(_bytes(fields, "parentHash", 32)),
        timestamp=_integer(fields, "timestamp"),
        prev_randao=Hash32(_bytes(fields, "prevRandao", 32)),
        base_fee=_integer(fields, "baseFeePerGas"),
        excess_blob_gas=_integer(fields, "excessBlobGas"),
    )


def parse_settlement(fields: Mapping[str, object]) -> SettlementContracts:
    """The `settlement` of a rollup's file, or of `rollup_config`; raises KeyError, TypeError or ValueError."""
    return SettlementContracts(
        **{name: Address(_bytes(fields, key, 20)) for key, name in SETTLEMENT_KEYS.items()},
        challenge_window=_integer(fields, "challengeWindowSeconds"),
        finalisation_delay=_integer(fields, "finalisationDelaySeconds"),
        bond=int(str(fields["bond"])),
    )


def _account(fields: Mapping[str, object]) -> GenesisAccount:
    code = fields["code"]
    if not isinstance(code, str):
        raise TypeError("a predeploy's code is hex")
    return GenesisAccount(
        balance=int(str(fields["balance"])),
        nonce=_integer(fields, "nonce"),
        code=bytes.fromhex(code.removeprefix("0x")),
        storage={int(slot, 16): int(str(word), 16) for slot, word in _object(fields, "storage").items()},
    )


def _object(fields: Mapping[str, object], name: str) -> dict[str, object]:
    value = fields[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is an object")
    return value


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


def _address(text: str) -> Address:
    return Address(_bytes({text: text}, text, 20))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
