"""The settings of a rollup that may change while it runs, and how L1's log of changes makes them.

The contract is `contracts/l1/chain_config.vy`. A change holds from the first L2 block whose L1 origin is the block of
its ConfigChanged event, or a later one: it comes with that origin, as deposits do, so every node sees it at the same
L2 block, and an L1 reorg takes it back. The fold is total: a setting out of the contract's bounds, or of a knob that
is not known here, changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from protocol.crypto import keccak
from protocol.errors import Reject
from protocol.fee_terms import NO_FEES, FeeKnobs
from protocol.rlp_codec import InvalidRlp, RlpItem, as_uint, uint_bytes
from protocol.types import Address, Hash32

CONFIG_CHANGED = keccak(b"ConfigChanged(uint256,uint256,uint256)")
"""Topic 0; topics 1 and 2 are the change's index and the knob, the data is the setting."""

MAX_GAS_LIMIT = 200_000_000
"""Of any chain. A chain's contract may have been deployed with less: what a game can walk through."""
LEAST_GAS_LIMIT = 1_000_000
"""A portal's deposits, which must fit, take at least so much."""
MAX_ELASTICITY = 1_000
"""With at least LEAST_GAS_LIMIT, the gas target is never 0."""


class Knob(IntEnum):
    """The contract's numbers of what may change."""

    BATCHER = 0
    PROPOSER = 1
    GAS_LIMIT = 2
    BASE_FEE_DENOMINATOR = 3
    BASE_FEE_ELASTICITY = 4
    MIN_BASE_FEE = 5
    BASE_FEE_RECIPIENT = 6
    OPERATOR_FEE = 7
    """Scalar (32 bits), then constant (64 bits), as in OP Stack's SystemConfig."""
    L1_BASE_FEE_SCALAR = 8
    L1_BLOB_BASE_FEE_SCALAR = 9


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """What is in force at one L1 block. Fees in wei per gas; a key of None is still the launch's."""

    gas_limit: int
    denominator: int
    elasticity: int
    min_base_fee: int = 0
    fees: FeeKnobs = field(default_factory=lambda: NO_FEES)
    batcher: Address | None = None
    """Who may append batches. The inbox sees to it on L1; here it is for people."""
    proposer: Address | None = None
    """Who may propose outputs where that is permissioned; likewise."""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What one ConfigChanged event says; `index` counts all changes of the contract from 0."""

    index: int
    knob: int
    setting: int


def next_change_accumulator(before: Hash32, knob: int, setting: int, l1_number: int) -> Hash32:
    """The contract's hash chain of changes after one more; what it was deployed with is not in it."""
    return keccak(change_preimage(before, knob, setting, l1_number))


def change_preimage(before: Hash32, knob: int, setting: int, l1_number: int) -> bytes:
    """What that hash is of: four words."""
    return before + b"".join(word.to_bytes(32, "big") for word in (knob, setting, l1_number))


class InvalidConfigChange(Reject):
    """A log that the contract cannot have made."""


def decode_config_change(topics: Sequence[bytes], data: bytes) -> ConfigChange:
    """Read a log of the config contract; raises InvalidConfigChange when it is not a ConfigChanged event."""
    if len(topics) != 3 or topics[0] != CONFIG_CHANGED or any(len(topic) != 32 for topic in topics) or len(data) != 32:
        raise InvalidConfigChange(f"config: {len(topics)} topics and {len(data)} bytes are no ConfigChanged event")
    index, knob, setting = (int.from_bytes(word, "big") for word in (topics[1], topics[2], data))
    return ConfigChange(index, knob, setting)


def settings_after(settings: ChainSettings, changes: Iterable[ConfigChange]) -> ChainSettings:
    """The settings after these changes, in their order."""
    for change in changes:
        if change.knob < len(Knob) and is_allowed(Knob(change.knob), change.setting):
            settings = _changed(settings, Knob(change.knob), change.setting)
    return settings


