"""Official state tests with something changed: what the suites' other cases may hold that those given do not.

Each mutation is a function of a case and a source of randomness; EELS says what must come of the result.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from protocol.crypto import SECP256K1_N, keccak, private_key_address, sign
from protocol.fees import GAS_PER_BLOB, blob_base_fee, floor_data_gas, intrinsic_gas
from protocol.forks import PRAGUE_BLOBS, Fork, constant_schedule
from protocol.rlp_codec import encode, uint_bytes
from protocol.signing import sign_transaction
from protocol.transaction import (
    ACCESS_LIST,
    BLOB,
    DYNAMIC_FEE,
    LEGACY,
    SET_CODE,
    SET_CODE_MAGIC,
    AccessEntry,
    Authorization,
)
from protocol.types import UINT64_MAX, UINT256_MAX, ZERO_ADDRESS, Address
from protocol.validity import DELEGATION_PREFIX, MAX_TX_GAS, max_cost
from tests.vm.conftest import KEYS
from tests.vm.eels.official import CHAIN_ID, StateTest
from tests.vm.eels.programs import PRECOMPILE_INPUTS
from vm.memory_state import Allocation
from vm.pyevm.execution import contract_address

Mutation = Callable[[StateTest, Random], StateTest]

MOST_GAS = 200_000
"""What a mutated case may burn: EELS needs seconds for more."""
WORDS = (0, 1, 2, 31, 32, 33, 2**31, 2**32 - 1, 2**63, UINT64_MAX, 2**64, 2**128, 2**255, UINT256_MAX - 1, UINT256_MAX)
PRECOMPILES = tuple(Address(number.to_bytes(20, "big")) for number in (*range(1, 0x13), 0x100))
STARTS = (b"", b"\xef", b"\xef\x00", b"\xef\x01", DELEGATION_PREFIX, DELEGATION_PREFIX + bytes(19), b"\xef\x01\x01")


def mutate(case: StateTest, random: Random, fork: Fork | None = None, most_gas: int = MOST_GAS) -> StateTest:
    """One to three changes, under the rules of `fork`, or of one that is mostly the case's own or a later one."""
    case = affordable(moved(case, random, fork), random, most_gas)
    for _ in range(random.choice((1, 1, 2, 3))):
        mutation = random.choice(MUTATIONS)
        case = replace(mutation(case, random), changes=(*case.changes, mutation.__name__))
    return affordable(case, random, most_gas)


def affordable(case: StateTest, random: Random, most_gas: int) -> StateTest:
    """With a gas limit that can be run, unless it is one for which the transaction is refused."""
    limit = case.tx.gas_limit
    refused = limit > case.gas_limit or (case.fork >= Fork.OSAKA and limit > MAX_TX_GAS)
    if limit <= most_gas or refused or case.raw:
        return case
    owed = intrinsic_gas(sign_transaction(case.tx, case.key), case.fork)
    return replace(case, tx=replace(case.tx, gas_limit=owed + random.randrange(most_gas)))


def moved(case: StateTest, random: Random, fork: Fork | None) -> StateTest:
    """The same under other rules: if none are given, mostly of the three forks that the suites are about."""
    fork = fork or random.choice((case.fork, Fork.CANCUN, Fork.PRAGUE, Fork.OSAKA, random.choice(OLDER)))
    tx = case.tx
    if fork < Fork.LONDON and tx.type != LEGACY and random.random() < 0.8:
        tx = replace(tx, type=LEGACY, blob_hashes=(), authorizations=(), access_list=())
    return replace(case, fork=fork, tx=tx, changes=(fork.name,))


OLDER = (
    Fork.FRONTIER,
    Fork.HOMESTEAD,
    Fork.TANGERINE_WHISTLE,
    Fork.SPURIOUS_DRAGON,
    Fork.BYZANTIUM,
    Fork.PETERSBURG,
    Fork.ISTANBUL,
    Fork.BERLIN,
    Fork.LONDON,
    Fork.PARIS,
    Fork.SHANGHAI,
)
"""EELS has Constantinople as it was corrected, Petersburg."""


# --- the transaction -------------------------------------------------------------------------------------------------


def gas_limit(case: StateTest, random: Random) -> StateTest:
    """At the edges of what the rules ask for, and anywhere below what the case had: out of gas at some point."""
    tx = sign_transaction(case.tx, case.key)
    edges = (intrinsic_gas(tx, case.fork), floor_data_gas(tx, case.fork), case.gas_limit, MAX_TX_GAS, UINT64_MAX)
    limit = random.choice(edges) + random.choice((-1, 0, 1))
    if random.random() < 0.6:
        free = edges[0]
        limit = random.randrange(free, max(free + 1, min(case.tx.gas_limit, free + MOST_GAS)) + 1)
    return replace(case, tx=replace(case.tx, gas_limit=min(max(limit, 0), UINT64_MAX)))


