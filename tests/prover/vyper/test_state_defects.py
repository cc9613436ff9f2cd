"""Defects put into the libraries that look at the state: honest steps and changed witnesses notice each.

The defects of the closest relative of this design that lie there, and those that its structure invites. A defect that
nothing here notices is a hole in the tests.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.journal_tree import ACCOUNT, SLOT, journal_path
from prover.commitments.tape import InvalidWitness, JournalOpening, Witness
from prover.machine.vm import DONE
from prover.prove_statetest import step_name
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.corpus import examples
from tests.prover.test_defects import attacks
from tests.prover.vyper.put_in import REFUSED, WITNESS_DECIDES, defective, referee_of
from tests.prover.worlds import COINBASE, CONTRACT, OTHER, SENDER

Step = tuple[str, Hash32, Witness, Hash32]

PATHS = [
    *(journal_path(ACCOUNT, address, 0) for address in (SENDER, CONTRACT, OTHER, COINBASE)),
    *(journal_path(SLOT, address, slot) for address in (CONTRACT, OTHER) for slot in range(10)),
]
"""Where the corpus has its records."""


LIBRARIES = {
    **{f"opcode 0x{opcode:02x}": "state_opcodes" for opcode in (0x31, 0x3B, 0x3C, 0x3F, 0x47, 0x54, 0x55, 0x5C, 0x5D)},
    **{f"opcode 0x{opcode:02x}": "logs" for opcode in range(0xA0, 0xA5)},
    **{f"opcode 0x{opcode:02x}": "call_opcodes" for opcode in (0xF1, 0xF2, 0xF4, 0xFA, 0xFF)},
    **{f"opcode 0x{opcode:02x}": "creates" for opcode in (0xF0, 0xF5)},
    **dict.fromkeys(("enter", "return", "fault"), "frames"),
    **dict.fromkeys(("access", "end"), "transactions"),
    **dict.fromkeys(("flush slots", "flush accounts", "done"), "flush"),
    "begin": "begin",
    "create finish": "creates",
    "precompile": "precompiles",
}
"""Whose step is whose; the others are not this test's."""


MOST = 8
"""How many steps of one kind are taken from one special example."""


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The corpus's steps: of the plain examples one of each kind and shape, of the special ones a few of each kind."""
    found: dict[object, Step] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for each in examples():
        special = each.name[0].islower() or "by one" in each.name
        vm = each.begin()
        while vm.phase != DONE:
            before, name = vm.digest(), step_name(vm)
            witness = witnessed_step(vm)
            shape = len(witness.pages), len(witness.openings), len(witness.stack), len(witness.preimages)
            taken[each.name, name] += 1
            key = (each.name, name, min(taken[each.name, name], MOST)) if special else (name, vm.phase, shape)
            found.setdefault(key, (f"{each.name}, {name}", before, witness, vm.digest()))
    return list(found.values())


def hidden_records(witness: Witness) -> Iterator[Witness]:
    """Records shown as another leaf on their own path, so as absent."""
    for index, shown in enumerate(witness.openings):
        for path in PATHS if shown.record else ():
            hidden = JournalOpening(shown.siblings, b"", path.to_bytes(32, "big"), keccak(shown.record))
            yield replace(witness, openings=(*witness.openings[:index], hidden, *witness.openings[index + 1 :]))


def other_codes(witness: Witness) -> Iterator[Witness]:
    """Codes that have another opcode where the frame is, and codes that are longer."""
    pc = int.from_bytes(witness.preimages[2][512:544], "big") if len(witness.preimages) > 2 else 0
    for index, code in enumerate(witness.codes):
        for opcode in (0x31, 0x3F, 0xA0, 0xF1, 0xFA):
            other = code[:pc] + bytes((opcode,)) + code[pc + 1 :]
            yield replace(witness, codes=(*witness.codes[:index], other, *witness.codes[index + 1 :]))
        yield replace(witness, codes=(*witness.codes[:index], code + b"\0", *witness.codes[index + 1 :]))


def notices(library: VyperReferee, name: str, steps: list[Step]) -> str:
    """The first thing that goes wrong with the library's steps and with one of each other kind; empty if nothing."""
    foreign: set[str] = set()
    attacked: set[tuple[str, int]] = set()
    for where, before, witness, after in steps:
        kind = where.rpartition(", ")[2]
        if LIBRARIES.get(kind) != name:
            if kind not in foreign and is_judged(library, before, witness):
                return f"{where}: a step of another library is judged"
            foreign.add(kind)
            continue
        try:
            if library.judge(before, witness) != after:
                return f"{where}: an honest step is judged to another state"
        except InvalidWitness as error:
            return f"{where}: an honest step is refused: {error}"
        shape = kind, len(witness.openings)
        if shape in attacked:
            continue
        attacked.add(shape)
        for attack in (*attacks(witness), *hidden_records(witness), *other_codes(witness)):
            try:
                if library.judge(before, attack) != after:
                    return f"{where}: a changed witness leads to another state"
            except (InvalidWitness, OverflowError):
                continue
    return ""


