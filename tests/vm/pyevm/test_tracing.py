"""Watching changes nothing: whatever code runs, it does the same with a tracer, with every step reported or not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.chain_config import ChainConfig
from protocol.engine import Call
from protocol.forks import Fork, constant_schedule
from protocol.simulation import Conditions
from protocol.tracing import Deadline, EnteredCall, Tracer
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address
from vm.memory_state import Allocation, memory_state
from vm.pyevm.engine import PyEvmEngine

CALLER, TARGET, OTHER = (Address(bytes((byte,)) * 20) for byte in (0xA1, 0xC0, 0xD0))
ENGINE = PyEvmEngine(ChainConfig(1, constant_schedule(Fork.PRAGUE)))


def header(state) -> Header:
    return Header(
        parent_hash=ZERO_HASH,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=state.root,
        transactions_root=ZERO_HASH,
        receipts_root=ZERO_HASH,
        bloom=0,
        difficulty=0,
        number=1,
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=1000,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=ZERO_NONCE,
        base_fee_per_gas=0,
        withdrawals_root=ZERO_HASH,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_block_root=ZERO_HASH,
    )


def run(code: bytes, conditions: Conditions, gas: int = 100_000):
    state = memory_state(
        {
            CALLER: Allocation(balance=10**18),
            TARGET: Allocation(balance=10**9, code=code, storage={1: 2}),
            OTHER: Allocation(code=bytes.fromhex("60016000fd")),
        }
    )
    return ENGINE.call(Call(CALLER, TARGET, gas, value=3), header(state), state, lambda _number: None, conditions)


class Counting(Tracer):
    """Checks what any tracer may rely on."""

    def __init__(self, *, steps: bool) -> None:
        self._steps = steps
        self.depth = 0
        self.entered = 0
        self.gas_used: int | None = None
        self.last: tuple[int, int, int] | None = None

    @property
    def steps(self) -> bool:
        return self._steps

    def enter(self, call: EnteredCall) -> None:
        self.depth += 1
        self.entered += 1

    def leave(self, output: bytes, gas_used: int, error: str | None) -> None:
        assert gas_used >= 0
        self.depth -= 1

    def look(self, opcode: int, address: Address, stack: Sequence[int], memory, return_data, refund) -> object:
        return tuple(stack)

    def step(self, position, opcode, gas, cost, depth, seen, error) -> None:
        assert depth == self.depth or (opcode, error) == (0xFF, None)
        if self.last is not None and self.last[0] == depth and error is None:
            last_depth, last_gas, last_cost = self.last
            # Within a frame gas only falls by what is shown, but for what children give back.
            assert gas >= last_gas - last_cost or last_depth != depth
        self.last = (depth, gas, cost)

    def end(self, gas_used: int) -> None:
        self.gas_used = gas_used


PIECES = st.sampled_from(
    [
        "6001", "6002", "60ff", "5f", "80", "81", "90", "50", "01", "02", "03", "16", "1b", "20", "30", "31", "34",
        "35", "36", "3b", "3d", "3e", "3f", "47", "51", "52", "53", "54", "55", "56", "57", "58", "59", "5a", "5b",
        "5c", "5d", "5e", "a0", "a1", "f3", "fd", "fe", "ff", "00",
        "5f5f5f5f5f73" + OTHER.hex() + "61fffff1",
        "5f5f5f5f73" + OTHER.hex() + "5af4",
        "5f5f5f5f73" + TARGET.hex() + "5afa",
        "5f5f5ff0", "6001600060005f5ff5",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40))
def test_a_watched_call_does_what_an_unwatched_one_does(pieces):
    code = bytes.fromhex("".join(pieces))
    expected = run(code, Conditions())
    for tracer in (Counting(steps=False), Counting(steps=True)):
        assert run(code, Conditions(tracer=tracer)) == expected
        assert tracer.depth == 0
        assert tracer.entered >= 1
        assert tracer.gas_used == expected.gas_used
    assert run(code, Conditions(deadline=Deadline())) == expected


def test_after_its_deadline_a_call_stops_at_the_next_opcode():
    deadline = Deadline()
    deadline.expire()
    result = run(bytes.fromhex("5b5f56"), Conditions(deadline=deadline), gas=10**9)
    assert result.error == "out of gas"