def value(case: StateTest, random: Random) -> StateTest:
    """Nothing, a little, more than there is."""
    return replace(case, tx=replace(case.tx, value=random.choice((0, 1, 10**18, *WORDS))))


def funds(case: StateTest, random: Random) -> StateTest:
    """The sender has exactly what the transaction can cost, or one wei more or less."""
    exact = max_cost(sign_transaction(case.tx, case.key)) + random.choice((-1, 0, 0, 1))
    return _with_account(case, _sender(case), balance=min(max(exact, 0), UINT256_MAX))


def calldata(case: StateTest, random: Random) -> StateTest:
    """Bytes flipped, cut off, added."""
    return replace(case, tx=replace(case.tx, data=_scrambled(case.tx.data, random)))


def words_of_calldata(case: StateTest, random: Random) -> StateTest:
    """Edge values as arguments."""
    arguments = b"".join(random.choice(WORDS).to_bytes(32, "big") for _ in range(random.randrange(5)))
    return replace(case, tx=replace(case.tx, data=case.tx.data[:4] + arguments))


def target(case: StateTest, random: Random) -> StateTest:
    """Sent to another account, a precompile with a fitting input, or as a create."""
    if random.random() < 0.4:
        number, given = random.choice(PRECOMPILE_INPUTS)
        return replace(case, tx=replace(case.tx, to=Address(number.to_bytes(20, "big")), data=given))
    to = random.choice((None, _address(case, random)))
    return replace(case, tx=replace(case.tx, to=to))


def initcode(case: StateTest, random: Random) -> StateTest:
    """A create with some account's code as initcode."""
    return replace(case, tx=replace(case.tx, to=None, data=_some_code(case, random)))


def kind(case: StateTest, random: Random) -> StateTest:
    """Another type, with what belongs to it; sometimes one that the fork does not have."""
    chosen = random.choice((LEGACY, ACCESS_LIST, DYNAMIC_FEE, BLOB, SET_CODE))
    tx = replace(case.tx, type=chosen, chain_id=CHAIN_ID, max_fee_per_blob_gas=0, blob_hashes=(), authorizations=())
    case = replace(case, tx=tx)
    if chosen == LEGACY:
        return replace(case, tx=replace(tx, access_list=(), chain_id=random.choice((None, CHAIN_ID))))
    if chosen == BLOB:
        return blobs(case, random)
    return authorizations(case, random) if chosen == SET_CODE else access_list(case, random)


def fees(case: StateTest, random: Random) -> StateTest:
    """Around the base fee, tips above the cap, products that overflow."""
    most = max(0, random.choice((case.base_fee, case.base_fee + 5, 0, 2**128, UINT256_MAX)) + random.choice((-1, 0, 1)))
    tip = max(0, random.choice((0, 1, most)) + random.choice((-1, 0, 0, 1)))
    most, tip = min(most, UINT256_MAX), min(tip, UINT256_MAX)
    return replace(case, tx=replace(case.tx, max_fee_per_gas=most, max_priority_fee_per_gas=tip))


def nonce(case: StateTest, random: Random) -> StateTest:
    """One off, or at the end of what nonces there are."""
    if random.random() < 0.5:
        other = min(max(case.tx.nonce + random.choice((-1, 1)), 0), UINT64_MAX)
        return replace(case, tx=replace(case.tx, nonce=other))
    last = random.choice((1, UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX))
    return _with_account(replace(case, tx=replace(case.tx, nonce=last)), _sender(case), nonce=last)


def access_list(case: StateTest, random: Random) -> StateTest:
    """Accounts and slots, some twice."""
    if case.tx.type == LEGACY:
        case = replace(case, tx=replace(case.tx, type=ACCESS_LIST, chain_id=CHAIN_ID))
    entries = tuple(
        AccessEntry(_address(case, random), tuple(random.choice((0, 1, 2, *WORDS)) for _ in range(random.randrange(4))))
        for _ in range(random.randrange(5))
    )
    return replace(case, tx=replace(case.tx, access_list=entries))


def blobs(case: StateTest, random: Random) -> StateTest:
    """Around the limits of number, price and version."""
    count = random.choice((0, 1, 1, 2, 5, 6, 7, 9, 10))
    version = random.choice((1, 1, 1, 1, 1, 0, 2))
    hashes = [bytes((1,)) + random.randbytes(31) for _ in range(count)]
    if hashes:
        hashes[-1] = bytes((version,)) + hashes[-1][1:]
    schedule = constant_schedule(case.fork).blobs_at(0) or PRAGUE_BLOBS
    price = max(0, blob_base_fee(case.excess_blob_gas, schedule) + random.choice((-1, 0, 0, 1, 100)))
    tx = replace(case.tx, type=BLOB, chain_id=CHAIN_ID, authorizations=())
    tx = replace(tx, to=tx.to if random.random() < 0.1 else tx.to or _address(case, random))
    return replace(case, tx=replace(tx, blob_hashes=tuple(hashes), max_fee_per_blob_gas=price))