def is_judged(library: VyperReferee, before: Hash32, witness: Witness) -> bool:
    try:
        library.judge(before, witness)
    except InvalidWitness:
        return False
    return True


ANOTHER_STATE = "an honest step is judged to another state"
FOREIGN = "a step of another library is judged"

DEFECTS: dict[str, tuple[str, str, str, str, str]] = {
    "SLOAD does not hash its key": (
        "state_opcodes",
        "accounts",
        "trie._get(root, keccak256(convert(slot, bytes32)), at)",
        "trie._get(root, convert(slot, bytes32), at)",
        "SLOAD, opcode 0x54: an honest step",
    ),
    "SLOAD does not pop": (
        "state_opcodes",
        "state_opcodes",
        "        after.items.append(record.current)\n",
        "        after.items.append(slot)\n        after.items.append(record.current)\n",
        f"opcode 0x54: {ANOTHER_STATE}",
    ),
    "SELFBALANCE pushes the code hash": (
        "state_opcodes",
        "state_opcodes",
        "        after.items.append(record.balance)\n        return",
        "        after.items.append(convert(record.code_hash, uint256))\n        return",
        f"opcode 0x47: {ANOTHER_STATE}",
    ),
    "the code is never hashed against the code hash": (
        "state_opcodes",
        "running",
        'assert code_hash == state.frame.code_hash, "proof: code"',
        "pass",
        WITNESS_DECIDES,
    ),
    "another account's code is never hashed": (
        "state_opcodes",
        "state_opcodes",
        'assert other_hash == record.code_hash, "proof: other code"',
        "pass",
        WITNESS_DECIDES,
    ),
    "SSTORE is allowed inside STATICCALL": (
        "state_opcodes",
        "state_opcodes",
        "opcode.number == SSTORE and (frame.static == 1 or",
        "opcode.number == SSTORE and (",
        REFUSED,
    ),
    "SSTORE ignores what the slot held at the start": (
        "state_opcodes",
        "state_opcodes",
        "if record.original == record.current and record.current != new:",
        "if record.current != new:",
        f"opcode 0x55: {ANOTHER_STATE}",
    ),
    "the journal is not checked": (
        "state_opcodes",
        "journal",
        'assert self._folded(opened, opened.end) == journal.root, "journal: not under the root"',
        "pass",
        WITNESS_DECIDES,
    ),
    "a record may be shown as absent": (
        "state_opcodes",
        "journal",
        'assert opened.other != path, "journal: not another leaf"',
        "pass",
        WITNESS_DECIDES,
    ),
    "trie nodes are not hashed": (
        "call_opcodes",
        "trie",
        'assert keccak256(slice(slice(msg.data, at, BUFFER), 0, node.end - at)) == expected, "trie: wrong node"',
        "pass",
        WITNESS_DECIDES,
    ),
    "a call passes all gas on": (
        "call_opcodes",
        "call_opcodes",
        "min(requested, left - left // 64)",
        "min(requested, left)",
        ANOTHER_STATE,
    ),
    "a call does not inherit static": (
        "call_opcodes",
        "call_opcodes",
        "            static=frame.static,\n",
        "            static=0,\n",
        ANOTHER_STATE,
    ),
    "a library takes opcodes that are not its own": (
        "logs",
        "logs",
        'assert opcode.number >= LOG0 and opcode.number <= LOG4, "proof: another library\'s opcode"',
        "pass",
        FOREIGN,
    ),
    "a fault does not undo": (
        "frames",
        "frames",
        "    globals.journal = snapshot.journal\n",
        "",
        ANOTHER_STATE,
    ),
    "the frame left keeps its gas after a fault": (
        "frames",
        "frames",
        "self._leave(state, restored, empty(layout.Outcome), 0, next)",
        "self._leave(state, restored, empty(layout.Outcome), state.frame.gas, next)",
        f"fault: {ANOTHER_STATE}",
    ),
    "half of the gas is refunded": (
        "transactions",
        "transactions",
        "MAX_REFUND_QUOTIENT: constant(uint256) = 5",
        "MAX_REFUND_QUOTIENT: constant(uint256) = 2",
        "end: an honest step",
    ),
    "a branch with one child stays": (
        "flush",
        "trie",
        "        elif node.others > 1:\n",
        "        elif node.others > 0:\n",
        f"flush slots: {ANOTHER_STATE}",
    ),
    "the nonce is not checked": (
        "begin",
        "begin",
        "context.nonce != record.nonce or ",
        "",
        "a wrong nonce, begin: an honest step",
    ),
}


QUICK = ("SLOAD does not hash its key", "SELFBALANCE pushes the code hash", "trie nodes are not hashed")
"""Each takes seconds to compile, so the others are for the slow run."""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in DEFECTS]
)
def test_a_library_with_the_defect_is_noticed(steps, tmp_path, name):
    library, file, right, wrong, words = DEFECTS[name]
    assert words in notices(defective(tmp_path, library, file, right, wrong), library, steps)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({library for library, *_ in DEFECTS.values()}))
def test_a_library_as_it_is_has_nothing_to_notice(steps, name):
    assert notices(referee_of(name), name, steps) == ""
