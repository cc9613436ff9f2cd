"""What a chain charges, as chosen at launch and as `rollup.json` says it.

What may change later (`protocol.config_changes`) starts from these; the rest is fixed for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from protocol.chain_config import ChainConfig
from protocol.config_changes import ChainSettings, Knob, is_allowed, settings_of_knobs
from protocol.errors import InvalidInput
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, FeeKnobs
from protocol.forks import PRAGUE_BLOBS
from protocol.rollup import FEE_RECIPIENT, RollupConfig
from protocol.types import ZERO_ADDRESS, Address

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class FeeOptions:
    """A chain's fees; the defaults charge gas by EIP-1559 and nothing else."""

    min_base_fee_wei: int = 0
    """The least base fee, per gas."""
    fixed_base_fee: bool = False
    """Whether the base fee stays at its minimum in every block; with a minimum of 0 gas is free."""
    base_fee_recipient: Address = ZERO_ADDRESS
    """Zero: the base fee is burnt."""
    operator_fee_scalar: int = 0
    """Millionths of a wei per gas."""
    operator_fee_constant_wei: int = 0
    """Per transaction."""
    l1_base_fee_scalar: int = 0
    """Millionths of 16 times L1's base fee, per byte."""
    l1_blob_base_fee_scalar: int = 0
    """Millionths of L1's blob base fee, per byte."""
    fee_recipient: Address = FEE_RECIPIENT
    """Receives priority fees."""
    l1_fee_recipient: Address = L1_FEE_RECIPIENT
    operator_fee_recipient: Address = OPERATOR_FEE_RECIPIENT
    l1_blob_update_fraction: int = PRAGUE_BLOBS.base_fee_update_fraction
    """How L1's blob base fee follows from its excess blob gas (EIP-4844, 7691)."""
    gas_token: Address | None = None
    """The ERC-20 on L1, with 18 decimals, that the chain's native value stands for; None: ether."""

    @property
    def knobs(self) -> FeeKnobs:
        """What is charged beside gas."""
        return FeeKnobs(
            self.base_fee_recipient,
            self.operator_fee_scalar,
            self.operator_fee_constant_wei,
            self.l1_base_fee_scalar,
            self.l1_blob_base_fee_scalar,
        )

    def on(self, chain: ChainConfig) -> ChainConfig:
        """A chain's execution rules with these fees."""
        return replace(
            chain,
            min_base_fee=self.min_base_fee_wei,
            fixed_base_fee=self.fixed_base_fee,
            l1_fee_recipient=self.l1_fee_recipient,
            operator_fee_recipient=self.operator_fee_recipient,
        )


def fees_of(config: RollupConfig) -> FeeOptions:
    """What the chain was launched with."""
    chain, knobs = config.chain, config.fees
    return FeeOptions(
        min_base_fee_wei=chain.min_base_fee,
        fixed_base_fee=chain.fixed_base_fee,
        base_fee_recipient=knobs.base_fee_recipient,
        operator_fee_scalar=knobs.operator_fee_scalar,
        operator_fee_constant_wei=knobs.operator_fee_constant,
        l1_base_fee_scalar=knobs.l1_base_fee_scalar,
        l1_blob_base_fee_scalar=knobs.l1_blob_base_fee_scalar,
        fee_recipient=config.fee_recipient,
        l1_fee_recipient=chain.l1_fee_recipient,
        operator_fee_recipient=chain.operator_fee_recipient,
        l1_blob_update_fraction=config.l1_blob_update_fraction,
        gas_token=config.gas_token,
    )


def check_fees(fees: FeeOptions, chain: ChainConfig, gas_limit: int) -> None:
    """Raise InvalidInput, naming the setting and its range, when a chain cannot have these fees."""
    for name, value, bits in (
        ("operator fee scalar", fees.operator_fee_scalar, 32),
        ("operator fee constant", fees.operator_fee_constant_wei, 64),
    ):
        if not 0 <= value < 2**bits:
            raise InvalidInput(f"{name}: {value} is not from 0 to 2^{bits} - 1")
    settings = ChainSettings(
        gas_limit, chain.base_fee_change_denominator, chain.elasticity, fees.min_base_fee_wei, fees.knobs
    )
    for knob, value in zip(Knob, settings_of_knobs(settings), strict=True):
        if knob > Knob.PROPOSER and not is_allowed(knob, value):
            raise InvalidInput(f"{knob.name.lower().replace('_', ' ')}: {value} is out of range")
    for name, address in (
        ("fee recipient", fees.fee_recipient),
        ("L1 fee recipient", fees.l1_fee_recipient),
        ("operator fee recipient", fees.operator_fee_recipient),
        ("gas token", fees.gas_token),
    ):
        if address == ZERO_ADDRESS:
            raise InvalidInput(f"{name}: is the zero address")
    if not 1 <= fees.l1_blob_update_fraction < 2**48:
        raise InvalidInput(f"L1 blob update fraction: {fees.l1_blob_update_fraction} is not from 1 to 2^48 - 1")


