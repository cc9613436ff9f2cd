# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Ledger
@license MIT
@notice The pessimistic bound on L1, under every security module: no chain lets out more of a token than came in. And
        the one place that decides what becomes of a transfer: cleared, or void.
@dev Chains read one mapping by storage proof: `decisions` in slot 4, behind the remote roots. It must stay there. A
     route credits a transfer only when this ledger has cleared it, and gives it back only when this ledger has voided
     it: so whatever a dishonest chain tells the others, and however its lies contradict each other, a transfer is paid
     once, and what the chain can take out is what was sent to it.

     A token's home makes it and may let out any amount. An asset is keccak256(home ‖ token ‖ kind), three words of the
     transfer's body.
"""

from ..interfaces import IOutputs
from ..interfaces import IRegistry
from . import remote_roots

initializes: remote_roots

exports: (remote_roots.trees, remote_roots.stores, remote_roots.states, remote_roots.last_stores)


event Cleared:
    message_id: indexed(bytes32)
    asset: indexed(bytes32)
    origin: uint256
    destination: uint256
    amount: uint256


event Voided:
    message_id: indexed(bytes32)


struct Transfer:
    message_id: bytes32
    origin: uint256
    destination: uint256
    expiry: uint256
    amount: uint256
    home: uint256
    asset: bytes32


MAX_PROOF: constant(uint256) = 8192
MAX_MESSAGE: constant(uint256) = 2142
MAX_METADATA: constant(uint256) = 1056
HEADER_BYTES: constant(uint256) = 94
TRANSFER_BYTES: constant(uint256) = 288
VERSION: constant(uint8) = 4

ROUTE: constant(bytes32) = 0x0000000000000000000000004200000000000000000000000000000000000032

ACTIVE: constant(uint256) = 2
EXITING: constant(uint256) = 3
REMOVED: constant(uint256) = 4
CONFIRMED: constant(uint256) = 2

CLEARED: constant(uint256) = 1
VOIDED: constant(uint256) = 2

decisions: public(HashMap[bytes32, uint256])  # must stay in slot 4
holdings: public(HashMap[bytes32, HashMap[uint256, uint256]])  # asset → domain → units: what came in and did not leave

registry: public(immutable(IRegistry))


@deploy
def __init__(_registry: IRegistry):
    """
    @param _registry The chain registry.
    """
    assert _registry.address != empty(address), "ledger: no registry"
    registry = _registry


@external
def learn(domain: uint256, assertion_id: uint256, output: remote_roots.Output, proof: remote_roots.MailboxProof):
    """
    @notice Learn a settled state of a chain. Anyone may, with proofs.
    @param domain The chain.
    @param assertion_id A confirmed output of it; of a removed chain, the last that counts.
    @param output What the output root commits to.
    @param proof The output's block and the mailbox in it.
    """
    status: uint256 = staticcall registry.status(domain)
    output_root: bytes32 = empty(bytes32)
    if status == REMOVED:
        output_root = staticcall registry.final_root(domain)
    else:
        assert status == ACTIVE or status == EXITING, "ledger: not a member"
        standing: uint256 = 0
        output_root, standing = staticcall IOutputs(staticcall registry.outputs(domain)).claim(assertion_id)
        assert standing == CONFIRMED, "ledger: output is not confirmed"
    remote_roots._learn(domain, output_root, status == REMOVED, output, proof)


@external
def clear(metadata: Bytes[MAX_METADATA], message: Bytes[MAX_MESSAGE]):
    """
    @notice Let a transfer through, if its origin has as much. Anyone may.
    @param metadata The message's branch in its origin's tree, as `verify` of the settled roots takes it.
    @param message The transfer's message.
    """
    transfer: Transfer = self._read(message)
    assert self.decisions[transfer.message_id] == 0, "ledger: already decided"
    assert remote_roots._includes(transfer.origin, transfer.message_id, metadata), "ledger: not proven"
    assert staticcall registry.status(transfer.destination) == ACTIVE, "ledger: destination is closed"
    self.decisions[transfer.message_id] = CLEARED
    self._move(transfer, transfer.origin, transfer.destination)
    log Cleared(
        message_id=transfer.message_id,
        asset=transfer.asset,
        origin=transfer.origin,
        destination=transfer.destination,
        amount=transfer.amount,
    )


@external
def void(
    metadata: Bytes[MAX_METADATA], message: Bytes[MAX_MESSAGE], store_root: bytes32, proof: Bytes[MAX_PROOF]
):
    """
    @notice Decide that a transfer goes back, because it was not delivered and never will be. Anyone may.
    @param metadata The message's branch in its origin's tree.
    @param message The transfer's message.
    @param store_root The storage root of the destination's mailbox, known here, of a block at or after the expiry.
    @param proof Storage proof that the message's slot is empty.
    """
    transfer: Transfer = self._read(message)
    decision: uint256 = self.decisions[transfer.message_id]
    assert decision != VOIDED, "ledger: already void"
    assert remote_roots._includes(transfer.origin, transfer.message_id, metadata), "ledger: not proven"
    assert remote_roots._is_dead(
        transfer.destination, store_root, transfer.message_id, transfer.expiry, proof
    ), "ledger: may yet be delivered"
    self.decisions[transfer.message_id] = VOIDED
    if decision == CLEARED:
        self._move(transfer, transfer.destination, transfer.origin)
    log Voided(message_id=transfer.message_id)


@internal
def _move(transfer: Transfer, source: uint256, target: uint256):
    if source != transfer.home:
        held: uint256 = self.holdings[transfer.asset][source]
        assert held >= transfer.amount, "ledger: more than came in"
        self.holdings[transfer.asset][source] = held - transfer.amount
    if target != transfer.home:
        self.holdings[transfer.asset][target] += transfer.amount


@internal
@pure
def _read(message: Bytes[MAX_MESSAGE]) -> Transfer:
    """
    @dev A message from route to route. Others have nothing to clear.
    """
    assert len(message) == HEADER_BYTES + TRANSFER_BYTES, "ledger: not a transfer"
    assert convert(slice(message, 0, 1), uint8) == VERSION, "ledger: unknown version"
    assert extract32(message, 9) == ROUTE and extract32(message, 45) == ROUTE, "ledger: not between routes"
    origin: uint256 = convert(slice(message, 5, 4), uint256)
    destination: uint256 = convert(slice(message, 41, 4), uint256)
    assert origin != destination, "ledger: not another chain"
    return Transfer(
        message_id=keccak256(message),
        origin=origin,
        destination=destination,
        expiry=convert(slice(message, 77, 8), uint256),
        amount=extract32(message, HEADER_BYTES + 32, output_type=uint256),
        home=extract32(message, HEADER_BYTES + 64, output_type=uint256),
        asset=keccak256(slice(message, HEADER_BYTES + 64, 96)),
    )
