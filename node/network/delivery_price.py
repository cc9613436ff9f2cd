"""What deliveries from a chain to others cost: asking the chain, and setting it as its governor."""

from dataclasses import dataclass

from metalayer.predeploys import FEE_SCHEDULE_ADDRESS, MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS
from node.account import Account
from node.clock import Clock
from node.l1.client import L1Client, L1Refused
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
