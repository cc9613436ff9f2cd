"""Blocks of 30M gas of several kinds, in chains to give a challenger: derived and executed here, without an L1.

The state has thousands of accounts and holders of a token, so that paths through its tries are as long as they are on a
chain that is used.
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from py_ecc.optimized_bn128 import G2, normalize
from py_ecc.optimized_bn128 import multiply as twist_multiply

from genesis.model import GenesisAccount
from node.artifacts import load_artifact
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.bn128 import N, multiply
from protocol.crypto import keccak, private_key_address
from protocol.types import Address
from tests.prover.chains import KEYS, Chain, fresh_chain, transfer
from tests.prover.worlds import code, push

GAS = 30_000_000
BYSTANDERS = 20_000
"""Accounts that exist, and holders of the token."""
TOKEN, POOL, LOOP, JUMPDESTS, WRITER, NOTER, CALLER, STOPPER, CURVE, PAIRER, HASHER, POWERS = (
    Address(bytes((0xE0 + index,)) * 20) for index in range(12)
)

_BEGIN = (0x36, 0x5F, 0x5F, 0x37, 0x5B)
"""The call's data in memory, and then for ever:"""


def _call(number: int, start: int, size: int, output: int, output_size: int) -> bytes:
    """Eight steps: a precompile over memory, and back into it."""
    return code(push(output_size), push(output), push(size), push(start), push(number), 0x5A, 0xFA, 0x50)


_JUMPDEST, _JUMP, _ADD, _DUP1, _MSTORE, _SSTORE, _SLOAD = 0x5B, 0x56, 0x01, 0x80, 0x52, 0x55, 0x54
PROGRAMS = {
    # Adds the amount to two reserves, notes it for the caller, asks the token for a balance, and logs.
    POOL: code(
        *(push(0), 0x35, push(0), _SLOAD, 0x81, _ADD, push(0), _SSTORE, push(1), _SLOAD, 0x81, 0x02, push(1), _SSTORE),
        *(0x33, push(0), _MSTORE, _DUP1, push(32), _MSTORE, push(64), push(0), 0x20, _SSTORE),
        *(push(0x70A08231), push(224), 0x1B, push(64), _MSTORE, 0x33, push(68), _MSTORE),
        *(push(32), push(0), push(36), push(64), push(TOKEN), 0x5A, 0xFA, push(0), push(64), push(0), 0xA2),
    ),
    # Counts in memory: six steps a round of 21 gas.
    LOOP: code(push(0), _JUMPDEST, push(1), _ADD, _DUP1, push(0), _MSTORE, push(2), _JUMP),
    # As many steps as gas can buy.
    JUMPDESTS: code(bytes((_JUMPDEST,)) * 24_000, push(0), _JUMP),
    # Writes a new slot and reads another that nobody has, until there is little gas left.
    WRITER: code(
        *(push(0), 0x35, _JUMPDEST, push(1), _ADD, _DUP1, _DUP1, _SSTORE, _DUP1, 0x19, _SLOAD, 0x50),
        *(push(60_000), 0x5A, 0x11, push(3), 0x57),
    ),
    # A new transient slot a round: as many records of the journal as gas can buy.
    NOTER: code(push(0), _JUMPDEST, push(1), _ADD, _DUP1, _DUP1, 0x5D, push(2), _JUMP),
    # A frame a round.
    CALLER: code(_JUMPDEST, *([0x5F] * 4), push(STOPPER), 0x5A, 0xFA, 0x50, 0x5F, _JUMP),
    STOPPER: code(0x00),
    # A point of BN128 times ever other numbers.
    CURVE: code(
        *(push(1), 0x5F, _MSTORE, push(2), push(32), _MSTORE, _JUMPDEST, 0x5A, 0x19, push(64), _MSTORE),
        *(push(64), 0x5F, push(96), 0x5F, push(7), 0x5A, 0xFA, 0x50, push(9), _JUMP),
    ),
    # One pair a call, which is dearest for its gas: the point at 64, to which that at 0 is added, and one of the twist.
    PAIRER: code(*_BEGIN, _call(0x06, 0, 128, 64, 64), _call(0x08, 64, 192, 0, 0), push(4), _JUMP),
    # BLAKE2's state into itself.
    HASHER: code(*_BEGIN, _call(0x09, 0, 213, 4, 64), push(4), _JUMP),
    # Powers of eight bytes to 1,024: those that are dearest for their gas.
    POWERS: code(*_BEGIN, _call(0x05, 0, 96 + 8 + 1024 + 8, 0, 0), push(4), _JUMP),
}


