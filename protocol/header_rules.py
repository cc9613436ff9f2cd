"""What a block's header and body must satisfy before anything is executed.

The rest (roots, gas used, bloom, requests) is checked by executing the block and comparing headers. A proof-of-work
seal is not checked: such chains are imported from files that the user trusts.
Sources: yellow paper 4.3.4; EIP-100, EIP-649 and successors (difficulty); EIP-1559, 3675, 4844, 4895, 4788, 7685.
"""

from collections.abc import Callable, Iterator

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.errors import InvalidBlock
from protocol.fees import blob_gas, next_base_fee, next_excess_blob_gas
from protocol.forks import Fork
from protocol.ordered_trie import ordered_root
from protocol.rlp_codec import encode
from protocol.types import Hash32

MAX_EXTRA_DATA_BYTES = 32
GAS_LIMIT_DIVISOR = 1024
"""The limit may change by less than 1/1024 of the parent's."""
MIN_GAS_LIMIT = 5_000
MAX_BLOCK_BYTES = 10 * 2**20 - 2 * 2**20
"""EIP-7934, from Osaka on: 10 MiB less a margin for the consensus layer."""

MIN_DIFFICULTY = 131_072
MAX_OMMERS = 2
OMMER_GENERATIONS = 6

BlockSource = Callable[[Hash32], Block | None]
"""Looks up any stored block by its hash."""


def check_block(block: Block, parent: Header, config: ChainConfig, block_of: BlockSource) -> None:
    """Raise InvalidBlock when `block` cannot follow `parent`, whatever its transactions do."""
    header = block.header
    check_header(header, parent, config)
    fork = config.forks.at(header.number, header.timestamp)
    _check_ommers(block, parent, fork, config, block_of)
    if fork < Fork.SHANGHAI:
        if block.withdrawals is not None:
            raise InvalidBlock("INVALID_WITHDRAWALS_ROOT", f"block {header.number}: withdrawals before Shanghai")
    else:
        if block.withdrawals is None:
            raise InvalidBlock("INVALID_WITHDRAWALS_ROOT", f"block {header.number}: no withdrawals list")
        root = ordered_root([encode(withdrawal.fields()) for withdrawal in block.withdrawals])
        _expect("INVALID_WITHDRAWALS_ROOT", "withdrawals root", header.withdrawals_root, root)
    if fork >= Fork.CANCUN:
        # Each transaction is held against the block's blob limit when it executes, so the sum keeps it too.
        used = sum(blob_gas(tx) for tx in block.transactions)
        _expect("INCORRECT_BLOB_GAS_USED", "blob gas used", header.blob_gas_used, used)
    if fork >= Fork.OSAKA and len(block.encode()) > MAX_BLOCK_BYTES:
        raise InvalidBlock("RLP_BLOCK_LIMIT_EXCEEDED", f"{len(block.encode())} bytes, at most {MAX_BLOCK_BYTES}")


def check_header(header: Header, parent: Header, config: ChainConfig) -> None:
    """Raise InvalidBlock when no block with this header can follow `parent`."""
    _expect("UNKNOWN_PARENT", "parent hash", header.parent_hash, parent.hash)
    _expect("INVALID_BLOCK_NUMBER", "number", header.number, parent.number + 1)
    # A rollup whose blocks are less than a second apart has several in one second (`RollupConfig.timestamp_step`).
    earliest = parent.timestamp + (0 if config.allow_deposits else 1)
    if header.timestamp < earliest:
        raise InvalidBlock(
            "INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT", f"timestamp {header.timestamp}, parent {parent.timestamp}"
        )
    if len(header.extra_data) > MAX_EXTRA_DATA_BYTES:
        raise InvalidBlock("EXTRA_DATA_TOO_BIG", f"{len(header.extra_data)} bytes, at most {MAX_EXTRA_DATA_BYTES}")
    fork = config.forks.at(header.number, header.timestamp)
    _check_fields_of(fork, header)
    _check_gas_limit(header, parent, config, fork)
    if header.gas_used > header.gas_limit:
        raise InvalidBlock("INVALID_GAS_USED_ABOVE_LIMIT", f"gas used {header.gas_used}, limit {header.gas_limit}")
    if fork >= Fork.LONDON:
        base_fee = next_base_fee(parent, config, fork)
        _expect("INVALID_BASEFEE_PER_GAS", "base fee", header.base_fee_per_gas, base_fee)
    if fork >= Fork.PARIS:
        _expect("IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS", "difficulty", header.difficulty, 0)
        _expect("IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS", "ommers hash", header.ommers_hash, EMPTY_OMMERS_HASH)
        _expect("INVALID_NONCE", "nonce", header.nonce, ZERO_NONCE)
    else:
        _expect("INVALID_DIFFICULTY", "difficulty", header.difficulty, difficulty_after(parent, header.timestamp, fork))
    if fork >= Fork.CANCUN:
        _check_blob_fields(header, parent, config, fork)


