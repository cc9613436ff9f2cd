"""What a rollup refuses so that L1 can execute every step: engine, machine and both referees draw the line alike."""

import pytest

from genesis.model import GenesisAccount
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.rollup_limits import MAX_TX_BYTES
from protocol.types import Address
from prover.commitments.chain_structures import Output
from prover.referee import judge
from tests.prover.chains import KEYS, Chain, fresh_chain, transfer
from tests.prover.spoiling import judged_steps
from tests.prover.worlds import code, push

CALLERS = {number: Address(bytes((0xB0 + number,)) * 20) for number in (5, 8, 9)}
NOBODY = Address(b"\xee" * 20)
SUCCESS = 2
"""What a caller stores for a call that went well; 1 for one that failed."""


def caller(number: int) -> bytes:
    """Hands its calldata to a precompile, and stores how that went at the block's number."""
    forward = code(0x36, push(0), push(0), 0x37, push(0), push(0), 0x36, push(0), push(number), 0x5A, 0xFA)
    return forward + code(push(1), 0x01, 0x43, 0x55)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def power(base: int, exponent: bytes) -> bytes:
    return word(base) + word(len(exponent)) + word(3) + b"\7" * base + exponent + b"\xff" * 3


LONG_TAIL = power(2, b"\3") + bytes(70_000)
"""A power behind which lies more than one step could show."""
CALLS = {
    "base of 1,024 bytes": (5, power(1024, b"\3"), True),
    "base of 1,025 bytes": (5, power(1025, b"\3"), False),
    "the dearest power": (5, power(1024, b"\xff" * 35), True),
    "a dearer power": (5, power(1024, b"\xff" * 36), False),
    "a power with a long tail": (5, LONG_TAIL, True),
    "a modulus that is not there": (5, word(0) + word(0) + word(2**200), False),
    "292 pairs": (8, bytes(292 * 192), True),
    "293 pairs": (8, bytes(293 * 192), False),
    "12 rounds": (9, word(12)[28:] + bytes(209), True),
    "10,000,001 rounds": (9, word(10_000_001)[28:] + bytes(209), False),
}


def rollup() -> Chain:
    return fresh_chain(
        gas_limit=30_000_000, more={at: GenesisAccount(nonce=1, code=caller(number)) for number, at in CALLERS.items()}
    )


def put(chain: Chain, *raws: bytes) -> None:
    claim = BlockClaim(chain.tip.timestamp + 1, 0, raws)
    chain.feed((), [encode_batch(Batch(chain.tip.number + 1, (claim,)))])


def check_every_step(chain: Chain, referee) -> None:
    """The machine walks to the engine's output, and both referees judge each step to the same state."""
    vm = chain.machine()
    for step in judged_steps(vm):
        assert referee.judge(step.before, step.witness) == judge(step.before, step.witness) == step.after, step.name
        assert referee.gas_used < 12_000_000
    assert isinstance(vm.cursor, Output)
    assert (vm.cursor.number, vm.cursor.root) == chain.output()


DEAR = "292 pairs"
"""Takes the pure-Python pairing a quarter of a minute."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == DEAR else []) for name in CALLS]
)
def test_a_call_is_refused_by_all_or_by_none(referee, name):
    number, data, succeeds = CALLS[name]
    chain = rollup()
    put(chain, transfer(chain, KEYS[0], CALLERS[number], data=data, gas_limit=29_000_000))
    assert chain.state.storage(CALLERS[number], 1) == (SUCCESS if succeeds else 1)
    check_every_step(chain, referee)


@pytest.mark.parametrize("over", [0, 1])
def test_a_transaction_of_more_than_120_kib_leaves_no_trace(referee, over):
    chain = rollup()
    short = transfer(chain, KEYS[0], NOBODY, data=bytes(70_000), gas_limit=600_000)
    room = MAX_TX_BYTES - (len(short) - 70_000) + over
    chain.nonces.clear()
    raw = transfer(chain, KEYS[0], NOBODY, data=bytes(room), gas_limit=600_000)
    assert len(raw) == MAX_TX_BYTES + over
    put(chain, raw, transfer(chain, KEYS[1], NOBODY))
    used = chain.tip.gas_used
    assert used == (21_000 if over else 42_000 + 4 * room)
    check_every_step(chain, referee)
