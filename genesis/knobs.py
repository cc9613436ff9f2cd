"""What a knob is: its meaning, the values it takes, what a change of it takes, and whether the node honours it yet.

A knob stands beside its field as `Annotated[type, Knob(...)]`, so that the validator, the file that `tombolo new`
writes and the table in the docs all read the same line.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, InvalidOperation
from decimal import Decimal as Exact
from enum import Enum
from typing import Protocol

WEI_PER_ETHER = 10**18
MAX_ETHER = 10**12
"""Per account; a ledger of 96 bits holds ten thousand of these."""


class Change(Enum):
    """What it takes to change a knob of a chain that runs."""

    NEVER = "fixed at genesis"
    RESTART = "at the next start"
    GOVERNANCE = "by governance, through the chain's config contract on L1"


class Kind(Protocol):
    """Which values there are; `read` turns one from TOML into what the intent holds."""

    def read(self, value: object) -> object:
        """The value to keep; raises ValueError saying what was expected."""

    def allowed(self) -> str:
        """The range, in words."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting of a chain."""

    help: str
    kind: Kind
    change: Change = Change.NEVER
    not_yet: str = ""
    """Why nothing but the default can be chosen today; empty when the knob works."""
    values_not_yet: Mapping[str, str] = field(default_factory=dict)
    """Values that the design knows and the node does not, and why."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `lowest` to `highest`; `unit` for people."""

    lowest: int
    highest: int
    unit: str = ""

    def read(self, value: object) -> int:
        """Numbers with a point are refused, true and false too."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.lowest <= value <= self.highest:
            raise ValueError(f"expected a whole number {self.allowed()}")
        return value

    def allowed(self) -> str:
        """From, to, unit."""
        return f"from {_number(self.lowest)} to {_number(self.highest)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds with up to three places: time is counted in milliseconds."""

    lowest: float
    highest: float

    def read(self, value: object) -> float:
        """Whole numbers are numbers too."""
        known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not known or not isinstance(value, int | float) or not self.lowest <= value <= self.highest:
            raise ValueError(f"expected a number {self.allowed()}")
        if round(value * 1000) / 1000 != value:
            raise ValueError("expected whole milliseconds: at most three places after the point")
        return float(value)

    def allowed(self) -> str:
        """From, to."""
        return f"from {self.lowest:g} to {_number(self.highest)} seconds"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: object) -> str:
        """The word itself."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(f"expected {self.allowed()}")
        return value

    def allowed(self) -> str:
        """The words."""
        return "one of " + ", ".join(f'"{word}"' for word in self.words)


@dataclass(frozen=True, slots=True)
class Several:
    """A list of different words, maybe empty."""

    words: tuple[str, ...]

    def read(self, value: object) -> tuple[str, ...]:
        """In the order given."""
        known = isinstance(value, list | tuple) and all(isinstance(item, str) and item in self.words for item in value)
        if not known or not isinstance(value, list | tuple) or len(set(value)) != len(value):
            raise ValueError(f"expected {self.allowed()}")
        return tuple(value)

    def allowed(self) -> str:
        """The words."""
        return "a list of " + ", ".join(f'"{word}"' for word in self.words) + ", each at most once"


@dataclass(frozen=True, slots=True)
class Truth:
    """Yes or no."""

    def read(self, value: object) -> bool:
        """Nothing else counts as true."""
        if not isinstance(value, bool):
            raise ValueError(f"expected {self.allowed()}")
        return value

    def allowed(self) -> str:
        """Both."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that a pattern describes; `words` say the same for people."""

    pattern: str
    words: str

    def read(self, value: object) -> str:
        """The text itself."""
        if not isinstance(value, str) or re.fullmatch(self.pattern, value) is None:
            raise ValueError(f"expected {self.words}")
        return value

    def allowed(self) -> str:
        """The words."""
        return self.words


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """An account that is not zero, or one of a few words that stand for something else."""

    words: tuple[str, ...] = ()

    def read(self, value: object) -> str:
        """Lower case."""
        if isinstance(value, str) and value in self.words:
            return value
        if not isinstance(value, str) or not is_address(value) or int(value, 16) == 0:
            raise ValueError(f"expected {self.allowed()}")
        return value.lower()

    def allowed(self) -> str:
        """The words, and what an address looks like."""
        return "".join(f'"{word}" or ' for word in self.words) + "an address (0x and 40 hexadecimal digits, not zero)"


@dataclass(frozen=True, slots=True)
class Balances:
    """Ether by address: whole numbers, or text such as "0.5" for parts. Kept as (address, wei), by address."""

    most: int = 100

    def read(self, value: object) -> tuple[tuple[str, int], ...]:
        """Sorted, so that the order in the file does not make another chain."""
        if not isinstance(value, Mapping):
            raise ValueError(f"expected {self.allowed()}")
        found: dict[str, int] = {}
        for address, ether in value.items():
            if not is_address(address) or address.lower() in found:
                raise ValueError(f"{address}: expected an address (0x and 40 hexadecimal digits), each once")
            found[address.lower()] = _wei(address, ether)
        if len(found) > self.most:
            raise ValueError(f"expected {self.allowed()}")
        return tuple(sorted(found.items()))

    def allowed(self) -> str:
        """Shape and bounds."""
        return f"a table of at most {self.most} addresses and their ether, each at most {_number(MAX_ETHER)}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Text by key, for parts that know their own keys. Kept sorted. No secrets: the file is no place for them."""

    most: int = 20

    def read(self, value: object) -> tuple[tuple[str, str], ...]:
        """Numbers are text too; commas would end a setting."""
        if not isinstance(value, Mapping) or len(value) > self.most:
            raise ValueError(f"expected {self.allowed()}")
        for key, text in value.items():
            known = isinstance(text, str | int) and not isinstance(text, bool)
            if not known or re.fullmatch(r"[a-z-]+\.[a-z-]+", key) is None or not re.fullmatch(r"[^,\s]+", str(text)):
                raise ValueError(f"{key} = {text!r}: expected a key like alt-da.url, and text without commas or blanks")
        return tuple(sorted((key, str(text)) for key, text in value.items()))

    def allowed(self) -> str:
        """Shape and bounds."""
        return f"a table of at most {self.most} keys and their text"


def is_address(text: object) -> bool:
    """Whether this is 0x and 40 hexadecimal digits."""
    return isinstance(text, str) and re.fullmatch(r"0x[0-9a-fA-F]{40}", text) is not None


def _wei(address: str, ether: object) -> int:
    try:
        if isinstance(ether, bool) or not isinstance(ether, int | str):
            raise InvalidOperation
        # More digits than the default context's 28 are needed: it would round.
        wei = Exact(ether).scaleb(18, Context(prec=60)) if len(str(ether)) <= 40 else Exact("NaN")
        if not 0 <= wei <= MAX_ETHER * WEI_PER_ETHER or wei != int(wei):
            raise InvalidOperation
    except (InvalidOperation, ValueError) as error:
        raise ValueError(
            f'{address} = {ether!r}: expected ether, as a whole number or as text like "0.5", at most {MAX_ETHER}'
        ) from error
    return int(wei)


def _number(value: float) -> str:
    if value >= 10**15 and math.log2(value + 1).is_integer() and value == 2 ** round(math.log2(value + 1)) - 1:
        return f"2^{round(math.log2(value + 1))} - 1"
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"
