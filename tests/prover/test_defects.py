"""Each defect that was found in the closest relative of this design, put into the referee: the tests notice it.

For a defect `notices` runs what the other tests run, honest steps and changed witnesses, and says whether any of it
fails. A defect that it does not notice is a hole in the tests.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocol.crypto import keccak
from protocol.types import Hash32
from prover import referee
from prover.commitments import layout as table
from prover.commitments import tape, trie
from prover.commitments.tape import InvalidWitness, Witness
from prover.machine import accounts, control, gas, journal, memory, memory_opcodes, step
from prover.machine.accounts import load_slot
from prover.machine.faults import InvalidJump
from prover.machine.frame import Frame
from prover.machine.opcodes import table_of
from prover.machine.stack import Stack
from prover.machine.vm import DONE, VM
from prover.prove_statetest import step_name
from prover.referee import WitnessOracle, judge
from prover.witness import witnessed_step
from tests.prover.corpus import examples

Step = tuple[str, Hash32, Witness, Hash32]
Patch = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The corpus's steps: of the plain examples one of each kind and shape, of the special ones all of each kind."""
    found: dict[object, Step] = {}
    for example in examples():
        special = example.name[0].islower()
        vm = example.begin()
        while vm.phase != DONE:
            before, name = vm.digest(), step_name(vm)
            witness = witnessed_step(vm)
            shape = len(witness.pages), len(witness.openings), len(witness.stack), len(witness.preimages)
            key = (example.name if special else "", name, vm.phase, shape)
            found.setdefault(key, (f"{example.name}, {name}", before, witness, vm.digest()))
    return list(found.values())


def notices(steps: list[Step]) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    for name, before, witness, after in steps:
        try:
            if judge(before, witness) != after:
                return f"{name}: an honest step is judged to another state"
        except Exception as error:
            return f"{name}: an honest step is refused: {error}"
        for attack in attacks(witness):
            try:
                judged = judge(before, attack)
            except (InvalidWitness, IndexError, OverflowError):
                continue
            if judged != after:
                return f"{name}: a changed witness leads to another state"
    return foreign_state(steps)


def attacks(witness: Witness):
    """Witnesses with one piece changed: the code, a page's edge, a page's gap, a stack item, a record."""
    for index, preimage in enumerate(witness.preimages):
        if index > 1 and preimage:
            other_start, other_end = (
                bytes((preimage[0] ^ 1,)) + preimage[1:],
                preimage[:-1] + bytes((preimage[-1] ^ 1,)),
            )
            yield replace(witness, preimages=_with(witness.preimages, index, other_start))
            yield replace(witness, preimages=_with(witness.preimages, index, other_end))
    for index, code in enumerate(witness.codes):
        yield replace(witness, codes=_with(witness.codes, index, bytes((code[0] ^ 1,)) + code[1:]))
    for index, opening in enumerate(witness.pages):
        for at in (0, 17, 1023):
            page = opening.page[:at] + bytes((opening.page[at] ^ 1,)) + opening.page[at + 1 :]
            yield replace(witness, pages=_with(witness.pages, index, replace(opening, page=page)))
    for index, item in enumerate(witness.stack):
        yield replace(witness, stack=_with(witness.stack, index, item ^ 1))
    for index, shown in enumerate(witness.openings):
        if shown.record:
            record = shown.record[:-1] + bytes((shown.record[-1] ^ 1,))
            yield replace(witness, openings=_with(witness.openings, index, replace(shown, record=record)))
            yield replace(witness, openings=_with(witness.openings, index, replace(shown, record=b"")))


def _with(entries, index, entry):
    return (*entries[:index], entry, *entries[index + 1 :])


def foreign_state(steps: list[Step]) -> str:
    """Whether the digest of a structure that only looks like a state is taken for one."""
    like_vm = [each for each in table.LAYOUTS if each.size == table.VM.size and each is not table.VM]
    for each in like_vm:
        words: list[int | bytes] = [13, bytes(32), bytes(32), bytes(32)]
        preimage = each.tag + b"".join(word if isinstance(word, bytes) else word.to_bytes(32, "big") for word in words)
        try:
            judge(keccak(preimage), Witness((preimage,)))
        except InvalidWitness:
            continue
        return f"a {each.name} is taken for a state"
    return "" if like_vm else "no structure looks like a state"


# --- the defects ------------------------------------------------------------------------------------------------------


def with_opcode(opcode: int, run: Callable[[VM, Frame], None]) -> Patch:
    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        def patched(fork: int):
            rows = list(table_of(fork))
            row = rows[opcode]
            assert row is not None
            rows[opcode] = row._replace(run=run)
            return tuple(rows)

        monkeypatch.setattr(step, "table_of", patched)

    return patch


def code_is_not_hashed(monkeypatch):
    monkeypatch.setattr(WitnessOracle, "code", lambda self, code_hash, recorder: self._reader.raw_code())


def jumps_go_anywhere(monkeypatch):
    monkeypatch.setattr(control, "jump_destinations", lambda code: range(2**256))


