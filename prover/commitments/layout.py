"""The one table of byte layouts: every structure that is hashed into a state, field by field.

A structure is encoded as its tag followed by its fields, each one 32-byte word, big-endian, and committed to by keccak
of that. The tag is keccak of the structure's name, so no two structures share a preimage; there are no optional fields,
so each has exactly one length. `docs/proof/layouts.md` is generated from this table, and so is the Vyper side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from protocol.crypto import keccak
from protocol.types import ZERO_HASH, Hash32

WORD = 32


class InvalidEncoding(ValueError):
    """Bytes that are not the one encoding of what they should be."""


class Kind(Enum):
    """What a word may hold. A word outside its kind is refused, so that a value has one encoding."""

    BOOL = "bool"
    U8 = "uint8"
    U64 = "uint64"
    U256 = "uint256"
    ADDRESS = "address"
    BYTES32 = "bytes32"
    COMMITMENT = "commitment"
    """The digest of another structure, or zero where there is none."""
    PAGES = "pages"
    """The root of a page tree, or zero where there is none."""


_LIMIT = {Kind.BOOL: 2, Kind.U8: 2**8, Kind.U64: 2**64, Kind.U256: 2**256, Kind.ADDRESS: 2**160}


@dataclass(frozen=True, slots=True)
class Field:
    """One word of a structure."""

    name: str
    kind: Kind
    meaning: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One structure: `name` gives the tag, `fields` the words after it in order."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    tag: bytes = field(init=False)
    plan: tuple[tuple[int, int, int, bool], ...] = field(init=False)
    """Where each word lies, what it must be below (0: anything), and whether it is an address."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", bytes(keccak(f"tombolo.proof.{self.name}".encode())))
        plan = [
            (WORD * (index + 1), WORD * (index + 2), _LIMIT.get(entry.kind, 0), entry.kind is Kind.ADDRESS)
            for index, entry in enumerate(self.fields)
        ]
        object.__setattr__(self, "plan", tuple(plan))

    @property
    def size(self) -> int:
        """Bytes of the encoding."""
        return WORD * (1 + len(self.fields))


def encode(layout: Layout, words: Sequence[int | bytes]) -> bytes:
    """The preimage: tag, then each value as one word. Bytes of 20 are addresses, bytes of 32 words."""
    return layout.tag + b"".join(
        [value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32, "big") for value in words]
    )


def digest(layout: Layout, words: Sequence[int | bytes]) -> Hash32:
    """The commitment to a structure."""
    return keccak(encode(layout, words))


def decode(layout: Layout, preimage: bytes) -> list[int | bytes]:
    """The words of a preimage: numbers as int, addresses as 20 bytes, everything else as 32 bytes.

    Raises:
        InvalidEncoding: Wrong length or tag, or a word outside its kind.
    """
    if len(preimage) != layout.size or preimage[:WORD] != layout.tag:
        raise InvalidEncoding(f"{layout.name}: not its preimage ({len(preimage)} bytes, expected {layout.size})")
    words: list[int | bytes] = []
    for start, end, limit, is_address in layout.plan:
        word = preimage[start:end]
        if not limit:
            words.append(word)
            continue
        number = int.from_bytes(word, "big")
        if number >= limit:
            raise InvalidEncoding(f"{layout.name}: 0x{word.hex()} at byte {start} is not below {limit:#x}")
        words.append(word[12:] if is_address else number)
    return words


@dataclass(slots=True)
class Memo:
    """The last encoding of a structure that changes rarely from one step to the next."""

    words: tuple[int | bytes, ...] = ()
    preimage: bytes = b""
    digest: Hash32 = ZERO_HASH

    def of(self, layout: Layout, words: tuple[int | bytes, ...]) -> "Memo":
        """Itself, brought up to date."""
        if words != self.words:
            self.preimage = encode(layout, words)
            self.digest = keccak(self.preimage)
            self.words = words
        return self


def _layout(name: str, meaning: str, *fields: tuple[str, Kind] | tuple[str, Kind, str]) -> Layout:
    return Layout(name, meaning, tuple(Field(*entry) for entry in fields))


B, U8, U64, U256 = Kind.BOOL, Kind.U8, Kind.U64, Kind.U256
ADDRESS, BYTES32, COMMITMENT, PAGES = Kind.ADDRESS, Kind.BYTES32, Kind.COMMITMENT, Kind.PAGES

# --- the state of the machine -----------------------------------------------------------------------------------------

