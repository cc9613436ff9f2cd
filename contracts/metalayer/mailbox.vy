# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Mailbox
@license MIT
@notice Where messages leave a chain and arrive: a predeploy of every member at
        0x4200000000000000000000000000000000000030.
@dev A message is packed: version u8, nonce u32, origin u32, sender b32, destination u32, recipient b32, expiry u64,
     gas limit u64, flags u8, body. Its id is its hash. Up to its body a message of version 3 is Hyperlane's.

     Other chains read two things by proof: `delivered` in slot 0 and `root` in slot 1. They must stay there.

     Delivery is unordered and all or nothing: it reverts as a whole if the recipient does, so anyone may try again
     until the message expires. After that anyone may prove that it was never delivered, and its sender is told.
     A message's fee waits here until its delivery is proven, and is then its deliverer's. What is sent along beyond the
     quote goes back at once; less than the quote is a bid, which relayers may leave.
"""

from ..interfaces import IFeeSchedule
from ..interfaces import IMailbox
from ..interfaces import IMessageRecipient
from ..interfaces import ISecurityModule
from ..interfaces import ISettledRoots

implements: IMailbox


event Dispatched:
    message_id: indexed(bytes32)
    destination: indexed(uint32)
    sender: indexed(address)
    index: uint256
    fee: uint256
    message: Bytes[MAX_MESSAGE]


event FeeAdded:
    message_id: indexed(bytes32)
    fee: uint256


event Delivered:
    message_id: indexed(bytes32)
    origin: indexed(uint32)
    deliverer: indexed(address)


event Refunded:
    message_id: indexed(bytes32)


event FeePaid:
    message_id: indexed(bytes32)
    deliverer: indexed(address)
    fee: uint256


event FeesCollected:
    owner: indexed(address)
    amount: uint256


struct Header:
    nonce: uint256
    origin: uint32
    sender: bytes32
    destination: uint32
    recipient: bytes32
    expiry: uint256
    gas_limit: uint256


MAX_BODY: constant(uint256) = 2048
MAX_MESSAGE: constant(uint256) = 2142
MAX_METADATA: constant(uint256) = 1056
MAX_PROOF: constant(uint256) = 8192
MAX_GAS_LIMIT: constant(uint256) = 10_000_000
HEADER_BYTES: constant(uint256) = 94
VERSION: constant(uint8) = 4

# What the EVM takes before a call gets its 63/64, and what is left to do after it.
CALL_OVERHEAD: constant(uint256) = 40_000

SENT: constant(uint256) = 1
REFUNDED: constant(uint256) = 2
RECEIPTED: constant(uint256) = 3
STATE_BITS: constant(uint256) = 2**8 - 1
FEE_BITS: constant(uint256) = 2**128 - 1

local_domain: public(immutable(uint32))
settled_roots: public(immutable(ISettledRoots))
fee_schedule: public(immutable(IFeeSchedule))
default_life: public(immutable(uint256))  # seconds

delivered: public(HashMap[bytes32, address])  # by whom; must stay in slot 0
root: public(bytes32)  # of the tree of all messages sent; must stay in slot 1

count: public(uint256)
edge: bytes32[32]
outgoing: HashMap[bytes32, uint256]  # quote ‖ fee in 128 bits ‖ state in 8
credits: public(HashMap[address, uint256])
processing: public(transient(bytes32))


@deploy
def __init__(_local_domain: uint32, _settled_roots: ISettledRoots, _fee_schedule: IFeeSchedule, _default_life: uint256):
    """
    @param _local_domain This chain's number in the network.
    @param _settled_roots The default security module, which also judges refunds and receipts.
    @param _fee_schedule What deliveries cost.
    @param _default_life Seconds until a message expires that does not say.
    """
    assert _local_domain != 0, "mailbox: no domain"
    assert _settled_roots.address != empty(address), "mailbox: no module"
    assert _fee_schedule.address != empty(address), "mailbox: no fee schedule"
    assert _default_life != 0, "mailbox: no life"
    local_domain = _local_domain
    settled_roots = _settled_roots
    fee_schedule = _fee_schedule
    default_life = _default_life


@external
@payable
def dispatch(
    destination: uint32, recipient: bytes32, body: Bytes[MAX_BODY], expiry: uint64, gas_limit: uint64
) -> bytes32:
    """
    @notice Send a message; the ether sent along is kept for whoever delivers it, up to the quote. The rest goes back to
            the caller, or stays with the fee if the caller does not take it.
    @param destination The domain of the chain it goes to.
    @param recipient Whom it calls there, left-padded with zeros.
    @param body What it says.
    @param expiry The first second at which it can no longer be delivered; 0: as the chain has it.
    @param gas_limit Gas of the recipient's call.
    @return The message's id.
    """
    assert destination != local_domain and destination != 0, "mailbox: not another chain"
    assert convert(recipient, uint256) < 2**160, "mailbox: recipient is not an address"
    assert convert(gas_limit, uint256) <= MAX_GAS_LIMIT, "mailbox: gas limit too high"
    ends_at: uint256 = convert(expiry, uint256)
    if ends_at == 0:
        ends_at = block.timestamp + default_life
    assert ends_at > block.timestamp, "mailbox: expired already"

    index: uint256 = self.count
    message: Bytes[MAX_MESSAGE] = concat(
        convert(VERSION, bytes1),
        convert(convert(index, uint32), bytes4),
        convert(local_domain, bytes4),
        convert(msg.sender, bytes32),
        convert(destination, bytes4),
        recipient,
        convert(convert(ends_at, uint64), bytes8),
        convert(gas_limit, bytes8),
        0x00,
        body,
    )
    message_id: bytes32 = keccak256(message)
    self._append(message_id, index)
    quoted: uint256 = staticcall fee_schedule.quote(destination, len(body), convert(gas_limit, uint256))
    kept: uint256 = msg.value if quoted == 0 else min(msg.value, quoted)
    self.outgoing[message_id] = quoted << 136 | kept << 8 | SENT
    log Dispatched(
        message_id=message_id,
        destination=destination,
        sender=msg.sender,
        index=index,
        fee=kept,
        message=message,
    )
    if kept != msg.value:
        # A caller that takes no ether is not kept from sending: what is over is then the deliverer's as well.
        over: uint256 = msg.value - kept
        if not raw_call(msg.sender, b"", value=over, revert_on_failure=False):
            self.outgoing[message_id] += over << 8
            log FeeAdded(message_id=message_id, fee=over)
    return message_id


@external
@view
def quote(destination: uint32, body_bytes: uint256, gas_limit: uint64) -> uint256:
    """
    @notice What a message's delivery costs now. The message remembers what was asked when it was sent.
    @param destination Where it goes.
    @param body_bytes The length of its body.
    @param gas_limit Gas of the recipient's call.
    @return Wei; 0: nothing is asked for, and every fee is a bid.
    """
    return staticcall fee_schedule.quote(destination, body_bytes, convert(gas_limit, uint256))


@external
@view
def quoted(message_id: bytes32) -> uint256:
    """
    @notice What was asked for a message's delivery when it was sent.
    @param message_id A message sent from here.
    @return Wei.
    """
    return self.outgoing[message_id] >> 136


@external
@payable
def add_fee(message_id: bytes32):
    """
    @notice Offer more for a message's delivery.
    @param message_id The message.
    """
    assert self.outgoing[message_id] & STATE_BITS == SENT, "mailbox: not waiting"
    self.outgoing[message_id] += msg.value << 8
    log FeeAdded(message_id=message_id, fee=msg.value)


@external
@view
def fee(message_id: bytes32) -> (uint256, uint256):
    """
    @notice What waits for a message's deliverer.
    @param message_id A message sent from here.
    @return Wei, and the message's state: 0 never sent, 1 sent, 2 refunded, 3 its delivery is proven.
    """
    word: uint256 = self.outgoing[message_id]
    return word >> 8 & FEE_BITS, word & STATE_BITS


@external
@nonreentrant
def process(metadata: Bytes[MAX_METADATA], message: Bytes[MAX_MESSAGE]):
    """
    @notice Deliver a message. Anyone may, once; who does is owed its fee.
    @param metadata What the recipient's security module asks for.
    @param message The message.
    """
    header: Header = self._read(message)
    assert header.destination == local_domain, "mailbox: another chain's"
    message_id: bytes32 = keccak256(message)
    assert self.delivered[message_id] == empty(address), "mailbox: already delivered"
    assert block.timestamp < header.expiry, "mailbox: expired"
    # Before anything else is called, so that nothing it does can deliver the message again.
    self.delivered[message_id] = msg.sender
    recipient: address = convert(convert(header.recipient, uint256), address)
    assert recipient.is_contract, "mailbox: nobody there"
    assert staticcall ISecurityModule(self._module(recipient)).verify(metadata, message), "mailbox: not proven"
    log Delivered(message_id=message_id, origin=header.origin, deliverer=msg.sender)

    # Who delivers chooses the gas: with too little, a recipient that catches its own failures could be made to drop it.
    assert msg.gas >= header.gas_limit * 64 // 63 + CALL_OVERHEAD, "mailbox: not enough gas for the call"
    self.processing = message_id
    raw_call(
        recipient,
        abi_encode(
            header.origin, header.sender, self._body(message), method_id=method_id("handle(uint32,bytes32,bytes)")
        ),
        gas=header.gas_limit,
    )
    self.processing = empty(bytes32)


@external
@nonreentrant
def refund(message: Bytes[MAX_MESSAGE], store_root: bytes32, proof: Bytes[MAX_PROOF]):
    """
    @notice Tell a message's sender that it was not delivered and never will be, and give its fee back. Anyone may.
    @param message A message sent from here.
    @param store_root The storage root of the destination's mailbox, known here, of a block at or after the expiry.
    @param proof Storage proof that the message's slot is empty.
    """
    header: Header = self._read(message)
    message_id: bytes32 = keccak256(message)
    word: uint256 = self.outgoing[message_id]
    assert word & STATE_BITS == SENT, "mailbox: not waiting"
    assert staticcall settled_roots.is_dead(
        header.destination, store_root, message_id, header.expiry, proof
    ), "mailbox: may yet be delivered"
    self.outgoing[message_id] = REFUNDED
    log Refunded(message_id=message_id)
    self.processing = message_id
    raw_call(
        convert(convert(header.sender, uint256), address),
        abi_encode(
            header.destination,
            header.recipient,
            self._body(message),
            method_id=method_id("on_refund(uint32,bytes32,bytes)"),
        ),
        value=word >> 8 & FEE_BITS,
    )
    self.processing = empty(bytes32)


@external
def prove_delivery(message: Bytes[MAX_MESSAGE], store_root: bytes32, proof: Bytes[MAX_PROOF]):
    """
    @notice Show that a message was delivered; its fee is then its deliverer's. Anyone may.
    @param message A message sent from here.
    @param store_root The storage root of the destination's mailbox, known here.
    @param proof Storage proof of the message's slot, which holds the deliverer.
    """
    header: Header = self._read(message)
    message_id: bytes32 = keccak256(message)
    word: uint256 = self.outgoing[message_id]
    assert word & STATE_BITS == SENT, "mailbox: not waiting"
    deliverer: address = staticcall settled_roots.deliverer(header.destination, store_root, message_id, proof)
    assert deliverer != empty(address), "mailbox: not delivered"
    self.outgoing[message_id] = RECEIPTED
    earned: uint256 = word >> 8 & FEE_BITS
    self.credits[deliverer] += earned
    log FeePaid(message_id=message_id, deliverer=deliverer, fee=earned)


@external
@nonreentrant
def collect() -> uint256:
    """
    @notice Pay out the fees that the caller has earned.
    @return How much, in wei.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount != 0, "mailbox: nothing to collect"
    self.credits[msg.sender] = 0
    log FeesCollected(owner=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)
    return amount


