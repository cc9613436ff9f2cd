"""What gas costs: the base fee, the blob base fee, and the gas that a transaction owes before it runs.

Sources: EIP-1559 (base fee), EIP-2028 and EIP-2930 and EIP-3860 and EIP-7702 (intrinsic gas), EIP-7623 (floor),
EIP-4844 and EIP-7918 (blobs).
"""

from protocol.block import Header
from protocol.chain_config import ChainConfig
from protocol.extra_data import BaseFeeRules, rules_of_extra_data
from protocol.forks import BlobSchedule, Fork
from protocol.transaction import Transaction

INITIAL_BASE_FEE = 10**9
"""Wei per gas in the first London block."""
MAX_BASE_FEE = 2**128 - 1
"""Nobody can pay as much. The bound keeps headers sound where deposits alone, which pay nothing, drive the base fee."""

GAS_TX = 21_000
GAS_TX_CREATE = 32_000
GAS_DATA_ZERO_BYTE = 4
GAS_DATA_BYTE_FRONTIER = 68
GAS_DATA_BYTE_ISTANBUL = 16
GAS_ACCESS_LIST_ADDRESS = 2_400
GAS_ACCESS_LIST_SLOT = 1_900
GAS_INITCODE_WORD = 2
GAS_AUTHORIZATION = 25_000

FLOOR_GAS_PER_TOKEN = 10
TOKENS_PER_DATA_BYTE = 4

GAS_PER_BLOB = 2**17
MIN_BLOB_BASE_FEE = 1
_BLOB_FEE_EXPONENT = 88
"""e^88 is about MAX_BASE_FEE."""
BLOB_BASE_COST = 2**13
"""EIP-7918: execution gas whose price a blob's price must not fall below."""


def next_base_fee(parent: Header, config: ChainConfig, fork_of_next: Fork) -> int:
    """The base fee, in wei per gas, of the block after `parent`; 0 before London."""
    if fork_of_next < Fork.LONDON:
        return 0
    if parent.base_fee_per_gas is None:
        return INITIAL_BASE_FEE
    rules = base_fee_rules_after(parent, config)
    if config.fixed_base_fee:
        return rules.minimum
    base_fee = parent.base_fee_per_gas
    target = parent.gas_limit // rules.elasticity
    if parent.gas_used > target:
        step = base_fee * (parent.gas_used - target) // max(target, 1) // rules.denominator
        base_fee = min(base_fee + max(step, 1), MAX_BASE_FEE)
    elif parent.gas_used < target:
        base_fee -= base_fee * (target - parent.gas_used) // target // rules.denominator
    return max(base_fee, rules.minimum)


def base_fee_rules_after(parent: Header, config: ChainConfig) -> BaseFeeRules:
    """How the base fee moves from `parent` to its child: as the rollup's block says, or as chosen at launch."""
    if config.allow_deposits:
        changed = rules_of_extra_data(parent.extra_data)
        if changed is not None:
            return changed
    return BaseFeeRules(config.base_fee_change_denominator, config.elasticity, config.min_base_fee)


def first_base_fee(config: ChainConfig) -> int:
    """Genesis' base fee, in wei per gas, where nobody says another."""
    return config.min_base_fee if config.fixed_base_fee else max(INITIAL_BASE_FEE, config.min_base_fee)


def intrinsic_gas(tx: Transaction, fork: Fork) -> int:
    """Gas that `tx` pays before its first opcode."""
    gas = GAS_TX
    data = tx.data
    if data:
        zeros = data.count(0)
        per_byte = GAS_DATA_BYTE_ISTANBUL if fork >= Fork.ISTANBUL else GAS_DATA_BYTE_FRONTIER
        gas += zeros * GAS_DATA_ZERO_BYTE + (len(data) - zeros) * per_byte
    if tx.to is None:
        if fork >= Fork.HOMESTEAD:
            gas += GAS_TX_CREATE
        if fork >= Fork.SHANGHAI:
            gas += GAS_INITCODE_WORD * ((len(data) + 31) // 32)
    for entry in tx.access_list:
        gas += GAS_ACCESS_LIST_ADDRESS + GAS_ACCESS_LIST_SLOT * len(entry.slots)
    return gas + GAS_AUTHORIZATION * len(tx.authorizations)


def floor_data_gas(tx: Transaction, fork: Fork) -> int:
    """The least gas that `tx` pays in all, because of its data (EIP-7623); 0 before Prague."""
    if fork < Fork.PRAGUE:
        return 0
    zeros = tx.data.count(0)
    tokens = zeros + TOKENS_PER_DATA_BYTE * (len(tx.data) - zeros)
    return GAS_TX + FLOOR_GAS_PER_TOKEN * tokens


def next_excess_blob_gas(parent: Header, schedule: BlobSchedule, fork_of_next: Fork) -> int:
    """The excess blob gas of the block after `parent`; `schedule` is the one in force in that next block."""
    excess = (parent.excess_blob_gas or 0) + (parent.blob_gas_used or 0)
    target = schedule.target * GAS_PER_BLOB
    if excess < target:
        return 0
    if fork_of_next >= Fork.OSAKA:
        price_of_blob = GAS_PER_BLOB * blob_base_fee(parent.excess_blob_gas or 0, schedule)
        if BLOB_BASE_COST * (parent.base_fee_per_gas or 0) > price_of_blob:
            # EIP-7918: blobs are so cheap that their own price cannot regulate demand; let it only rise.
            grown = (parent.blob_gas_used or 0) * (schedule.maximum - schedule.target) // schedule.maximum
            return (parent.excess_blob_gas or 0) + grown
    return excess - target


def blob_base_fee(excess_blob_gas: int, schedule: BlobSchedule) -> int:
    """Wei per blob gas: MIN_BLOB_BASE_FEE * e^(excess / fraction), by EIP-4844's integer series."""
    fraction = schedule.base_fee_update_fraction
    total, term, index = 0, MIN_BLOB_BASE_FEE * fraction, 1
    while term > 0:
        total += term
        term = term * excess_blob_gas // (index * fraction)
        index += 1
    return total // fraction


def l1_blob_base_fee(excess_blob_gas: int, update_fraction: int) -> int:
    """Wei per blob gas on L1, by a rollup's idea of its schedule; bounded, so that no L1 can make it a long sum."""
    if excess_blob_gas >= _BLOB_FEE_EXPONENT * update_fraction:
        return MAX_BASE_FEE
    return blob_base_fee(excess_blob_gas, BlobSchedule(0, 0, update_fraction))


def blob_gas(tx: Transaction) -> int:
    """Blob gas that `tx` consumes."""
    return GAS_PER_BLOB * len(tx.blob_hashes)