def block_of(kind: str) -> Chain:
    """A chain whose first block is of this kind, and uses 30M gas, or little less.

    Raises:
        ValueError: It does not, which is a mistake in here.
    """
    chain = fresh_chain(gas_limit=GAS, more=_accounts())
    transactions = tuple(KINDS[kind](chain, Random(kind)))
    chain.feed([], [encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0, transactions),)))])
    used = chain.headers[1].gas_used
    if not 0.97 * GAS < used <= GAS:
        raise ValueError(f"a block of {kind} uses {used} gas of {GAS}")
    return chain


def _accounts() -> Mapping[Address, GenesisAccount]:
    holders = [_bystander(index) for index in range(BYSTANDERS)] + [private_key_address(key) for key in KEYS]
    balances = {int.from_bytes(keccak(bytes(31) + b"\1" + bytes(12) + holder)): 10**24 for holder in holders}
    token = load_artifact("examples/token").runtime_code
    programs = {address: GenesisAccount(nonce=1, code=program) for address, program in PROGRAMS.items()}
    return {
        **{_bystander(index): GenesisAccount(balance=10**18) for index in range(BYSTANDERS)},
        **programs,
        TOKEN: GenesisAccount(nonce=1, code=token, storage=balances),
    }


def _bystander(index: int) -> Address:
    return Address(keccak(b"bystander" + index.to_bytes(8))[12:])


def _mixed(chain: Chain, chance: Random) -> Iterator[bytes]:
    """Of a hundred transactions 45 transfers, 35 of the token, 20 calls of the pool; one receiver in ten is new."""
    left = GAS
    while left > 130_000:
        key = chance.choice(KEYS)
        other = _bystander(chance.randrange(BYSTANDERS * 10 // 9))
        amount = chance.randrange(1, 10**9)
        draw = chance.random()
        if draw < 0.45:
            yield transfer(chain, key, other, value=amount, gas_limit=21_000)
            left -= 21_000
        elif draw < 0.8:
            data = bytes.fromhex("a9059cbb") + other.rjust(32, b"\0") + amount.to_bytes(32)
            yield transfer(chain, key, TOKEN, value=0, data=data, gas_limit=60_000)
            left -= 34_000
        else:
            yield transfer(chain, key, POOL, value=0, data=amount.to_bytes(32), gas_limit=120_000)
            left -= 62_000


def _one(
    target: Address, data: Callable[[Random], bytes] = lambda _: b""
) -> Callable[[Chain, Random], Iterator[bytes]]:
    def transactions(chain: Chain, chance: Random) -> Iterator[bytes]:
        yield transfer(chain, KEYS[0], target, value=0, data=data(chance), gas_limit=GAS)

    return transactions


def _pair(chance: Random) -> bytes:
    """Two points of BN128 and one of its twist."""
    points = [multiply((1, 2), chance.randrange(N)) for _ in range(2)]
    x, y = normalize(twist_multiply(G2, chance.randrange(N)))
    twist = (part for pair in (x, y) for part in reversed(pair.coeffs))
    return b"".join(int(part).to_bytes(32) for part in (*points[0], *points[1], *twist))


def _twelve_rounds(chance: Random) -> bytes:
    """As BLAKE2b has them."""
    return (12).to_bytes(4) + chance.randbytes(208) + b"\1"


def _million_rounds(chance: Random) -> bytes:
    return (1_000_000).to_bytes(4) + chance.randbytes(208) + b"\1"


def _power(chance: Random) -> bytes:
    lengths = b"".join(size.to_bytes(32) for size in (8, 1024, 8))
    return lengths + chance.randbytes(8) + b"\xff" * 1024 + b"\xff" * 7 + b"\xc5"


def _storage(chain: Chain, _chance: Random) -> Iterator[bytes]:
    for index in range(10):
        yield transfer(chain, KEYS[0], WRITER, value=0, data=(index << 64).to_bytes(32), gas_limit=GAS // 10)


KINDS: Mapping[str, Callable[[Chain, Random], Iterator[bytes]]] = {
    "mixed": _mixed,
    "loop": _one(LOOP),
    "jumpdests": _one(JUMPDESTS),
    "storage": _storage,
    "transient": _one(NOTER),
    "calls": _one(CALLER),
    "curve": _one(CURVE),
    "pairing": _one(PAIRER, _pair),
    "blake2": _one(HASHER, _twelve_rounds),
    "rounds": _one(HASHER, _million_rounds),
    "power": _one(POWERS, _power),
}
"""What the transactions are: ordinary ones; loops of arithmetic and memory; nothing but JUMPDEST; new slots and cold
ones; transient slots; calls; precompiles: products on BN128, pairings, BLAKE2 of few rounds and of many, powers."""
