# pragma version 0.4.3
# pragma evm-version cancun
"""
@title L2 bridge
@license MIT
@notice The rollup's end of the ERC-20 bridge: a predeploy at 0x4200000000000000000000000000000000000010. It mints an
        image of a token for what L1 has locked, and burns the image to have L1 release it.
@dev `finalise_deposit` accepts everything that the L1 end can send, within the gas that the L1 end gives it: a deposit
     that failed here would leave tokens locked that nobody owns.
"""

from ..interfaces import IBridgedToken
from ..interfaces import IOutbox


event DepositFinalised:
    token: indexed(address)
    sender: indexed(address)
    to: indexed(address)
    image: address
    amount: uint256


event WithdrawalStarted:
    token: indexed(address)
    sender: indexed(address)
    to: indexed(address)
    image: address
    amount: uint256


event ImageCreated:
    token: indexed(address)
    image: indexed(address)


ALIAS: constant(uint256) = 4369 * 2**144 + 4369  # 0x1111000000000000000000000000000000001111
RELEASE_GAS_LIMIT: constant(uint256) = 300_000

l1_bridge: public(immutable(address))
template: public(immutable(address))
outbox: public(immutable(IOutbox))

image_of: public(HashMap[address, address])
token_of: public(HashMap[address, address])


@deploy
def __init__(_l1_bridge: address, _template: address, _outbox: IOutbox):
    """
    @param _l1_bridge The other end, on L1 (not aliased).
    @param _template The code of all images.
    @param _outbox The rollup's outbox.
    """
    assert _l1_bridge != empty(address), "bridge: no other end"
    assert _template != empty(address), "bridge: no template"
    assert _outbox.address != empty(address), "bridge: no outbox"
    l1_bridge = _l1_bridge
    template = _template
    outbox = _outbox


@external
def finalise_deposit(
    token: address,
    sender: address,
    to: address,
    amount: uint256,
    name: bytes32,
    symbol: bytes32,
    decimals: uint256,
):
    """
    @notice Mint what was locked on L1. Only the L1 end, by a deposit.
    @param token The token on L1.
    @param sender Who locked it.
    @param to Who gets it here.
    @param amount How many units arrived on L1.
    @param name The token's name, at most 32 bytes.
    @param symbol The token's symbol, at most 32 bytes.
    @param decimals The token's decimals, at most 255.
    """
    assert msg.sender == self._aliased(l1_bridge), "bridge: not the other end"
    image: address = self.image_of[token]
    if image == empty(address):
        image = create_minimal_proxy_to(template, salt=convert(token, bytes32))
        self.image_of[token] = image
        self.token_of[image] = token
        extcall IBridgedToken(image).initialize(token, name, symbol, decimals)
        log ImageCreated(token=token, image=image)
    extcall IBridgedToken(image).mint(to, amount)
    log DepositFinalised(token=token, sender=sender, to=to, image=image, amount=amount)


@external
def withdraw(image: address, to: address, amount: uint256) -> bytes32:
    """
    @notice Burn the caller's tokens and have them released on L1. No allowance is needed.
    @param image The token here.
    @param to Who gets it on L1.
    @param amount How many units.
    @return The withdrawal's hash.
    """
    token: address = self.token_of[image]
    assert token != empty(address), "bridge: not an image"
    assert to != empty(address), "bridge: zero receiver"
    assert amount != 0, "bridge: nothing to withdraw"
    extcall IBridgedToken(image).burn(msg.sender, amount)
    log WithdrawalStarted(token=token, sender=msg.sender, to=to, image=image, amount=amount)
    return extcall outbox.send(
        l1_bridge,
        RELEASE_GAS_LIMIT,
        abi_encode(
            token, msg.sender, to, amount, method_id=method_id("finalise_withdrawal(address,address,address,uint256)")
        ),
    )


@internal
@pure
def _aliased(account: address) -> address:
    return convert((convert(account, uint256) + ALIAS) % 2**160, address)
