"""Amounts as people write them, of ether and of tokens."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext

from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.abi import encode_call, words_of
from protocol.errors import InvalidInput
from protocol.types import Address

MAX_DECIMALS = 255
_DIGITS = 400
"""Enough for 2^256 with 255 decimals, exactly."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What an amount is counted in."""

    symbol: str
    decimals: int

    def parse(self, text: str) -> int:
        """Whole units of the smallest kind; raises InvalidInput for what is no positive amount."""
        with localcontext() as context:
            context.prec = _DIGITS
            try:
                scaled = Decimal(text).scaleb(self.decimals)
            except InvalidOperation as error:
                raise InvalidInput(f"{text!r} is no amount of {self.symbol}") from error
            if not scaled.is_finite() or scaled <= 0 or scaled != scaled.to_integral_value() or scaled >= 2**256:
                raise InvalidInput(f"{text!r} is no amount of {self.symbol}, which has {self.decimals} decimals")
            return int(scaled)

    def show(self, amount: int) -> str:
        """E.g. ``1.5 ETH``."""
        with localcontext() as context:
            context.prec = _DIGITS
            return f"{Decimal(amount).scaleb(-self.decimals).normalize():f} {self.symbol}"


ETHER = Unit("ETH", 18)


async def unit_of(client: L1Client, token: Address) -> Unit:
    """A token's unit, from the token itself; raises InvalidInput when there is no token."""
    if not await client.code(token):
        raise InvalidInput(f"there is no token at 0x{token.hex()} on {client.name}")
    try:
        words = words_of(await client.call(token, encode_call("decimals()")))
        decimals = words[0] if words and words[0] <= MAX_DECIMALS else 18
    except L1Refused:
        decimals = 18  # as the bridge takes it
    return Unit(await _symbol(client, token), decimals)


async def _symbol(client: L1Client, token: Address) -> str:
    """At most 32 characters that are safe to print; the address's beginning where there is none."""
    try:
        answer = await client.call(token, encode_call("symbol()"))
    except L1Refused:
        answer = b""
    raw = answer[64 : 64 + min(int.from_bytes(answer[32:64], "big"), 32)] if len(answer) >= 96 else answer[:32]
    text = "".join(character for character in raw.decode("utf-8", "replace") if character.isprintable()).strip()
    return text or f"0x{token.hex()[:8]}…"
