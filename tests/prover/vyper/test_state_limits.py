"""The dearest steps that accounts, calls, creates and transactions can make, and the limits of depth."""

import pytest

from protocol.crypto import keccak
from protocol.mpt import EMPTY_ROOT
from protocol.rlp_codec import encode, uint_bytes
from protocol.transaction import AccessEntry
from protocol.types import Address, Hash32
from prover.calldata import step_calldata
from prover.commitments import trie
from prover.machine.frame import Frame
from prover.machine.step import running_code, step
from prover.machine.vm import BEGIN, CREATE_FINISH, DONE, EXECUTE, FLUSH_ACCOUNTS, FLUSH_SLOTS, VM
from prover.prove_statetest import step_name
from prover.witness import witnessed_step
from tests.prover.corpus import examples
from tests.prover.worlds import CONTRACT, OTHER, code, machine, push, running, signed, state_with
from vm.memory_state import Allocation

CEILING = 12_000_000
"""Gas of one step, as a transaction."""
MAX_CALLDATA = 128 * 1024
"""Bytes that common pools take."""


def judged(referee, vm: VM) -> int:
    """Judge the next step and take it; its gas."""
    before = vm.digest()
    witness = witnessed_step(vm)
    assert referee.judge(before, witness) == vm.digest()
    assert len(step_calldata(before, witness)) < MAX_CALLDATA
    assert referee.gas_used < CEILING
    return int(referee.gas_used)


def at_opcode(vm: VM, opcode: int) -> VM:
    """The machine before the first such opcode."""
    while vm.phase != EXECUTE or opcode != opcode_of(vm):
        assert vm.phase != DONE
        step(vm)
    return vm


def opcode_of(vm: VM) -> int:
    frame = vm.frame
    assert isinstance(frame, Frame)
    data = running_code(vm, frame)
    return data[frame.pc] if frame.pc < len(data) else 0


def at_phase(vm: VM, phase: int) -> VM:
    """The machine before the first step of a phase."""
    while vm.phase != phase:
        assert vm.phase != DONE
        step(vm)
    return vm


CALLS = {
    0xF1: code(push(0) * 5, push(OTHER), 0x5A, 0xF1),
    0xF2: code(push(0) * 5, push(OTHER), 0x5A, 0xF2),
    0xF4: code(push(0) * 4, push(OTHER), 0x5A, 0xF4),
    0xFA: code(push(0) * 4, push(OTHER), 0x5A, 0xFA),
    0xF0: code(push(0) * 3, 0xF0),
    0xF5: code(push(0) * 4, 0xF5),
}


@pytest.mark.parametrize("opcode", CALLS)
@pytest.mark.parametrize("depth", [1023, 1024])
def test_the_deepest_frame_enters_no_other(referee, opcode, depth):
    vm = at_opcode(running(CALLS[opcode], {OTHER: Allocation(0, 1, b"\x00")}), opcode)
    assert isinstance(vm.frame, Frame)
    vm.frame.depth = depth
    judged(referee, vm)
    assert (vm.phase == EXECUTE) == (depth == 1024)


@pytest.mark.parametrize("opcode", [0xF0, 0xF5])
def test_the_largest_create_in_the_largest_code(referee, opcode):
    """48 KiB of initcode from the middle of a page touch 49 pages; the running code has 24 KiB."""
    program = code(push(1), push(49_152), push(7), push(0), opcode).ljust(24_576, b"\x5b")
    if opcode == 0xF0:
        program = code(push(49_152), push(7), push(0), opcode).ljust(24_576, b"\x5b")
    vm = at_opcode(running(program, gas_limit=10_000_000), opcode)
    judged(referee, vm)
    # Another byte is too much.
    more = program.replace(push(49_152), push(49_153))
    vm = at_opcode(running(more, gas_limit=10_000_000), opcode)
    judged(referee, vm)
    assert vm.fault == "InitcodeTooLarge"


@pytest.mark.parametrize("size", [24_576, 24_577])
def test_the_largest_code_is_installed_from_the_middle_of_a_page(referee, size):
    initcode = code(push(size), push(1_000), 0xF3)
    vm = at_phase(machine(state_with({}), signed(to=None, data=initcode, gas_limit=10_000_000)), CREATE_FINISH)
    judged(referee, vm)
    assert (vm.fault == "CodeTooLarge") == (size > 24_576)


