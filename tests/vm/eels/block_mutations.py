"""Official block tests up to some block, and that block with something changed.

What the author of a block chooses is changed before EELS seals it, so that everything else fits and only the rule for
it decides; a header's field is changed afterwards, when all that can be wrong is that field.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from protocol.block import Header, decode_block, decode_header
from protocol.crypto import keccak
from protocol.fees import GAS_PER_BLOB
from protocol.rlp_codec import RlpItem, as_list, decode_list, encode, uint_bytes
from protocol.types import UINT64_MAX, Address, Hash32
from tests.vm.eels.chains import Draft, eels_of
from tests.vm.eels.mutations import PRECOMPILES, WORDS
from tests.vm.eels.official import CHAIN_ID
from tests.vm.eels.oracle import Eels
from vm.fixtures import BLOCK_TEST, allocations, cases_of, data, items, mapping
from vm.memory_state import Allocation, memory_state
from vm.pyevm import system

START = 15_000
NETWORKS = {
    "Cancun": ((0, "cancun"),),
    "Prague": ((0, "prague"),),
    "Osaka": ((0, "osaka"),),
    "BPO1": ((0, "bpo1"),),
    "BPO2": ((0, "bpo2"),),
    "ShanghaiToCancunAtTime15k": ((0, "shanghai"), (START, "cancun")),
    "CancunToPragueAtTime15k": ((0, "cancun"), (START, "prague")),
    "PragueToOsakaAtTime15k": ((0, "prague"), (START, "osaka")),
    "OsakaToBPO1AtTime15k": ((0, "osaka"), (START, "bpo1")),
    "BPO1ToBPO2AtTime15k": ((0, "bpo1"), (START, "bpo2")),
}
"""The suites' networks: EELS' names of their forks, and when they start."""
MOST_BLOCKS = 6
MOST_GAS = 3_000_000
"""Of a block that can be run by EELS in a second or so."""


def _blob_schedule(eels: Eels) -> dict[str, str]:
    target, most = int(eels.gas.TARGET_BLOB_GAS_PER_BLOCK), int(eels.fork.MAX_BLOB_GAS_PER_BLOCK)
    fraction = int(eels.gas.BLOB_BASE_FEE_UPDATE_FRACTION)
    per_block = {"target": hex(target // GAS_PER_BLOB), "max": hex(most // GAS_PER_BLOB)}
    return {**per_block, "baseFeeUpdateFraction": hex(fraction)}


BLOB_SCHEDULES = {name: _blob_schedule(eels_of(forks[0][1])) for name, forks in NETWORKS.items() if len(forks) == 1}


@dataclass(frozen=True)
class ChainTest:
    """A chain's beginning: `drafts` all but the last are an official case's valid blocks."""

    name: str
    network: str
    accounts: Mapping[Address, Allocation]
    genesis: Header
    drafts: tuple[Draft, ...]
    changes: tuple[str, ...] = ()

    def as_fixture(self, blocks: list[bytes], state_root: bytes, refused_as: str) -> str:
        """The chain as a file. If its last block is to be refused, `refused_as` says why."""
        entries: list[dict[str, str]] = [{"rlp": "0x" + block.hex()} for block in blocks]
        valid = blocks
        if refused_as:
            entries[-1]["expectException"] = refused_as
            valid = blocks[:-1]
        last = decode_block(valid[-1]).hash if valid else self.genesis.hash
        case = {
            "network": self.network,
            "config": {"chainid": hex(CHAIN_ID), "blobSchedule": BLOB_SCHEDULES},
            "genesisRLP": "0x" + encode([self.genesis.fields(), [], [], []]).hex(),
            "pre": {
                "0x" + address.hex(): {
                    "nonce": hex(account.nonce),
                    "balance": hex(account.balance),
                    "code": "0x" + account.code.hex(),
                    "storage": {hex(slot): hex(word) for slot, word in account.storage.items()},
                }
                for address, account in self.accounts.items()
            },
            "blocks": entries,
            "lastblockhash": "0x" + last.hex(),
            "postStateHash": "0x" + state_root.hex(),
        }
        return json.dumps({self.name: case})


AFTER_PRAGUE = [name for name, forks in NETWORKS.items() if forks[0][1] in ("prague", "osaka", "bpo1", "bpo2")]
"""Networks whose headers have the same fields from the beginning."""


def read_chain_test(file: Path, random: Random) -> ChainTest | None:
    """One of the file's cases up to one of its blocks; None where it is too long, or of other networks."""
    name, case = random.choice(list(cases_of(file, False, BLOCK_TEST, "block test")))
    network = str(case["network"])
    if network in AFTER_PRAGUE and random.random() < 0.5:
        network = random.choice(AFTER_PRAGUE)
    blocks = [mapping(entry) for entry in items(case["blocks"])]
    valid = next((index for index, block in enumerate(blocks) if "expectException" in block), len(blocks))
    if network not in NETWORKS or not 0 < valid <= MOST_BLOCKS:
        return None
    kept = [decode_list(data(block["rlp"]), "block") for block in blocks[: random.randrange(valid) + 1]]
    if any(decode_header(as_list(block[0], "header")).gas_used > MOST_GAS for block in kept):
        return None
    genesis = decode_block(data(case["genesisRLP"])).header
    return ChainTest(name, network, allocations(mapping(case["pre"])), genesis, tuple(map(_draft, kept)))


