# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Chain registry
@license MIT
@notice Which chains are the network, and what each is to it: pending, active, exiting or removed.
@dev Chains read two mappings by storage proof: `members` in slot 0, `final_roots` in slot 1. They must stay there.

     A domain, a chain id and a portal are used once, for good: a chain that is launched anew under its old chain id
     would send messages with the ids of its earlier life. The instance id, the hash of the chain's genesis block, says
     which life it is.

     The owner decides who belongs to the network, and nothing else: it cannot touch a message or a token.
"""

from ..interfaces import IOutputs
from ..interfaces import IRegistry

implements: IRegistry


interface ILatest:
    def latest_confirmed() -> uint256: view


event ChainRegistered:
    domain: indexed(uint256)
    chain_id: indexed(uint256)
    instance_id: bytes32
    outputs: address
    portal: address


event StatusChanged:
    domain: indexed(uint256)
    status: uint256


event OwnershipOffered:
    owner: indexed(address)
    heir: indexed(address)


event OwnershipTaken:
    owner: indexed(address)


PENDING: constant(uint256) = 1
ACTIVE: constant(uint256) = 2
EXITING: constant(uint256) = 3
REMOVED: constant(uint256) = 4

members: HashMap[uint256, uint256]  # domain → status ‖ outputs, the latter in 160 bits; must stay in slot 0
final_roots: HashMap[uint256, bytes32]  # must stay in slot 1

owner: public(address)
heir: public(address)
portal: public(HashMap[uint256, address])
chain_id: public(HashMap[uint256, uint256])
instance_id: public(HashMap[uint256, bytes32])
domain_of_chain: public(HashMap[uint256, uint256])
domain_of_portal: public(HashMap[address, uint256])
count: public(uint256)
domains: public(HashMap[uint256, uint256])  # in the order of registration, from 0


@deploy
def __init__(_owner: address):
    """
    @param _owner Who admits and removes chains: an account, a multisig or a governor.
    """
    assert _owner != empty(address), "registry: no owner"
    self.owner = _owner
    log OwnershipTaken(owner=_owner)


@external
@view
def status(domain: uint256) -> uint256:
    """
    @notice What a chain is to the network.
    @param domain The chain.
    @return 0 never a member, 1 pending, 2 active, 3 exiting, 4 removed.
    """
    return self.members[domain] >> 160


@external
@view
def outputs(domain: uint256) -> address:
    """
    @notice Where a chain's output roots are.
    @param domain The chain.
    @return The contract, or zero.
    """
    return self._outputs(domain)


@external
@view
def final_root(domain: uint256) -> bytes32:
    """
    @notice The last output root of a removed chain that counts.
    @param domain The chain.
    @return The root; zero if the chain was not removed.
    """
    return self.final_roots[domain]


@external
def register(domain: uint256, chain_id: uint256, instance_id: bytes32, outputs: address, portal: address):
    """
    @notice Note a chain that is to join. It takes part once it is active.
    @param domain Its number in the network, never used before.
    @param chain_id Its EIP-155 chain id, likewise.
    @param instance_id The hash of its genesis block.
    @param outputs Its output roots.
    @param portal Its portal, likewise never used before.
    """
    assert msg.sender == self.owner, "registry: not the owner"
    assert domain != 0 and domain < 2**32, "registry: not a domain"
    assert chain_id != 0, "registry: no chain id"
    assert instance_id != empty(bytes32), "registry: no instance"
    assert self.members[domain] == 0, "registry: domain was used"
    assert self.domain_of_chain[chain_id] == 0, "registry: chain id was used"
    assert self.domain_of_portal[portal] == 0, "registry: portal was used"
    assert portal.is_contract, "registry: no portal"
    root: bytes32 = empty(bytes32)
    state: uint256 = 0
    root, state = staticcall IOutputs(outputs).claim(0)
    assert root != empty(bytes32), "registry: zero root"
    self.portal[domain] = portal
    self.chain_id[domain] = chain_id
    self.instance_id[domain] = instance_id
    self.domain_of_chain[chain_id] = domain
    self.domain_of_portal[portal] = domain
    self.domains[self.count] = domain
    self.count += 1
    self.members[domain] = convert(outputs, uint256)
    log ChainRegistered(domain=domain, chain_id=chain_id, instance_id=instance_id, outputs=outputs, portal=portal)
    self._set_status(domain, PENDING)


@external
def activate(domain: uint256):
    """
    @notice Let a pending chain take part, or one that was exiting stay.
    @param domain The chain.
    """
    assert msg.sender == self.owner, "registry: not the owner"
    state: uint256 = self.members[domain] >> 160
    assert state == PENDING or state == EXITING, "registry: not pending or exiting"
    self._set_status(domain, ACTIVE)


@external
def begin_exit(domain: uint256):
    """
    @notice Let a chain drain: nothing of value goes there any more, everything may still leave.
    @param domain The chain.
    """
    assert msg.sender == self.owner, "registry: not the owner"
    assert self.members[domain] >> 160 == ACTIVE, "registry: not active"
    self._set_status(domain, EXITING)


@external
def remove(domain: uint256):
    """
    @notice Part with a chain for good. Its last confirmed output stays the last that counts: what it has sent by then
            can be delivered, and what it has not received by then can be refunded.
    @param domain The chain.
    """
    assert msg.sender == self.owner, "registry: not the owner"
    state: uint256 = self.members[domain] >> 160
    assert state == PENDING or state == ACTIVE or state == EXITING, "registry: not a member"
    claims: address = self._outputs(domain)
    root: bytes32 = empty(bytes32)
    standing: uint256 = 0
    root, standing = staticcall IOutputs(claims).claim(staticcall ILatest(claims).latest_confirmed())
    assert root != empty(bytes32), "registry: zero root"
    self.final_roots[domain] = root
    self._set_status(domain, REMOVED)


@external
def offer_ownership(heir: address):
    """
    @notice Name the next owner, who has to accept.
    @param heir The next owner; zero takes an offer back.
    """
    assert msg.sender == self.owner, "registry: not the owner"
    self.heir = heir
    log OwnershipOffered(owner=msg.sender, heir=heir)


@external
def accept_ownership():
    """
    @notice Become the owner, as offered.
    """
    assert self.heir != empty(address) and msg.sender == self.heir, "registry: not the heir"
    self.heir = empty(address)
    self.owner = msg.sender
    log OwnershipTaken(owner=msg.sender)


@internal
@view
def _outputs(domain: uint256) -> address:
    return convert(self.members[domain] & (2**160 - 1), address)


@internal
def _set_status(domain: uint256, state: uint256):
    self.members[domain] = state << 160 | self.members[domain] & (2**160 - 1)
    log StatusChanged(domain=domain, status=state)
