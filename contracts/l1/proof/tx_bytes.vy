# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A transaction's bytes
@license MIT
@notice Takes a transaction apart. A module of the library for a transaction's beginning.
@dev Follows `decode_transaction` in `protocol/transaction.py`, for the types that Cancun has and the deposit. Bytes that
     are no transaction are not refused but said to be none, since a block skips them; so nothing here reverts, whatever
     the bytes. They lie in calldata, and positions are positions there.
"""

from . import layout

LEGACY: constant(uint256) = 0
ACCESS_LIST: constant(uint256) = 1
DYNAMIC_FEE: constant(uint256) = 2
BLOB: constant(uint256) = 3
DEPOSIT: constant(uint256) = 126

# RLP prefixes.
STRING: constant(uint256) = 128
ADDRESS: constant(uint256) = 148  # a string of 20 bytes
HASH: constant(uint256) = 160  # a string of 32 bytes
LIST: constant(uint256) = 192
BARE_ENTRY: constant(uint256) = (LIST + 22) << 8 | ADDRESS  # a list of an address and an empty list

MAX_FIELDS: constant(uint256) = 14
ABSENT: constant(uint256) = MAX_FIELDS  # a field that the type does not have
# Which fields are numbers, a bit each.
LEGACY_NUMBERS: constant(uint256) = 471
ACCESS_LIST_NUMBERS: constant(uint256) = 1839
DYNAMIC_FEE_NUMBERS: constant(uint256) = 3679
BLOB_NUMBERS: constant(uint256) = 14943
DEPOSIT_NUMBERS: constant(uint256) = 56
MAX_ENTRIES: constant(uint256) = 5400  # of an access list in 120 KiB
PER_WORD: constant(uint256) = 10  # entries' positions in one word
MAX_SLOTS: constant(uint256) = 3800


struct Span:
    start: uint256
    end: uint256


struct Transaction:
    is_valid: bool
    type: uint256
    chain_id: uint256
    has_chain_id: bool  # not in a legacy transaction without replay protection
    nonce: uint256
    max_priority_fee: uint256  # wei per gas
    max_fee: uint256
    gas_limit: uint256
    create: bool
    to: uint256
    value: uint256  # wei
    data: Span
    access_list: Span
    max_blob_fee: uint256  # wei per blob gas
    blob_hashes: Span
    signed: Span  # the fields that the signature covers
    y_parity: uint256
    r: uint256
    s: uint256
    sender: uint256  # of a deposit
    mint: uint256


struct AccessList:
    is_valid: bool
    entries: uint256
    slots: uint256
    chain: bytes32  # its first entry on top


struct Item:
    is_valid: bool
    is_list: bool
    start: uint256  # of what it holds
    end: uint256


@internal
@view
def _item(at: uint256, end: uint256) -> Item:
    """
    @dev The canonical RLP item that begins at `at` and ends before `end`.
    """
    bad: Item = empty(Item)
    if at >= end:
        return bad
    word: uint256 = layout._word(at)
    prefix: uint256 = word >> 248
    if prefix < STRING:
        return Item(is_valid=True, is_list=False, start=at, end=at + 1)
    item: Item = Item(is_valid=True, is_list=prefix >= LIST, start=at + 1, end=0)
    length: uint256 = prefix - (LIST if item.is_list else STRING)
    if length > 55:
        width: uint256 = length - 55
        item.start += width
        length = (word << 8) >> (256 - 8 * width)
        if item.start > end or length < 56 or length >> (8 * (width - 1)) == 0:
            return bad
    item.end = item.start + length
    if item.end > end:
        return bad
    if not item.is_list and length == 1 and (word << 8) >> 248 < STRING:
        return bad
    return item


@internal
@view
def _parsed(start: uint256, end: uint256) -> Transaction:
    """
    @notice The transaction in calldata between two positions. Its access list is only known to be a list.
    """
    bad: Transaction = empty(Transaction)
    context: Transaction = empty(Transaction)
    if start >= end:
        return bad
    at: uint256 = start
    first: uint256 = layout._word(start) >> 248
    if first < LIST:
        context.type = first
        at += 1
    body: Item = self._item(at, end)
    if not body.is_valid or not body.is_list or body.end != end:
        return bad

    # Which field is which: how many there are, which are numbers, and where gas limit, to, value and data begin.
    count: uint256 = 9
    numbers: uint256 = LEGACY_NUMBERS
    access: uint256 = ABSENT
    hashes: uint256 = ABSENT
    call: uint256 = 2
    nonce: uint256 = 0
    if first < LIST:
        nonce = 1
        if first == ACCESS_LIST:
            count = 11
            numbers = ACCESS_LIST_NUMBERS
            access = 7
            call = 3
        elif first == DYNAMIC_FEE:
            count = 12
            numbers = DYNAMIC_FEE_NUMBERS
            access = 8
            call = 4
        elif first == BLOB:
            count = 14
            numbers = BLOB_NUMBERS
            access = 8
            hashes = 10
            call = 4
        elif first == DEPOSIT:
            count = 7
            numbers = DEPOSIT_NUMBERS
            call = 5
        else:
            return bad
    signature: uint256 = count - 3

    fields: Span[MAX_FIELDS + 1] = empty(Span[MAX_FIELDS + 1])
    words: uint256[MAX_FIELDS + 1] = empty(uint256[MAX_FIELDS + 1])
    at = body.start
    context.signed.start = at
    for i: uint256 in range(count, bound=MAX_FIELDS):
        item: Item = self._item(at, end)
        if not item.is_valid or item.is_list != (i == access or i == hashes):
            return bad
        fields[i] = Span(start=item.start, end=item.end)
        length: uint256 = item.end - item.start
        if numbers >> i & 1 == 1 and length != 0:
            # Canonical, and within its width.
            if length > (8 if i == nonce or i == call else 32):
                return bad
            words[i] = layout._word(item.start) >> (256 - 8 * length)
            if words[i] >> (8 * (length - 1)) == 0:
                return bad
        at = item.end
        if i + 1 == signature:
            context.signed.end = at
    if at != end:
        return bad

    context.is_valid = True
    context.gas_limit = words[call]
    to: Span = fields[call + 1]
    context.value = words[call + 2]
    context.data = fields[call + 3]
    if first == DEPOSIT:
        if fields[0].end - fields[0].start != 32 or fields[1].end - fields[1].start != 20:
            return bad
        context.sender = layout._word(fields[1].start) >> 96
        to = fields[2]
        context.mint = words[3]
        context.value = words[4]
        context.data = fields[6]
    else:
        context.nonce = words[nonce]
        context.max_fee = words[call - 1]
        context.max_priority_fee = words[2] if access == 8 else context.max_fee
        context.y_parity = words[signature]
        context.r = words[signature + 1]
        context.s = words[signature + 2]
        if first < LIST:
            context.has_chain_id = True
            context.chain_id = words[0]
            context.access_list = fields[access]
            if first == BLOB:
                context.max_blob_fee = words[9]
                context.blob_hashes = fields[hashes]
        else:
            v: uint256 = context.y_parity
            if v >= 35:
                context.has_chain_id = True
                context.chain_id = (v - 35) // 2
                context.y_parity = (v - 35) % 2
            elif v == 27 or v == 28:
                context.y_parity = v - 27
            else:
                return bad
    context.create = to.start == to.end
    if not context.create:
        if to.end - to.start != 20:
            return bad
        context.to = layout._word(to.start) >> 96
    return context


@internal
@view
def _access_list(entries: Span) -> AccessList:
    """
    @notice An access list as a chain of its entries.
    """
    bad: AccessList = empty(AccessList)
    found: AccessList = empty(AccessList)
    # Where each entry begins, several in a word: the chain is made from the last one on.
    starts: uint256[MAX_ENTRIES // PER_WORD] = empty(uint256[MAX_ENTRIES // PER_WORD])
    at: uint256 = entries.start
    for i: uint256 in range(MAX_ENTRIES):
        if at == entries.end:
            break
        word: uint256 = layout._word(at)
        start: uint256 = at + 1
        if word >> 240 == BARE_ENTRY and (word >> 72) & 255 == LIST and at + 23 <= entries.end:
            # An address without slots, by far the most that fit in.
            at += 23
        else:
            entry: Item = self._item(at, entries.end)
            start = entry.start
            if not entry.is_valid or not entry.is_list or layout._word(start) >> 248 != ADDRESS:
                return bad
            slots: Item = self._item(start + 21, entry.end)
            if not slots.is_valid or not slots.is_list or slots.end != entry.end:
                return bad
            if (slots.end - slots.start) % 33 != 0:
                return bad
            found.slots += (slots.end - slots.start) // 33
            at = entry.end
        starts[i // PER_WORD] |= (start - entries.start) << (24 * (i % PER_WORD))
        found.entries = i + 1
    assert at == entries.end, "proof: the access list is too long"

    for up: uint256 in range(found.entries, bound=MAX_ENTRIES):
        i: uint256 = found.entries - 1 - up
        start: uint256 = entries.start + (starts[i // PER_WORD] >> (24 * (i % PER_WORD)) & (2**24 - 1))
        # The address with its header, then the slots' header, which has been found right above.
        word: uint256 = layout._word(start)
        owner: uint256 = word << 8 >> 96
        first: uint256 = start + 22
        length: uint256 = (word >> 80) & 255
        if length < LIST + 56:
            length -= LIST
        else:
            width: uint256 = length - LIST - 55
            length = layout._word(first) >> (256 - 8 * width)
            first += width
        for back: uint256 in range(length // 33, bound=MAX_SLOTS):
            slot: uint256 = first + length - 33 * (back + 1)
            # A string of 32 bytes has no other first byte.
            if layout._word(slot) >> 248 != HASH:
                return bad
            found.chain = layout._access_entry_digest(
                layout.AccessEntry(below=found.chain, address=owner, is_slot=1, slot=layout._word(slot + 1))
            )
        found.chain = layout._access_entry_digest(
            layout.AccessEntry(below=found.chain, address=owner, is_slot=0, slot=0)
        )
    found.is_valid = True
    return found