@internal
def _append(leaf: bytes32, index: uint256):
    """
    @dev Add a leaf to the incremental tree, and keep its new root.
    """
    assert index < 2**32 - 1, "mailbox: tree is full"
    size: uint256 = index + 1
    self.count = size
    node: bytes32 = leaf
    for level: uint256 in range(32):
        if size >> level & 1 == 1:
            self.edge[level] = node
            break
        node = keccak256(concat(self.edge[level], node))
    node = empty(bytes32)
    nothing: bytes32 = empty(bytes32)
    for level: uint256 in range(32):
        if size >> level & 1 == 1:
            node = keccak256(concat(self.edge[level], node))
        else:
            node = keccak256(concat(node, nothing))
        nothing = keccak256(concat(nothing, nothing))
    self.root = node


@internal
@view
def _module(recipient: address) -> address:
    """
    @dev The security module that the recipient has chosen, or the default. The deliverer has no say.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        recipient,
        method_id("interchainSecurityModule()", output_type=Bytes[4]),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 32:
        return settled_roots.address
    chosen: uint256 = convert(answer, uint256)
    if chosen == 0 or chosen >= 2**160:
        return settled_roots.address
    return convert(chosen, address)


@internal
@pure
def _read(message: Bytes[MAX_MESSAGE]) -> Header:
    assert len(message) >= HEADER_BYTES, "mailbox: too short"
    assert convert(slice(message, 0, 1), uint8) == VERSION, "mailbox: unknown version"
    return Header(
        nonce=convert(slice(message, 1, 4), uint256),
        origin=convert(slice(message, 5, 4), uint32),
        sender=extract32(message, 9),
        destination=convert(slice(message, 41, 4), uint32),
        recipient=extract32(message, 45),
        expiry=convert(slice(message, 77, 8), uint256),
        gas_limit=convert(slice(message, 85, 8), uint256),
    )


@internal
@pure
def _body(message: Bytes[MAX_MESSAGE]) -> Bytes[MAX_BODY]:
    length: uint256 = len(message) - HEADER_BYTES
    if length == 0:
        return b""
    return convert(slice(message, HEADER_BYTES, length), Bytes[MAX_BODY])