def _expect(reason: str, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise InvalidBlock(reason, f"{what} is {_show(found)}, expected {_show(expected)}")


def _show(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


_FIELDS_SINCE = (
    ("base_fee_per_gas", Fork.LONDON),
    ("withdrawals_root", Fork.SHANGHAI),
    ("blob_gas_used", Fork.CANCUN),
    ("excess_blob_gas", Fork.CANCUN),
    ("parent_beacon_block_root", Fork.CANCUN),
    ("requests_hash", Fork.PRAGUE),
)


def _check_fields_of(fork: Fork, header: Header) -> None:
    for name, since in _FIELDS_SINCE:
        present = getattr(header, name) is not None
        if present != (fork >= since):
            verb = "has" if present else "lacks"
            raise InvalidBlock("INCORRECT_BLOCK_FORMAT", f"header {verb} {name} under {fork.name}")


def _check_gas_limit(header: Header, parent: Header, config: ChainConfig, fork: Fork) -> None:
    before = parent.gas_limit
    if fork >= Fork.LONDON and parent.base_fee_per_gas is None:
        before *= config.elasticity  # EIP-1559: the first London block keeps the old limit as its target
    # A rollup's limit is set by derivation, which a change of settings may move at once.
    if not config.allow_deposits and abs(header.gas_limit - before) >= before // GAS_LIMIT_DIVISOR:
        raise InvalidBlock("INVALID_GASLIMIT", f"gas limit {header.gas_limit} is too far from {before}")
    if header.gas_limit < MIN_GAS_LIMIT:
        raise InvalidBlock("INVALID_GASLIMIT", f"gas limit {header.gas_limit}, at least {MIN_GAS_LIMIT}")


def _check_blob_fields(header: Header, parent: Header, config: ChainConfig, fork: Fork) -> None:
    schedule = config.forks.blobs_at(header.timestamp)
    if schedule is None:
        raise InvalidBlock("INCORRECT_BLOB_GAS_USED", f"the chain has no blob schedule at time {header.timestamp}")
    excess = next_excess_blob_gas(parent, schedule, fork)
    _expect("INCORRECT_EXCESS_BLOB_GAS", "excess blob gas", header.excess_blob_gas, excess)


# --- proof of work ---------------------------------------------------------------------------------------------------

_BOMB_DELAY = (
    (Fork.GRAY_GLACIER, 11_400_000),
    (Fork.ARROW_GLACIER, 10_700_000),
    (Fork.LONDON, 9_700_000),
    (Fork.MUIR_GLACIER, 9_000_000),
    (Fork.CONSTANTINOPLE, 5_000_000),
    (Fork.BYZANTIUM, 3_000_000),
)
"""Blocks by which each fork pretends the chain to be shorter (EIP-649, 1234, 2384, 3554, 4345, 5133)."""


def difficulty_after(parent: Header, timestamp: int, fork: Fork) -> int:
    """The difficulty of the proof-of-work block after `parent` at `timestamp` (seconds)."""
    step = parent.difficulty // 2048
    elapsed = timestamp - parent.timestamp
    if fork >= Fork.BYZANTIUM:
        blocks_found = 1 if parent.ommers_hash == EMPTY_OMMERS_HASH else 2
        difficulty = parent.difficulty + step * max(blocks_found - elapsed // 9, -99)
    elif fork >= Fork.HOMESTEAD:
        difficulty = parent.difficulty + step * max(1 - elapsed // 10, -99)
    else:
        difficulty = parent.difficulty + (step if elapsed < 13 else -step)
    difficulty = max(difficulty, MIN_DIFFICULTY)
    delay = next((blocks for since, blocks in _BOMB_DELAY if fork >= since), 0)
    period = max(parent.number + 1 - delay, 0) // 100_000
    return difficulty + (2 ** (period - 2) if period >= 2 else 0)


def _check_ommers(block: Block, parent: Header, fork: Fork, config: ChainConfig, block_of: BlockSource) -> None:
    ommers_hash = keccak(encode([ommer.fields() for ommer in block.ommers]))
    _expect("INVALID_UNCLES_HASH", "ommers hash", block.header.ommers_hash, ommers_hash)
    if not block.ommers:
        return
    if fork >= Fork.PARIS:
        raise InvalidBlock("IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS", f"{len(block.ommers)} ommers")
    if len(block.ommers) > MAX_OMMERS:
        raise InvalidBlock("TOO_MANY_UNCLES", f"{len(block.ommers)} ommers, at most {MAX_OMMERS}")
    recent = list(_ancestors(parent, block_of))
    by_hash = {ancestor.hash: ancestor.header for ancestor in recent}
    used = set(by_hash).union(ommer.hash for ancestor in recent for ommer in ancestor.ommers)
    for ommer in block.ommers:
        if ommer.hash in used:
            raise InvalidBlock("UNCLE_IN_CHAIN", f"ommer 0x{ommer.hash.hex()} is an ancestor or was included before")
        used.add(ommer.hash)
        ommer_parent = by_hash.get(ommer.parent_hash)
        if ommer_parent is None or ommer_parent.hash == parent.hash:
            raise InvalidBlock("UNCLE_UNKNOWN_PARENT", f"ommer 0x{ommer.hash.hex()} descends from no recent ancestor")
        check_header(ommer, ommer_parent, config)


def _ancestors(parent: Header, block_of: BlockSource) -> Iterator[Block]:
    """The parent and the generations above it, of which all but the parent may have ommers as children."""
    block_hash = parent.hash
    for _generation in range(OMMER_GENERATIONS + 1):
        block = block_of(block_hash)
        if block is None:
            return
        yield block
        block_hash = block.header.parent_hash