def is_allowed(knob: Knob, setting: int, most_gas: int = MAX_GAS_LIMIT) -> bool:
    """Whether a knob can have this value: the bounds of a contract with this `max_gas_limit`.

    Derivation and the machine ask for no more than the highest: changes come from the chain's contract alone, which
    has refused what is beyond its own.
    """
    if knob in (Knob.BATCHER, Knob.PROPOSER):
        return 0 < setting < 2**160
    if knob is Knob.GAS_LIMIT and setting > most_gas:
        return False
    lowest, highest = _BOUNDS[knob]
    return lowest <= setting <= highest


_BOUNDS = {
    Knob.GAS_LIMIT: (LEAST_GAS_LIMIT, MAX_GAS_LIMIT),
    Knob.BASE_FEE_DENOMINATOR: (1, 2**32 - 1),
    Knob.BASE_FEE_ELASTICITY: (1, MAX_ELASTICITY),
    Knob.MIN_BASE_FEE: (0, 2**64 - 1),
    Knob.BASE_FEE_RECIPIENT: (0, 2**160 - 1),
    Knob.OPERATOR_FEE: (0, 2**96 - 1),
    Knob.L1_BASE_FEE_SCALAR: (0, 2**32 - 1),
    Knob.L1_BLOB_BASE_FEE_SCALAR: (0, 2**32 - 1),
}


def _changed(settings: ChainSettings, knob: Knob, value: int) -> ChainSettings:
    match knob:
        case Knob.BATCHER:
            settings = replace(settings, batcher=_address(value))
        case Knob.PROPOSER:
            settings = replace(settings, proposer=_address(value))
        case Knob.GAS_LIMIT:
            settings = replace(settings, gas_limit=value)
        case Knob.BASE_FEE_DENOMINATOR:
            settings = replace(settings, denominator=value)
        case Knob.BASE_FEE_ELASTICITY:
            settings = replace(settings, elasticity=value)
        case Knob.MIN_BASE_FEE:
            settings = replace(settings, min_base_fee=value)
        case _:
            settings = replace(settings, fees=_changed_fees(settings.fees, knob, value))
    return settings


def _changed_fees(fees: FeeKnobs, knob: Knob, value: int) -> FeeKnobs:
    if knob == Knob.BASE_FEE_RECIPIENT:
        return replace(fees, base_fee_recipient=_address(value))
    if knob == Knob.OPERATOR_FEE:
        return replace(fees, operator_fee_scalar=value >> 64, operator_fee_constant=value & (2**64 - 1))
    if knob == Knob.L1_BASE_FEE_SCALAR:
        return replace(fees, l1_base_fee_scalar=value)
    return replace(fees, l1_blob_base_fee_scalar=value)


def settings_of_knobs(settings: ChainSettings) -> tuple[int, ...]:
    """The value of every knob in the contract's order, for its constructor; a key of None is 0."""
    fees = settings.fees
    return (
        int.from_bytes(settings.batcher or b"", "big"),
        int.from_bytes(settings.proposer or b"", "big"),
        settings.gas_limit,
        settings.denominator,
        settings.elasticity,
        settings.min_base_fee,
        int.from_bytes(fees.base_fee_recipient, "big"),
        fees.operator_fee_scalar << 64 | fees.operator_fee_constant,
        fees.l1_base_fee_scalar,
        fees.l1_blob_base_fee_scalar,
    )


def settings_rlp(settings: ChainSettings) -> list[RlpItem]:
    """The settings as RLP items: the knobs in order."""
    return [uint_bytes(value) for value in settings_of_knobs(settings)]


def settings_of_rlp(items: Sequence[RlpItem]) -> ChainSettings:
    """The inverse of `settings_rlp`; raises InvalidRlp."""
    if len(items) != len(Knob):
        raise InvalidRlp(f"settings: expected {len(Knob)} knobs, got {len(items)}")
    values = [as_uint(item, "knob") for item in items]
    keys = [None if value == 0 else _address(value) for value in values[:2]]
    settings = ChainSettings(values[2], values[3], values[4], values[5], batcher=keys[0], proposer=keys[1])
    rest = (ConfigChange(knob, knob, values[knob]) for knob in Knob if knob > Knob.MIN_BASE_FEE)
    return settings_after(settings, rest)


def _address(value: int) -> Address:
    return Address(value.to_bytes(20, "big"))
