"""What the official suites' JSON has in common: files of named cases, fork names, numbers, accounts.

Source: https://eest.ethereum.org/main/consuming_tests/
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
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

STATE_TEST = frozenset({"env", "pre", "post", "transaction"})
BLOCK_TEST = frozenset({"blocks", "pre", "network", "genesisRLP"})
"""Fields that make an entry of a file such a case."""


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


def cases_of(file: Path, named: bool, fields: Set[str], kind: str) -> Iterator[tuple[str, JsonObject]]:
    """The file's cases that have these `fields`, by name. `kind` is what they are called in messages.

    In a folder other files, and entries like `_info`, are passed over.

    Raises:
        InvalidInput: The file is not JSON, or was `named` itself and holds something else.
    """
    loaded = load_json(file)
    if not isinstance(loaded, dict):
        if named:
            raise InvalidInput(f"{file}: expected an object of named cases")
        return
    for name, case in loaded.items():
        if isinstance(case, dict) and fields <= case.keys():
            yield name, case
        elif named and not name.startswith("_"):
            raise InvalidInput(f"{file}: {name} is not a {kind}")


def load_json(file: Path) -> Json:
    """What the file holds; raises InvalidInput when that is not JSON."""
    try:
        return cast(Json, json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{file}: cannot be read as JSON: {error}") from error


def number(value: Json) -> int:
    """A quantity: 0x-prefixed hexadecimal, decimal, or nothing for 0. Old files mark what exceeds 256 bits."""
    if isinstance(value, int):
        return value
    text = cast(str, value).removeprefix("0x:bigint ")
    return int(text[2:] or "0", 16) if text.startswith("0x") else int(text or "0")


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