def _draft(block: Sequence[RlpItem]) -> Draft:
    header = decode_header(as_list(block[0], "header"))
    return Draft(
        header.fee_recipient,
        header.gas_limit,
        header.timestamp,
        header.extra_data,
        header.prev_randao,
        header.difficulty,
        header.nonce,
        header.parent_beacon_block_root or Hash32(bytes(32)),
        tuple(as_list(block[1], "transactions")),
        tuple(as_list(block[3], "withdrawals")),
    )


def mutate_chain(test: ChainTest, random: Random) -> ChainTest:
    """One or two changes to what the last block's author chose, or to the state at the beginning."""
    for _ in range(random.choice((0, 1, 1, 2))):
        mutation = random.choice(MUTATIONS)
        test = replace(mutation(test, random), changes=(*test.changes, mutation.__name__))
    return test


# --- what the author chooses -----------------------------------------------------------------------------------------


def timestamp(test: ChainTest, random: Random) -> ChainTest:
    """At the parent's, just after it, around a fork."""
    before = test.drafts[-2].timestamp if len(test.drafts) > 1 else test.genesis.timestamp
    chosen = random.choice((before - 1, before, before + 1, START - 1, START, START + 1, UINT64_MAX))
    return _last(test, timestamp=max(chosen, 0))


def gas_limit(test: ChainTest, random: Random) -> ChainTest:
    """At the edges of what the parent allows."""
    before = test.drafts[-2].gas_limit if len(test.drafts) > 1 else test.genesis.gas_limit
    step = before // 1024
    return _last(test, gas_limit=random.choice((before - step, before - step + 1, before + step - 1, before + step)))


def extra_data(test: ChainTest, random: Random) -> ChainTest:
    """As long as it may be, or longer."""
    return _last(test, extra_data=random.randbytes(random.choice((0, 31, 32, 33))))


def seal(test: ChainTest, random: Random) -> ChainTest:
    """What was the work's."""
    difficulty, nonce = random.choice(((0, bytes(8)), (1, bytes(8)), (0, bytes(7) + b"\1")))
    return _last(test, difficulty=difficulty, nonce=nonce)


def beneficiary(test: ChainTest, random: Random) -> ChainTest:
    """Pays an account of the state, a precompile, or one that nobody has."""
    return _last(test, fee_recipient=_address(test, random), prev_randao=Hash32(random.randbytes(32)))


def beacon_root(test: ChainTest, random: Random) -> ChainTest:
    """Another parent on the consensus layer."""
    return _last(test, beacon_root=Hash32(random.randbytes(32)))


def transactions(test: ChainTest, random: Random) -> ChainTest:
    """One less, one twice, two exchanged, one damaged."""
    kept = list(test.drafts[-1].transactions)
    if not kept:
        return test
    at, other = random.randrange(len(kept)), random.randrange(len(kept))
    how = random.randrange(4)
    if how == 0:
        del kept[at]
    elif how == 1:
        kept.insert(other, kept[at])
    elif how == 2:
        kept[at], kept[other] = kept[other], kept[at]
    else:
        kept[at] = _damaged(kept[at], random)
    return _last(test, transactions=tuple(kept))


