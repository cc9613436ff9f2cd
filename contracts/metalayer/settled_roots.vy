# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Settled roots
@license MIT
@notice The network's default security module: a message counts if the output root that holds it is confirmed on L1.
        A predeploy of every member at 0x4200000000000000000000000000000000000031. Nobody is trusted.
@dev A chain knows L1's block hashes from its own headers (EIP-4788: the beacon root of a rollup's block is the hash of
     its L1 origin). From there one proof leads on to the next: L1's header, the registry's entry for the chain, its
     output roots, the output's block, its mailbox. `learn` walks this way once for any number of messages; `verify`
     then needs a branch alone.
"""

from ..interfaces import ISecurityModule
from ..interfaces import ISettledRoots
from ..l1.proof import mpt
from . import remote_roots

initializes: remote_roots
implements: ISecurityModule
implements: ISettledRoots

exports: (remote_roots.trees, remote_roots.stores, remote_roots.states, remote_roots.last_stores)


struct Anchor:
    timestamp: uint256  # of a block of this chain, one of the last 8,191
    header: Bytes[MAX_HEADER]  # of that block's L1 origin, in RLP


struct MemberProof:
    registry: Bytes[MAX_PROOF]  # the registry's account on L1
    member: Bytes[MAX_PROOF]  # its slot with the chain's status and output roots


struct OutputProof:
    assertion_id: uint256
    outputs: Bytes[MAX_PROOF]  # the account of the chain's output roots on L1; unused for a removed chain
    status: Bytes[MAX_PROOF]  # its slot with the assertion's status; likewise
    root: Bytes[MAX_PROOF]  # its slot with the output root; of a removed chain the registry's, with the last root


event DecisionLearned:
    message_id: indexed(bytes32)
    decision: uint256


MAX_PROOF: constant(uint256) = 8192
MAX_HEADER: constant(uint256) = 1024
MAX_MESSAGE: constant(uint256) = 2142
MAX_METADATA: constant(uint256) = 1056

BEACON_ROOTS: constant(address) = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02

MEMBERS_SLOT: constant(uint256) = 0  # of registry.vy
FINAL_ROOTS_SLOT: constant(uint256) = 1
ROOTS_SLOT: constant(uint256) = 5  # of l1/outputs.vy
STATES_SLOT: constant(uint256) = 8
DECISIONS_SLOT: constant(uint256) = 4  # of ledger.vy

ACTIVE: constant(uint256) = 2
EXITING: constant(uint256) = 3
REMOVED: constant(uint256) = 4
CONFIRMED: constant(uint256) = 2

CLEARED: constant(uint256) = 1
VOIDED: constant(uint256) = 2

registry: public(immutable(address))
ledger: public(immutable(address))

decisions: public(HashMap[bytes32, uint256])
ledger_roots: public(HashMap[bytes32, uint256])  # L1's time, in seconds


@deploy
def __init__(_registry: address, _ledger: address):
    """
    @param _registry The chain registry on L1.
    @param _ledger The ledger on L1.
    """
    assert _registry != empty(address), "settled: no registry"
    assert _ledger != empty(address), "settled: no ledger"
    registry = _registry
    ledger = _ledger


@external
def learn(
    domain: uint32,
    anchor: Anchor,
    member: MemberProof,
    claimed: OutputProof,
    output: remote_roots.Output,
    proof: remote_roots.MailboxProof,
):
    """
    @notice Learn a settled state of another chain. Anyone may, with proofs.
    @param domain The chain.
    @param anchor The L1 block under which everything is proven.
    @param member What the registry says about the chain.
    @param claimed A confirmed output of it.
    @param output What the output root commits to.
    @param proof The output's block and the mailbox in it.
    """
    key: uint256 = convert(domain, uint256)
    l1_state: bytes32 = self._l1_state(anchor)[0]
    registry_root: bytes32 = self._storage_root(l1_state, registry, member.registry)
    word: uint256 = mpt._storage_value(
        registry_root, keccak256(abi_encode(MEMBERS_SLOT, key)), member.member
    )
    status: uint256 = word >> 160
    output_root: bytes32 = empty(bytes32)
    if status == REMOVED:
        output_root = convert(
            mpt._storage_value(registry_root, keccak256(abi_encode(FINAL_ROOTS_SLOT, key)), claimed.root), bytes32
        )
    else:
        assert status == ACTIVE or status == EXITING, "settled: not a member"
        outputs: address = convert(word & (2**160 - 1), address)
        outputs_root: bytes32 = self._storage_root(l1_state, outputs, claimed.outputs)
        state: uint256 = mpt._storage_value(
            outputs_root, keccak256(abi_encode(STATES_SLOT, claimed.assertion_id)), claimed.status
        )
        assert state & 255 == CONFIRMED, "settled: output is not confirmed"
        output_root = convert(
            mpt._storage_value(outputs_root, keccak256(abi_encode(ROOTS_SLOT, claimed.assertion_id)), claimed.root),
            bytes32,
        )
    remote_roots._learn(key, output_root, status == REMOVED, output, proof)


@external
def learn_ledger(anchor: Anchor, account: Bytes[MAX_PROOF]) -> bytes32:
    """
    @notice Learn a state of L1's ledger.
    @param anchor The L1 block.
    @param account Account proof of the ledger.
    @return The ledger's storage root, now known.
    """
    l1_state: bytes32 = empty(bytes32)
    timestamp: uint256 = 0
    l1_state, timestamp = self._l1_state(anchor)
    root: bytes32 = self._storage_root(l1_state, ledger, account)
    self.ledger_roots[root] = timestamp
    return root


@external
def learn_decision(message_id: bytes32, ledger_root: bytes32, proof: Bytes[MAX_PROOF]):
    """
    @notice Learn what the ledger has decided about a transfer.
    @dev What was cleared may be voided later, but not the other way round: so an old state of the ledger cannot undo
         what a later one has shown.
    @param message_id The transfer's message.
    @param ledger_root A known storage root of the ledger.
    @param proof Storage proof of the message's slot.
    """
    assert self.ledger_roots[ledger_root] != 0, "settled: unknown root"
    decision: uint256 = mpt._storage_value(
        ledger_root, keccak256(abi_encode(DECISIONS_SLOT, message_id)), proof
    )
    assert decision == CLEARED or decision == VOIDED, "settled: not decided"
    assert decision > self.decisions[message_id], "settled: already known"
    self.decisions[message_id] = decision
    log DecisionLearned(message_id=message_id, decision=decision)


@external
@view
def verify(metadata: Bytes[MAX_METADATA], message: Bytes[MAX_MESSAGE]) -> bool:
    """
    @notice Judge a message. Changes nothing, whoever calls.
    @param metadata The leaf's index in the origin's message tree, 32 bytes, and its 32 siblings, from the leaf upwards.
    @param message The message.
    @return Whether a settled state of its origin holds it.
    """
    origin: uint256 = convert(slice(message, 5, 4), uint256)
    return remote_roots._includes(origin, keccak256(message), metadata)


@external
@view
def deliverer(domain: uint32, store_root: bytes32, message_id: bytes32, proof: Bytes[MAX_PROOF]) -> address:
    """
    @notice Who has delivered a message, by a settled state of the chain it went to.
    @param domain That chain.
    @param store_root Its mailbox's storage root, known here.
    @param message_id The message.
    @param proof Storage proof of the message's slot, nodes joined.
    @return The deliverer, or zero if the message was not delivered.
    """
    return remote_roots._deliverer(convert(domain, uint256), store_root, message_id, proof)


@external
@view
def is_dead(
    domain: uint32, store_root: bytes32, message_id: bytes32, expiry: uint256, proof: Bytes[MAX_PROOF]
) -> bool:
    """
    @notice Whether a message can never be delivered any more.
    @param domain Where it should have gone.
    @param store_root That chain's mailbox's storage root, known here.
    @param message_id The message.
    @param expiry When it expires, in seconds.
    @param proof Storage proof of the message's slot, nodes joined.
    @return Whether that is proven.
    """
    return remote_roots._is_dead(convert(domain, uint256), store_root, message_id, expiry, proof)


@external
@view
def read(
    domain: uint32,
    state_root: bytes32,
    owner: address,
    slot: bytes32,
    account: Bytes[MAX_PROOF],
    storage: Bytes[MAX_PROOF],
) -> (uint256, uint256):
    """
    @notice Read one storage slot of any contract of another chain.
    @param domain The chain.
    @param state_root A state root of it, known here.
    @param owner The contract.
    @param slot The slot, not hashed.
    @param account Account proof of the contract.
    @param storage Storage proof of the slot.
    @return The word, and the time of the block that had it, in seconds.
    """
    timestamp: uint256 = remote_roots.states[convert(domain, uint256)][state_root]
    assert timestamp != 0, "settled: unknown root"
    return mpt._storage_value(self._storage_root(state_root, owner, account), slot, storage), timestamp


@internal
@view
def _l1_state(anchor: Anchor) -> (bytes32, uint256):
    """
    @dev State root and time of an L1 block that this chain has as an origin.
    """
    answer: Bytes[32] = raw_call(
        BEACON_ROOTS, abi_encode(anchor.timestamp), max_outsize=32, is_static_call=True
    )
    known: bytes32 = convert(answer, bytes32)
    assert known != empty(bytes32), "settled: zero root"
    block_hash: bytes32 = empty(bytes32)
    state_root: bytes32 = empty(bytes32)
    timestamp: uint256 = 0
    block_hash, state_root, timestamp = remote_roots._read_header(anchor.header)
    assert block_hash == known, "settled: not the L1 block"
    return state_root, timestamp


@internal
@pure
def _storage_root(state_root: bytes32, owner: address, proof: Bytes[MAX_PROOF]) -> bytes32:
    found: bool = False
    account: mpt.Account = empty(mpt.Account)
    found, account = mpt._account(state_root, owner, proof)
    assert found, "settled: no such account"
    return account.storage_root
