"""A witness as calldata of the verifier on L1: `step(pre, state, stack, code, other, pages, tape)`.

The first words are the state (VM, globals, frame; zeros where there are none) and the digest below the stack items
shown. What the contract reads piece by piece lies behind the arguments, and `tape` says where: the other preimages
joined, the siblings of all pages joined, the journal's openings joined. An opening is a word with the number of its
siblings plus 2^16 if it ends at another leaf and 2^17 if it ends at the record, then the siblings, then the other
leaf's two words or the record's preimage.
"""

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments import layout as table
from prover.commitments.layout import Kind, Layout
from prover.commitments.tape import InvalidWitness, JournalOpening, Witness

OTHER_LEAF, RECORD = 1 << 16, 1 << 17
"""How an opening ends; neither is an empty subtree."""

_PADDING = 1056
"""Zeros at the end, so that a read of fixed length near it stays inside."""

_STATE = (table.VM, table.GLOBALS, table.FRAME)
_HASHES = (Kind.BYTES32, Kind.COMMITMENT, Kind.PAGES)


def _tuple_of(layout: Layout) -> str:
    return "(" + ",".join("bytes32" if entry.kind in _HASHES else "uint256" for entry in layout.fields) + ")"


SIGNATURE = (
    f"step(bytes32,({','.join(map(_tuple_of, _STATE))},bytes32),uint256[],bytes,bytes,bytes,(uint256,uint256,uint256))"
)
SELECTOR = keccak(SIGNATURE.encode())[:4]

_STATE_WORDS = sum(len(layout.fields) for layout in _STATE) + 1
CODE_WORD = 1 + _STATE_WORDS + 1
"""Which word of the arguments has the offset of `code`; that of `other` follows."""
_HEAD_SIZE = 32 * (1 + _STATE_WORDS + 4 + 3)
"""Bytes of all arguments without the dynamic ones' contents."""


def step_calldata(pre_hash: Hash32, witness: Witness) -> bytes:
    """The whole call.

    Raises:
        InvalidWitness: It has no form that the contract could be given.
    """
    return SELECTOR + pre_hash + encode_witness(witness)


def encode_witness(witness: Witness) -> bytes:
    """What follows the state's hash in the call."""
    state, others = _state_and_others(witness)
    if len(witness.codes) > 2:
        raise InvalidWitness(f"{len(witness.codes)} codes")
    code, other = (*witness.codes, b"", b"")[:2]
    pages = b"".join(opening.page for opening in witness.pages)
    dynamic = (_words(witness.stack), _bytes(code), _bytes(other), _bytes(pages))
    offsets = []
    end = _HEAD_SIZE
    for part in dynamic:
        offsets.append(end)
        end += len(part)
    preimages = b"".join(others)
    siblings = b"".join(sibling for opening in witness.pages for sibling in opening.siblings)
    openings = b"".join(map(_opening, witness.openings))
    start = len(SELECTOR) + end
    tape = start, start + len(preimages), start + len(preimages) + len(siblings)
    head = state + witness.stack_tail + b"".join(map(_word, (*offsets, *tape)))
    return b"".join((head, *dynamic, preimages, siblings, openings, bytes(_PADDING)))


def _state_and_others(witness: Witness) -> tuple[bytes, list[bytes]]:
    """The fields of VM, globals and frame, and the other preimages."""
    others = list(witness.preimages)
    fields = []
    for layout in _STATE:
        preimage = others.pop(0) if others and others[0][:32] == layout.tag else layout.tag + bytes(layout.size - 32)
        if len(preimage) != layout.size:
            raise InvalidWitness(f"{layout.name}: {len(preimage)} bytes")
        fields.append(preimage[32:])
    return b"".join(fields), others


def _opening(opening: JournalOpening) -> bytes:
    end = RECORD if opening.record else OTHER_LEAF if opening.other_path else 0
    tail = opening.record or opening.other_path + opening.other_record
    return _word(len(opening.siblings) + end) + b"".join(opening.siblings) + tail


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _words(numbers: tuple[int, ...]) -> bytes:
    return _word(len(numbers)) + b"".join(map(_word, numbers))


def _bytes(data: bytes) -> bytes:
    return _word(len(data)) + data + bytes(-len(data) % 32)