def jumps_truncate_to_64_bits(monkeypatch):
    def jump(_vm, frame):
        target = frame.stack.items.pop() % 2**64
        gas.charge(frame, gas.MID)
        if target not in control.jump_destinations(frame.code):
            raise InvalidJump
        frame.pc = target

    with_opcode(0x56, jump)(monkeypatch)


def push_data_holds_jumpdests(monkeypatch):
    monkeypatch.setattr(
        control, "jump_destinations", lambda code: {at for at, byte in enumerate(code) if byte == control.JUMPDEST}
    )


def selfbalance_pushes_the_code_hash(_vm, frame):
    gas.charge(frame, gas.LOW)
    frame.stack.items.append(int.from_bytes(frame.code_hash, "big"))
    frame.pc += 1


def sload_does_not_pop(vm, frame):
    record, cold = load_slot(vm, frame.address, frame.stack.items[-1])
    gas.charge(frame, gas.COLD_SLOT if cold else gas.WARM_ACCESS)
    frame.stack.items.append(record.current)
    frame.pc += 1


def sload_does_not_hash_its_key(monkeypatch):
    def slot_in_trie(vm, storage_root, slot):
        data = trie.get(storage_root, slot.to_bytes(32, "big"), lambda node: vm.oracle.node(node, vm.recorder))
        return int.from_bytes(data, "big")

    monkeypatch.setattr(accounts, "slot_in_trie", slot_in_trie)


def mstore_does_not_pay_for_expansion(monkeypatch):
    monkeypatch.setattr(memory_opcodes, "expansion_cost", lambda frame, words: 0)


def boundary_bytes_are_not_checked(monkeypatch):
    """The words written are checked, the rest of the page is the prover's."""

    def opened_page(root, index, opening):
        return opening.page

    monkeypatch.setattr(memory, "opened_page", opened_page)


def hashes_have_no_tags(monkeypatch):
    def decode(layout, preimage):
        return genuine(layout, layout.tag + preimage[32:])

    genuine = table.decode
    monkeypatch.setattr(table, "decode", decode)


def stack_items_are_not_hashed(monkeypatch):
    def opened_stack(head, size, items, tail):
        return Stack(list(items), size - len(items), tail)

    monkeypatch.setattr(referee, "opened_stack", opened_stack)


def journal_is_not_checked(monkeypatch):
    monkeypatch.setattr(journal.ProvenJournal, "_open", lambda self, path: self._reader.opening())


def preimages_are_not_hashed(monkeypatch):
    monkeypatch.setattr(tape.Reader, "preimage", lambda self, expected: self.raw())


ANOTHER_STATE = "an honest step is judged to another state"
WITNESS_DECIDES = "a changed witness leads to another state"

DEFECTS: dict[str, tuple[Patch, str]] = {
    "the code is never hashed against the code hash": (code_is_not_hashed, WITNESS_DECIDES),
    "JUMP has no JUMPDEST check": (jumps_go_anywhere, f"a jump to no jumpdest, opcode 0x56: {ANOTHER_STATE}"),
    "JUMP truncates to 64 bits": (jumps_truncate_to_64_bits, f"lower 64 bits, opcode 0x56: {ANOTHER_STATE}"),
    "a JUMPDEST may lie in push data": (push_data_holds_jumpdests, f"into push data, opcode 0x56: {ANOTHER_STATE}"),
    "GAS dispatches to JUMPDEST": (with_opcode(0x5A, control.jumpdest), f"opcode 0x5a: {ANOTHER_STATE}"),
    "SELFBALANCE pushes the code hash": (
        with_opcode(0x47, selfbalance_pushes_the_code_hash),
        "opcode 0x47: an honest step is refused: the witness holds more than the step needs",
    ),
    "SLOAD does not pop": (with_opcode(0x54, sload_does_not_pop), f"SLOAD, opcode 0x54: {ANOTHER_STATE}"),
    "SLOAD does not hash its key": (sload_does_not_hash_its_key, "opcode 0x54: an honest step is"),
    "MSTORE charges no expansion": (mstore_does_not_pay_for_expansion, f"opcode 0x52: {ANOTHER_STATE}"),
    "an unaligned MSTORE leaves boundary bytes unchecked": (boundary_bytes_are_not_checked, WITNESS_DECIDES),
    "hashes have no type tags": (hashes_have_no_tags, "is taken for a state"),
    "stack items are not hashed": (stack_items_are_not_hashed, WITNESS_DECIDES),
    "the journal is not checked": (journal_is_not_checked, WITNESS_DECIDES),
    "preimages are not hashed": (preimages_are_not_hashed, WITNESS_DECIDES),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_referee_with_the_defect_is_noticed(steps, monkeypatch, name):
    put_in, words = DEFECTS[name]
    with monkeypatch.context() as patches:
        put_in(patches)
        noticed = notices(steps)
    assert words in noticed


def test_the_referee_as_it_is_has_nothing_to_notice(steps):
    assert notices(steps) == ""
