"""What the official suites' JSON has in common: fork names, numbers, accounts, and the names of what must fail.

Source: https://eest.ethereum.org/main/consuming_tests/ and, for names starting with TR_, ethereum/tests before 2024.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from protocol.errors import InvalidInput
from protocol.forks import BlobSchedule, Fork
from protocol.types import Address
from vm.memory_state import Allocation

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"
JsonObject: TypeAlias = "Mapping[str, Json]"

FORKS = {
    "Frontier": Fork.FRONTIER,
    "Homestead": Fork.HOMESTEAD,
    "EIP150": Fork.TANGERINE_WHISTLE,
    "TangerineWhistle": Fork.TANGERINE_WHISTLE,
    "EIP158": Fork.SPURIOUS_DRAGON,
    "SpuriousDragon": Fork.SPURIOUS_DRAGON,
    "Byzantium": Fork.BYZANTIUM,
    "Constantinople": Fork.CONSTANTINOPLE,
    "ConstantinopleFix": Fork.PETERSBURG,
    "Petersburg": Fork.PETERSBURG,
    "Istanbul": Fork.ISTANBUL,
    "MuirGlacier": Fork.MUIR_GLACIER,
    "Berlin": Fork.BERLIN,
    "London": Fork.LONDON,
    "ArrowGlacier": Fork.ARROW_GLACIER,
    "GrayGlacier": Fork.GRAY_GLACIER,
    "Merge": Fork.PARIS,
    "Paris": Fork.PARIS,
    "Shanghai": Fork.SHANGHAI,
    "Cancun": Fork.CANCUN,
    "Prague": Fork.PRAGUE,
    "Osaka": Fork.OSAKA,
    **{f"BPO{step}": Fork.OSAKA for step in range(1, 6)},
}

_LEGACY_EXCEPTIONS = {
    "TR_NoFunds": "INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_NoFundsX": "INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_NoFundsOrGas": "INSUFFICIENT_ACCOUNT_FUNDS|INTRINSIC_GAS_TOO_LOW",
    "TR_IntrinsicGas": "INTRINSIC_GAS_TOO_LOW",
    "IntrinsicGas": "INTRINSIC_GAS_TOO_LOW",
    "TR_GasLimitReached": "GAS_ALLOWANCE_EXCEEDED",
    "TR_FeeCapLessThanBlocks": "INSUFFICIENT_MAX_FEE_PER_GAS",
    "TR_TipGtFeeCap": "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS",
    "TR_NonceTooLow": "NONCE_MISMATCH_TOO_LOW",
    "TR_NonceTooHigh": "NONCE_MISMATCH_TOO_HIGH",
    "TR_NonceHasMaxValue": "NONCE_IS_MAX",
    "SenderNotEOA": "SENDER_NOT_EOA",
    "SenderNotEOAorNoCASH": "SENDER_NOT_EOA|INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_InitCodeLimitExceeded": "INITCODE_SIZE_EXCEEDED",
    "TR_TypeNotSupported": "TYPE_NOT_SUPPORTED|TYPE_1_TX_PRE_FORK|TYPE_2_TX_PRE_FORK",
    "TR_TypeNotSupportedBlob": "TYPE_3_TX_PRE_FORK",
    "TR_BLOBVERSION_INVALID": "TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH",
    "TR_EMPTYBLOB": "TYPE_3_TX_ZERO_BLOBS",
    "TR_BLOBCREATE": "TYPE_3_TX_CONTRACT_CREATION",
    "TR_BLOBLIST_OVERSIZE": "TYPE_3_TX_BLOB_COUNT_EXCEEDED|TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED",
    "TR_RLP_WRONGVALUE": "RLP_INVALID_VALUE",
}


_SAME_KIND = {
    # Nobody owns 2^256 wei, so a product that overflows is also more than the sender has; geth says only that.
    "INSUFFICIENT_ACCOUNT_FUNDS": {"GASLIMIT_PRICE_PRODUCT_OVERFLOW"},
    # Until Osaka a transaction's own limit was the block's; retesteth and later suites name it differently.
    "TYPE_3_TX_BLOB_COUNT_EXCEEDED": {"TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED"},
    "TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED": {"TYPE_3_TX_BLOB_COUNT_EXCEEDED"},
}
"""Expected name -> other names for the same reason."""


def fixture_files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """The JSON files at these paths, folders searched in order of name, and whether each was named itself.

    Raises:
        InvalidInput: A path does not exist.
    """
    for path in paths:
        if path.is_dir():
            yield from ((file, False) for file in sorted(path.rglob("*.json")))
        elif path.exists():
            yield path, True
        else:
            raise InvalidInput(f"{path}: no such file or folder")


def load_fixtures(path: Path) -> JsonObject:
    """The file's object of named cases; raises InvalidInput when it is not one."""
    try:
        loaded = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise InvalidInput(f"{path}: expected an object of named cases")
    return loaded


def number(value: Json) -> int:
    """A quantity: 0x-prefixed hexadecimal or decimal."""
    if isinstance(value, int):
        return value
    text = cast(str, value)
    return int(text, 16) if text.startswith("0x") else int(text or "0")


def data(value: Json) -> bytes:
    """Hexadecimal data, with or without 0x."""
    return bytes.fromhex(cast(str, value).removeprefix("0x"))


def mapping(value: Json) -> JsonObject:
    """An object."""
    return cast(JsonObject, value)


def items(value: Json) -> Sequence[Json]:
    """A list; null reads as an empty one."""
    return cast(Sequence[Json], value or ())


def allocations(pre: JsonObject) -> dict[Address, Allocation]:
    """The accounts of a case's `pre`."""
    return {
        Address(data(address)): Allocation(
            balance=number(mapping(account)["balance"]),
            nonce=number(mapping(account)["nonce"]),
            code=data(mapping(account)["code"]),
            storage={number(slot): number(word) for slot, word in mapping(mapping(account)["storage"]).items()},
        )
        for address, account in pre.items()
    }


def blob_schedule(config: JsonObject, fork_name: str) -> BlobSchedule | None:
    """The blob parameters that the case's `config` states for the fork."""
    stated = mapping(config.get("blobSchedule", {})).get(fork_name)
    if stated is None:
        return None
    fields = mapping(stated)
    return BlobSchedule(number(fields["target"]), number(fields["max"]), number(fields["baseFeeUpdateFraction"]))


def expected_kinds(expectation: str) -> frozenset[str]:
    """The names of the failures that satisfy an `expectException`: alternatives are separated by `|`."""
    kinds: set[str] = set()
    for alternative in expectation.split("|"):
        name = _LEGACY_EXCEPTIONS.get(alternative, alternative)
        for part in name.split("|"):
            kind = part.split(".", 1)[-1]
            kinds |= {kind} | _SAME_KIND.get(kind, set())
    return frozenset(kinds)
