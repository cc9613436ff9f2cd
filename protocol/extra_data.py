"""An L2 header's extra data: the block's L1 origin and, once they are not the launch's, the base-fee rules after it.

Version 0 is `0 ‖ origin u64`. Version 1 is `1 ‖ origin u64 ‖ denominator u32 ‖ elasticity u32 ‖ minimum base fee u64`
and says that the block's settings or fees are not plain: its child's base fee follows these numbers instead of the
launch's, and its first transaction may say what it charges beside gas (`protocol.fee_terms`). So a header alone is
enough to know its child's base fee (OP Stack's Holocene and Jovian do the same).
"""

from dataclasses import dataclass

from protocol.errors import Halt

PLAIN, CHANGED = 0, 1
_PLAIN_BYTES, _CHANGED_BYTES = 9, 25


@dataclass(frozen=True, slots=True)
class BaseFeeRules:
    """How the base fee moves: EIP-1559's two numbers, and the least it may be, in wei per gas."""

    denominator: int
    elasticity: int
    minimum: int


def extra_data_of_origin(l1_origin: int, rules: BaseFeeRules | None = None) -> bytes:
    """The extra data of a block with this origin; `rules` None makes version 0."""
    origin = l1_origin.to_bytes(8, "big")
    if rules is None:
        return bytes((PLAIN,)) + origin
    numbers = rules.denominator.to_bytes(4, "big") + rules.elasticity.to_bytes(4, "big")
    return bytes((CHANGED,)) + origin + numbers + rules.minimum.to_bytes(8, "big")


def is_plain(data: bytes) -> bool:
    """Whether a rollup's block with this extra data has the launch's base-fee rules and charges nothing beside gas."""
    return len(data) != _CHANGED_BYTES or data[0] != CHANGED


def origin_of_extra_data(data: bytes) -> int:
    """The L1 origin's number; raises Halt when these bytes name none."""
    if (len(data) != _PLAIN_BYTES or data[0] != PLAIN) and is_plain(data):
        raise Halt(f"extra data 0x{data.hex()} names no L1 origin: not a block of a derived chain")
    return int.from_bytes(data[1:9], "big")


def rules_of_extra_data(data: bytes) -> BaseFeeRules | None:
    """The base-fee rules that a rollup's block says; None: the launch's. Divisors of zero, which none has, say none."""
    if is_plain(data):
        return None
    denominator, elasticity = int.from_bytes(data[9:13], "big"), int.from_bytes(data[13:17], "big")
    if not denominator or not elasticity:
        return None
    return BaseFeeRules(denominator, elasticity, int.from_bytes(data[17:25], "big"))
