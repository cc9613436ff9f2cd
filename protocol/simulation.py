"""What one may pretend before trying something: other accounts, moved precompiles, another blob price."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.tracing import Deadline, Tracer
from protocol.types import Address


@dataclass(frozen=True, slots=True)
class AccountOverride:
    """New values for one account; None keeps the real one. `state` replaces all slots, `state_diff` some.

    A precompile whose address is overridden, in whatever way, does not answer there any more; with
    `move_precompile_to` it answers at that address instead.
    """

    nonce: int | None = None
    balance: int | None = None
    code: bytes | None = None
    state: Mapping[int, int] | None = None
    state_diff: Mapping[int, int] = field(default_factory=dict)
    move_precompile_to: Address | None = None


StateOverride = Mapping[Address, AccountOverride]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is special about a trial. `blob_base_fee` in wei replaces the block's; None keeps it."""

    overrides: StateOverride = field(default_factory=dict)
    blob_base_fee: int | None = None
    tracer: Tracer | None = None
    deadline: Deadline | None = None


NORMAL = Conditions()
