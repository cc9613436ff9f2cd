# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Remote roots
@license MIT
@notice What is known of other chains, from output roots that L1 holds for final: a module of the ledger on L1 and of
        the settled roots on every chain.
@dev Of a settled block it keeps the root of the chain's message tree, the storage root of its mailbox and its state
     root, with the block's time. Nothing else is needed: a message is proven by a branch of the tree, its delivery and
     its absence by the mailbox's storage, and anything else by the state.

     Zero is never a root of anything here: a tree without messages is not kept.
"""

from ..l1.proof import mpt


struct Output:
    state_root: bytes32
    outbox_root: bytes32
    block_hash: bytes32


struct MailboxProof:
    header: Bytes[MAX_HEADER]  # of the settled block, in RLP
    account: Bytes[MAX_PROOF]  # of the mailbox, under the block's state root
    tree: Bytes[MAX_PROOF]  # of the mailbox's slot that holds the tree's root


event RootLearned:
    domain: indexed(uint256)
    tree_root: indexed(bytes32)
    store_root: indexed(bytes32)
    state_root: bytes32
    timestamp: uint256


MAX_PROOF: constant(uint256) = 8192
MAX_HEADER: constant(uint256) = 1024
MAX_MESSAGE: constant(uint256) = 2142
MAX_METADATA: constant(uint256) = 1056

MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030
DELIVERED_SLOT: constant(uint256) = 0  # of the mapping `delivered` in mailbox.vy
TREE_SLOT: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001  # of its `root`

VERSION: constant(uint256) = 4
HEADER_BYTES: constant(uint256) = 94

# Where a block header's RLP has its state root (after three bytes of list header, two hashes and an address), and its
# first item of no fixed length, the difficulty (after three roots and the bloom).
STATE_ROOT_AT: constant(uint256) = 91
DIFFICULTY_AT: constant(uint256) = 448

trees: public(HashMap[uint256, HashMap[bytes32, bool]])
stores: public(HashMap[uint256, HashMap[bytes32, uint256]])  # seconds: the latest block known to have this root
states: public(HashMap[uint256, HashMap[bytes32, uint256]])  # likewise
last_stores: public(HashMap[uint256, HashMap[bytes32, bool]])  # of removed chains' last states


@internal
def _learn(domain: uint256, output_root: bytes32, is_last: bool, output: Output, proof: MailboxProof):
    """
    @dev Keep the roots of a block whose output root the caller has made sure of.
    """
    assert output_root != empty(bytes32), "roots: zero root"
    assert output_root == keccak256(
        abi_encode(empty(bytes32), output.state_root, output.outbox_root, output.block_hash)
    ), "roots: not the output's preimage"
    block_hash: bytes32 = empty(bytes32)
    state_root: bytes32 = empty(bytes32)
    timestamp: uint256 = 0
    block_hash, state_root, timestamp = self._read_header(proof.header)
    assert block_hash == output.block_hash, "roots: not the output's block"
    assert state_root == output.state_root, "roots: not the block's state"

    found: bool = False
    account: mpt.Account = empty(mpt.Account)
    found, account = mpt._account(state_root, MAILBOX, proof.account)
    assert found, "roots: no mailbox"
    tree_root: bytes32 = convert(mpt._storage_value(account.storage_root, TREE_SLOT, proof.tree), bytes32)
    if tree_root != empty(bytes32):
        self.trees[domain][tree_root] = True
    self.stores[domain][account.storage_root] = max(self.stores[domain][account.storage_root], timestamp)
    self.states[domain][state_root] = max(self.states[domain][state_root], timestamp)
    if is_last:
        self.last_stores[domain][account.storage_root] = True
    log RootLearned(
        domain=domain,
        tree_root=tree_root,
        store_root=account.storage_root,
        state_root=state_root,
        timestamp=timestamp,
    )


@internal
@view
def _includes(domain: uint256, message_id: bytes32, metadata: Bytes[MAX_METADATA]) -> bool:
    """
    @dev Whether the branch leads from the message to a known root. Metadata: the leaf's index, 32 bytes, and 32 words
         from the leaf upwards.
    """
    assert len(metadata) == MAX_METADATA, "roots: malformed branch"
    index: uint256 = extract32(metadata, 0, output_type=uint256)
    assert index < 2**32, "roots: unused bits of the index"
    node: bytes32 = message_id
    for level: uint256 in range(32):
        sibling: bytes32 = extract32(metadata, 32 * level + 32)
        if index >> level & 1 == 1:
            node = keccak256(concat(sibling, node))
        else:
            node = keccak256(concat(node, sibling))
    return self.trees[domain][node]


@internal
@view
def _deliverer(domain: uint256, store_root: bytes32, message_id: bytes32, proof: Bytes[MAX_PROOF]) -> address:
    assert self.stores[domain][store_root] != 0, "roots: unknown root"
    slot: bytes32 = keccak256(abi_encode(DELIVERED_SLOT, message_id))
    return convert(mpt._storage_value(store_root, slot, proof), address)


@internal
@view
def _is_dead(
    domain: uint256, store_root: bytes32, message_id: bytes32, expiry: uint256, proof: Bytes[MAX_PROOF]
) -> bool:
    """
    @dev Not delivered, and never to be: mailboxes deliver before `expiry` only, and what a removed chain does after its
         last state counts nowhere.
    """
    if self.stores[domain][store_root] < expiry and not self.last_stores[domain][store_root]:
        return False
    return self._deliverer(domain, store_root, message_id, proof) == empty(address)


@internal
@pure
def _read_header(header: Bytes[MAX_HEADER]) -> (bytes32, bytes32, uint256):
    """
    @dev Hash, state root and timestamp of a block header. The caller compares the hash with one that he trusts, so what
         is read here is what a block really has.
    """
    at: uint256 = DIFFICULTY_AT
    for _: uint256 in range(4):  # difficulty, number, gas limit, gas used
        prefix: uint256 = convert(slice(header, at, 1), uint256)
        at += 1
        if prefix > 128:
            at += prefix - 128
    prefix: uint256 = convert(slice(header, at, 1), uint256)
    timestamp: uint256 = prefix
    if prefix >= 128:
        assert prefix > 128 and prefix <= 136, "roots: malformed header"
        timestamp = extract32(header, at + 1, output_type=uint256) >> (256 - 8 * (prefix - 128))
    return keccak256(header), extract32(header, STATE_ROOT_AT), timestamp