TRANSACTIONS: dict[str, dict[str, object]] = {
    "110 kB of zeros": {"data": bytes(110_000), "gas_limit": 3_000_000},
    "110 kB of ones": {"data": b"\1" * 110_000, "gas_limit": 3_000_000},
    "a create of 48 KiB": {"data": b"\1" * 49_152, "to": None, "gas_limit": 3_000_000},
    "3,000 slots of one account": {
        "access_list": (AccessEntry(OTHER, tuple(range(3_000))),),
        "gas_limit": 10_000_000,
    },
    "2,000 accounts with one slot each": {
        "access_list": tuple(AccessEntry(Address(i.to_bytes(20, "big")), (i,)) for i in range(2_000)),
        "gas_limit": 20_000_000,
    },
    "5,000 accounts": {
        "access_list": tuple(AccessEntry(Address(keccak(bytes([i % 256, i >> 8]))[12:]), ()) for i in range(5_000)),
        "gas_limit": 20_000_000,
    },
}


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_the_largest_transactions_begin(referee, name):
    vm = machine(state_with({}), signed(**TRANSACTIONS[name]))
    assert vm.phase == BEGIN
    judged(referee, vm)
    assert vm.phase != DONE


class DeepState:
    """A state in which one account, or one of its slots, lies behind a branch at each of the first `depth` nibbles."""

    def __init__(self, depth: int) -> None:
        self.nodes: dict[Hash32, bytes] = {}
        slot = self._deep({}, keccak((1).to_bytes(32, "big")), encode(uint_bytes(5)), depth)
        program = code(push(0), push(1), 0x55)
        self.codes = {keccak(program): program}
        account = encode([uint_bytes(1), uint_bytes(10), slot, keccak(program)])
        sender = signed().sender
        funded = encode([b"", uint_bytes(10**18), EMPTY_ROOT, keccak(b"")])
        self.root = self._deep({keccak(sender): funded}, keccak(CONTRACT), account, depth)

    def _deep(self, entries: dict[bytes, bytes], key: bytes, value: bytes, depth: int) -> Hash32:
        others = {
            key[: nibble // 2] + bytes((key[nibble // 2] ^ (0x10 if nibble % 2 == 0 else 1),)) + key[nibble // 2 + 1 :]
            for nibble in range(depth)
        }
        root: Hash32 = EMPTY_ROOT
        held_by: dict[bytes, bytes] = {**entries, key: value, **dict.fromkeys(others, value)}
        for each, held in held_by.items():
            root, created = trie.put(root, each, held, self.nodes.__getitem__)
            self.nodes.update({keccak(node): node for node in created})
        return root

    def code(self, code_hash: Hash32) -> bytes:
        return self.codes[code_hash]

    def node(self, node_hash: Hash32) -> bytes:
        return self.nodes[node_hash]


@pytest.mark.parametrize("depth", [8, 20, 60])
def test_tries_as_deep_as_can_be_made_are_read_and_written(referee, depth):
    """A slot is cleared, so that its branch collapses. To share 20 nibbles with a key takes 2^80 hashes."""
    vm = machine(DeepState(depth), signed())  # type: ignore[arg-type]
    kinds = set()
    while vm.phase != DONE:
        kinds.add(vm.phase)
        judged(referee, vm)
    assert {FLUSH_SLOTS, FLUSH_ACCOUNTS} < kinds


def test_the_dispatcher_costs_little(referee):
    """A transfer's steps are judged for less than a million gas each, and most for a fifth of that."""
    vm = machine(state_with({OTHER: Allocation(1)}), signed(to=OTHER, value=5))
    spent = []
    while vm.phase != DONE:
        spent.append(judged(referee, vm))
    assert max(spent) < 1_000_000
    assert sorted(spent)[len(spent) // 2] < 200_000


def test_no_callers_gas_changes_a_verdict(referee):
    """One step of each kind that the corpus has, with as little gas as it may get and with much more."""
    kinds: dict[tuple[str, int], tuple[bytes, Hash32]] = {}
    for each in examples():
        vm = each.begin()
        while vm.phase != DONE:
            before, name = vm.digest(), step_name(vm)
            witness = witnessed_step(vm)
            kinds.setdefault((name, vm.phase), (step_calldata(before, witness), vm.digest()))
    assert len(kinds) > 200
    for calldata, after in kinds.values():
        referee.call(calldata)
        enough = referee.gas_used
        for part in range(1, 18):
            assert answer_with(referee, calldata, enough * part // 16) in (None, after)


def answer_with(referee, calldata: bytes, gas: int) -> bytes | None:
    """The verdict when the call gets so much gas; None if it reverts."""
    try:
        return bytes(
            referee._evm.message_call("0x" + "ca" * 20, referee._address, calldata=calldata, gas=gas, is_static=True)
        )
    except RuntimeError:
        return None