VM = _layout(
    "VM",
    "The whole state between two steps. The opcode is not here: it follows from the frame's code and pc.",
    ("phase", U8, "which kind of step comes next"),
    ("cursor", COMMITMENT, "what that phase carries along; its layout follows from the phase"),
    ("globals", COMMITMENT),
    ("frame", COMMITMENT, "the running frame; zero while none runs"),
)
GLOBALS = _layout(
    "Globals",
    "What all frames of one transaction share.",
    ("fork", U8, "`protocol.forks.Fork`"),
    ("boundary", COMMITMENT, "the TxBoundary that the transaction started from"),
    ("tx", COMMITMENT, "TxContext"),
    ("start_root", BYTES32, "state trie before the transaction; journal misses are answered from it"),
    ("working_root", BYTES32, "state trie as far as the flush has come"),
    ("journal", COMMITMENT, "root of the journal, zero when empty"),
    ("dirty_accounts", COMMITMENT, "chain of DirtyAccount"),
    ("dirty_slots", COMMITMENT, "chain of DirtySlot"),
    ("refund", U64, "gas"),
    ("logs", COMMITMENT, "chain of Log"),
    ("logs_rlp_length", U64, "bytes of all logs in RLP, without the list's own header"),
)
FRAME = _layout(
    "Frame",
    "One running call or create.",
    ("parent", COMMITMENT, "the caller's Frame as it waits; zero for the outermost"),
    ("depth", U64),
    ("kind", U8, "0 call, 1 create"),
    ("static", B),
    ("address", ADDRESS, "whose storage and balance it works on"),
    ("code_address", ADDRESS, "where its code came from"),
    ("caller", ADDRESS),
    ("value", U256, "wei, as CALLVALUE reads it"),
    ("code_hash", BYTES32, "keccak of the code, untagged as in the state trie"),
    ("calldata", PAGES),
    ("calldata_offset", U64),
    ("calldata_length", U64),
    ("return_offset", U64, "where the caller wants the output"),
    ("return_length", U64),
    ("snapshot", COMMITMENT),
    ("pc", U64),
    ("gas", U64),
    ("stack_size", U64),
    ("stack", COMMITMENT, "chain of StackItem, top first"),
    ("memory_words", U64),
    ("memory", PAGES),
    ("returndata", PAGES),
    ("returndata_offset", U64),
    ("returndata_length", U64),
)
SNAPSHOT = _layout(
    "Snapshot",
    "What a revert restores, taken when the frame was entered.",
    ("journal", COMMITMENT),
    ("dirty_accounts", COMMITMENT),
    ("dirty_slots", COMMITMENT),
    ("refund", U64),
    ("logs", COMMITMENT),
    ("logs_rlp_length", U64),
)
STACK_ITEM = _layout("StackItem", "One stack item on top of others.", ("below", COMMITMENT), ("value", U256))

# --- contexts ---------------------------------------------------------------------------------------------------------

