# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Fee schedule
@license MIT
@notice What the delivery of a message costs, by destination: a predeploy of every member at
        0x4200000000000000000000000000000000000035.
@dev A quote is what relayers ask for; nobody is kept from sending for less. The mailbox keeps no more than the quote,
     and remembers it with the message, so a later change of prices touches nothing that is under way.
"""

from ..interfaces import IFeeSchedule

implements: IFeeSchedule


event PriceSet:
    destination: indexed(uint32)
    per_message: uint256
    per_byte: uint256
    per_gas: uint256


struct Price:
    is_set: bool
    per_message: uint256  # wei
    per_byte: uint256  # wei per byte of the body
    per_gas: uint256  # wei per gas of the recipient's call


ELSEWHERE: constant(uint32) = 0  # stands for every destination without a price of its own
MAX_BODY: constant(uint256) = 2048
MAX_GAS_LIMIT: constant(uint256) = 10_000_000
MAX_QUOTE: constant(uint256) = 10**18

governor: public(immutable(address))
first_per_message: immutable(uint256)
first_per_gas: immutable(uint256)

prices: HashMap[uint32, Price]


@deploy
def __init__(_governor: address, _per_message: uint256, _per_gas: uint256):
    """
    @param _governor Who may set prices; zero: nobody.
    @param _per_message Wei per message to anywhere, until another price is set.
    @param _per_gas Wei per gas of the recipient's call, likewise.
    """
    assert _per_message + MAX_GAS_LIMIT * _per_gas <= MAX_QUOTE, "fees: too dear"
    governor = _governor
    first_per_message = _per_message
    first_per_gas = _per_gas


@external
def set_price(destination: uint32, per_message: uint256, per_byte: uint256, per_gas: uint256):
    """
    @notice Set what messages to a chain cost from now on. Only the governor; the dearest message costs at most 1 ether.
    @param destination The chain's domain; 0: all that have no price of their own.
    @param per_message Wei.
    @param per_byte Wei per byte of the body.
    @param per_gas Wei per gas of the recipient's call.
    """
    assert msg.sender == governor and governor != empty(address), "fees: not the governor"
    assert per_message + MAX_BODY * per_byte + MAX_GAS_LIMIT * per_gas <= MAX_QUOTE, "fees: too dear"
    self.prices[destination] = Price(is_set=True, per_message=per_message, per_byte=per_byte, per_gas=per_gas)
    log PriceSet(destination=destination, per_message=per_message, per_byte=per_byte, per_gas=per_gas)


@external
@view
def price(destination: uint32) -> (uint256, uint256, uint256):
    """
    @notice What messages to a chain cost.
    @param destination The chain's domain.
    @return Wei per message, per byte of its body, per gas of the recipient's call.
    """
    found: Price = self._price(destination)
    return found.per_message, found.per_byte, found.per_gas


@external
@view
def quote(destination: uint32, body_bytes: uint256, gas_limit: uint256) -> uint256:
    """
    @notice What one message's delivery costs.
    @param destination Where it goes.
    @param body_bytes The length of its body.
    @param gas_limit Gas of the recipient's call.
    @return Wei; 0: nothing is asked for, and every fee is a bid.
    """
    found: Price = self._price(destination)
    return found.per_message + body_bytes * found.per_byte + gas_limit * found.per_gas


@internal
@view
def _price(destination: uint32) -> Price:
    # Each field is a slot: of what is not set, one is read.
    if self.prices[destination].is_set:
        return self.prices[destination]
    if self.prices[ELSEWHERE].is_set:
        return self.prices[ELSEWHERE]
    return Price(is_set=True, per_message=first_per_message, per_byte=0, per_gas=first_per_gas)