def _damaged(item: RlpItem, random: Random) -> RlpItem:
    if isinstance(item, bytes):
        at = random.randrange(len(item))
        return item[:at] + random.randbytes(1) + item[at + 1 :]
    fields = list(item)
    at = random.randrange(len(fields))
    fields[at] = random.choice((b"", b"\1", uint_bytes(random.choice(WORDS)), random.randbytes(20)))
    return fields


def withdrawals(test: ChainTest, random: Random) -> ChainTest:
    """To anybody, of nothing and of as much as there is; twice, or none."""
    kept = list(test.drafts[-1].withdrawals)
    how = random.randrange(3)
    if how == 0 and kept:
        kept.pop(random.randrange(len(kept)))
    elif how == 1 and kept:
        kept.append(random.choice(kept))
    else:
        for _ in range(random.randrange(1, 18)):
            numbers = [uint_bytes(random.choice((0, 1, UINT64_MAX))) for _ in range(3)]
            kept.append([numbers[0], numbers[1], _address(test, random), numbers[2]])
    return _last(test, withdrawals=tuple(kept))


# --- the state at the beginning --------------------------------------------------------------------------------------

SYSTEM_CONTRACTS = (
    system.BEACON_ROOTS,
    system.HISTORY_STORAGE,
    system.WITHDRAWAL_REQUESTS,
    system.CONSOLIDATION_REQUESTS,
    system.DEPOSIT_CONTRACT,
    system.SYSTEM_ADDRESS,
)
CODES = (
    "",  # nothing there
    "00",  # stops
    "5f5ffd",  # reverts
    "fe",  # fails
    "5b5f56",  # runs out of gas: 30 million of it
    "365f5f37365ff3",  # returns what it is given
    "60205ff3",  # returns a zero word
    "60015f5360015ff3",  # returns one byte
    "335f5260205ff3",  # returns who calls
    "5a5f5260205ff3",  # returns the gas it has
    "335f5530ff",  # stores who calls, and destroys itself
    "5f5f5f5f5f335af1",  # calls back
    "602a5f55" + "5f355f5260205fa0",  # stores and logs
    "6a60015f5360015ff3f05f52600b6015f3",  # something else
    "ef0100" + "00" * 19 + "01",  # points at a precompile
)
"""What may stand where the protocol calls."""


def system_contract(test: ChainTest, random: Random) -> ChainTest:
    """One of the contracts that the protocol calls is another, or is not there."""
    address = random.choice(SYSTEM_CONTRACTS)
    account = replace(
        test.accounts.get(address, Allocation(nonce=1)),
        code=bytes.fromhex(random.choice([code for code in CODES if code != "5b5f56"])),
        balance=random.choice((0, 0, 1)),
    )
    return _with_accounts(test, {**test.accounts, address: account})


def system_storage(test: ChainTest, random: Random) -> ChainTest:
    """Queues of requests that are not empty: counts, heads and tails in the first slots."""
    address = random.choice((system.WITHDRAWAL_REQUESTS, system.CONSOLIDATION_REQUESTS))
    found = test.accounts.get(address, Allocation(nonce=1))
    storage = {slot: random.choice((0, 1, 2, 3, 17, 300)) for slot in range(4)}
    storage |= {slot: random.getrandbits(256) for slot in range(4, random.randrange(4, 80))}
    account = replace(found, storage={slot: word for slot, word in storage.items() if word})
    return _with_accounts(test, {**test.accounts, address: account})


def some_account(test: ChainTest, random: Random) -> ChainTest:
    """An account has other code, or less wei."""
    address = _address(test, random)
    found = test.accounts.get(address, Allocation())
    if random.random() < 0.5:
        code = bytes.fromhex(random.choice([code for code in CODES if code != "5b5f56"]))
        return _with_accounts(test, {**test.accounts, address: replace(found, code=code)})
    return _with_accounts(test, {**test.accounts, address: replace(found, balance=random.choice((1, 10**15)))})


