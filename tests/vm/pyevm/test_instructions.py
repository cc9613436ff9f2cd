"""The instruction tables: complete, and with py-evm's prices where the opcodes are ours."""

import pytest
from eth.vm.forks.cancun.opcodes import CANCUN_OPCODES
from eth.vm.forks.frontier.opcodes import FRONTIER_OPCODES
from hypothesis import given
from hypothesis import strategies as st

from protocol.forks import Fork
from vm.pyevm.instructions import OURS
from vm.pyevm.interpreter import JUMPDEST, PUSH1, PUSH32, jump_destinations
from vm.pyevm.rules import rules_of


def known(fork: Fork) -> set[int]:
    return {opcode for opcode, row in enumerate(rules_of(fork).instructions) if not is_undefined(row.operation)}


def is_undefined(operation: object) -> bool:
    return getattr(operation, "__qualname__", "").startswith("_undefined.")


def test_every_opcode_of_py_evm_is_in_the_table_and_no_other() -> None:
    assert known(Fork.FRONTIER) == set(FRONTIER_OPCODES)
    assert known(Fork.CANCUN) == set(CANCUN_OPCODES)
    assert known(Fork.OSAKA) == set(CANCUN_OPCODES) | {0x1E}


@pytest.mark.parametrize("opcode", sorted(OURS))
def test_an_opcode_of_ours_costs_what_py_evms_does(opcode: int) -> None:
    assert OURS[opcode][1] == CANCUN_OPCODES[opcode].gas_cost


def test_forks_add_opcodes_when_their_eips_say() -> None:
    since = {
        0xF4: Fork.HOMESTEAD,
        0xFD: Fork.BYZANTIUM,
        0xFA: Fork.BYZANTIUM,
        0x1B: Fork.CONSTANTINOPLE,
        0xF5: Fork.CONSTANTINOPLE,
        0x46: Fork.ISTANBUL,
        0x48: Fork.LONDON,
        0x5F: Fork.SHANGHAI,
        0x5E: Fork.CANCUN,
        0x5C: Fork.CANCUN,
        0x4A: Fork.CANCUN,
        0x1E: Fork.OSAKA,
    }
    for opcode, first in since.items():
        assert [fork for fork in Fork if opcode in known(fork)] == [fork for fork in Fork if fork >= first], hex(opcode)


@given(st.lists(st.one_of(st.sampled_from([JUMPDEST, PUSH1, PUSH1 + 1, PUSH32]), st.integers(0, 255)), max_size=120))
def test_jump_destinations_are_those_that_execution_would_reach_as_opcodes(opcodes: list[int]) -> None:
    code = bytes(opcodes)
    reached, position = set(), 0
    while position < len(code):
        reached.add(position)
        size = code[position] - PUSH1 + 1 if PUSH1 <= code[position] <= PUSH32 else 0
        position += 1 + size
    assert jump_destinations(code) == {position for position in reached if code[position] == JUMPDEST}
