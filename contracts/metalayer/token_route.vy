# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Token route
@license MIT
@notice Moves ERC-20 tokens between the network's chains: a predeploy of every member at
        0x4200000000000000000000000000000000000032.
@dev Three kinds of token, told apart by asking them:
     - an *image* was created here for a token that lives elsewhere: it is burnt here and minted there;
     - a *network token* is an ERC-7802 token that lives at one address on every chain: likewise;
     - any other token is at home here: it is locked here, and released when it comes back.

     An asset is (home, token, kind), and amounts on the way are the home token's units: images have its decimals. A
     network token may have other decimals here than at home, and then says those by `home_decimals()`: its amounts are
     scaled. What does not make a whole unit is never burnt when leaving, and kept for its owner when arriving.
     What arrives is what counts: tokens that take a fee are sent on without it.

     A transfer is paid out if the mailbox delivers it from this same address on another chain *and* L1's ledger has
     cleared it; it is given back if the mailbox refunds it *and* the ledger has voided it. Limits come on top.
"""

from ethereum.ercs import IERC20

from ..interfaces import ICrosschainToken
from ..interfaces import IMailbox
from ..interfaces import IMessageRecipient
from ..interfaces import IMessageSender
from ..interfaces import ISettledRoots

implements: IMessageRecipient
implements: IMessageSender


interface INetworkToken:
    def home_domain() -> uint32: view


interface IImage:
    def initialize(name: bytes32, symbol: bytes32, decimals: uint256): nonpayable


event TransferSent:
    message_id: indexed(bytes32)
    token: indexed(address)
    sender: indexed(address)
    destination: uint32
    recipient: address
    amount: uint256


event TransferReceived:
    message_id: indexed(bytes32)
    token: indexed(address)
    recipient: indexed(address)
    amount: uint256


event TransferReturned:
    message_id: indexed(bytes32)
    token: indexed(address)
    sender: indexed(address)
    amount: uint256


event ImageCreated:
    asset: indexed(bytes32)
    image: indexed(address)


event LimitSet:
    token: indexed(address)
    capacity: uint256
    refill: uint256


struct Asset:
    home: uint32
    token: address
    is_native: bool


struct Transfer:
    recipient: address
    amount: uint256
    asset: Asset
    sender: address
    name: bytes32
    symbol: bytes32
    decimals: uint256


struct Bucket:
    capacity: uint256  # units; 0: no limit
    refill: uint256  # units per second
    level: uint256  # units left at `updated_at`
    updated_at: uint256  # seconds


MAX_BODY: constant(uint256) = 2048
TRANSFER_BYTES: constant(uint256) = 288
# Enough to create a token's image, under any fork.
HANDLE_GAS: constant(uint64) = 600_000
DEFAULT_DECIMALS: constant(uint256) = 18
ERC7802: constant(bytes4) = 0x33331994

CLEARED: constant(uint256) = 1
VOIDED: constant(uint256) = 2

mailbox: public(immutable(IMailbox))
settled_roots: public(immutable(ISettledRoots))
template: public(immutable(address))
governor: public(immutable(address))

locked: public(HashMap[address, uint256])
image_of: public(HashMap[bytes32, address])
asset_of: public(HashMap[address, Asset])  # of images alone
limits: public(HashMap[address, Bucket])
dust: public(HashMap[address, HashMap[address, uint256]])  # token → owner → units of the home: less than one unit here
fees: public(HashMap[address, uint256])  # wei that came back, with transfers that did not arrive or as over the quote


@deploy
def __init__(_mailbox: IMailbox, _settled_roots: ISettledRoots, _template: address, _governor: address):
    """
    @param _mailbox This chain's mailbox.
    @param _settled_roots Where L1's decisions are known.
    @param _template The code of all images.
    @param _governor Who may set limits on what arrives here; zero: nobody.
    """
    assert _mailbox.address != empty(address), "route: no mailbox"
    assert _settled_roots.address != empty(address), "route: no settled roots"
    assert _template != empty(address), "route: no template"
    mailbox = _mailbox
    settled_roots = _settled_roots
    template = _template
    governor = _governor


@external
@payable
@nonreentrant
def send(token: address, destination: uint32, recipient: address, amount: uint256, expiry: uint64) -> bytes32:
    """
    @notice Move tokens to another chain. A token that is at home here needs an approval; others do not. The ether sent
            along is the delivery's fee; what is over `quote` goes back.
    @param token The token, as it is here.
    @param destination The chain's domain.
    @param recipient Who gets them there.
    @param amount How many units.
    @param expiry The first second at which they can no longer arrive and go back instead; 0: as the chain has it.
    @return The message's id.
    """
    assert recipient != empty(address), "route: zero receiver"
    transfer: Transfer = Transfer(
        recipient=recipient,
        amount=amount,
        asset=self.asset_of[token],
        sender=msg.sender,
        name=self._text(token, method_id("name()", output_type=Bytes[4])),
        symbol=self._text(token, method_id("symbol()", output_type=Bytes[4])),
        decimals=self._decimals(token),
    )
    if transfer.asset.token != empty(address):
        extcall ICrosschainToken(token).crosschainBurn(msg.sender, amount)
    elif self._is_network_token(token):
        transfer.asset = Asset(home=staticcall INetworkToken(token).home_domain(), token=token, is_native=True)
        transfer.decimals = self._home_decimals(token)
        more: uint256 = self._factor(transfer.decimals, self._decimals(token))
        less: uint256 = self._factor(self._decimals(token), transfer.decimals)
        transfer.amount = amount // less * more
        extcall ICrosschainToken(token).crosschainBurn(msg.sender, amount // less * less)
    else:
        transfer.asset = Asset(home=staticcall mailbox.local_domain(), token=token, is_native=False)
        balance_before: uint256 = staticcall IERC20(token).balanceOf(self)
        assert extcall IERC20(token).transferFrom(
            msg.sender, self, amount, default_return_value=True
        ), "route: transfer failed"
        transfer.amount = staticcall IERC20(token).balanceOf(self) - balance_before
        self.locked[token] += transfer.amount
    assert transfer.amount != 0, "route: nothing to send"
    held: uint256 = self.balance - msg.value
    message_id: bytes32 = extcall mailbox.dispatch(
        destination,
        convert(self, bytes32),
        abi_encode(transfer),
        expiry,
        HANDLE_GAS,
        value=msg.value,
    )
    log TransferSent(
        message_id=message_id,
        token=token,
        sender=msg.sender,
        destination=destination,
        recipient=recipient,
        amount=transfer.amount,
    )
    over: uint256 = self.balance - held
    if over != 0 and not raw_call(msg.sender, b"", value=over, revert_on_failure=False):
        self.fees[msg.sender] += over
    return message_id


@external
@view
def quote(destination: uint32) -> uint256:
    """
    @notice What the delivery of a transfer costs now.
    @param destination The chain's domain.
    @return Wei; 0: nothing is asked for, and every fee is a bid.
    """
    return staticcall mailbox.quote(destination, TRANSFER_BYTES, HANDLE_GAS)


@external
@payable
def __default__():
    """
    @dev What is over the quote comes back from the mailbox, and goes on to whoever sent it.
    """
    assert msg.sender == mailbox.address, "route: not the mailbox"


@external
@payable
@nonreentrant
def handle(origin: uint32, sender: bytes32, body: Bytes[MAX_BODY]):
    """
    @notice Pay out a transfer that has arrived. Only the mailbox, for this route on another chain.
    @param origin The chain it comes from.
    @param sender Who sent it there.
    @param body The transfer.
    """
    assert msg.sender == mailbox.address, "route: not the mailbox"
    assert sender == convert(self, bytes32), "route: not the other end"
    message_id: bytes32 = staticcall mailbox.processing()
    assert staticcall settled_roots.decisions(message_id) == CLEARED, "route: not cleared"
    transfer: Transfer = self._decode(body)
    token: address = empty(address)
    amount: uint256 = 0
    token, amount = self._credit(transfer, transfer.recipient)
    self._take(token, amount)
    log TransferReceived(message_id=message_id, token=token, recipient=transfer.recipient, amount=amount)


@external
@payable
@nonreentrant
def on_refund(destination: uint32, recipient: bytes32, body: Bytes[MAX_BODY]):
    """
    @notice Give a transfer back that has not arrived. Only the mailbox.
    @param destination Where it should have gone.
    @param recipient The route there.
    @param body The transfer.
    """
    assert msg.sender == mailbox.address, "route: not the mailbox"
    message_id: bytes32 = staticcall mailbox.processing()
    assert staticcall settled_roots.decisions(message_id) == VOIDED, "route: not void"
    transfer: Transfer = self._decode(body)
    token: address = empty(address)
    amount: uint256 = 0
    token, amount = self._credit(transfer, transfer.sender)
    log TransferReturned(message_id=message_id, token=token, sender=transfer.sender, amount=amount)
    self.fees[transfer.sender] += msg.value


@external
@nonreentrant
def collect(to: address) -> uint256:
    """
    @notice Take back the fees of the caller's transfers that did not arrive, and what was over and not taken.
    @param to Who gets them.
    @return How much, in wei.
    """
    amount: uint256 = self.fees[msg.sender]
    assert amount != 0, "route: nothing to collect"
    self.fees[msg.sender] = 0
    raw_call(to, b"", value=amount)
    return amount


@external
def set_limit(token: address, capacity: uint256, refill: uint256):
    """
    @notice Bound how fast a token may arrive here: a bucket that each arrival takes from. Only the governor.
    @param token The token, as it is here.
    @param capacity Units that may arrive at once; 0: no limit.
    @param refill Units per second that come back, up to the capacity.
    """
    assert msg.sender == governor and governor != empty(address), "route: not the governor"
    assert refill < 2**128, "route: refill too fast"
    self.limits[token] = Bucket(capacity=capacity, refill=refill, level=capacity, updated_at=block.timestamp)
    log LimitSet(token=token, capacity=capacity, refill=refill)


@internal
def _credit(transfer: Transfer, to: address) -> (address, uint256):
    """
    @dev Pay `to` in the token that the asset is here; returns that token, and how many of its units.
    """
    asset: Asset = transfer.asset
    if asset.is_native:
        # The token says itself where it is made, so no chain can pass for its home.
        assert self._is_network_token(asset.token), "route: no such network token here"
        assert staticcall INetworkToken(asset.token).home_domain() == asset.home, "route: another home"
        amount: uint256 = self._arrived(asset.token, to, transfer.amount)
        extcall ICrosschainToken(asset.token).crosschainMint(to, amount)
        return asset.token, amount
    if asset.home == staticcall mailbox.local_domain():
        assert self.locked[asset.token] >= transfer.amount, "route: more than is locked"
        self.locked[asset.token] -= transfer.amount
        assert extcall IERC20(asset.token).transfer(
            to, transfer.amount, default_return_value=True
        ), "route: transfer failed"
        return asset.token, transfer.amount
    key: bytes32 = keccak256(abi_encode(asset))
    image: address = self.image_of[key]
    if image == empty(address):
        image = create_minimal_proxy_to(template, salt=key)
        self.image_of[key] = image
        self.asset_of[image] = asset
        extcall IImage(image).initialize(transfer.name, transfer.symbol, transfer.decimals)
        log ImageCreated(asset=key, image=image)
    extcall ICrosschainToken(image).crosschainMint(to, transfer.amount)
    return image, transfer.amount


@internal
def _arrived(token: address, owner: address, units: uint256) -> uint256:
    """
    @dev Units of the home as units here. What is less than one here stays the owner's, until more of it arrives.
    """
    home_decimals: uint256 = self._home_decimals(token)
    decimals: uint256 = self._decimals(token)
    less: uint256 = self._factor(home_decimals, decimals)
    if less == 1:
        return units * self._factor(decimals, home_decimals)
    total: uint256 = self.dust[token][owner] + units
    self.dust[token][owner] = total % less
    return total // less


@internal
@pure
def _factor(decimals: uint256, over: uint256) -> uint256:
    """
    @dev What an amount grows by that gets `decimals` instead of fewer, or 1.
    """
    return 10 ** (max(decimals, over) - over)


@internal
def _take(token: address, amount: uint256):
    """
    @dev Take from the token's bucket. Only a delivery does: asking `verify` costs nobody anything.
    """
    bucket: Bucket = self.limits[token]
    if bucket.capacity == 0:
        return
    grown: uint256 = (block.timestamp - bucket.updated_at) * bucket.refill
    level: uint256 = min(bucket.capacity, bucket.level + grown)
    assert level >= amount, "route: over the limit"
    self.limits[token].level = level - amount
    self.limits[token].updated_at = block.timestamp


@internal
@view
def _is_network_token(token: address) -> bool:
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        token,
        abi_encode(ERC7802, method_id=method_id("supportsInterface(bytes4)")),
        max_outsize=32,
        gas=30_000,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, uint256) == 1


@internal
@pure
def _decode(body: Bytes[MAX_BODY]) -> Transfer:
    assert len(body) == TRANSFER_BYTES, "route: malformed transfer"
    return abi_decode(body, Transfer)


@internal
@view
def _text(token: address, method: Bytes[4]) -> bytes32:
    """
    @dev A name or symbol of at most 32 bytes, zeros behind it; longer ones are cut, missing ones are empty. Old tokens
         answer with a bytes32 instead of a string.
    """
    success: bool = False
    answer: Bytes[96] = b""
    success, answer = raw_call(token, method, max_outsize=96, is_static_call=True, revert_on_failure=False)
    if not success:
        return empty(bytes32)
    if len(answer) == 32:
        return extract32(answer, 0)
    if len(answer) < 96 or extract32(answer, 0, output_type=uint256) != 32:
        return empty(bytes32)
    length: uint256 = min(extract32(answer, 32, output_type=uint256), 32)
    if length == 0:
        return empty(bytes32)
    unused: uint256 = 256 - 8 * length
    return convert(extract32(answer, 64, output_type=uint256) >> unused << unused, bytes32)


@internal
@view
def _home_decimals(token: address) -> uint256:
    """
    @dev Of a network token, which need not say: then they are the same everywhere.
    """
    return self._number(token, method_id("home_decimals()", output_type=Bytes[4]), self._decimals(token))


@internal
@view
def _decimals(token: address) -> uint256:
    return self._number(token, method_id("decimals()", output_type=Bytes[4]), DEFAULT_DECIMALS)


@internal
@view
def _number(token: address, method: Bytes[4], otherwise: uint256) -> uint256:
    """
    @dev What the token answers, if it is a number of at most 8 bits.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(token, method, max_outsize=32, is_static_call=True, revert_on_failure=False)
    if not success or len(answer) != 32 or convert(answer, uint256) > 255:
        return otherwise
    return convert(answer, uint256)
