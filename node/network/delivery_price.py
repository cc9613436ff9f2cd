"""What deliveries from a chain to others cost: asking the chain, and setting it as its governor."""

from dataclasses import dataclass

from metalayer.predeploys import (
    FEE_SCHEDULE_ADDRESS,
    MAILBOX_ADDRESS,
    SETTLED_ROOTS_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    NetworkAddresses,
)
from metalayer.proofs import ACTIVE, EXITING
from node.account import Account
from node.clock import Clock
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.network.membership import read_members
from protocol.abi import address_of, encode_call, words_of
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput
from protocol.types import ZERO_ADDRESS, Address

ELSEWHERE = 0
"""Stands for every destination without a price of its own."""


@dataclass(frozen=True, slots=True)
class Price:
    """In wei: per message, per byte of its body, per gas of the recipient's call."""

    message: int
    byte: int
    gas: int


async def quote_delivery(chain: L1Client, destination: int, body_bytes: int | None, gas_limit: int) -> int | None:
    """What the chain asks for a token's transfer to there, or for a message of so many bytes, in wei; None if it asks
    for nothing.

    Raises:
        InvalidInput: The chain is in no network.
        Retry: Its node does not answer.
    """
    if body_bytes is None:
        [wei] = await _ask(chain, TOKEN_ROUTE_ADDRESS, encode_call("quote(uint32)", destination))
    else:
        call = encode_call("quote(uint32,uint256,uint64)", destination, body_bytes, gas_limit)
        [wei] = await _ask(chain, MAILBOX_ADDRESS, call)
    return wei or None


async def check_destination(chain: L1Client, l1: L1Client, destination: int, *, value: bool) -> None:
    """Check that messages from the chain can arrive there, or `value`, as the network's registry on L1 has it.

    Raises:
        InvalidInput: They cannot; or the chain is in no network, or in one of another L1.
        Retry: Its node or L1 does not answer.
    """
    [registry] = await _ask(chain, SETTLED_ROOTS_ADDRESS, encode_call("registry()"))
    [here] = await _ask(chain, MAILBOX_ADDRESS, encode_call("local_domain()"))
    # Of the network's contracts its registry alone is asked.
    members = await read_members(l1, NetworkAddresses(address_of(registry), ZERO_ADDRESS, ZERO_ADDRESS))
    if here not in [member.domain for member in members]:
        raise InvalidInput(f"the L1 at {l1.name} does not have the network of chain {here}: name its own with --l1")
    taking = (ACTIVE,) if value else (ACTIVE, EXITING)
    others = sorted(member.domain for member in members if member.status in taking and member.domain != here)
    if destination not in others:
        known = ", ".join(map(str, others)) or "none yet"
        raise InvalidInput(f"nothing goes from chain {here} to {destination}; other members of its network: {known}")


async def delivery_price(chain: L1Client, destination: int) -> Price:
    """What is in force; raises as `quote_delivery`."""
    return Price(*await _ask(chain, FEE_SCHEDULE_ADDRESS, encode_call("price(uint32)", destination)))


async def set_delivery_price(chain: L1Client, clock: Clock, key: bytes, destination: int, price: Price) -> int:
    """Set it as the chain's governor; returns the number of the block that did.

    Raises:
        InvalidInput: The key is not the governor's, or its account has no ether there; or the chain is in no network.
        L1Refused: The price is above what the contract takes.
        Retry: The node does not answer, or has not mined it in time.
    """
    [word] = await _ask(chain, FEE_SCHEDULE_ADDRESS, encode_call("governor()"))
    governor, account = address_of(word), private_key_address(key)
    if governor == ZERO_ADDRESS:
        raise InvalidInput(f"nobody may set prices on the chain of {chain.name}: it was launched without a governor")
    if governor != account:
        raise InvalidInput(f"prices are set by 0x{governor.hex()}; the key given is that of 0x{account.hex()}")
    words = (destination, price.message, price.byte, price.gas)
    data = encode_call("set_price(uint32,uint256,uint256,uint256)", *words)
    try:
        receipt = await Account(chain, clock, key).send(FEE_SCHEDULE_ADDRESS, data)
    except L1Refused as refusal:
        if await chain.balance(account):
            raise
        raise InvalidInput(
            f"0x{account.hex()} has no ether on the chain of {chain.name} to pay for gas: `tombolo bridge deposit 0.01 "
            f"--to 0x{account.hex()} --rpc-url {chain.url}` brings it some"
        ) from refusal
    return receipt.block_number


async def _ask(chain: L1Client, contract: Address, call: bytes) -> list[int]:
    answer = words_of(await chain.call(contract, call))
    if not answer:
        raise InvalidInput(f"the chain of {chain.name} is in no network: it has no mailbox")
    return list(answer)
