# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A block's tries
@license MIT
@notice Tries whose keys are 0, 1, 2 … in RLP, filled leaf by leaf, each at its final place. A module of the libraries for
        a block's end.
@dev Follows `prover/commitments/index_trie.py`: the path of a leaf and the branches above it follow from its index and
     from how many there will be, so a leaf never moves. Nodes lie in calldata as in `trie.vy`; an extension is shown
     before its branch. Source: yellow paper, 4.4.3 and appendix D.
"""

from . import trie

MAX_COUNT: constant(uint256) = 2**16
LEVELS: constant(uint256) = 6  # nibbles of the longest key

STRING: constant(uint256) = 128
LIST: constant(uint256) = 192


struct Place:
    path: uint256  # the key's nibbles, left-aligned
    length: uint256  # how many
    depths: DynArray[uint256, LEVELS]  # where the path goes through a branch


@internal
@pure
def _place(index: uint256, count: uint256) -> Place:
    """
    @dev Where the leaf of an index lies in the trie of all indices below `count`.
    """
    assert index < count and count <= MAX_COUNT, "index trie: index"
    place: Place = Place(path=index << 248, length=2, depths=[])
    if index == 0:
        place.path = STRING << 248
        if count > 1:
            place.depths.append(0)
        if count > 128:
            place.depths.append(1)
        return place
    first: uint256 = 1
    fixed: uint256 = 1
    if index >= 256:
        place.path = 130 << 248 | index << 232
        place.length = 6
        first = 256
        fixed = 2
    elif index >= 128:
        place.path = 129 << 248 | index << 240
        place.length = 4
        first = 128
        fixed = 2
    # Index 0 parts from the others: 0x80 from 1 to 127 in the first nibble, from longer keys in the second.
    for depth: uint256 in range(fixed, bound=2):
        place.depths.append(depth)
    # Those that share the path so far are an interval, so they part if it reaches beyond the lowest next nibble.
    for depth: uint256 in range(fixed, place.length, bound=LEVELS):
        below: uint256 = 4 * (place.length - 1 - depth)
        low: uint256 = max((index >> (below + 4)) << (below + 4), first)
        if count > ((low >> below) + 1) << below:
            place.depths.append(depth)
    return place


@internal
@pure
def _leaf_head(place: Place, length: uint256) -> Bytes[15]:
    """
    @dev A leaf's bytes before its value of `length` bytes, which is no single one.
    """
    start: uint256 = 0
    if len(place.depths) != 0:
        start = place.depths[len(place.depths) - 1] + 1
    count: uint256 = place.length - start
    path: uint256 = place.path << (4 * start)
    head: uint256 = 32  # a leaf with an even path
    if count % 2 == 1:
        head = 48 | path >> 252
        path = path << 4
    size: uint256 = count // 2 + 1
    packed: Bytes[33] = slice(concat(convert(convert(head, uint8), bytes1), convert(path, bytes32)), 0, size)
    fields: Bytes[10] = b""
    if size == 1:
        fields = convert(concat(packed, self._header(length, STRING)), Bytes[10])
    else:
        fields = convert(
            concat(convert(convert(STRING + size, uint8), bytes1), packed, self._header(length, STRING)), Bytes[10]
        )
    return concat(self._header(len(fields) + length, LIST), fields)


@internal
@view
def _with_leaf(root: bytes32, place: Place, leaf: Bytes[33], at: uint256) -> (bytes32, uint256):
    """
    @notice The root with one more leaf, and the position behind the last node that was read. `leaf` is its item in a
            branch: itself, or 0xa0 and its hash.
    """
    nodes: uint256[LEVELS] = empty(uint256[LEVELS])  # where the branches lie; zero where there is none yet
    expected: bytes32 = root
    is_new: bool = root == trie.EMPTY_ROOT
    next: uint256 = at
    start: uint256 = 0
    level: uint256 = 0
    for depth: uint256 in place.depths:
        if not is_new:
            nibble: uint256 = place.path << (4 * depth) >> 252
            node: trie.Node = trie._shown(expected, next, nibble)
            if depth > start:
                assert node.kind == trie.EXTENSION, "index trie: no extension"
                node = trie._shown(trie._word(node.slot_start + 1), node.end, nibble)
            assert node.kind == trie.BRANCH, "index trie: no branch"
            next = node.end
            nodes[level] = node.start
            is_new = node.slot_end == node.slot_start + 1
            if not is_new:
                expected = trie._word(node.slot_start + 1)
        start = depth + 1
        level += 1

    item: Bytes[33] = leaf
    for _: uint256 in range(LEVELS):
        if level == 0:
            break
        level -= 1
        depth: uint256 = place.depths[level]
        start = 0
        if level != 0:
            start = place.depths[level - 1] + 1
        nibble: uint256 = place.path << (4 * depth) >> 252
        branch: Bytes[2 * trie.BUFFER + 36] = b""
        if nodes[level] == 0:
            branch = concat(
                trie._list_header(16 + len(item)),
                slice(trie.NO_CHILDREN, 0, nibble),
                item,
                slice(trie.NO_CHILDREN, 0, 16 - nibble),
            )
        else:
            branch = trie._with_child(trie._parse(nodes[level], nibble), item)
        item = concat(x"a0", keccak256(branch))
        if depth > start:
            short: trie.Short = trie.Short(
                kind=trie.EXTENSION, path=place.path << (4 * start), count=depth - start, item=item
            )
            item = concat(x"a0", keccak256(trie._encoded(short)))
    if len(item) == 33:
        return extract32(item, 1), next
    return keccak256(item), next


@internal
@pure
def _header(length: uint256, kind: uint256) -> Bytes[5]:
    """
    @dev What RLP puts before the content of a string (128) or a list (192).
    """
    if length < 56:
        return slice(convert(kind + length, bytes32), 31, 1)
    assert length < 2**32, "index trie: too long"
    width: uint256 = 1
    for i: uint256 in range(1, 4):
        if length >> (8 * i) != 0:
            width = i + 1
    return convert(
        slice(convert((kind + 55 + width) << (8 * width) | length, bytes32), 31 - width, width + 1), Bytes[5]
    )
