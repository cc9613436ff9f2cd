# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The proof's byte layouts
@license MIT
@notice Every structure that is hashed into a state: its fields, its digest, and how it is opened.
@dev Generated from `prover/commitments/layout.py`; do not edit. `python -m prover.commitments.vyper` prints this file.
     A digest is keccak256 of the tag and the fields, one word each. What is opened is hashed before a byte of it is
     used; a word above its kind is refused.
"""

# Tags.
TAG_VM: constant(bytes32) = 0x4f8448975c85920da0ad1740d667c9a410c6c828f7014e0219469603c475cc27
TAG_GLOBALS: constant(bytes32) = 0xb51108a5e6a4d00a348371a944dec3672ea8adfa84df6079dd7d0d7080b5f308
TAG_FRAME: constant(bytes32) = 0x160fed18c86da3cfa55094fe5923a2987aa08bd95d621695e71cd4ab56414267
TAG_SNAPSHOT: constant(bytes32) = 0xfd403cbaaeed88e73ccc04b39a7b5e8e7c88f69f7dcbd829c7ab858f4e5717a3
TAG_STACK_ITEM: constant(bytes32) = 0x464955b67adec2f81832492b2d9446778cc56bce8dda393d34f0de9be2bb3dbc
TAG_BLOCK_CONTEXT: constant(bytes32) = 0xdfd82d96fc477506b9cdfa5916ac6030fc0ed1eed9503f4e62180d8752d3f834
TAG_TX_BOUNDARY: constant(bytes32) = 0xa0766a5c18e5b87f2fd90724e40a49c342b54ad015343ee056d57fc7965b86a1
TAG_CHARGES: constant(bytes32) = 0x1c860eb2215e5eed713fcf60d1775a678040bb4010249e01a987cc112ac29679
TAG_TX_CONTEXT: constant(bytes32) = 0x9ae115014b1f0be5d5c0ab9ca9c5c02f24359940ad0788de244c2d04580570ba
TAG_BLOB_HASHES: constant(bytes32) = 0xca26aec94f204b2d0ad2b1b2457058425373f7959e0fa61f925355dec83654b2
TAG_RECEIPT: constant(bytes32) = 0xfc7681bceaebe4b7a8d7e18bf6ba35c66dae015dda774a5e35caa0765a1ed26e
TAG_ACCESS_ENTRY: constant(bytes32) = 0x3b3eaf05742f82898e902621d9cd7dfe5bfc38ee4dcdd8868f671ccb3b21a5ca
TAG_ENTER: constant(bytes32) = 0x05a48b7c68b0052848233beaffc2cbfedfe1f8b2a5ece6efda384d05cb5ac397
TAG_COPY: constant(bytes32) = 0x154444136b1f212f8ad5bf19ec29d6d3480df479d3317ab84c904f865a8162c0
TAG_HASHING: constant(bytes32) = 0x2c7ebff46374e3ece2e24a61b8a1aed847180283ef6e23d973ef75386a1b8508
TAG_RETURN: constant(bytes32) = 0xb371af00aded8e8543ac18ad0e87c949ba54258a726c33b27c550d270fed7826
TAG_END: constant(bytes32) = 0x6f6e8b42bd78e2f5b0927bac839e24050eb72be5b370eb9d513ef9dd6660a7e8
TAG_FLUSH: constant(bytes32) = 0x60980a8652b9a6b6469620a3ee75699397347c14b37ff49b255799a76a65b03a
TAG_JOURNAL_KEY: constant(bytes32) = 0x3b8c199af15647cd8246fe28f580f7920c4b4461f7f00f74c2ddd155d021426d
TAG_JOURNAL_LEAF: constant(bytes32) = 0xb1597aff2148e08d49cdd68d4efeb82f68b518528273b0c2d74ad1122ecaea93
TAG_JOURNAL_NODE: constant(bytes32) = 0x1eecf6d283f45c7de9c6b146eabbcaf09e4e6e198045c778bb6ca9bf49249170
TAG_ACCOUNT_RECORD: constant(bytes32) = 0x56e10617225ce39b6f673d6cc6277209602494abeaf66b48eb63001aa0c2b509
TAG_SLOT_RECORD: constant(bytes32) = 0xf7b122c926662bb180601e04c2bc2fab1f4a376c8915e3e4a1c2f5a5eca51f03
TAG_TRANSIENT_RECORD: constant(bytes32) = 0xee9a1affe404c741feaeac94e55c28168dcf574d1567ee48fa031112c3206e54
TAG_DIRTY_ACCOUNT: constant(bytes32) = 0x838f1e7b772867c279f0bcf90da18e089eb6de2090ba84e1fcc18d5d4c28cc89
TAG_DIRTY_SLOT: constant(bytes32) = 0x57128c62863be0230da15faf5cee5e668d0cdaa941b6c327ca0a3ade7c17e8cf
TAG_LOG: constant(bytes32) = 0xc0fbd4221e5ce166fc81fce97f276178232e30c249082804dbc7ce74fdca1713
TAG_CHAIN_RULES: constant(bytes32) = 0x71091bd3e758546c10b867c0207222182fff65ea8a2559220744ae3dc9b6ff91
TAG_SETTINGS: constant(bytes32) = 0x75b4256b599b78c1fd66911e9f678828d85b18d7030cb95190688c0535dff386
TAG_CHANGE_LINK: constant(bytes32) = 0x37007caa25857e7adf1e194bce02e1c6391cc16781145fcf96bf22c84f7b803b
TAG_CHAIN_BLOCK: constant(bytes32) = 0x7c29806f7d4dde9858630117ae23c2728e9552318f085caf563955020d0df82b
TAG_L1_INPUTS: constant(bytes32) = 0x6939aff954118b99de3cade1292bb391e4a312432763c4fc99d1ab1fa45951f3
TAG_L1_LINK: constant(bytes32) = 0x1374f16283ce8cf70c6b993a93b6dd87fe47ee7b548f610cd919e3ebcdff8742
TAG_BATCH_LINK: constant(bytes32) = 0x902f7d055bbb5d2c7f76eba8639e3685b5e08e14479d28511b39a3cae1c49395
TAG_BATCH_DATA: constant(bytes32) = 0x1e1f20dac075d8707f2ae4bd29ea5ae0a1bb69349cbacbcfca31e77cbe0e2579
TAG_DEPOSIT_LINK: constant(bytes32) = 0xe23c628dfd2a6d2fbc34dc98342c5ecebba34ad827a1457f6910da6118f447b7
TAG_BATCH_READING: constant(bytes32) = 0x1f24f7f541937cde1d1176e2cdd17314ef2e8a0345fa9e5278633bcc8d1e2eab
TAG_BLOCK_PLAN: constant(bytes32) = 0xf34583fb8f5eafa371180c06c6b6c033744f647880cbef1b53bb86ec6766574e
TAG_ITEM_HASHING: constant(bytes32) = 0xcc9cfdc32879afc38fb3fd8c5f612d3dcf704887dc6be018dd022b0613b4d62e
TAG_SEALING: constant(bytes32) = 0x55682b65044333017e6302365088de06e08065a4e2f82a0a36a686c72681697e
TAG_RECEIPT_LOGS: constant(bytes32) = 0x9f642cd7db82d72e6eec8fb29768e3270e7151ca53837d68afe87d45f426b2ca
TAG_RECEIPT_HASHING: constant(bytes32) = 0xb90526f2ee562f0dd288e9cfc86abbb6e19e0c72acc69db841a07ca3477e7806
TAG_FILLING: constant(bytes32) = 0x88fb1c9e3fcacb80bb60bfff479df75a86007de1ec2a91f25a67b1fe52d8c8f0
TAG_START: constant(bytes32) = 0xfa9d02a7de5aad79a50f81aec2304cfddfdda3e7f7b5733eb39bd4fa3f2c045d
TAG_BOOT: constant(bytes32) = 0xe897217bad69fceab7048f461caceb51b18ec385f179eb42b034a028c72ae759
TAG_OUTPUT: constant(bytes32) = 0x2f01ff16fc45496bab4d68c74362a2984b1e58d98ff0d049cacdab9b9be3e0f1
TAG_PAGE: constant(bytes32) = 0x65df2dcf317b635ff929394dd501531e0aad40d2341127ebed1cd2e0bf654365
TAG_PAGE_NODE: constant(bytes32) = 0x1663868e4aaeb54ac2a3e320938ba27a26c846f95fd37fac773b4215eb7c4027
TAG_RING_NODE: constant(bytes32) = 0x5d9eeaf818aff567ba9b3ed4608e1b4d2b917f76a58490fa422e2be8cdf89b41

# Phases.
PHASE_BEGIN: constant(uint256) = 0
PHASE_ACCESS: constant(uint256) = 1
PHASE_ENTER: constant(uint256) = 2
PHASE_EXECUTE: constant(uint256) = 3
PHASE_COPY: constant(uint256) = 4
PHASE_HASH: constant(uint256) = 5
PHASE_PRECOMPILE: constant(uint256) = 6
PHASE_RETURN: constant(uint256) = 7
PHASE_FAULT: constant(uint256) = 8
PHASE_CREATE_FINISH: constant(uint256) = 9
PHASE_END: constant(uint256) = 10
PHASE_FLUSH_SLOTS: constant(uint256) = 11
PHASE_FLUSH_ACCOUNTS: constant(uint256) = 12
PHASE_DONE: constant(uint256) = 13
PHASE_NEXT_ITEM: constant(uint256) = 14
PHASE_ITEM_HASH: constant(uint256) = 15
PHASE_SEAL: constant(uint256) = 16
PHASE_BLOCK_DONE: constant(uint256) = 17
PHASE_NEXT_BLOCK: constant(uint256) = 18
PHASE_ORIGIN: constant(uint256) = 19
PHASE_SYSTEM_WRITE: constant(uint256) = 20
PHASE_OUTPUT: constant(uint256) = 21
PHASE_START: constant(uint256) = 22
PHASE_RING_WALK: constant(uint256) = 23
PHASE_L1_WALK: constant(uint256) = 24
PHASE_BATCH_WALK: constant(uint256) = 25
PHASE_DEPOSIT_WALK: constant(uint256) = 26
PHASE_RECEIPT_LOGS: constant(uint256) = 27
PHASE_RECEIPT_HASH: constant(uint256) = 28
PHASE_FILL: constant(uint256) = 29
PHASE_BATCH_DATA: constant(uint256) = 30
PHASE_CONFIG_WALK: constant(uint256) = 31
PHASE_TERMS: constant(uint256) = 32
PHASE_PRICE: constant(uint256) = 33

# Page trees.
PAGE_SIZE: constant(uint256) = 1024
PAGE_DEPTH: constant(uint256) = 16
EMPTY_TREE: constant(bytes32) = 0x980e47ef9b67a0b6bdc64401286102e826e49df68235ec1633adab494ccf645f
RING_DEPTH: constant(uint256) = 8


struct VM:
    phase: uint256
    cursor: bytes32
    globals: bytes32
    frame: bytes32


struct Globals:
    fork: uint256
    boundary: bytes32
    tx: bytes32
    start_root: bytes32
    working_root: bytes32
    journal: bytes32
    dirty_accounts: bytes32
    dirty_slots: bytes32
    refund: uint256
    logs: bytes32
    logs_rlp_length: uint256


struct Frame:
    parent: bytes32
    depth: uint256
    kind: uint256
    static: uint256
    address: uint256
    code_address: uint256
    caller: uint256
    value: uint256
    code_hash: bytes32
    calldata: bytes32
    calldata_offset: uint256
    calldata_length: uint256
    return_offset: uint256
    return_length: uint256
    snapshot: bytes32
    pc: uint256
    gas: uint256
    stack_size: uint256
    stack: bytes32
    memory_words: uint256
    memory: bytes32
    returndata: bytes32
    returndata_offset: uint256
    returndata_length: uint256


struct Snapshot:
    journal: bytes32
    dirty_accounts: bytes32
    dirty_slots: bytes32
    refund: uint256
    logs: bytes32
    logs_rlp_length: uint256


struct BlockContext:
    chain_id: uint256
    fork: uint256
    allow_blobs: uint256
    allow_deposits: uint256
    number: uint256
    timestamp: uint256
    fee_recipient: uint256
    gas_limit: uint256
    base_fee: uint256
    prev_randao: bytes32
    blob_base_fee: uint256
    blob_gas_limit: uint256
    ring: bytes32


struct TxBoundary:
    block: bytes32
    parent: bytes32
    tx_index: uint256
    item: bytes32
    state_root: bytes32
    gas_used: uint256
    blob_gas_used: uint256
    receipts: bytes32
    batch_cursor: bytes32
    charges: bytes32
    operator_fee: uint256
    l1_fee: uint256


struct Charges:
    terms: bytes32
    l1_price: uint256
    base_fee_recipient: uint256
    l1_fee_recipient: uint256
    operator_fee_recipient: uint256


struct TxContext:
    item: bytes32
    type: uint256
    origin: uint256
    create: uint256
    to: uint256
    nonce: uint256
    value: uint256
    gas_limit: uint256
    gas: uint256
    gas_price: uint256
    tip: uint256
    blob_gas: uint256
    blob_hashes: bytes32
    data: bytes32
    data_length: uint256
    initcode_hash: bytes32


struct BlobHashes:
    count: uint256
    hash_0: bytes32
    hash_1: bytes32
    hash_2: bytes32
    hash_3: bytes32
    hash_4: bytes32
    hash_5: bytes32
    hash_6: bytes32
    hash_7: bytes32
    hash_8: bytes32


struct Receipt:
    below: bytes32
    tx: bytes32
    type: uint256
    status: uint256
    cumulative_gas_used: uint256
    logs: bytes32
    logs_rlp_length: uint256


struct AccessEntry:
    below: bytes32
    address: uint256
    is_slot: uint256
    slot: uint256


struct Enter:
    kind: uint256
    static: uint256
    transfer: uint256
    address: uint256
    code_address: uint256
    caller: uint256
    value: uint256
    gas: uint256
    code_hash: bytes32
    calldata: bytes32
    calldata_offset: uint256
    calldata_length: uint256
    return_offset: uint256
    return_length: uint256


struct Copy:
    source: uint256
    pages: bytes32
    code_hash: bytes32
    source_offset: uint256
    source_length: uint256
    destination: uint256
    remaining: uint256


struct Hashing:
    function: uint256
    offset: uint256
    length: uint256
    remaining: uint256
    lane_0: uint256
    lane_1: uint256
    lane_2: uint256
    lane_3: uint256
    lane_4: uint256
    lane_5: uint256
    lane_6: uint256
    lane_7: uint256
    lane_8: uint256
    lane_9: uint256
    lane_10: uint256
    lane_11: uint256
    lane_12: uint256
    lane_13: uint256
    lane_14: uint256
    lane_15: uint256
    lane_16: uint256
    lane_17: uint256
    lane_18: uint256
    lane_19: uint256
    lane_20: uint256
    lane_21: uint256
    lane_22: uint256
    lane_23: uint256
    lane_24: uint256


struct Outcome:
    success: uint256
    output: bytes32
    output_offset: uint256
    output_length: uint256


struct End:
    success: uint256
    gas_left: uint256


struct Flush:
    success: uint256
    gas_used: uint256


struct JournalKey:
    space: uint256
    address: uint256
    slot: uint256


struct JournalLeaf:
    path: bytes32
    record: bytes32


struct AccountRecord:
    loaded: uint256
    dirty: uint256
    created: uint256
    destructed: uint256
    nonce: uint256
    balance: uint256
    storage_root: bytes32
    code_hash: bytes32


struct SlotRecord:
    loaded: uint256
    dirty: uint256
    original: uint256
    current: uint256


struct TransientRecord:
    value: uint256


struct DirtyAccount:
    below: bytes32
    address: uint256


struct DirtySlot:
    below: bytes32
    address: uint256
    slot: uint256


struct Log:
    below: bytes32
    address: uint256
    topic_count: uint256
    topic_0: uint256
    topic_1: uint256
    topic_2: uint256
    topic_3: uint256
    data: bytes32
    data_offset: uint256
    data_length: uint256


struct ChainRules:
    chain_id: uint256
    fork: uint256
    settings: bytes32
    fixed_base_fee: uint256
    fee_recipient: uint256
    l1_fee_recipient: uint256
    operator_fee_recipient: uint256
    l1_blob_update_fraction: uint256
    timestamp_step: uint256
    max_drift: uint256
    sequencing_window: uint256
    l1_genesis: uint256
    l1_genesis_hash: bytes32
    inbox: uint256
    portal: uint256
    layers: uint256
    chain_config: uint256


struct Settings:
    gas_limit: uint256
    base_fee_denominator: uint256
    elasticity: uint256
    min_base_fee: uint256
    base_fee_recipient: uint256
    operator_fee: uint256
    l1_base_fee_scalar: uint256
    l1_blob_base_fee_scalar: uint256


struct ChangeLink:
    below: bytes32
    l1_number: uint256
    knob: uint256
    setting: uint256


struct ChainBlock:
    rules: bytes32
    number: uint256
    hash: bytes32
    state_root: bytes32
    timestamp: uint256
    gas_limit: uint256
    gas_used: uint256
    base_fee: uint256
    outbox_root: bytes32
    ring: bytes32
    inputs: bytes32


struct L1Inputs:
    l1_blocks: bytes32
    newest: uint256
    batches: bytes32
    deposits: bytes32
    reading: bytes32
    settings: bytes32
    changes: bytes32


struct L1Link:
    below: bytes32
    number: uint256
    hash: bytes32
    timestamp: uint256
    prev_randao: bytes32
    base_fee: uint256
    excess_blob_gas: uint256


struct BatchLink:
    below: bytes32
    l1_number: uint256
    data: bytes32
    length: uint256


struct BatchData:
    boot: bytes32
    commitment: bytes32
    l1_number: uint256
    data: bytes32
    length: uint256
    pages: uint256


struct DepositLink:
    below: bytes32
    l1_number: uint256
    index: uint256
    deposit: bytes32


struct BatchReading:
    l1_number: uint256
    data: bytes32
    length: uint256
    first_number: uint256
    count: uint256
    checked: uint256
    end: uint256
    item: uint256
    blocks: uint256
    transactions: uint256


struct BlockPlan:
    parent: bytes32
    l1_blocks: bytes32
    origin: uint256
    timestamp: uint256
    due: uint256
    settings: bytes32
    changes: bytes32


struct ItemHashing:
    boundary: bytes32
    data: bytes32
    hashing: bytes32


struct Sealing:
    boundary: bytes32
    receipts: bytes32
    left: uint256
    count: uint256
    transactions_root: bytes32
    receipts_root: bytes32
    bloom_0: uint256
    bloom_1: uint256
    bloom_2: uint256
    bloom_3: uint256
    bloom_4: uint256
    bloom_5: uint256
    bloom_6: uint256
    bloom_7: uint256


struct ReceiptLogs:
    sealing: bytes32
    left: bytes32
    ordered: bytes32
    bloom_0: uint256
    bloom_1: uint256
    bloom_2: uint256
    bloom_3: uint256
    bloom_4: uint256
    bloom_5: uint256
    bloom_6: uint256
    bloom_7: uint256


struct ReceiptHashing:
    sealing: bytes32
    logs: bytes32
    data: bytes32
    data_offset: uint256
    data_left: uint256
    pending_length: uint256
    pending_0: bytes32
    pending_1: bytes32
    pending_2: bytes32
    pending_3: bytes32
    pending_4: bytes32
    hashing: bytes32


struct Filling:
    sealing: bytes32
    leaf: bytes32


struct Start:
    rules: bytes32
    parent_output: bytes32
    parent_l1_hash: bytes32
    l1_hash: bytes32


struct Boot:
    start: bytes32
    block: bytes32
    next: bytes32
    stop: bytes32
    count: uint256
    origin: uint256
    newest_state: bytes32
    parent_state: bytes32


struct Output:
    number: uint256
    root: bytes32

struct State:  # what every step opens: zeros where the VM's word for it is zero
    vm: VM
    globals: Globals
    frame: Frame
    stack_tail: bytes32  # digest of what lies below the stack items shown


struct Tape:  # where in calldata the next piece of each kind lies
    preimages: uint256
    siblings: uint256
    openings: uint256


@internal
@view
def _word(at: uint256) -> uint256:
    """
    @dev The word of calldata at a position; reverts past the end.
    """
    return convert(slice(msg.data, at, 32), uint256)


@internal
@pure
def _stack_digest(below: bytes32, item: uint256) -> bytes32:
    """
    @dev A stack item on top of others.
    """
    return keccak256(abi_encode(TAG_STACK_ITEM, below, item))


@internal
@pure
def _page_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of a page tree.
    """
    return keccak256(abi_encode(TAG_PAGE_NODE, left, right))