BLOCK_CONTEXT = _layout(
    "BlockContext",
    "The block's constants.",
    ("chain_id", U64),
    ("fork", U8),
    ("allow_blobs", B, "whether type 3 transactions exist on this chain"),
    ("allow_deposits", B, "whether type 0x7E transactions do"),
    ("number", U64),
    ("timestamp", U64, "seconds"),
    ("fee_recipient", ADDRESS),
    ("gas_limit", U64),
    ("base_fee", U256, "wei per gas"),
    ("prev_randao", BYTES32),
    ("blob_base_fee", U256, "wei per blob gas"),
    ("blob_gas_limit", U64),
    ("ring", BYTES32, "root of the ring of the last 256 block hashes, block n at leaf n mod 256"),
)
TX_BOUNDARY = _layout(
    "TxBoundary",
    "The chain between two transactions of a block.",
    ("block", COMMITMENT, "BlockContext"),
    ("parent", COMMITMENT, "the parent block"),
    ("tx_index", U64),
    ("item", BYTES32, "keccak of the next transaction's bytes, untagged"),
    ("state_root", BYTES32),
    ("gas_used", U64),
    ("blob_gas_used", U64),
    ("receipts", COMMITMENT, "chain of Receipt; the block's end turns it into the tries"),
    ("batch_cursor", COMMITMENT, "L1Inputs; zero where there is no batch to read on"),
    ("charges", COMMITMENT, "Charges; zero where transactions pay for gas alone"),
    ("operator_fee", U256, "per gas, in millionths of a wei, then 64 bits: wei per transaction"),
    ("l1_fee", U256, "wei that the next transaction's bytes cost"),
)
CHARGES = _layout(
    "Charges",
    "What the transactions of a block pay beside gas, and to whom.",
    ("terms", BYTES32, "keccak of the terms transaction's bytes"),
    ("l1_price", U256, "16,000,000ths of a wei per data gas"),
    ("base_fee_recipient", ADDRESS, "zero: the base fee is burnt"),
    ("l1_fee_recipient", ADDRESS),
    ("operator_fee_recipient", ADDRESS),
)
TX_CONTEXT = _layout(
    "TxContext",
    "The running transaction, as far as later steps need it.",
    ("item", BYTES32, "keccak of its bytes"),
    ("type", U8),
    ("origin", ADDRESS),
    ("create", B),
    ("to", ADDRESS, "zero for a create"),
    ("nonce", U64, "the sender's before the transaction"),
    ("value", U256, "wei"),
    ("gas_limit", U64),
    ("gas", U64, "what is left after intrinsic gas"),
    ("gas_price", U256, "effective, wei per gas"),
    ("tip", U256, "what of it goes to the fee recipient, wei per gas"),
    ("blob_gas", U64),
    ("blob_hashes", COMMITMENT, "BlobHashes"),
    ("data", PAGES, "of a call; zero pages for a create"),
    ("data_length", U64),
    ("initcode_hash", BYTES32, "of a create; zero for a call"),
)
MAX_BLOB_HASHES = 9
BLOB_HASHES = _layout(
    "BlobHashes",
    "The transaction's blob hashes; unused places are zero.",
    ("count", U8),
    *((f"hash_{index}", BYTES32) for index in range(MAX_BLOB_HASHES)),
)
RECEIPT = _layout(
    "Receipt",
    "One receipt on top of the block's earlier ones.",
    ("below", COMMITMENT),
    ("tx", BYTES32, "keccak of the transaction's bytes"),
    ("type", U8),
    ("status", B),
    ("cumulative_gas_used", U64),
    ("logs", COMMITMENT),
    ("logs_rlp_length", U64),
)

# --- cursors: what a phase carries from step to step ------------------------------------------------------------------

ACCESS_ENTRY = _layout(
    "AccessEntry",
    "What is left of the access list: one address or slot, then the rest.",
    ("below", COMMITMENT),
    ("address", ADDRESS),
    ("is_slot", B),
    ("slot", U256),
)
ENTER = _layout(
    "Enter",
    "A call or create that is about to begin.",
    ("kind", U8),
    ("static", B),
    ("transfer", B, "whether value moves from caller to address (not in CALLCODE and DELEGATECALL)"),
    ("address", ADDRESS),
    ("code_address", ADDRESS),
    ("caller", ADDRESS),
    ("value", U256),
    ("gas", U64),
    ("code_hash", BYTES32),
    ("calldata", PAGES),
    ("calldata_offset", U64),
    ("calldata_length", U64),
    ("return_offset", U64),
    ("return_length", U64),
)
COPY = _layout(
    "Copy",
    "A copy into the running frame's memory that is under way.",
    ("source", U8, "0 pages, 1 code, 2 own memory forwards, 3 own memory backwards"),
    ("pages", PAGES),
    ("code_hash", BYTES32),
    ("source_offset", U64),
    ("source_length", U64, "bytes of `pages` that are left; what lies behind reads as zero"),
    ("destination", U64),
    ("remaining", U64),
)
HASHING = _layout(
    "Hashing",
    "A hash over a long range that is under way; the lanes are what the function remembers between two blocks.",
    ("function", U8, "0 keccak256 of own memory, 1 SHA-256 of the calldata, 2 RIPEMD-160 of the calldata"),
    ("offset", U64, "of the next byte"),
    ("length", U64, "of the whole input"),
    ("remaining", U64),
    *((f"lane_{index}", U64) for index in range(25)),
)
RETURN = _layout(
    "Return",
    "A frame that has ended without a fault, and its output.",
    ("success", B, "false after REVERT"),
    ("output", PAGES),
    ("output_offset", U64),
    ("output_length", U64),
)
END = _layout("End", "The outermost frame has ended.", ("success", B), ("gas_left", U64))
FLUSH = _layout(
    "Flush", "Changes are being written to the tries.", ("success", B), ("gas_used", U64, "by this transaction")
)

# --- journal and chains -----------------------------------------------------------------------------------------------