def authorizations(case: StateTest, random: Random) -> StateTest:
    """Signed by the sender, by others, twice; for this chain, any, another; to code, precompiles, each other."""
    entries: list[Authorization] = []
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        key = random.choice((case.key, *KEYS[:3]))
        signer = private_key_address(key)
        account = case.accounts.get(signer, Allocation())
        expected = account.nonce + (key == case.key) + sum(entry.authority() == signer for entry in entries)
        entries.append(
            _authorize(
                key,
                random.choice((0, 0, CHAIN_ID, CHAIN_ID, 2, UINT256_MAX)),
                random.choice((_address(case, random), signer, ZERO_ADDRESS)),
                random.choice((expected, expected, expected, account.nonce, expected + 1, UINT64_MAX - 1, UINT64_MAX)),
                random,
            )
        )
    tx = replace(case.tx, type=SET_CODE, chain_id=CHAIN_ID, blob_hashes=(), max_fee_per_blob_gas=0)
    if tx.to is None or random.random() < 0.5:
        tx = replace(tx, to=private_key_address(random.choice((case.key, *KEYS[:3]))))
    case = replace(case, tx=replace(tx, authorizations=tuple(entries)))
    if random.random() < 0.3:
        authority = private_key_address(random.choice(KEYS[:3]))
        return _with_account(case, authority, nonce=random.choice((0, 1, UINT64_MAX - 1, UINT64_MAX)))
    return case


def _authorize(key: bytes, chain_id: int, to: Address, at: int, random: Random) -> Authorization:
    at = min(at, UINT64_MAX)
    parity, r, s = sign(keccak(SET_CODE_MAGIC + encode([uint_bytes(chain_id), to, uint_bytes(at)])), key)
    flaw = random.randrange(12)
    if flaw == 0:
        parity, s = 1 - parity, SECP256K1_N - s
    elif flaw == 1:
        parity = random.choice((1 - parity, 2, 27, 28, 255))
    elif flaw == 2:
        r, s = random.choice(((0, s), (r, 0), (SECP256K1_N, s), (r, SECP256K1_N), (UINT256_MAX, UINT256_MAX), (1, 1)))
    return Authorization(chain_id, to, at, parity, r, s)