@internal
@pure
def _ring_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of the ring of block hashes.
    """
    return keccak256(abi_encode(TAG_RING_NODE, left, right))


@internal
@pure
def _journal_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of the journal.
    """
    return keccak256(abi_encode(TAG_JOURNAL_NODE, left, right))


@internal
@pure
def _vm_digest(x: VM) -> bytes32:
    return keccak256(abi_encode(TAG_VM, x))


@internal
@pure
def _check_vm(x: VM):
    """
    @dev Refuses words above their kind.
    """
    assert x.phase < 2**8, "layout: word"


@internal
@view
def _open_vm(digest: bytes32, at: uint256) -> (VM, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: VM = empty(VM)
    tag, x = abi_decode(preimage, (bytes32, VM))
    assert tag == TAG_VM, "layout: preimage"
    self._check_vm(x)
    return x, at + 160


@internal
@pure
def _globals_digest(x: Globals) -> bytes32:
    return keccak256(abi_encode(TAG_GLOBALS, x))


@internal
@pure
def _check_globals(x: Globals):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.fork < 2**8
        and (x.refund | x.logs_rlp_length) < 2**64
    ), "layout: word"


@internal
@view
def _open_globals(digest: bytes32, at: uint256) -> (Globals, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[384] = slice(msg.data, at, 384)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Globals = empty(Globals)
    tag, x = abi_decode(preimage, (bytes32, Globals))
    assert tag == TAG_GLOBALS, "layout: preimage"
    self._check_globals(x)
    return x, at + 384


@internal
@pure
def _frame_digest(x: Frame) -> bytes32:
    return keccak256(abi_encode(TAG_FRAME, x))


@internal
@pure
def _check_frame(x: Frame):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.static < 2
        and x.kind < 2**8
        and (x.depth | x.calldata_offset | x.calldata_length | x.return_offset | x.return_length) < 2**64
        and (x.pc | x.gas | x.stack_size | x.memory_words | x.returndata_offset) < 2**64
        and x.returndata_length < 2**64
        and (x.address | x.code_address | x.caller) < 2**160
    ), "layout: word"