_WORDS = {
    "min-base-fee": "min_base_fee_wei",
    "base-fee-recipient": "base_fee_recipient",
    "operator-fee-scalar": "operator_fee_scalar",
    "operator-fee-constant": "operator_fee_constant_wei",
    "l1-base-fee-scalar": "l1_base_fee_scalar",
    "l1-blob-base-fee-scalar": "l1_blob_base_fee_scalar",
    "fee-recipient": "fee_recipient",
    "l1-fee-recipient": "l1_fee_recipient",
    "operator-fee-recipient": "operator_fee_recipient",
    "l1-blob-update-fraction": "l1_blob_update_fraction",
    "gas-token": "gas_token",
}
_FIXED = "fixed-base-fee"
_FREE = "zero-gas"


def fees_of_words(text: str) -> FeeOptions:
    """What the command line says: NAME=VALUE with commas between, and by itself `fixed-base-fee` or `zero-gas`.

    Raises:
        InvalidInput: Names the word that cannot be.
    """
    found: dict[str, int | bool | Address | None] = {}
    for word in filter(None, text.split(",")):
        name, has_value, value = word.partition("=")
        if name in (_FIXED, _FREE) and not has_value:
            found["fixed_base_fee"] = True
        elif name in _WORDS and has_value:
            field = _WORDS[name]
            found[field] = _address_of_word(word, value) if field in _ADDRESS_FIELDS else _number_of_word(word, value)
        else:
            raise InvalidInput(f"fees: {word!r} is none of {_FREE}, {_FIXED}, or NAME=VALUE of {', '.join(_WORDS)}")
    if _FREE in text.split(",") and found.get("min_base_fee_wei"):
        raise InvalidInput(f"fees: {_FREE} and a minimum base fee contradict each other")
    return FeeOptions(**found)  # type: ignore[arg-type]


def words_of_fees(fees: FeeOptions) -> str:
    """The inverse of `fees_of_words`: what differs from the defaults, in one order."""
    default = FeeOptions()
    words = [_FIXED] if fees.fixed_base_fee else []
    for word, name in _WORDS.items():
        value = getattr(fees, name)
        if value != getattr(default, name):
            words.append(f"{word}=0x{value.hex()}" if isinstance(value, bytes) else f"{word}={value}")
    return ",".join(words)


_ADDRESS_FIELDS = ("base_fee_recipient", "fee_recipient", "l1_fee_recipient", "operator_fee_recipient", "gas_token")


def _number_of_word(word: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise InvalidInput(f"fees: {word!r}: expected a whole number")
    return int(value)


def _address_of_word(word: str, value: str) -> Address:
    digits = value.removeprefix("0x")
    if len(digits) != 40 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise InvalidInput(f"fees: {word!r}: expected an address of 40 hexadecimal digits")
    return Address(bytes.fromhex(digits))


_NUMBERS = {
    "minBaseFee": "min_base_fee_wei",
    "operatorFeeScalar": "operator_fee_scalar",
    "operatorFeeConstant": "operator_fee_constant_wei",
    "l1BaseFeeScalar": "l1_base_fee_scalar",
    "l1BlobBaseFeeScalar": "l1_blob_base_fee_scalar",
    "l1BlobUpdateFraction": "l1_blob_update_fraction",
}
_ADDRESSES = {
    "baseFeeRecipient": "base_fee_recipient",
    "feeRecipient": "fee_recipient",
    "l1FeeRecipient": "l1_fee_recipient",
    "operatorFeeRecipient": "operator_fee_recipient",
}


def fees_json(fees: FeeOptions) -> dict[str, Json]:
    """As `rollup.json` has them. Numbers are text: JavaScript does not hold 64 bits."""
    numbers: dict[str, Json] = {key: str(getattr(fees, name)) for key, name in _NUMBERS.items()}
    addresses: dict[str, Json] = {key: "0x" + getattr(fees, name).hex() for key, name in _ADDRESSES.items()}
    token = None if fees.gas_token is None else "0x" + fees.gas_token.hex()
    return {"fixedBaseFee": fees.fixed_base_fee, **numbers, **addresses, "gasToken": token}


def parse_fees(fields: object) -> FeeOptions:
    """The inverse of `fees_json`; raises KeyError or ValueError naming what is wrong."""
    if not isinstance(fields, Mapping):
        raise TypeError("fees is an object")
    fixed, token = fields["fixedBaseFee"], fields["gasToken"]
    if not isinstance(fixed, bool):
        raise TypeError(f"fixedBaseFee: expected true or false, got {fixed!r}")
    return FeeOptions(
        fixed_base_fee=fixed,
        gas_token=None if token is None else _address(fields, "gasToken"),
        **{name: _number(fields, key) for key, name in _NUMBERS.items()},  # type: ignore[arg-type]
        **{name: _address(fields, key) for key, name in _ADDRESSES.items()},  # type: ignore[arg-type]
    )


def _number(fields: Mapping[str, object], key: str) -> int:
    value = fields[key]
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise ValueError(f"{key}: expected a whole number as text, got {value!r}")
    return int(value)


def _address(fields: Mapping[str, object], key: str) -> Address:
    value = fields[key]
    data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    if len(data) != 20:
        raise ValueError(f"{key}: expected 20 bytes of hex, got {value!r}")
    return Address(data)
