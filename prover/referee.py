"""The referee: from a state's hash and a witness to the next state's hash, believing nothing else.

It has no state of its own. Everything that a step looks at is taken from the witness and checked against a hash that
the referee already trusts, beginning with the state's. The opcode comes from the code behind the frame's code hash, the
outcome from executing it; nobody supplies either. A contract that does the same follows this file and `machine.step`
function by function.
"""

from collections.abc import Sequence
from typing import cast

from protocol.rlp_codec import InvalidRlp
from protocol.types import ZERO_HASH, Hash32
from prover.commitments import layout as table
from prover.commitments.layout import RING_DEPTH, InvalidEncoding, Memo
from prover.commitments.tape import InvalidWitness, Reader, Recorder, Sealed, Witness
from prover.machine.frame import NO_FRAME, Frame, decode_frame
from prover.machine.journal import ProvenJournal
from prover.machine.oracle import ELEMENT_OPENING_BYTES, grown_root, opened_elements
from prover.machine.stack import opened_stack
from prover.machine.step import step
from prover.machine.vm import VM


def judge(pre_hash: Hash32, witness: Witness) -> Hash32:
    """The hash of the state after the state with hash `pre_hash`.

    Raises:
        InvalidWitness: The witness does not open what the step needs, or brings more. That proves nothing.
    """
    reader = Reader(witness)
    try:
        vm = _opened_state(pre_hash, witness, reader)
        step(vm)
    except (InvalidEncoding, InvalidRlp) as error:
        raise InvalidWitness(str(error)) from error
    reader.finish()
    return vm.digest()


def _opened_state(pre_hash: Hash32, witness: Witness, reader: Reader) -> VM:
    """The state as far as every step opens it: phase, globals, frame and the shown part of the stack."""
    phase, cursor, globals_hash, frame_hash = table.decode(table.VM, reader.preimage(pre_hash))
    vm = VM(
        phase=cast(int, phase),
        cursor=_sealed(cursor),
        frame=NO_FRAME,
        fork=0,
        boundary=NO_FRAME,
        tx=NO_FRAME,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=ProvenJournal(ZERO_HASH, reader),
        oracle=WitnessOracle(reader),
        reader=reader,
    )
    if globals_hash != ZERO_HASH:
        _open_globals(vm, Hash32(cast(bytes, globals_hash)), reader)
    if frame_hash != ZERO_HASH:
        vm.frame = decode_frame(reader.preimage(cast(bytes, frame_hash)), reader)
    _open_stack(vm, witness)
    return vm


def _open_globals(vm: VM, digest: Hash32, reader: Reader) -> None:
    preimage = reader.preimage(digest)
    words = table.decode(table.GLOBALS, preimage)
    vm.has_globals = True
    vm.fork = cast(int, words[0])
    vm.boundary = _sealed(words[1])
    vm.tx = _sealed(words[2])
    vm.start_root = Hash32(cast(bytes, words[3]))
    vm.working_root = Hash32(cast(bytes, words[4]))
    vm.journal = ProvenJournal(Hash32(cast(bytes, words[5])), reader)
    vm.dirty_accounts = _sealed(words[6])
    vm.dirty_slots = _sealed(words[7])
    vm.refund = cast(int, words[8])
    vm.logs = _sealed(words[9])
    vm.logs_rlp_length = cast(int, words[10])
    vm.globals_memo = Memo(tuple(words), preimage, digest)


def _open_stack(vm: VM, witness: Witness) -> None:
    if not witness.stack:
        return
    if not isinstance(vm.frame, Frame):
        raise InvalidWitness("stack items without a frame")
    stack = vm.frame.stack
    vm.frame.stack = opened_stack(stack.tail, stack.hidden, witness.stack, witness.stack_tail)


def _sealed(word: int | bytes) -> Sealed:
    return Sealed(Hash32(cast(bytes, word)))


class WitnessOracle:
    """Codes, trie nodes and transactions by hash, from the witness."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def code(self, code_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The code with this hash."""
        return self._reader.code(code_hash)

    def keep_code(self, code: bytes) -> None:
        """Nothing: the next step's witness brings it."""

    def node(self, node_hash: Hash32, recorder: Recorder | None) -> bytes:
        """The trie node with this hash."""
        return self._reader.preimage(node_hash)

    def keep_node(self, node: bytes) -> None:
        """Nothing: the next step's witness brings it."""

    def transaction(self, item: Hash32, recorder: Recorder | None) -> bytes:
        """The transaction with this hash."""
        return self._reader.code(item)

    def keep_transaction(self, raw: bytes) -> None:
        """Nothing: the next step's witness brings it."""

    def elements(self, blobs: Sequence[bytes], first: int, count: int, recorder: Recorder | None) -> list[bytes]:
        """The field elements that KZG openings show."""
        openings = self._reader.raw_code()
        found = opened_elements(blobs, first, openings) if len(openings) == ELEMENT_OPENING_BYTES * count else None
        if found is None:
            raise InvalidWitness("the openings do not show these elements of these blobs")
        return found

    def ancestor(self, ring: Hash32, number: int, recorder: Recorder | None) -> Hash32:
        """The leaf at `number` mod 256, folded up to the ring's root."""
        return Hash32(self._ring_opening(ring, number)[:32])

    def grown_ring(self, ring: Hash32, number: int, block_hash: Hash32, recorder: Recorder | None) -> Hash32:
        """The root with another leaf, from what lies beside the old one."""
        return grown_root(self._ring_opening(ring, number), number, block_hash)

    def _ring_opening(self, ring: Hash32, number: int) -> bytes:
        opening = self._reader.raw()
        if len(opening) != 32 * (RING_DEPTH + 1):
            raise InvalidWitness("a ring opening has 9 words")
        if grown_root(opening, number, opening[:32]) != ring:
            raise InvalidWitness("the ancestor is not in the ring")
        return opening