@internal
@view
def _open_frame(digest: bytes32, at: uint256) -> (Frame, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[800] = slice(msg.data, at, 800)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Frame = empty(Frame)
    tag, x = abi_decode(preimage, (bytes32, Frame))
    assert tag == TAG_FRAME, "layout: preimage"
    self._check_frame(x)
    return x, at + 800


@internal
@pure
def _snapshot_digest(x: Snapshot) -> bytes32:
    return keccak256(abi_encode(TAG_SNAPSHOT, x))


@internal
@pure
def _check_snapshot(x: Snapshot):
    """
    @dev Refuses words above their kind.
    """
    assert (x.refund | x.logs_rlp_length) < 2**64, "layout: word"


@internal
@view
def _open_snapshot(digest: bytes32, at: uint256) -> (Snapshot, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[224] = slice(msg.data, at, 224)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Snapshot = empty(Snapshot)
    tag, x = abi_decode(preimage, (bytes32, Snapshot))
    assert tag == TAG_SNAPSHOT, "layout: preimage"
    self._check_snapshot(x)
    return x, at + 224


@internal
@pure
def _block_context_digest(x: BlockContext) -> bytes32:
    return keccak256(abi_encode(TAG_BLOCK_CONTEXT, x))


@internal
@pure
def _check_block_context(x: BlockContext):
    """
    @dev Refuses words above their kind.
    """
    assert (
        (x.allow_blobs | x.allow_deposits) < 2
        and x.fork < 2**8
        and (x.chain_id | x.number | x.timestamp | x.gas_limit | x.blob_gas_limit) < 2**64
        and x.fee_recipient < 2**160
    ), "layout: word"


@internal
@view
def _open_block_context(digest: bytes32, at: uint256) -> (BlockContext, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[448] = slice(msg.data, at, 448)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BlockContext = empty(BlockContext)
    tag, x = abi_decode(preimage, (bytes32, BlockContext))
    assert tag == TAG_BLOCK_CONTEXT, "layout: preimage"
    self._check_block_context(x)
    return x, at + 448


@internal
@pure
def _tx_boundary_digest(x: TxBoundary) -> bytes32:
    return keccak256(abi_encode(TAG_TX_BOUNDARY, x))


@internal
@pure
def _check_tx_boundary(x: TxBoundary):
    """
    @dev Refuses words above their kind.
    """
    assert (x.tx_index | x.gas_used | x.blob_gas_used) < 2**64, "layout: word"


@internal
@view
def _open_tx_boundary(digest: bytes32, at: uint256) -> (TxBoundary, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[416] = slice(msg.data, at, 416)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: TxBoundary = empty(TxBoundary)
    tag, x = abi_decode(preimage, (bytes32, TxBoundary))
    assert tag == TAG_TX_BOUNDARY, "layout: preimage"
    self._check_tx_boundary(x)
    return x, at + 416


@internal
@pure
def _charges_digest(x: Charges) -> bytes32:
    return keccak256(abi_encode(TAG_CHARGES, x))


@internal
@pure
def _check_charges(x: Charges):
    """
    @dev Refuses words above their kind.
    """
    assert (x.base_fee_recipient | x.l1_fee_recipient | x.operator_fee_recipient) < 2**160, "layout: word"


@internal
@view
def _open_charges(digest: bytes32, at: uint256) -> (Charges, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[192] = slice(msg.data, at, 192)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Charges = empty(Charges)
    tag, x = abi_decode(preimage, (bytes32, Charges))
    assert tag == TAG_CHARGES, "layout: preimage"
    self._check_charges(x)
    return x, at + 192


@internal
@pure
def _tx_context_digest(x: TxContext) -> bytes32:
    return keccak256(abi_encode(TAG_TX_CONTEXT, x))


@internal
@pure
def _check_tx_context(x: TxContext):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.create < 2
        and x.type < 2**8
        and (x.nonce | x.gas_limit | x.gas | x.blob_gas | x.data_length) < 2**64
        and (x.origin | x.to) < 2**160
    ), "layout: word"


@internal
@view
def _open_tx_context(digest: bytes32, at: uint256) -> (TxContext, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[544] = slice(msg.data, at, 544)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: TxContext = empty(TxContext)
    tag, x = abi_decode(preimage, (bytes32, TxContext))
    assert tag == TAG_TX_CONTEXT, "layout: preimage"
    self._check_tx_context(x)
    return x, at + 544


@internal
@pure
def _blob_hashes_digest(x: BlobHashes) -> bytes32:
    return keccak256(abi_encode(TAG_BLOB_HASHES, x))


@internal
@pure
def _check_blob_hashes(x: BlobHashes):
    """
    @dev Refuses words above their kind.
    """
    assert x.count < 2**8, "layout: word"


@internal
@view
def _open_blob_hashes(digest: bytes32, at: uint256) -> (BlobHashes, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[352] = slice(msg.data, at, 352)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BlobHashes = empty(BlobHashes)
    tag, x = abi_decode(preimage, (bytes32, BlobHashes))
    assert tag == TAG_BLOB_HASHES, "layout: preimage"
    self._check_blob_hashes(x)
    return x, at + 352


@internal
@pure
def _receipt_digest(x: Receipt) -> bytes32:
    return keccak256(abi_encode(TAG_RECEIPT, x))


@internal
@pure
def _check_receipt(x: Receipt):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.status < 2
        and x.type < 2**8
        and (x.cumulative_gas_used | x.logs_rlp_length) < 2**64
    ), "layout: word"


@internal
@view
def _open_receipt(digest: bytes32, at: uint256) -> (Receipt, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[256] = slice(msg.data, at, 256)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Receipt = empty(Receipt)
    tag, x = abi_decode(preimage, (bytes32, Receipt))
    assert tag == TAG_RECEIPT, "layout: preimage"
    self._check_receipt(x)
    return x, at + 256


@internal
@pure
def _access_entry_digest(x: AccessEntry) -> bytes32:
    return keccak256(abi_encode(TAG_ACCESS_ENTRY, x))


@internal
@pure
def _check_access_entry(x: AccessEntry):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.is_slot < 2
        and x.address < 2**160
    ), "layout: word"


@internal
@view
def _open_access_entry(digest: bytes32, at: uint256) -> (AccessEntry, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: AccessEntry = empty(AccessEntry)
    tag, x = abi_decode(preimage, (bytes32, AccessEntry))
    assert tag == TAG_ACCESS_ENTRY, "layout: preimage"
    self._check_access_entry(x)
    return x, at + 160


@internal
@pure
def _enter_digest(x: Enter) -> bytes32:
    return keccak256(abi_encode(TAG_ENTER, x))


@internal
@pure
def _check_enter(x: Enter):
    """
    @dev Refuses words above their kind.
    """
    assert (
        (x.static | x.transfer) < 2
        and x.kind < 2**8
        and (x.gas | x.calldata_offset | x.calldata_length | x.return_offset | x.return_length) < 2**64
        and (x.address | x.code_address | x.caller) < 2**160
    ), "layout: word"


@internal
@view
def _open_enter(digest: bytes32, at: uint256) -> (Enter, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[480] = slice(msg.data, at, 480)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Enter = empty(Enter)
    tag, x = abi_decode(preimage, (bytes32, Enter))
    assert tag == TAG_ENTER, "layout: preimage"
    self._check_enter(x)
    return x, at + 480


@internal
@pure
def _copy_digest(x: Copy) -> bytes32:
    return keccak256(abi_encode(TAG_COPY, x))


@internal
@pure
def _check_copy(x: Copy):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.source < 2**8
        and (x.source_offset | x.source_length | x.destination | x.remaining) < 2**64
    ), "layout: word"


@internal
@view
def _open_copy(digest: bytes32, at: uint256) -> (Copy, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[256] = slice(msg.data, at, 256)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Copy = empty(Copy)
    tag, x = abi_decode(preimage, (bytes32, Copy))
    assert tag == TAG_COPY, "layout: preimage"
    self._check_copy(x)
    return x, at + 256


@internal
@pure
def _hashing_digest(x: Hashing) -> bytes32:
    return keccak256(abi_encode(TAG_HASHING, x))


@internal
@pure
def _check_hashing(x: Hashing):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.function < 2**8
        and (x.offset | x.length | x.remaining | x.lane_0 | x.lane_1) < 2**64
        and (x.lane_2 | x.lane_3 | x.lane_4 | x.lane_5 | x.lane_6) < 2**64
        and (x.lane_7 | x.lane_8 | x.lane_9 | x.lane_10 | x.lane_11) < 2**64
        and (x.lane_12 | x.lane_13 | x.lane_14 | x.lane_15 | x.lane_16) < 2**64
        and (x.lane_17 | x.lane_18 | x.lane_19 | x.lane_20 | x.lane_21) < 2**64
        and (x.lane_22 | x.lane_23 | x.lane_24) < 2**64
    ), "layout: word"


@internal
@view
def _open_hashing(digest: bytes32, at: uint256) -> (Hashing, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[960] = slice(msg.data, at, 960)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Hashing = empty(Hashing)
    tag, x = abi_decode(preimage, (bytes32, Hashing))
    assert tag == TAG_HASHING, "layout: preimage"
    self._check_hashing(x)
    return x, at + 960


@internal
@pure
def _outcome_digest(x: Outcome) -> bytes32:
    return keccak256(abi_encode(TAG_RETURN, x))


@internal
@pure
def _check_outcome(x: Outcome):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.success < 2
        and (x.output_offset | x.output_length) < 2**64
    ), "layout: word"


@internal
@view
def _open_outcome(digest: bytes32, at: uint256) -> (Outcome, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Outcome = empty(Outcome)
    tag, x = abi_decode(preimage, (bytes32, Outcome))
    assert tag == TAG_RETURN, "layout: preimage"
    self._check_outcome(x)
    return x, at + 160


@internal
@pure
def _end_digest(x: End) -> bytes32:
    return keccak256(abi_encode(TAG_END, x))


@internal
@pure
def _check_end(x: End):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.success < 2
        and x.gas_left < 2**64
    ), "layout: word"


@internal
@view
def _open_end(digest: bytes32, at: uint256) -> (End, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[96] = slice(msg.data, at, 96)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: End = empty(End)
    tag, x = abi_decode(preimage, (bytes32, End))
    assert tag == TAG_END, "layout: preimage"
    self._check_end(x)
    return x, at + 96


@internal
@pure
def _flush_digest(x: Flush) -> bytes32:
    return keccak256(abi_encode(TAG_FLUSH, x))


@internal
@pure
def _check_flush(x: Flush):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.success < 2
        and x.gas_used < 2**64
    ), "layout: word"


@internal
@view
def _open_flush(digest: bytes32, at: uint256) -> (Flush, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[96] = slice(msg.data, at, 96)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Flush = empty(Flush)
    tag, x = abi_decode(preimage, (bytes32, Flush))
    assert tag == TAG_FLUSH, "layout: preimage"
    self._check_flush(x)
    return x, at + 96


@internal
@pure
def _journal_key_digest(x: JournalKey) -> bytes32:
    return keccak256(abi_encode(TAG_JOURNAL_KEY, x))


@internal
@pure
def _journal_leaf_digest(x: JournalLeaf) -> bytes32:
    return keccak256(abi_encode(TAG_JOURNAL_LEAF, x))


@internal
@pure
def _account_record_digest(x: AccountRecord) -> bytes32:
    return keccak256(abi_encode(TAG_ACCOUNT_RECORD, x))


@internal
@pure
def _check_account_record(x: AccountRecord):
    """
    @dev Refuses words above their kind.
    """
    assert (
        (x.loaded | x.dirty | x.created | x.destructed) < 2
        and x.nonce < 2**64
    ), "layout: word"


@internal
@view
def _open_account_record(digest: bytes32, at: uint256) -> (AccountRecord, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[288] = slice(msg.data, at, 288)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: AccountRecord = empty(AccountRecord)
    tag, x = abi_decode(preimage, (bytes32, AccountRecord))
    assert tag == TAG_ACCOUNT_RECORD, "layout: preimage"
    self._check_account_record(x)
    return x, at + 288


@internal
@pure
def _slot_record_digest(x: SlotRecord) -> bytes32:
    return keccak256(abi_encode(TAG_SLOT_RECORD, x))


@internal
@pure
def _check_slot_record(x: SlotRecord):
    """
    @dev Refuses words above their kind.
    """
    assert (x.loaded | x.dirty) < 2, "layout: word"


@internal
@view
def _open_slot_record(digest: bytes32, at: uint256) -> (SlotRecord, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: SlotRecord = empty(SlotRecord)
    tag, x = abi_decode(preimage, (bytes32, SlotRecord))
    assert tag == TAG_SLOT_RECORD, "layout: preimage"
    self._check_slot_record(x)
    return x, at + 160


@internal
@pure
def _transient_record_digest(x: TransientRecord) -> bytes32:
    return keccak256(abi_encode(TAG_TRANSIENT_RECORD, x))


@internal
@pure
def _check_transient_record(x: TransientRecord):
    """
    @dev Refuses words above their kind.
    """
    pass


@internal
@view
def _open_transient_record(digest: bytes32, at: uint256) -> (TransientRecord, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[64] = slice(msg.data, at, 64)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: TransientRecord = empty(TransientRecord)
    tag, x = abi_decode(preimage, (bytes32, TransientRecord))
    assert tag == TAG_TRANSIENT_RECORD, "layout: preimage"
    self._check_transient_record(x)
    return x, at + 64


@internal
@pure
def _dirty_account_digest(x: DirtyAccount) -> bytes32:
    return keccak256(abi_encode(TAG_DIRTY_ACCOUNT, x))


@internal
@pure
def _check_dirty_account(x: DirtyAccount):
    """
    @dev Refuses words above their kind.
    """
    assert x.address < 2**160, "layout: word"


@internal
@view
def _open_dirty_account(digest: bytes32, at: uint256) -> (DirtyAccount, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[96] = slice(msg.data, at, 96)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: DirtyAccount = empty(DirtyAccount)
    tag, x = abi_decode(preimage, (bytes32, DirtyAccount))
    assert tag == TAG_DIRTY_ACCOUNT, "layout: preimage"
    self._check_dirty_account(x)
    return x, at + 96


@internal
@pure
def _dirty_slot_digest(x: DirtySlot) -> bytes32:
    return keccak256(abi_encode(TAG_DIRTY_SLOT, x))


@internal
@pure
def _check_dirty_slot(x: DirtySlot):
    """
    @dev Refuses words above their kind.
    """
    assert x.address < 2**160, "layout: word"


@internal
@view
def _open_dirty_slot(digest: bytes32, at: uint256) -> (DirtySlot, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[128] = slice(msg.data, at, 128)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: DirtySlot = empty(DirtySlot)
    tag, x = abi_decode(preimage, (bytes32, DirtySlot))
    assert tag == TAG_DIRTY_SLOT, "layout: preimage"
    self._check_dirty_slot(x)
    return x, at + 128


@internal
@pure
def _log_digest(x: Log) -> bytes32:
    return keccak256(abi_encode(TAG_LOG, x))


@internal
@pure
def _check_log(x: Log):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.topic_count < 2**8
        and (x.data_offset | x.data_length) < 2**64
        and x.address < 2**160
    ), "layout: word"


@internal
@view
def _open_log(digest: bytes32, at: uint256) -> (Log, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[352] = slice(msg.data, at, 352)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Log = empty(Log)
    tag, x = abi_decode(preimage, (bytes32, Log))
    assert tag == TAG_LOG, "layout: preimage"
    self._check_log(x)
    return x, at + 352


@internal
@pure
def _chain_rules_digest(x: ChainRules) -> bytes32:
    return keccak256(abi_encode(TAG_CHAIN_RULES, x))


@internal
@pure
def _check_chain_rules(x: ChainRules):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.fixed_base_fee < 2
        and (x.fork | x.layers) < 2**8
        and (x.chain_id | x.l1_blob_update_fraction | x.timestamp_step | x.max_drift | x.sequencing_window) < 2**64
        and x.l1_genesis < 2**64
        and (x.fee_recipient | x.l1_fee_recipient | x.operator_fee_recipient | x.inbox | x.portal) < 2**160
        and x.chain_config < 2**160
    ), "layout: word"


@internal
@view
def _open_chain_rules(digest: bytes32, at: uint256) -> (ChainRules, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[576] = slice(msg.data, at, 576)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ChainRules = empty(ChainRules)
    tag, x = abi_decode(preimage, (bytes32, ChainRules))
    assert tag == TAG_CHAIN_RULES, "layout: preimage"
    self._check_chain_rules(x)
    return x, at + 576


@internal
@pure
def _settings_digest(x: Settings) -> bytes32:
    return keccak256(abi_encode(TAG_SETTINGS, x))


@internal
@pure
def _check_settings(x: Settings):
    """
    @dev Refuses words above their kind.
    """
    assert (
        (x.gas_limit | x.base_fee_denominator | x.elasticity | x.min_base_fee | x.l1_base_fee_scalar) < 2**64
        and x.l1_blob_base_fee_scalar < 2**64
        and x.base_fee_recipient < 2**160
    ), "layout: word"


@internal
@view
def _open_settings(digest: bytes32, at: uint256) -> (Settings, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[288] = slice(msg.data, at, 288)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Settings = empty(Settings)
    tag, x = abi_decode(preimage, (bytes32, Settings))
    assert tag == TAG_SETTINGS, "layout: preimage"
    self._check_settings(x)
    return x, at + 288


@internal
@pure
def _change_link_digest(x: ChangeLink) -> bytes32:
    return keccak256(abi_encode(TAG_CHANGE_LINK, x))


@internal
@pure
def _check_change_link(x: ChangeLink):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.knob < 2**8
        and x.l1_number < 2**64
    ), "layout: word"


@internal
@view
def _open_change_link(digest: bytes32, at: uint256) -> (ChangeLink, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ChangeLink = empty(ChangeLink)
    tag, x = abi_decode(preimage, (bytes32, ChangeLink))
    assert tag == TAG_CHANGE_LINK, "layout: preimage"
    self._check_change_link(x)
    return x, at + 160


@internal
@pure
def _chain_block_digest(x: ChainBlock) -> bytes32:
    return keccak256(abi_encode(TAG_CHAIN_BLOCK, x))


@internal
@pure
def _check_chain_block(x: ChainBlock):
    """
    @dev Refuses words above their kind.
    """
    assert (x.number | x.timestamp | x.gas_limit | x.gas_used) < 2**64, "layout: word"


@internal
@view
def _open_chain_block(digest: bytes32, at: uint256) -> (ChainBlock, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[384] = slice(msg.data, at, 384)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ChainBlock = empty(ChainBlock)
    tag, x = abi_decode(preimage, (bytes32, ChainBlock))
    assert tag == TAG_CHAIN_BLOCK, "layout: preimage"
    self._check_chain_block(x)
    return x, at + 384


@internal
@pure
def _l1_inputs_digest(x: L1Inputs) -> bytes32:
    return keccak256(abi_encode(TAG_L1_INPUTS, x))


@internal
@pure
def _check_l1_inputs(x: L1Inputs):
    """
    @dev Refuses words above their kind.
    """
    assert x.newest < 2**64, "layout: word"


@internal
@view
def _open_l1_inputs(digest: bytes32, at: uint256) -> (L1Inputs, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[256] = slice(msg.data, at, 256)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: L1Inputs = empty(L1Inputs)
    tag, x = abi_decode(preimage, (bytes32, L1Inputs))
    assert tag == TAG_L1_INPUTS, "layout: preimage"
    self._check_l1_inputs(x)
    return x, at + 256


@internal
@pure
def _l1_link_digest(x: L1Link) -> bytes32:
    return keccak256(abi_encode(TAG_L1_LINK, x))


@internal
@pure
def _check_l1_link(x: L1Link):
    """
    @dev Refuses words above their kind.
    """
    assert (x.number | x.timestamp | x.excess_blob_gas) < 2**64, "layout: word"


@internal
@view
def _open_l1_link(digest: bytes32, at: uint256) -> (L1Link, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[256] = slice(msg.data, at, 256)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: L1Link = empty(L1Link)
    tag, x = abi_decode(preimage, (bytes32, L1Link))
    assert tag == TAG_L1_LINK, "layout: preimage"
    self._check_l1_link(x)
    return x, at + 256


@internal
@pure
def _batch_link_digest(x: BatchLink) -> bytes32:
    return keccak256(abi_encode(TAG_BATCH_LINK, x))


@internal
@pure
def _check_batch_link(x: BatchLink):
    """
    @dev Refuses words above their kind.
    """
    assert (x.l1_number | x.length) < 2**64, "layout: word"


@internal
@view
def _open_batch_link(digest: bytes32, at: uint256) -> (BatchLink, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BatchLink = empty(BatchLink)
    tag, x = abi_decode(preimage, (bytes32, BatchLink))
    assert tag == TAG_BATCH_LINK, "layout: preimage"
    self._check_batch_link(x)
    return x, at + 160


@internal
@pure
def _batch_data_digest(x: BatchData) -> bytes32:
    return keccak256(abi_encode(TAG_BATCH_DATA, x))


@internal
@pure
def _check_batch_data(x: BatchData):
    """
    @dev Refuses words above their kind.
    """
    assert (x.l1_number | x.length | x.pages) < 2**64, "layout: word"


@internal
@view
def _open_batch_data(digest: bytes32, at: uint256) -> (BatchData, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[224] = slice(msg.data, at, 224)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BatchData = empty(BatchData)
    tag, x = abi_decode(preimage, (bytes32, BatchData))
    assert tag == TAG_BATCH_DATA, "layout: preimage"
    self._check_batch_data(x)
    return x, at + 224


@internal
@pure
def _deposit_link_digest(x: DepositLink) -> bytes32:
    return keccak256(abi_encode(TAG_DEPOSIT_LINK, x))


@internal
@pure
def _check_deposit_link(x: DepositLink):
    """
    @dev Refuses words above their kind.
    """
    assert (x.l1_number | x.index) < 2**64, "layout: word"


@internal
@view
def _open_deposit_link(digest: bytes32, at: uint256) -> (DepositLink, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: DepositLink = empty(DepositLink)
    tag, x = abi_decode(preimage, (bytes32, DepositLink))
    assert tag == TAG_DEPOSIT_LINK, "layout: preimage"
    self._check_deposit_link(x)
    return x, at + 160


@internal
@pure
def _batch_reading_digest(x: BatchReading) -> bytes32:
    return keccak256(abi_encode(TAG_BATCH_READING, x))


@internal
@pure
def _check_batch_reading(x: BatchReading):
    """
    @dev Refuses words above their kind.
    """
    assert (
        (x.l1_number | x.length | x.first_number | x.count | x.checked) < 2**64
        and (x.end | x.item | x.blocks | x.transactions) < 2**64
    ), "layout: word"


@internal
@view
def _open_batch_reading(digest: bytes32, at: uint256) -> (BatchReading, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[352] = slice(msg.data, at, 352)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BatchReading = empty(BatchReading)
    tag, x = abi_decode(preimage, (bytes32, BatchReading))
    assert tag == TAG_BATCH_READING, "layout: preimage"
    self._check_batch_reading(x)
    return x, at + 352


@internal
@pure
def _block_plan_digest(x: BlockPlan) -> bytes32:
    return keccak256(abi_encode(TAG_BLOCK_PLAN, x))


@internal
@pure
def _check_block_plan(x: BlockPlan):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.due < 2
        and (x.origin | x.timestamp) < 2**64
    ), "layout: word"


@internal
@view
def _open_block_plan(digest: bytes32, at: uint256) -> (BlockPlan, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[256] = slice(msg.data, at, 256)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: BlockPlan = empty(BlockPlan)
    tag, x = abi_decode(preimage, (bytes32, BlockPlan))
    assert tag == TAG_BLOCK_PLAN, "layout: preimage"
    self._check_block_plan(x)
    return x, at + 256


@internal
@pure
def _item_hashing_digest(x: ItemHashing) -> bytes32:
    return keccak256(abi_encode(TAG_ITEM_HASHING, x))


@internal
@pure
def _check_item_hashing(x: ItemHashing):
    """
    @dev Refuses words above their kind.
    """
    pass


@internal
@view
def _open_item_hashing(digest: bytes32, at: uint256) -> (ItemHashing, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[128] = slice(msg.data, at, 128)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ItemHashing = empty(ItemHashing)
    tag, x = abi_decode(preimage, (bytes32, ItemHashing))
    assert tag == TAG_ITEM_HASHING, "layout: preimage"
    self._check_item_hashing(x)
    return x, at + 128


@internal
@pure
def _sealing_digest(x: Sealing) -> bytes32:
    return keccak256(abi_encode(TAG_SEALING, x))


@internal
@pure
def _check_sealing(x: Sealing):
    """
    @dev Refuses words above their kind.
    """
    assert (x.left | x.count) < 2**64, "layout: word"


@internal
@view
def _open_sealing(digest: bytes32, at: uint256) -> (Sealing, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[480] = slice(msg.data, at, 480)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Sealing = empty(Sealing)
    tag, x = abi_decode(preimage, (bytes32, Sealing))
    assert tag == TAG_SEALING, "layout: preimage"
    self._check_sealing(x)
    return x, at + 480


@internal
@pure
def _receipt_logs_digest(x: ReceiptLogs) -> bytes32:
    return keccak256(abi_encode(TAG_RECEIPT_LOGS, x))


@internal
@pure
def _check_receipt_logs(x: ReceiptLogs):
    """
    @dev Refuses words above their kind.
    """
    pass


@internal
@view
def _open_receipt_logs(digest: bytes32, at: uint256) -> (ReceiptLogs, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[384] = slice(msg.data, at, 384)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ReceiptLogs = empty(ReceiptLogs)
    tag, x = abi_decode(preimage, (bytes32, ReceiptLogs))
    assert tag == TAG_RECEIPT_LOGS, "layout: preimage"
    self._check_receipt_logs(x)
    return x, at + 384


@internal
@pure
def _receipt_hashing_digest(x: ReceiptHashing) -> bytes32:
    return keccak256(abi_encode(TAG_RECEIPT_HASHING, x))


@internal
@pure
def _check_receipt_hashing(x: ReceiptHashing):
    """
    @dev Refuses words above their kind.
    """
    assert (
        x.pending_length < 2**8
        and (x.data_offset | x.data_left) < 2**64
    ), "layout: word"


@internal
@view
def _open_receipt_hashing(digest: bytes32, at: uint256) -> (ReceiptHashing, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[416] = slice(msg.data, at, 416)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: ReceiptHashing = empty(ReceiptHashing)
    tag, x = abi_decode(preimage, (bytes32, ReceiptHashing))
    assert tag == TAG_RECEIPT_HASHING, "layout: preimage"
    self._check_receipt_hashing(x)
    return x, at + 416


@internal
@pure
def _filling_digest(x: Filling) -> bytes32:
    return keccak256(abi_encode(TAG_FILLING, x))


@internal
@pure
def _check_filling(x: Filling):
    """
    @dev Refuses words above their kind.
    """
    pass


@internal
@view
def _open_filling(digest: bytes32, at: uint256) -> (Filling, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[96] = slice(msg.data, at, 96)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Filling = empty(Filling)
    tag, x = abi_decode(preimage, (bytes32, Filling))
    assert tag == TAG_FILLING, "layout: preimage"
    self._check_filling(x)
    return x, at + 96


@internal
@pure
def _start_digest(x: Start) -> bytes32:
    return keccak256(abi_encode(TAG_START, x))


@internal
@pure
def _check_start(x: Start):
    """
    @dev Refuses words above their kind.
    """
    pass


@internal
@view
def _open_start(digest: bytes32, at: uint256) -> (Start, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[160] = slice(msg.data, at, 160)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Start = empty(Start)
    tag, x = abi_decode(preimage, (bytes32, Start))
    assert tag == TAG_START, "layout: preimage"
    self._check_start(x)
    return x, at + 160


@internal
@pure
def _boot_digest(x: Boot) -> bytes32:
    return keccak256(abi_encode(TAG_BOOT, x))


@internal
@pure
def _check_boot(x: Boot):
    """
    @dev Refuses words above their kind.
    """
    assert (x.count | x.origin) < 2**64, "layout: word"


@internal
@view
def _open_boot(digest: bytes32, at: uint256) -> (Boot, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[288] = slice(msg.data, at, 288)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Boot = empty(Boot)
    tag, x = abi_decode(preimage, (bytes32, Boot))
    assert tag == TAG_BOOT, "layout: preimage"
    self._check_boot(x)
    return x, at + 288


@internal
@pure
def _output_digest(x: Output) -> bytes32:
    return keccak256(abi_encode(TAG_OUTPUT, x))


@internal
@pure
def _check_output(x: Output):
    """
    @dev Refuses words above their kind.
    """
    assert x.number < 2**64, "layout: word"


@internal
@view
def _open_output(digest: bytes32, at: uint256) -> (Output, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[96] = slice(msg.data, at, 96)
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: Output = empty(Output)
    tag, x = abi_decode(preimage, (bytes32, Output))
    assert tag == TAG_OUTPUT, "layout: preimage"
    self._check_output(x)
    return x, at + 96
