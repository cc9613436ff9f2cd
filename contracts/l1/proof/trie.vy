# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The state trie, one key at a time
@license MIT
@notice Reads, sets and deletes a key of a Merkle-Patricia trie whose nodes are shown. A library of the one-step
        verifier; `prover/commitments/trie.py` is the same in Python.
@dev Nodes are never copied as a whole: they lie in `msg.data`, and everything here is a position in it. `at` is where
     the next node shown begins; nodes follow one another, from the root towards the key, without those embedded in
     their parent; each is known to be right by its hash before a byte of it is used. A deletion that leaves a branch
     with one child reads that child's node after them.

     No recursion: `_walk` goes down and notes the way; `_put` changes what lies at its end and takes the way up again,
     with one abstract subtree in hand: nothing, a short node (leaf or extension), or a branch as bytes.

     Keys are 32 bytes. Behind the last node there must be BUFFER more bytes of calldata, whatever they are.
     Source: yellow paper, appendix D.
"""

MAX_NODE: constant(uint256) = 544  # a branch of sixteen hashes has 532 bytes
BUFFER: constant(uint256) = MAX_NODE + 32  # words are read at any byte of a node
MAX_VALUE: constant(uint256) = 128  # an account has at most 110 bytes
MAX_ITEM: constant(uint256) = MAX_VALUE + 2
MAX_STEPS: constant(uint256) = 65
KEY_NIBBLES: constant(uint256) = 64

EMPTY_ROOT: constant(bytes32) = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421  # keccak256(0x80)
NO_CHILDREN: constant(Bytes[17]) = x"8080808080808080808080808080808080"

# RLP prefixes: what a first byte at or above them begins.
STRING: constant(uint256) = 128
HASH: constant(uint256) = 160  # a string of 32 bytes
LONG_STRING: constant(uint256) = 184
LIST: constant(uint256) = 192
LONG_LIST: constant(uint256) = 248

# What a subtree is.
VOID: constant(uint256) = 0
LEAF: constant(uint256) = 1
EXTENSION: constant(uint256) = 2
BRANCH: constant(uint256) = 3


struct Node:
    kind: uint256
    start: uint256  # of its bytes in msg.data
    end: uint256
    path: uint256  # of a leaf or extension: nibbles, left-aligned
    count: uint256  # how many
    slot_start: uint256  # the value, the child, or the child that the key selects: an encoded item in msg.data
    slot_end: uint256
    others: uint256  # of a branch: how many children there are beside the selected one
    other_nibble: uint256  # the last of those
    other_start: uint256
    other_end: uint256


struct Walk:
    end: Node  # where the key's path ends; VOID where there is nothing
    depth: uint256  # nibbles of the key above `end`
    at: uint256  # behind the last node shown
    # The nodes that were gone through: depth ‖ start. What they are follows from their bytes.
    steps: DynArray[uint256, MAX_STEPS]


struct Short:
    kind: uint256  # LEAF or EXTENSION
    path: uint256
    count: uint256
    item: Bytes[MAX_ITEM]  # encoded


@external
@view
def get(root: bytes32, key: bytes32, at: uint256) -> (Bytes[MAX_VALUE], uint256):
    """
    @notice `_get` by itself. Nodes lie in the calldata at `at`.
    """
    return self._get(root, key, at)


@external
@view
def put(root: bytes32, key: bytes32, data: Bytes[MAX_VALUE], at: uint256) -> (bytes32, uint256):
    """
    @notice `_put` by itself. Nodes lie in the calldata at `at`.
    """
    return self._put(root, key, data, at)


@internal
@view
def _get(root: bytes32, key: bytes32, at: uint256) -> (Bytes[MAX_VALUE], uint256):
    """
    @notice The value of a key, and where the next piece of the witness begins.
    @return The value, empty if there is none; the position behind the last node that was read.
    """
    walk: Walk = self._walk(root, key, at)
    if not self._is_found(walk, key):
        return b"", walk.at
    item: Bytes[MAX_ITEM] = self._item(walk.end.slot_start, walk.end.slot_end)
    prefix: uint256 = convert(slice(item, 0, 1), uint256)
    header: uint256 = 0
    length: uint256 = 1
    if prefix >= STRING:
        header = 1
        length = prefix - STRING
        if prefix == LONG_STRING:
            header = 2
            length = convert(slice(item, 1, 1), uint256)
    assert prefix <= LONG_STRING and header + length == len(item), "trie: malformed value"
    return convert(slice(item, header, length), Bytes[MAX_VALUE]), walk.at


@internal
@view
def _put(root: bytes32, key: bytes32, data: Bytes[MAX_VALUE], at: uint256) -> (bytes32, uint256):
    """
    @notice Set a key, or delete it if `data` is empty.
    @return The new root, and the position behind the last node that was read.
    """
    walk: Walk = self._walk(root, key, at)
    path: uint256 = convert(key, uint256)
    kind: uint256 = VOID
    short: Short = empty(Short)
    branch: Bytes[2 * BUFFER + 36] = b""

    # What lies at the end of the way, changed.
    rest: uint256 = KEY_NIBBLES - walk.depth
    if len(data) == 0:
        if not self._is_found(walk, key):
            return root, walk.at
    else:
        left: uint256 = path << (4 * walk.depth)
        item: Bytes[MAX_ITEM] = self._string(data)
        if walk.end.kind == VOID or self._is_found(walk, key):
            kind = LEAF
            short = Short(kind=LEAF, path=left, count=rest, item=item)
        else:
            # A fork: what was here and the new leaf part after what they share.
            shared: uint256 = 0
            for i: uint256 in range(KEY_NIBBLES):
                assert i < walk.end.count and i < rest, "trie: malformed path"
                if (walk.end.path ^ left) << (4 * i) >> 252 != 0:
                    shared = i
                    break
            below: uint256 = walk.end.count - shared - 1
            old: Bytes[MAX_ITEM] = self._item(walk.end.slot_start, walk.end.slot_end)
            if walk.end.kind == LEAF or below != 0:
                old = self._refer_short(
                    Short(kind=walk.end.kind, path=walk.end.path << (4 * (shared + 1)), count=below, item=old)
                )
            fresh: Bytes[33] = self._refer_short(
                Short(kind=LEAF, path=left << (4 * (shared + 1)), count=rest - shared - 1, item=item)
            )
            branch = self._fork(
                walk.end.path << (4 * shared) >> 252, old, left << (4 * shared) >> 252, fresh
            )
            kind = BRANCH
            if shared != 0:
                short = Short(kind=EXTENSION, path=left, count=shared, item=self._refer(branch))
                kind = EXTENSION

    # And up again.
    next: uint256 = walk.at
    for up: uint256 in range(MAX_STEPS):
        if up == len(walk.steps):
            break
        step: uint256 = walk.steps[len(walk.steps) - 1 - up]
        depth: uint256 = step >> 128
        node: Node = self._parse(step & (2**128 - 1), path << (4 * depth) >> 252)
        if node.kind == EXTENSION:
            if kind == BRANCH:
                short = Short(kind=EXTENSION, path=node.path, count=node.count, item=self._refer(branch))
                kind = EXTENSION
            else:
                assert kind != VOID, "trie: an extension to nothing"
                short = self._extended(node.path, node.count, short)
            continue
        assert node.others != 0, "trie: a branch with one child"
        if kind != VOID:
            child: Bytes[33] = b""
            if kind == BRANCH:
                child = self._refer(branch)
            else:
                child = self._refer_short(short)
            branch = self._with_child(node, child)
            kind = BRANCH
        elif node.others > 1:
            branch = self._with_child(node, x"80")
            kind = BRANCH
        else:
            # One child is left. What it is decides how it merges, so its node is needed.
            only: Bytes[MAX_ITEM] = self._item(node.other_start, node.other_end)
            last: Node = empty(Node)
            if self._is_hash(only):
                last = self._shown(extract32(only, 1), next, 0)
                next = last.end
            else:
                last = self._parse(node.other_start, 0)
                assert last.end == node.other_end, "trie: malformed node"
            if last.kind == BRANCH:
                short = Short(kind=EXTENSION, path=node.other_nibble << 252, count=1, item=only)
            else:
                short = self._extended(
                    node.other_nibble << 252,
                    1,
                    Short(
                        kind=last.kind,
                        path=last.path,
                        count=last.count,
                        item=self._item(last.slot_start, last.slot_end),
                    ),
                )
            kind = short.kind

    if kind == VOID:
        return EMPTY_ROOT, next
    if kind == BRANCH:
        return keccak256(branch), next
    return keccak256(self._encoded(short)), next


# --- down -------------------------------------------------------------------------------------------------------------


@internal
@view
def _walk(root: bytes32, key: bytes32, at: uint256) -> Walk:
    """
    @dev Follow the key as far as it goes.
    """
    walk: Walk = empty(Walk)
    walk.at = at
    if root == EMPTY_ROOT:
        return walk
    path: uint256 = convert(key, uint256)
    node: Node = self._shown(root, at, path >> 252)
    walk.at = node.end
    for _: uint256 in range(MAX_STEPS):
        walk.end = node
        if node.kind == BRANCH:
            assert walk.depth < KEY_NIBBLES, "trie: a path ends in a branch"
        elif node.kind == LEAF or not self._leads(node, path << (4 * walk.depth), walk.depth):
            return walk
        walk.steps.append(walk.depth << 128 | node.start)
        walk.depth += 1 if node.kind == BRANCH else node.count
        nibble: uint256 = 0
        if walk.depth < KEY_NIBBLES:
            nibble = path << (4 * walk.depth) >> 252
        if node.slot_end == node.slot_start + 33 and self._byte(node.slot_start) == HASH:
            node = self._shown(self._word(node.slot_start + 1), walk.at, nibble)
            walk.at = node.end
        elif node.slot_end == node.slot_start + 1 and self._byte(node.slot_start) == STRING:
            walk.end = empty(Node)
            return walk
        else:
            slot_end: uint256 = node.slot_end
            node = self._parse(node.slot_start, nibble)
            assert node.end == slot_end, "trie: malformed node"
    raise "trie: too deep"


@internal
@view
def _leads(node: Node, left: uint256, depth: uint256) -> bool:
    """
    @dev Whether a leaf's or extension's path is how the key goes on; `left` is what is left of the key.
    """
    if node.count > KEY_NIBBLES - depth:
        return False
    return node.count == 0 or (node.path ^ left) >> (256 - 4 * node.count) == 0


@internal
@view
def _is_found(walk: Walk, key: bytes32) -> bool:
    return (
        walk.end.kind == LEAF
        and walk.end.count == KEY_NIBBLES - walk.depth
        and self._leads(walk.end, convert(key, uint256) << (4 * walk.depth), walk.depth)
    )


@internal
@view
def _shown(expected: bytes32, at: uint256, nibble: uint256) -> Node:
    """
    @dev The next node of the witness, which must have this hash.
    """
    node: Node = self._parse(at, nibble)
    # `_parse` has read inside these bytes only, and none of them is used before this line.
    assert keccak256(slice(slice(msg.data, at, BUFFER), 0, node.end - at)) == expected, "trie: wrong node"
    return node


@internal
@view
def _parse(start: uint256, nibble: uint256) -> Node:
    """
    @dev Take a node apart; of a branch select the child at `nibble`.
    """
    data: Bytes[BUFFER] = slice(msg.data, start, BUFFER)
    node: Node = empty(Node)
    node.start = start
    word: uint256 = convert(extract32(data, 0), uint256)
    prefix: uint256 = word >> 248
    fine: bool = prefix >= LIST and prefix < LONG_LIST + 2
    at: uint256 = 1
    end: uint256 = unsafe_sub(prefix, LIST - 1)
    if prefix == LONG_LIST:
        at = 2
        end = 2 + (word >> 240 & 255)
    elif prefix > LONG_LIST:
        at = 3
        end = 3 + (word >> 232 & 65535)
    fine = fine and end <= MAX_NODE
    node.end = unsafe_add(start, end)

    # Its items: 2 or 17.
    count: uint256 = 0
    first: uint256 = at
    first_end: uint256 = 0
    for _: uint256 in range(17):
        if at >= end:
            break
        item: uint256 = unsafe_add(start, at)
        word = convert(extract32(data, at), uint256)
        prefix = word >> 248
        if prefix <= STRING:
            at = unsafe_add(at, 1)
        elif prefix < LONG_STRING:
            at = unsafe_add(at, unsafe_sub(prefix, STRING - 1))
        elif prefix == LONG_STRING:
            at = unsafe_add(at, 2 + (word >> 240 & 255))
        else:
            # A list inside a node is a node embedded in it, so it is short.
            fine = fine and prefix >= LIST and prefix < LIST + 31
            at = unsafe_add(at, unsafe_sub(prefix, LIST - 1))
        if count == 0:
            first_end = at
        if count == nibble:
            node.slot_start = item
            node.slot_end = unsafe_add(start, at)
        elif prefix != STRING:
            node.others = unsafe_add(node.others, 1)
            node.other_nibble = count
            node.other_start = item
            node.other_end = unsafe_add(start, at)
        count = unsafe_add(count, 1)
    fine = fine and at == end

    if count == 17:
        # A branch here has no value.
        assert fine and prefix == STRING, "trie: malformed node"
        node.kind = BRANCH
        return node

    # The path: a flag nibble (2: leaf, 1: odd), a zero nibble if even, then the path's nibbles.
    node.slot_start = unsafe_add(start, first_end)
    node.slot_end = node.end
    prefix = convert(extract32(data, first), uint256) >> 248
    length: uint256 = 1
    if prefix >= STRING:
        length = unsafe_sub(prefix, STRING)
        first += 1
    word = convert(extract32(data, first), uint256)
    flag: uint256 = word >> 252
    odd: uint256 = flag & 1
    node.kind = LEAF if flag >= 2 else EXTENSION
    node.count = unsafe_add(unsafe_sub(2 * length, 2), odd)
    fine = fine and count == 2 and flag < 4 and (odd == 1 or word >> 248 & 15 == 0)
    assert fine and length != 0 and node.count <= KEY_NIBBLES, "trie: malformed node"
    # What lies behind the path is not part of it.
    node.path = word << 4
    if odd == 0:
        node.path = convert(extract32(data, first + 1), uint256)
    hidden: uint256 = 256 - 4 * node.count
    node.path = node.path >> hidden << hidden
    assert node.kind == LEAF or node.count != 0, "trie: malformed node"
    return node


@internal
@view
def _word(at: uint256) -> bytes32:
    return convert(slice(msg.data, at, 32), bytes32)


@internal
@view
def _byte(at: uint256) -> uint256:
    return convert(slice(msg.data, at, 1), uint256)


@internal
@view
def _item(start: uint256, end: uint256) -> Bytes[MAX_ITEM]:
    assert end - start <= MAX_ITEM, "trie: item too long"
    return slice(slice(msg.data, start, MAX_ITEM), 0, end - start)


@internal
@view
def _is_hash(item: Bytes[MAX_ITEM]) -> bool:
    return len(item) == 33 and convert(slice(item, 0, 1), uint256) == HASH


# --- nodes as bytes ---------------------------------------------------------------------------------------------------


@internal
@view
def _extended(path: uint256, count: uint256, short: Short) -> Short:
    """
    @dev A short node behind a path.
    """
    assert count + short.count <= KEY_NIBBLES, "trie: path too long"
    longer: Short = short
    longer.path = path | short.path >> (4 * count)
    longer.count = count + short.count
    return longer


@internal
@view
def _with_child(node: Node, child: Bytes[33]) -> Bytes[2 * BUFFER + 36]:
    """
    @dev A branch's bytes with the selected child replaced.
    """
    data: Bytes[BUFFER] = slice(msg.data, node.start, BUFFER)
    length: uint256 = node.end - node.start
    slot: uint256 = node.slot_start - node.start
    behind: uint256 = node.slot_end - node.start
    prefix: uint256 = convert(slice(data, 0, 1), uint256)
    first: uint256 = 1 if prefix < LONG_LIST else prefix - LONG_LIST + 2
    return concat(
        self._list_header(length - first - (behind - slot) + len(child)),
        slice(data, first, slot - first),
        child,
        slice(data, behind, length - behind),
    )


@internal
@view
def _fork(nibble: uint256, child: Bytes[MAX_ITEM], other_nibble: uint256, other: Bytes[33]) -> Bytes[2 * BUFFER + 36]:
    """
    @dev A branch with two children.
    """
    low: uint256 = min(nibble, other_nibble)
    high: uint256 = max(nibble, other_nibble)
    low_child: Bytes[MAX_ITEM] = child
    high_child: Bytes[MAX_ITEM] = other
    if other_nibble < nibble:
        low_child = other
        high_child = child
    return concat(
        self._list_header(15 + len(child) + len(other)),
        slice(NO_CHILDREN, 0, low),
        low_child,
        slice(NO_CHILDREN, 0, high - low - 1),
        high_child,
        slice(NO_CHILDREN, 0, 16 - high),
    )


@internal
@view
def _encoded(short: Short) -> Bytes[MAX_ITEM + 37]:
    """
    @dev A leaf's or extension's bytes, its path in hex-prefix form.
    """
    size: uint256 = short.count // 2 + 1  # bytes of the path with its flag
    flag: uint256 = 2 if short.kind == LEAF else 0
    head: uint256 = flag << 4
    path: uint256 = short.path
    if short.count % 2 == 1:
        head = (flag + 1) << 4 | path >> 252
        path = path << 4
    packed: Bytes[33] = slice(concat(convert(convert(head, uint8), bytes1), convert(path, bytes32)), 0, size)
    if size == 1:
        # A flag is below 0x80, so it is its own encoding.
        return concat(self._list_header(1 + len(short.item)), packed, short.item)
    return concat(
        self._list_header(1 + size + len(short.item)),
        convert(convert(STRING + size, uint8), bytes1),
        packed,
        short.item,
    )


@internal
@view
def _refer_short(short: Short) -> Bytes[33]:
    """
    @dev How a parent holds a node: itself when shorter than 32 bytes, else its hash.
    """
    encoded: Bytes[MAX_ITEM + 37] = self._encoded(short)
    if len(encoded) < 32:
        return convert(slice(encoded, 0, len(encoded)), Bytes[33])
    return concat(x"a0", keccak256(encoded))


@internal
@view
def _refer(branch: Bytes[2 * BUFFER + 36]) -> Bytes[33]:
    if len(branch) < 32:
        return convert(slice(branch, 0, len(branch)), Bytes[33])
    return concat(x"a0", keccak256(branch))


@internal
@view
def _string(data: Bytes[MAX_VALUE]) -> Bytes[MAX_ITEM]:
    """
    @dev A byte string as an RLP item.
    """
    length: uint256 = len(data)
    if length == 1 and convert(slice(data, 0, 1), uint256) < STRING:
        return data
    if length < 56:
        return concat(convert(convert(STRING + length, uint8), bytes1), data)
    return concat(x"b8", convert(convert(length, uint8), bytes1), data)


@internal
@view
def _list_header(length: uint256) -> Bytes[3]:
    if length < 56:
        return slice(convert(LIST + length, bytes32), 31, 1)
    if length < 256:
        return slice(convert(LONG_LIST << 8 | length, bytes32), 30, 2)
    return slice(convert((LONG_LIST + 1) << 16 | length, bytes32), 29, 3)