def excess_blob_gas(test: ChainTest, random: Random) -> ChainTest:
    """The first block's parent leaves more blob gas, or a higher base fee, to count with."""
    if test.genesis.excess_blob_gas is None:
        return test
    excess = random.choice((0, 1, GAS_PER_BLOB, 3 * GAS_PER_BLOB - 1, 9 * GAS_PER_BLOB, 10 * 2**20))
    used = random.choice((0, GAS_PER_BLOB, 6 * GAS_PER_BLOB, 9 * GAS_PER_BLOB))
    fee = random.choice((test.genesis.base_fee_per_gas, 7, 1_000))
    return replace(
        test, genesis=replace(test.genesis, excess_blob_gas=excess, blob_gas_used=used, base_fee_per_gas=fee)
    )


MUTATIONS: tuple[Callable[[ChainTest, Random], ChainTest], ...] = (
    *(timestamp, gas_limit, extra_data, seal, beneficiary, beacon_root, transactions, transactions, withdrawals),
    *(withdrawals, system_contract, system_contract, system_storage, some_account, excess_blob_gas),
)

HEADER_CHANGES = frozenset(one.__name__ for one in (timestamp, gas_limit, extra_data, seal))
"""Those that a header's rules may refuse."""


def _last(test: ChainTest, **changes: object) -> ChainTest:
    return replace(test, drafts=(*test.drafts[:-1], replace(test.drafts[-1], **changes)))  # type: ignore[arg-type]


def _address(test: ChainTest, random: Random) -> Address:
    return random.choice(
        (*test.accounts, *SYSTEM_CONTRACTS, random.choice(PRECOMPILES), Address(keccak(b"nobody")[12:]))
    )


def _with_accounts(test: ChainTest, accounts: Mapping[Address, Allocation]) -> ChainTest:
    kept = {
        address: account
        for address, account in accounts.items()
        if account.nonce or account.balance or account.code  # EIP-161 leaves none
    }
    return replace(test, accounts=kept, genesis=replace(test.genesis, state_root=memory_state(kept).root))


# --- the header ------------------------------------------------------------------------------------------------------

WRONG_FIELDS = {
    0: "UNKNOWN_PARENT",
    1: "IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS",
    3: "INVALID_STATE_ROOT",
    4: "INVALID_TRANSACTIONS_ROOT",
    5: "INVALID_RECEIPTS_ROOT",
    6: "INVALID_LOG_BLOOM",
    7: "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS",
    8: "INVALID_BLOCK_NUMBER",
    10: "INVALID_GAS_USED|BlockException.INVALID_GAS_USED_ABOVE_LIMIT",
    15: "INVALID_BASEFEE_PER_GAS",
    16: "INVALID_WITHDRAWALS_ROOT",
    17: "INCORRECT_BLOB_GAS_USED",
    18: "INCORRECT_EXCESS_BLOB_GAS",
    20: "INVALID_REQUESTS",
}
"""Places in a header, and what a block with another value there is refused for."""


def damaged_header(fields: list[RlpItem], random: Random) -> tuple[list[RlpItem], str]:
    """A sealed header with one field changed, gone or too many; and why it must be refused."""
    if random.random() < 0.2:
        at = random.randrange(15, len(fields) + 1)
        if at == len(fields):
            return [*fields, random.choice((b"", bytes(32)))], "BlockException.INCORRECT_BLOCK_FORMAT"
        return fields[:at] + fields[at + 1 :], "BlockException.INCORRECT_BLOCK_FORMAT"
    at = random.choice([place for place in WRONG_FIELDS if place < len(fields)])
    field = fields[at]
    assert isinstance(field, bytes)
    if len(field) in (32, 256):
        field = field[:-1] + bytes((field[-1] ^ 1,))
    else:
        step = GAS_PER_BLOB if at in (17, 18) else 1
        number = int.from_bytes(field, "big")
        field = uint_bytes(number + step if number < step or random.random() < 0.5 else number - step)
    return [*fields[:at], field, *fields[at + 1 :]], f"BlockException.{WRONG_FIELDS[at]}"
