"""The body of a token route's message: `recipient b32 ‖ amount u256 ‖ metadata`. Metadata is seven words.

The contract is `contracts/metalayer/token_route.vy`. An asset is known by its home, the chain and the address where the
token itself lives; amounts are the home token's units everywhere, so nothing is ever rounded.
"""

from dataclasses import dataclass

from metalayer.message import Domain, InvalidMessage
from protocol.crypto import keccak
from protocol.types import UINT256_MAX, Address, Hash32

TRANSFER_BYTES = 9 * 32

AssetId = Hash32
"""keccak(home domain ‖ token ‖ kind), three words."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A token of the network. `is_native`: it is an ERC-7802 token that lives at this address on every chain;
    else it is locked at home, and images of it live elsewhere."""

    home: Domain
    token: Address
    is_native: bool

    @property
    def id(self) -> AssetId:
        """What the ledger on L1 keeps accounts by."""
        return keccak(self.home.to_bytes(32, "big") + _word(self.token) + int(self.is_native).to_bytes(32, "big"))


@dataclass(frozen=True, slots=True)
class Transfer:
    """Tokens on their way. `name` and `symbol` are cut to 32 bytes; `sender` gets them back if they never arrive."""

    recipient: Address
    amount: int
    asset: Asset
    sender: Address
    name: bytes = b""
    symbol: bytes = b""
    decimals: int = 18

    def encode(self) -> bytes:
        """The message's body."""
        words = (
            _word(self.recipient),
            self.amount.to_bytes(32, "big"),
            self.asset.home.to_bytes(32, "big"),
            _word(self.asset.token),
            int(self.asset.is_native).to_bytes(32, "big"),
            _word(self.sender),
            self.name.ljust(32, b"\0"),
            self.symbol.ljust(32, b"\0"),
            self.decimals.to_bytes(32, "big"),
        )
        return b"".join(words)


def decode_transfer(body: bytes) -> Transfer:
    """Read a body; exactly one body encodes one transfer.

    Raises:
        InvalidMessage: The route cannot have made it.
    """
    if len(body) != TRANSFER_BYTES:
        raise InvalidMessage(f"transfer: {len(body)} bytes, expected {TRANSFER_BYTES}")
    words = [body[start : start + 32] for start in range(0, TRANSFER_BYTES, 32)]
    home, is_native, decimals = (int.from_bytes(words[at], "big") for at in (2, 4, 8))
    if home >= 2**32 or is_native > 1 or decimals > 255 or any(any(words[at][:12]) for at in (0, 3, 5)):
        raise InvalidMessage(f"transfer: a word of 0x{body.hex()} is out of range")
    transfer = Transfer(
        recipient=Address(words[0][12:]),
        amount=int.from_bytes(words[1], "big"),
        asset=Asset(Domain(home), Address(words[3][12:]), bool(is_native)),
        sender=Address(words[5][12:]),
        name=words[6].rstrip(b"\0"),
        symbol=words[7].rstrip(b"\0"),
        decimals=decimals,
    )
    if not 0 <= transfer.amount <= UINT256_MAX or transfer.encode() != body:
        raise InvalidMessage(f"transfer: 0x{body.hex()} is not encoded as the route does")
    return transfer


def _word(address: Address) -> bytes:
    return bytes(12) + address