JOURNAL_KEY = _layout(
    "JournalKey",
    "Its digest is the path of a record.",
    ("space", U8, "0 account, 1 slot, 2 transient slot"),
    ("address", ADDRESS),
    ("slot", U256),
)
JOURNAL_LEAF = _layout("JournalLeaf", "A record at its path.", ("path", BYTES32), ("record", COMMITMENT))
JOURNAL_NODE = _layout("JournalNode", "Two subtrees.", ("left", COMMITMENT), ("right", COMMITMENT))
ACCOUNT_RECORD = _layout(
    "AccountRecord",
    "An account that the transaction has accessed; a missing record means cold.",
    ("loaded", B, "false: only declared warm by the access list, the fields below are zero"),
    ("dirty", B, "on the chain of dirty accounts"),
    ("created", B, "by this transaction (EIP-6780)"),
    ("destructed", B),
    ("nonce", U64),
    ("balance", U256),
    ("storage_root", BYTES32, "as in the trie; changes in the flush only"),
    ("code_hash", BYTES32),
)
SLOT_RECORD = _layout(
    "SlotRecord",
    "A storage slot that the transaction has accessed; a missing record means cold.",
    ("loaded", B, "false: only declared warm by the access list, the fields below are zero"),
    ("dirty", B, "on the chain of dirty slots"),
    ("original", U256, "at the start of the transaction"),
    ("current", U256),
)
TRANSIENT_RECORD = _layout("TransientRecord", "A transient slot (EIP-1153) that was written.", ("value", U256))
DIRTY_ACCOUNT = _layout(
    "DirtyAccount", "An account to flush, on top of others.", ("below", COMMITMENT), ("address", ADDRESS)
)
DIRTY_SLOT = _layout(
    "DirtySlot", "A slot to flush, on top of others.", ("below", COMMITMENT), ("address", ADDRESS), ("slot", U256)
)
LOG = _layout(
    "Log",
    "A log on top of earlier ones; its data stays in the memory it was emitted from.",
    ("below", COMMITMENT),
    ("address", ADDRESS),
    ("topic_count", U8),
    *((f"topic_{index}", U256) for index in range(4)),
    ("data", PAGES),
    ("data_offset", U64),
    ("data_length", U64),
)

# --- the chain between blocks -----------------------------------------------------------------------------------------

