"""The ERC-20 bridge: where its ends are, and where on L2 the image of an L1 token is.

The contracts are `contracts/l1/bridge.vy`, `contracts/l2/bridge.vy` and `contracts/l2/bridged_token.vy`.
"""

from dataclasses import dataclass

from protocol.abi import address_of, encode_call, selector, words_of
from protocol.crypto import keccak
from protocol.types import Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS, Withdrawal

L2_BRIDGE_ADDRESS = Address(bytes.fromhex("4200000000000000000000000000000000000010"))
"""L2's end, on every rollup."""

TOKEN_TEMPLATE_ADDRESS = Address(bytes.fromhex("4200000000000000000000000000000000000012"))
"""The code that every image delegates to."""

FINALISE_WITHDRAWAL = "finalise_withdrawal(address,address,address,uint256)"
"""What L2's end has L1's end called with."""
WITHDRAWAL_STARTED = keccak(b"WithdrawalStarted(address,address,address,address,uint256)")
"""Logged by L2's end: topic 0; topics 1 to 3 are the L1 token, the sender and the receiver."""

# Vyper's `create_minimal_proxy_to`: EIP-1167's 45 bytes, put there by nine more.
_PROXY_CREATION = bytes.fromhex("602d3d8160093d39f3363d3d373d3d3d363d73")
_PROXY_END = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")


def image_address(token: Address) -> Address:
    """Where the L2 image of an L1 token is, or will be (CREATE2 by L2's end, the token as salt)."""
    return proxy_address(L2_BRIDGE_ADDRESS, TOKEN_TEMPLATE_ADDRESS, Hash32(bytes(12) + token))


def proxy_address(creator: Address, template: Address, salt: Hash32) -> Address:
    """Where a Vyper contract's `create_minimal_proxy_to(template, salt=salt)` puts the proxy."""
    code_hash = keccak(_PROXY_CREATION + template + _PROXY_END)
    return Address(keccak(b"\xff" + creator + salt + code_hash)[12:])


def l2_contracts(outbox: bytes, template: bytes, bridge: bytes, l1_bridge: Address) -> dict[Address, bytes]:
    """The code of L2's settlement contracts at genesis, from their compiled runtime codes.

    Vyper keeps immutables behind the code, one word each, in the order of their declaration; here they are filled in.
    """
    return {
        OUTBOX_ADDRESS: outbox,
        TOKEN_TEMPLATE_ADDRESS: template + _words(L2_BRIDGE_ADDRESS),
        L2_BRIDGE_ADDRESS: bridge + _words(l1_bridge, TOKEN_TEMPLATE_ADDRESS, OUTBOX_ADDRESS),
    }


@dataclass(frozen=True, slots=True)
class Release:
    """What L1's end will do for a withdrawal of tokens: give `amount` units of the L1 token to `to`."""

    token: Address
    sender: Address
    to: Address
    amount: int


def release_of(withdrawal: Withdrawal, l1_bridge: Address) -> Release | None:
    """What a withdrawal releases, if it is one of tokens."""
    is_from_end_to_end = (withdrawal.sender, withdrawal.target) == (L2_BRIDGE_ADDRESS, l1_bridge)
    words = words_of(withdrawal.data[4:])
    if not is_from_end_to_end or withdrawal.data[:4] != selector(FINALISE_WITHDRAWAL) or len(words) != 4:
        return None
    token, sender, to, amount = words
    return Release(address_of(token), address_of(sender), address_of(to), amount)


def withdraw_call(image: Address, to: Address, amount: int) -> bytes:
    """L2's end: burn units of an image, for `to` on L1."""
    return encode_call("withdraw(address,address,uint256)", image, to, amount)


def _words(*addresses: Address) -> bytes:
    return b"".join(bytes(12) + address for address in addresses)
