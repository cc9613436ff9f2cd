# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Merkle-Patricia proofs
@license MIT
@notice Judges what a Merkle-Patricia trie holds, from its root and the nodes on the way to a key. Usable as a contract
        of its own, or as a module by another.
@dev A proof is its nodes' RLP, from the root downwards, one after the other: what `eth_getProof` lists, joined. A node
     is self-delimiting, so no lengths are needed. Nodes under 32 bytes are part of their parent and not repeated.

     Soundness rests on hashes alone: every byte that is read belongs to a node whose hash its parent (or the root)
     names, and bytes after the last node needed are refused. So for one root and key at most one answer is provable.

     `_walk` goes down and records the way as packed steps. Updating is that way taken upwards: each step says which
     bytes of which node are to be replaced.
"""


MAX_PROOF: constant(uint256) = 8192
# Eight full branches and forty sparse ones: a trie of 2^32 keys, with the path to one of them stretched by grinding.

MAX_VALUE: constant(uint256) = 1024
MAX_STEPS: constant(uint256) = 66

EMPTY_ROOT: constant(bytes32) = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421  # keccak256(0x80)

# RLP prefixes: what a first byte at or above them begins.
STRING: constant(uint256) = 128
HASH: constant(uint256) = 160  # a string of 32 bytes
LONG_STRING: constant(uint256) = 184
LIST: constant(uint256) = 192
LONG_LIST: constant(uint256) = 248

BRANCH: constant(uint256) = 1
EXTENSION: constant(uint256) = 2
LEAF: constant(uint256) = 3


struct Walk:
    found: bool
    value_start: uint256  # in the proof, without RLP header; meaningful only if found
    value_length: uint256
    steps: DynArray[uint256, MAX_STEPS]  # see _step


struct Account:
    nonce: uint256
    balance: uint256
    storage_root: bytes32
    code_hash: bytes32


@external
@pure
def get(root: bytes32, key: Bytes[32], proof: Bytes[MAX_PROOF]) -> (bool, Bytes[MAX_VALUE]):
    """
    @notice The value of a key, or the fact that there is none. Reverts if the proof shows neither.
    @param root The trie's root.
    @param key The key as the trie has it (state and storage tries have hashes as keys).
    @param proof Nodes from the root downwards, joined.
    @return Whether the key is there, and its value.
    """
    return self._get(root, convert(key, bytes32), 2 * len(key), proof)


@external
@pure
def storage_value(storage_root: bytes32, slot: bytes32, proof: Bytes[MAX_PROOF]) -> uint256:
    """
    @notice The word in one storage slot of an account.
    @param storage_root The account's storage root.
    @param slot The slot, not hashed.
    @param proof Nodes from the root downwards, joined.
    @return The word; 0 if the slot is empty.
    """
    return self._storage_value(storage_root, slot, proof)


@external
@pure
def account(state_root: bytes32, owner: address, proof: Bytes[MAX_PROOF]) -> (bool, Account):
    """
    @notice One account of a state.
    @param state_root The state's root.
    @param owner The account's address.
    @param proof Nodes from the root downwards, joined.
    @return Whether the account exists, and its fields.
    """
    return self._account(state_root, owner, proof)


@internal
@pure
def _storage_value(storage_root: bytes32, slot: bytes32, proof: Bytes[MAX_PROOF]) -> uint256:
    found: bool = False
    item: Bytes[MAX_VALUE] = b""
    found, item = self._get(storage_root, keccak256(slot), 64, proof)
    if not found:
        return 0
    value: uint256 = 0
    end: uint256 = 0
    value, end = self._uint_at(item, 0)
    assert end == len(item), "mpt: malformed value"
    return value


@internal
@pure
def _account(state_root: bytes32, owner: address, proof: Bytes[MAX_PROOF]) -> (bool, Account):
    found: bool = False
    item: Bytes[MAX_VALUE] = b""
    found, item = self._get(state_root, keccak256(slice(convert(owner, bytes32), 12, 20)), 64, proof)
    if not found:
        return False, empty(Account)
    # 0xf8, length, nonce, balance, 0xa0 and the storage root, 0xa0 and the code hash: a list of over 55 bytes.
    head: uint256 = convert(slice(item, 0, 2), uint256)
    assert head == (LONG_LIST << 8) + len(item) - 2, "mpt: malformed account"
    nonce: uint256 = 0
    balance: uint256 = 0
    end: uint256 = 0
    nonce, end = self._uint_at(item, 2)
    balance, end = self._uint_at(item, end)
    assert end + 66 == len(item), "mpt: malformed account"
    assert convert(slice(item, end, 1), uint256) == HASH, "mpt: malformed account"
    assert convert(slice(item, end + 33, 1), uint256) == HASH, "mpt: malformed account"
    return True, Account(
        nonce=nonce, balance=balance, storage_root=extract32(item, end + 1), code_hash=extract32(item, end + 34)
    )


@internal
@pure
def _uint_at(item: Bytes[MAX_VALUE], start: uint256) -> (uint256, uint256):
    """
    @dev The canonical RLP integer of at most 32 bytes at `start`, and where it ends.
    """
    prefix: uint256 = convert(slice(item, start, 1), uint256)
    if prefix < STRING:
        assert prefix != 0, "mpt: leading zero"
        return prefix, start + 1
    length: uint256 = prefix - STRING
    assert length <= 32, "mpt: malformed value"
    if length == 0:
        return 0, start + 1
    digits: Bytes[32] = slice(convert(slice(item, start + 1, length), Bytes[32]), 0, length)
    value: uint256 = convert(digits, uint256)
    assert value >> (8 * (length - 1)) != 0, "mpt: leading zero"
    assert value >= 128, "mpt: malformed value"
    return value, start + 1 + length


@internal
@pure
def _get(
    root: bytes32, key: bytes32, nibbles: uint256, proof: Bytes[MAX_PROOF]
) -> (bool, Bytes[MAX_VALUE]):
    walk: Walk = self._walk(root, key, nibbles, proof)
    if not walk.found:
        return False, b""
    assert walk.value_length <= MAX_VALUE, "mpt: value too long"
    return True, convert(slice(proof, walk.value_start, walk.value_length), Bytes[MAX_VALUE])


@internal
@pure
def _step(
    kind: uint256, depth: uint256, start: uint256, end: uint256, slot_start: uint256, slot_end: uint256
) -> uint256:
    """
    @dev One node of a walk: its kind, the key's nibbles above it, where it lies in the proof, and where in the proof
         the item lies that the walk left it by (a child or a value). Seven fields of 16 bits would fit twice.
    """
    return kind << 80 | depth << 64 | start << 48 | end << 32 | slot_start << 16 | slot_end


@internal
@pure
def _walk(root: bytes32, key: bytes32, nibbles: uint256, proof: Bytes[MAX_PROOF]) -> Walk:
    """
    @dev Follow `key` (its first `nibbles` nibbles, left-aligned) from the root to its value, or to where the trie
         shows that it has none. Reverts if the proof breaks off, does not fit, or goes on after its end.
    """
    walk: Walk = empty(Walk)
    if root == EMPTY_ROOT:
        assert len(proof) == 0, "mpt: proof goes on"
        return walk

    size: uint256 = len(proof)
    # Words are read at any byte, so the last byte must have 31 behind it.
    nodes: Bytes[MAX_PROOF + 32] = concat(proof, empty(bytes32))
    path: uint256 = convert(key, uint256)
    depth: uint256 = 0
    cursor: uint256 = 0  # where the next node that is named by its hash begins
    expected: bytes32 = root
    start: uint256 = 0
    end: uint256 = 0
    embedded: bool = False
    done: bool = False

    for _: uint256 in range(MAX_STEPS):
        if not embedded:
            start = cursor

        # The list's header.
        word: uint256 = convert(extract32(nodes, start), uint256)
        prefix: uint256 = word >> 248
        at: uint256 = start + 1
        assert prefix >= LIST, "mpt: not a node"
        if prefix < LONG_LIST:
            end = at + prefix - LIST
        elif prefix == LONG_LIST:
            at = start + 2
            end = at + (word >> 240 & 255)
        else:
            assert prefix == LONG_LIST + 1, "mpt: not a node"
            at = start + 3
            end = at + (word >> 232 & 65535)
        if not embedded:
            assert end <= size, "mpt: proof ends early"
            assert keccak256(slice(nodes, start, end - start)) == expected, "mpt: wrong node"
            cursor = end

        # Its items: 2 or 17. `wanted` is the one that a branch is left by. Sums of what 16 bits hold cannot overflow.
        at_value: bool = depth == nibbles
        wanted: uint256 = 16 if at_value else path << (4 * depth) >> 252
        count: uint256 = 0
        first_start: uint256 = at
        first_end: uint256 = 0
        slot_start: uint256 = 0
        slot_end: uint256 = 0
        for _item: uint256 in range(17):
            if at >= end:
                break
            item_start: uint256 = at
            word = convert(extract32(nodes, at), uint256)
            prefix = word >> 248
            if prefix == HASH:
                at = unsafe_add(at, 33)
            elif prefix <= STRING:
                at = unsafe_add(at, 1)
            elif prefix < LONG_STRING:
                at = unsafe_add(at, prefix - STRING + 1)
            elif prefix == LONG_STRING:
                at = unsafe_add(at, 2 + (word >> 240 & 255))
            elif prefix == LONG_STRING + 1:
                at = unsafe_add(at, 3 + (word >> 232 & 65535))
            else:
                # A list inside a node is a node embedded in it, so it is short.
                assert prefix >= LIST and prefix < LIST + 31, "mpt: malformed node"
                at = unsafe_add(at, prefix - LIST + 1)
            if count == wanted:
                slot_start = item_start
                slot_end = at
            if count == 0:
                first_end = at
            count = unsafe_add(count, 1)
        assert at == end, "mpt: malformed node"

        if count == 17:
            walk.steps.append(self._step(BRANCH, depth, start, end, slot_start, slot_end))
            depth += 1
        else:
            assert count == 2, "mpt: malformed node"
            # The path: a flag nibble (2: leaf, 1: odd), a zero nibble if even, then the path's nibbles.
            slot_start = first_end
            slot_end = end
            word = convert(extract32(nodes, first_start), uint256)
            prefix = word >> 248
            length: uint256 = 1
            if prefix >= STRING:
                assert prefix < LONG_STRING, "mpt: malformed path"
                length = prefix - STRING
                first_start += 1
                word = convert(extract32(nodes, first_start), uint256)
            assert length != 0 and length <= 33, "mpt: malformed path"
            flag: uint256 = word >> 252
            assert flag < 4, "mpt: malformed path"
            length = 2 * length - 1
            if flag & 1 == 1:
                word = word << 4
            else:
                assert word >> 248 & 15 == 0, "mpt: malformed path"
                length -= 1
                word = convert(extract32(nodes, first_start + 1), uint256)
            assert length <= 64, "mpt: malformed path"
            left: uint256 = nibbles - depth
            fits: bool = length <= left and (word ^ (path << (4 * depth))) >> (256 - 4 * length) == 0
            at_value = flag & 2 == 2
            walk.steps.append(
                self._step(LEAF if at_value else EXTENSION, depth, start, end, slot_start, slot_end)
            )
            assert at_value or length != 0, "mpt: malformed path"
            if not fits or (at_value and length != left):
                done = True
                break
            depth += length

        # The item that the key selects: a value, nothing, a node's hash, or a node.
        at = slot_start
        length: uint256 = slot_end - at
        word = convert(extract32(nodes, at), uint256)
        prefix = word >> 248
        if at_value:
            assert prefix < LIST, "mpt: malformed value"
            header: uint256 = 0
            if prefix >= STRING:
                header = 1 if prefix < LONG_STRING else prefix - LONG_STRING + 2
            walk.value_start = at + header
            walk.value_length = length - header
            walk.found = walk.value_length != 0
            done = True
            break
        if length == 33:
            assert prefix == HASH, "mpt: malformed node"
            expected = extract32(nodes, at + 1)
            embedded = False
        elif length == 1 and prefix == STRING:
            assert count == 17, "mpt: malformed node"
            done = True
            break
        else:
            assert prefix >= LIST, "mpt: malformed node"
            start = at
            embedded = True

    assert done, "mpt: too deep"
    assert cursor == size, "mpt: proof goes on"
    return walk
