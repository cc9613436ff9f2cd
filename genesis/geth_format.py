"""geth's genesis file: the format in which test chains, private networks and this node's own database say it.

Options of this node that geth does not have stand under `config.tombolo`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from genesis.fork_fields import read_forks, write_forks
from genesis.json_fields import Fields, parse_data, parse_document, parse_uint, read_document
from genesis.model import Genesis, GenesisAccount
from protocol.chain_config import ChainConfig
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32

MAX_CHAIN_ID = 2**53 - 1
"""What JavaScript clients hold exactly."""


def load_geth_genesis(path: Path) -> Genesis:
    """Read a genesis file.

    Raises:
        InvalidInput: It cannot be read or used; names the file and the field.
    """
    return _read(read_document(path))


def parse_geth_genesis(data: bytes, name: str) -> Genesis:
    """Read a genesis document that is not in a file; `name` stands for the file in errors."""
    return _read(parse_document(data, name))


def _read(document: Fields) -> Genesis:
    difficulty = document.uint("difficulty", 0)
    nonce = document.uint("nonce", 0, bits=64)
    return Genesis(
        config=_read_config(document.child("config"), difficulty),
        accounts=_read_alloc(document.child("alloc")),
        timestamp=document.uint("timestamp", 0, bits=64),
        gas_limit=document.uint("gasLimit", bits=64),
        difficulty=difficulty,
        fee_recipient=Address(document.data("coinbase", 20, ZERO_ADDRESS)),
        extra_data=document.data("extraData", default=b""),
        prev_randao=Hash32(document.data("mixHash", 32, ZERO_HASH)),
        nonce=nonce.to_bytes(8, "big"),
        base_fee_per_gas=document.optional_uint("baseFeePerGas"),
        excess_blob_gas=document.optional_uint("excessBlobGas", bits=64),
        blob_gas_used=document.optional_uint("blobGasUsed", bits=64),
        number=_zero(document, "number"),
        gas_used=document.uint("gasUsed", 0, bits=64),
        parent_hash=Hash32(document.data("parentHash", 32, ZERO_HASH)),
    )


def _zero(document: Fields, key: str) -> int:
    if document.uint(key, 0):
        raise document.fail(key, "must be 0: a chain starts at block 0")
    return 0


def _read_config(config: Fields, difficulty: int) -> ChainConfig:
    chain_id = config.uint("chainId")
    if not 0 < chain_id <= MAX_CHAIN_ID:
        raise config.fail("chainId", f"must be from 1 to 2^53 - 1, got {chain_id}")
    options = config.child("tombolo", required=False)
    elasticity = options.uint("elasticity", 2, bits=32)
    denominator = options.uint("baseFeeChangeDenominator", 8, bits=32)
    for key, value in (("elasticity", elasticity), ("baseFeeChangeDenominator", denominator)):
        if not value:
            raise options.fail(key, "must not be 0")
    return ChainConfig(
        chain_id=chain_id,
        forks=read_forks(config, difficulty),
        elasticity=elasticity,
        base_fee_change_denominator=denominator,
        allow_deposits=bool(options.values.get("allowDeposits", False)),
        allow_blobs=bool(options.values.get("allowBlobs", True)),
        min_base_fee=options.uint("minBaseFee", 0, bits=64),
        fixed_base_fee=bool(options.values.get("fixedBaseFee", False)),
        l1_fee_recipient=Address(options.data("l1FeeRecipient", 20, L1_FEE_RECIPIENT)),
        operator_fee_recipient=Address(options.data("operatorFeeRecipient", 20, OPERATOR_FEE_RECIPIENT)),
    )


def _read_alloc(alloc: Fields) -> dict[Address, GenesisAccount]:
    accounts: dict[Address, GenesisAccount] = {}
    for key in alloc.values:
        address = parse_data(key)
        if address is None or len(address) != 20:
            raise alloc.fail(key, "expected an address of 40 hexadecimal digits")
        if address in accounts:
            raise alloc.fail(key, "is listed twice")
        entry = alloc.child(key)
        accounts[Address(address)] = GenesisAccount(
            balance=entry.uint("balance", 0),
            nonce=entry.uint("nonce", 0, bits=64),
            code=entry.data("code", default=b""),
            storage=_read_storage(entry.child("storage", required=False)),
        )
    return accounts


def _read_storage(storage: Fields) -> dict[int, int]:
    slots: dict[int, int] = {}
    for key, text in storage.values.items():
        slot, word = _word(key), _word(text)
        if slot is None or word is None:
            raise storage.fail(key, "expected a slot and a word of at most 32 bytes in hexadecimal")
        slots[slot] = word
    return slots


def _word(text: object) -> int | None:
    """A storage key or value: hexadecimal with or without 0x, of any length up to 32 bytes."""
    if not isinstance(text, str):
        return None
    number = parse_uint(text if text[:2] in ("0x", "0X") else f"0x{text}")
    return number if number is not None and number < 2**256 else None


def genesis_json(genesis: Genesis) -> bytes:
    """The document from which `parse_geth_genesis` reads this very genesis.

    Raises:
        ValueError: Its fork schedule has no form in geth's format.
    """
    config = genesis.config
    document = {
        "config": {
            "chainId": config.chain_id,
            **write_forks(config.forks),
            "tombolo": {
                "elasticity": config.elasticity,
                "baseFeeChangeDenominator": config.base_fee_change_denominator,
                "allowDeposits": config.allow_deposits,
                "allowBlobs": config.allow_blobs,
                "minBaseFee": config.min_base_fee,
                "fixedBaseFee": config.fixed_base_fee,
                "l1FeeRecipient": f"0x{config.l1_fee_recipient.hex()}",
                "operatorFeeRecipient": f"0x{config.operator_fee_recipient.hex()}",
            },
        },
        "nonce": f"0x{genesis.nonce.hex()}",
        "timestamp": hex(genesis.timestamp),
        "extraData": f"0x{genesis.extra_data.hex()}",
        "gasLimit": hex(genesis.gas_limit),
        "difficulty": hex(genesis.difficulty),
        "mixHash": f"0x{genesis.prev_randao.hex()}",
        "coinbase": f"0x{genesis.fee_recipient.hex()}",
        "number": hex(genesis.number),
        "gasUsed": hex(genesis.gas_used),
        "parentHash": f"0x{genesis.parent_hash.hex()}",
        "baseFeePerGas": _optional_hex(genesis.base_fee_per_gas),
        "excessBlobGas": _optional_hex(genesis.excess_blob_gas),
        "blobGasUsed": _optional_hex(genesis.blob_gas_used),
        "alloc": {f"0x{address.hex()}": _account_json(account) for address, account in genesis.accounts.items()},
    }
    return json.dumps(document, indent=2).encode()


def _account_json(account: GenesisAccount) -> Mapping[str, object]:
    entry: dict[str, object] = {"balance": hex(account.balance)}
    if account.nonce:
        entry["nonce"] = hex(account.nonce)
    if account.code:
        entry["code"] = f"0x{account.code.hex()}"
    if account.storage:
        entry["storage"] = {f"0x{slot:064x}": f"0x{word:064x}" for slot, word in account.storage.items()}
    return entry


def _optional_hex(value: int | None) -> str | None:
    return None if value is None else hex(value)