def chain_id(case: StateTest, random: Random) -> StateTest:
    """Signed for another chain."""
    return replace(case, tx=replace(case.tx, chain_id=random.choice((0, 2, UINT64_MAX, UINT256_MAX // 4))))


def bytes_sent(case: StateTest, random: Random) -> StateTest:
    """The signed bytes, damaged."""
    return replace(case, raw=_scrambled(case.sent, random) or b"\x05")


# --- the state -------------------------------------------------------------------------------------------------------


def code(case: StateTest, random: Random) -> StateTest:
    """Some account's code: bytes flipped, exchanged, cut off, inserted."""
    held = [address for address, account in case.accounts.items() if account.code]
    if not held:
        return case
    address = random.choice(held)
    found = case.accounts[address].code
    at = random.randrange(len(found))
    how = random.randrange(6)
    if how == 0:
        found = found[:at] + random.randbytes(1) + found[at + 1 :]
    elif how == 1:
        found = found[:at]
    elif how == 2:
        found = found[:at] + random.randbytes(random.randrange(1, 4)) + found[at:]
    elif how == 3:
        found = found[:at] + b"\x7f" + random.choice(WORDS).to_bytes(32, "big") + found[at:]
    elif how == 4:
        found = found[:at] + bytes((random.choice(NEWER_OPCODES),)) + found[at:]
    else:
        other = random.randrange(len(found))
        swapped = bytearray(found)
        swapped[at], swapped[other] = swapped[other], swapped[at]
        found = bytes(swapped)
    return _with_account(case, address, code=found)


NEWER_OPCODES = bytes.fromhex(
    "0b 1b 1c 1d 1e 31 3b 3c 3e 3f 40 44 46 47 48 49 4a 5a 5c 5d 5e 5f f0 f1 f2 f4 f5 fa fd ff"
)
"""Those whose rules changed, or came, with some fork."""


def delegation(case: StateTest, random: Random) -> StateTest:
    """An account's code is a delegation, or nearly one."""
    designated = DELEGATION_PREFIX + _address(case, random)
    found = random.choice((designated, designated, designated, random.choice(STARTS), designated + b"\0"))
    where = random.choice((case.tx.to or _sender(case), _sender(case), _address(case, random)))
    return _with_account(case, where, code=found)


def exchanged_code(case: StateTest, random: Random) -> StateTest:
    """One account has another's code."""
    return _with_account(case, _address(case, random), code=_some_code(case, random))


def account(case: StateTest, random: Random) -> StateTest:
    """An account's nonce and balance at their ends."""
    return _with_account(
        case,
        _address(case, random),
        nonce=random.choice((0, 1, UINT64_MAX - 1, UINT64_MAX)),
        balance=random.choice((0, 1, 10**18, UINT256_MAX)),
    )


def storage(case: StateTest, random: Random) -> StateTest:
    """Some slots of an account are set before, or no more."""
    address = case.tx.to or _address(case, random)
    held = dict(case.accounts.get(address, Allocation()).storage)
    for _ in range(random.randrange(1, 4)):
        held[random.choice((0, 1, 2, *held, *WORDS))] = random.choice((0, 1, *WORDS))
    return _with_account(case, address, storage={slot: word for slot, word in held.items() if word})


def no_account(case: StateTest, random: Random) -> StateTest:
    """An account is not there."""
    if not case.accounts:
        return case
    gone = random.choice(list(case.accounts))
    return replace(case, accounts={name: found for name, found in case.accounts.items() if name != gone})


def collision(case: StateTest, random: Random) -> StateTest:
    """Something is where the sender's, or a contract's, next create will put its contract."""
    creator, at = random.choice(((_sender(case), case.tx.nonce), (case.tx.to or ZERO_ADDRESS, 0), (case.tx.to, 1)))
    if creator is None:
        return case
    found = random.choice(
        (Allocation(nonce=1), Allocation(balance=1), Allocation(code=b"\0"), Allocation(balance=1, storage={1: 1}))
    )
    return replace(case, accounts={**case.accounts, contract_address(creator, at): found})


# --- the block -------------------------------------------------------------------------------------------------------


def fee_recipient(case: StateTest, random: Random) -> StateTest:
    """The block pays the sender, the target, a precompile, nobody."""
    chosen = random.choice((_sender(case), case.tx.to or ZERO_ADDRESS, ZERO_ADDRESS, _address(case, random)))
    return replace(case, fee_recipient=chosen)


def block(case: StateTest, random: Random) -> StateTest:
    """Height, time, randomness, limit."""
    return replace(
        case,
        number=random.choice((case.number, 0, 1, 255, 256, 257, 258, 2**32)),
        timestamp=random.choice((case.timestamp, 0, 1, 2**40, UINT64_MAX)),
        prev_randao=random.choice((case.prev_randao, bytes(32), b"\xff" * 32)),
        difficulty=random.choice((case.difficulty, 0, 2**64)),
        gas_limit=random.choice((case.gas_limit, case.gas_limit, 5_000, 2**24, 2**63 - 1)),
    )


def base_fee(case: StateTest, random: Random) -> StateTest:
    """Around what the transaction offers."""
    chosen = random.choice((0, 1, 7, case.tx.max_fee_per_gas, case.tx.max_fee_per_gas - 1, 2**64))
    return replace(case, base_fee=min(max(chosen, 0), 2**128))


def blob_fee(case: StateTest, random: Random) -> StateTest:
    """Blob gas gets dear."""
    return replace(case, excess_blob_gas=random.choice((0, 1, GAS_PER_BLOB, 10 * 2**20, 100 * 2**20, 2**28)))


MUTATIONS: tuple[Mutation, ...] = (
    *(gas_limit, gas_limit, gas_limit, value, funds, calldata, words_of_calldata, target, initcode, kind, fees, nonce),
    *(access_list, blobs, authorizations, authorizations, chain_id, bytes_sent),
    *(code, code, code, delegation, exchanged_code, account, storage, no_account, collision),
    *(fee_recipient, block, base_fee, blob_fee),
)


def _sender(case: StateTest) -> Address:
    return private_key_address(case.key)


def _address(case: StateTest, random: Random) -> Address:
    """Some account of the case, mostly."""
    others = (_sender(case), case.fee_recipient, *map(private_key_address, KEYS[:3]))
    return random.choice((random.choice((*case.accounts, *others)), random.choice((*others, *PRECOMPILES))))


def _some_code(case: StateTest, random: Random) -> bytes:
    return random.choice([account.code for account in case.accounts.values()] or [b""])


def _with_account(case: StateTest, address: Address, **changes: int | bytes | Mapping[int, int]) -> StateTest:
    found = replace(case.accounts.get(address, Allocation()), **changes)  # type: ignore[arg-type]
    return replace(case, accounts={**case.accounts, address: found})


def _scrambled(found: bytes, random: Random) -> bytes:
    at = random.randrange(len(found) + 1)
    return random.choice(
        (
            found[:at],
            found[:at] + random.randbytes(1) + found[at + 1 :],
            found[:at] + bytes(random.randrange(1, 40)) + found[at:],
            found[:at] + random.randbytes(random.randrange(1, 40)) + found[at:],
        )
    )
