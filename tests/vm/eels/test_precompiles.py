"""Each precompile called with inputs that are right, or nearly, and with enough gas, or nearly: EELS answers the same.

TOMBOLO_MUTATION_SEED chooses other inputs, TOMBOLO_MUTATIONS how many.
"""

import os
from random import Random

import pytest

from protocol.crypto import private_key_address
from protocol.forks import Fork
from protocol.signing import UnsignedTransaction
from protocol.transaction import LEGACY
from protocol.types import Address
from tests.vm.conftest import GWEI, KEYS, MINER
from tests.vm.eels.answers import difference, theirs
from tests.vm.eels.official import StateTest
from tests.vm.eels.oracle import Transition
from tests.vm.eels.precompile_inputs import NUMBERS, PAIRINGS, precompile_input
from vm.memory_state import Allocation

SEED = os.environ.get("TOMBOLO_MUTATION_SEED", "1")
COUNT = int(os.environ.get("TOMBOLO_MUTATIONS", "40"))
CALLER = Address(b"\xca" * 20)
FORKS = (Fork.BYZANTIUM, Fork.ISTANBUL, Fork.BERLIN, Fork.CANCUN, Fork.PRAGUE, Fork.OSAKA, Fork.OSAKA)
PLENTY = 2_000_000


def passing_on(number: int, gas: int) -> bytes:
    """Code that calls a precompile with what it is given, and stores whether that went well and what came back."""
    call = bytes.fromhex("36600060003760006000366000600061") + number.to_bytes(2, "big")
    stored = "6001016000553d600060003e3d6000206001553d600255"
    return call + b"\x63" + gas.to_bytes(4, "big") + bytes.fromhex("f1" + stored)


def calling(number: int, data: bytes, gas: int, fork: Fork) -> StateTest:
    return StateTest(
        name=f"precompile {number:#x} with {gas} gas in {fork.name}: {data.hex()}",
        fork=fork,
        accounts={
            private_key_address(KEYS[0]): Allocation(10**20),
            CALLER: Allocation(nonce=1, code=passing_on(number, gas)),
        },
        fee_recipient=MINER,
        number=1,
        timestamp=1_000,
        gas_limit=30_000_000,
        difficulty=0,
        prev_randao=bytes(32),
        base_fee=GWEI,
        excess_blob_gas=0,
        tx=UnsignedTransaction(None, 0, 3_000_000, CALLER, data=data, max_fee_per_gas=GWEI, type=LEGACY),
        key=KEYS[0],
    )


def compare(number: int, count: int) -> None:
    different = []
    for index in range(count):
        random = Random(f"{SEED} precompile {number} {index}")
        fork = random.choice(FORKS)
        gas = random.choice((PLENTY, PLENTY, PLENTY, random.randrange(200_000), random.randrange(10_000)))
        case = calling(number, precompile_input(number, random), gas, fork)
        answer = theirs(case)
        if answer is None:
            continue
        assert isinstance(answer, Transition), answer
        error = difference(case, answer)
        if error:
            different.append(f"{case.name}: {error}")
    assert different == []


@pytest.mark.parametrize("number", NUMBERS)
def test_precompiles_answer_as_eels_does(number: int) -> None:
    compare(number, 2 if number in PAIRINGS else COUNT // 4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", NUMBERS)
def test_precompiles_answer_more_as_eels_does(number: int) -> None:
    compare(number, COUNT if number in PAIRINGS else 5 * COUNT)