CHAIN_RULES = _layout(
    "ChainRules",
    "The chain's constants, as its launch chose them.",
    ("chain_id", U64),
    ("fork", U8),
    ("settings", COMMITMENT, "Settings at launch"),
    ("fixed_base_fee", B, "whether the base fee is always its minimum"),
    ("fee_recipient", ADDRESS),
    ("l1_fee_recipient", ADDRESS),
    ("operator_fee_recipient", ADDRESS),
    ("l1_blob_update_fraction", U64, "how L1's blob base fee follows from its excess blob gas (EIP-4844)"),
    ("timestamp_step", U64, "seconds between blocks at least"),
    ("max_drift", U64, "seconds that a block may be ahead of its L1 origin"),
    ("sequencing_window", U64, "L1 blocks"),
    ("l1_genesis", U64, "number of the L1 block that the chain begins at"),
    ("l1_genesis_hash", BYTES32),
    ("inbox", ADDRESS, "on L1"),
    ("portal", ADDRESS, "on L1"),
    ("layers", U8, "bit n: commitments that begin with byte n count"),
    ("chain_config", ADDRESS, "on L1"),
)
SETTINGS = _layout(
    "Settings",
    "What may change while the chain runs, as of one L1 block; in the order of the config contract's knobs, from 2 on.",
    ("gas_limit", U64),
    ("base_fee_denominator", U64, "EIP-1559"),
    ("elasticity", U64, "EIP-1559"),
    ("min_base_fee", U64, "wei per gas"),
    ("base_fee_recipient", ADDRESS, "zero: the base fee is burnt"),
    ("operator_fee", U256, "per gas, in millionths of a wei, then 64 bits: wei per transaction"),
    ("l1_base_fee_scalar", U64, "millionths"),
    ("l1_blob_base_fee_scalar", U64, "millionths"),
)
CHANGE_LINK = _layout(
    "ChangeLink",
    "A change of settings, before later ones.",
    ("below", COMMITMENT),
    ("l1_number", U64),
    ("knob", U8),
    ("setting", U256),
)
CHAIN_BLOCK = _layout(
    "ChainBlock",
    "The chain between two blocks: the last one, and what L1 has for the next.",
    ("rules", COMMITMENT, "ChainRules"),
    ("number", U64),
    ("hash", BYTES32),
    ("state_root", BYTES32),
    ("timestamp", U64, "seconds"),
    ("gas_limit", U64),
    ("gas_used", U64),
    ("base_fee", U256, "wei per gas"),
    ("outbox_root", BYTES32, "storage root of the outbox, where withdrawals begin"),
    ("ring", BYTES32, "with this block's hash in it"),
    ("inputs", COMMITMENT, "L1Inputs"),
)
L1_INPUTS = _layout(
    "L1Inputs",
    "What L1 carries for the chain, as far as it has not been used.",
    ("l1_blocks", COMMITMENT, "chain of L1Link, the last block's origin first"),
    ("newest", U64, "number of the L1 block that is read up to"),
    ("batches", COMMITMENT, "chain of BatchLink, the next first"),
    ("deposits", COMMITMENT, "chain of DepositLink, the next first"),
    ("reading", COMMITMENT, "BatchReading; zero when no batch is open"),
    ("settings", COMMITMENT, "Settings at the last block's origin"),
    ("changes", COMMITMENT, "chain of ChangeLink, the next first"),
)
L1_LINK = _layout(
    "L1Link",
    "An L1 block, before later ones.",
    ("below", COMMITMENT),
    ("number", U64),
    ("hash", BYTES32),
    ("timestamp", U64, "seconds"),
    ("prev_randao", BYTES32),
    ("base_fee", U256, "wei per gas"),
    ("excess_blob_gas", U64),
)
BATCH_LINK = _layout(
    "BatchLink",
    "A batch that L1 commits to, before later ones.",
    ("below", COMMITMENT),
    ("l1_number", U64, "of the L1 block that it was posted in"),
    ("data", PAGES),
    ("length", U64),
)
BATCH_DATA = _layout(
    "BatchData",
    "A batch whose bytes are not in its commitment, while they are opened.",
    ("boot", COMMITMENT, "Boot: the batch walk, to go on with afterwards"),
    ("commitment", BYTES32, "keccak of what the inbox took"),
    ("l1_number", U64, "of the L1 block that it was posted in"),
    ("data", PAGES, "as far as it has been read out of blobs"),
    ("length", U64, "bytes of the data; zero until it is known"),
    ("pages", U64, "that have been read"),
)
DEPOSIT_LINK = _layout(
    "DepositLink",
    "A deposit, before later ones.",
    ("below", COMMITMENT),
    ("l1_number", U64),
    ("index", U64, "the portal's count"),
    ("deposit", BYTES32, "what it adds to the portal's hash chain (`protocol.deposit.deposit_hash`)"),
)
BATCH_READING = _layout(
    "BatchReading",
    "An open batch and how far it has been read.",
    ("l1_number", U64),
    ("data", PAGES),
    ("length", U64),
    ("first_number", U64, "what it says of its first block"),
    ("count", U64, "items"),
    ("checked", U64, "entries of the table that have been found in order"),
    ("end", U64, "the last of them"),
    ("item", U64, "the next item"),
    ("blocks", U64, "begun so far"),
    ("transactions", U64, "of the block begun last"),
)
BLOCK_PLAN = _layout(
    "BlockPlan",
    "A block whose origin is being looked for.",
    ("parent", COMMITMENT, "ChainBlock; its inputs are those to go on with if the block is void"),
    ("l1_blocks", COMMITMENT, "chain of L1Link, as far as it has been passed"),
    ("origin", U64, "number of the L1 block looked for"),
    ("timestamp", U64, "as claimed"),
    ("due", B, "whether it holds deposits that nobody may delay"),
    ("settings", COMMITMENT, "Settings, as far as changes have been passed"),
    ("changes", COMMITMENT, "chain of ChangeLink: those that are left"),
)
ITEM_HASHING = _layout(
    "ItemHashing",
    "A long transaction of a batch whose hash is under way.",
    ("boundary", COMMITMENT, "TxBoundary"),
    ("data", PAGES, "the batch"),
    ("hashing", COMMITMENT, "Hashing"),
)
SEALING = _layout(
    "Sealing",
    "A block whose receipts are going into the tries, last one first.",
    ("boundary", COMMITMENT, "TxBoundary"),
    ("receipts", COMMITMENT, "chain of Receipt: those that are left"),
    ("left", U64, "how many"),
    ("count", U64, "of all transactions of the block"),
    ("transactions_root", BYTES32, "as far as the trie is filled"),
    ("receipts_root", BYTES32),
    *((f"bloom_{index}", U256) for index in range(8)),
)
RECEIPT_LOGS = _layout(
    "ReceiptLogs",
    "A receipt's logs on the way into their order, for its bloom.",
    ("sealing", COMMITMENT, "Sealing"),
    ("left", COMMITMENT, "chain of Log, the newest first"),
    ("ordered", COMMITMENT, "chain of Log, the oldest of those passed last"),
    *((f"bloom_{index}", U256) for index in range(8)),
)
RECEIPT_HASHING = _layout(
    "ReceiptHashing",
    "The leaf that holds a receipt, while it is encoded and hashed.",
    ("sealing", COMMITMENT, "Sealing"),
    ("logs", COMMITMENT, "chain of Log, the oldest first: those that are left"),
    ("data", PAGES, "of the log that has begun"),
    ("data_offset", U64, "of its next byte"),
    ("data_left", U64, "bytes"),
    ("pending_length", U8, "bytes that are encoded and do not fill a block of the hash"),
    *((f"pending_{index}", BYTES32) for index in range(5)),
    ("hashing", COMMITMENT, "Hashing"),
)
FILLING = _layout(
    "Filling",
    "A transaction and its receipt on their way into the tries.",
    ("sealing", COMMITMENT, "Sealing"),
    ("leaf", BYTES32, "hash of the leaf that holds the receipt"),
)
START = _layout(
    "Start",
    "Where the trace of an assertion begins: all that L1 knows of it.",
    ("rules", COMMITMENT, "ChainRules"),
    ("parent_output", BYTES32, "output root of the parent assertion"),
    ("parent_l1_hash", BYTES32, "of the L1 block up to which the parent has read"),
    ("l1_hash", BYTES32, "of the L1 block up to which the assertion has read"),
)
BOOT = _layout(
    "Boot",
    "The way from Start to the first ChainBlock: ancestors, L1 blocks, batches and deposits are walked back to.",
    ("start", COMMITMENT),
    ("block", COMMITMENT, "ChainBlock, as far as it is known"),
    ("next", BYTES32, "what is opened next: a header's hash, or a hash chain as of some entry"),
    ("stop", BYTES32, "where a hash chain is left"),
    ("count", U64),
    ("origin", U64, "number of the block's L1 origin, where the walk over L1 ends"),
    ("newest_state", BYTES32, "L1's state root where the assertion has read to"),
    ("parent_state", BYTES32, "and where its parent had; zero before the chain's beginning"),
)
OUTPUT = _layout(
    "Output",
    "Where a chain ends that has used all its inputs: what an assertion claims.",
    ("number", U64),
    ("root", BYTES32, "the output root"),
)

# --- trees ------------------------------------------------------------------------------------------------------------

PAGE_SIZE = 1024
PAGE_DEPTH = 16
PAGE = Layout("Page", f"A page of {PAGE_SIZE} bytes as {PAGE_SIZE // WORD} words.", ())
PAGE_NODE = _layout("PageNode", "Two subtrees of a page tree.", ("left", COMMITMENT), ("right", COMMITMENT))
RING_DEPTH = 8
RING_NODE = _layout(
    "RingNode", "Two subtrees of the ring of block hashes.", ("left", COMMITMENT), ("right", COMMITMENT)
)

STATE = (VM, GLOBALS, FRAME, SNAPSHOT, STACK_ITEM)
CONTEXTS = (BLOCK_CONTEXT, TX_BOUNDARY, CHARGES, TX_CONTEXT, BLOB_HASHES, RECEIPT)
CURSORS = (ACCESS_ENTRY, ENTER, COPY, HASHING, RETURN, END, FLUSH)
JOURNAL = (
    JOURNAL_KEY,
    JOURNAL_LEAF,
    JOURNAL_NODE,
    ACCOUNT_RECORD,
    SLOT_RECORD,
    TRANSIENT_RECORD,
    DIRTY_ACCOUNT,
    DIRTY_SLOT,
    LOG,
)
CHAIN = (
    CHAIN_RULES,
    SETTINGS,
    CHANGE_LINK,
    CHAIN_BLOCK,
    L1_INPUTS,
    L1_LINK,
    BATCH_LINK,
    BATCH_DATA,
    DEPOSIT_LINK,
    BATCH_READING,
    BLOCK_PLAN,
    ITEM_HASHING,
    SEALING,
    RECEIPT_LOGS,
    RECEIPT_HASHING,
    FILLING,
    START,
    BOOT,
    OUTPUT,
)
TREES = (PAGE, PAGE_NODE, RING_NODE)
LAYOUTS = STATE + CONTEXTS + CURSORS + JOURNAL + CHAIN + TREES
