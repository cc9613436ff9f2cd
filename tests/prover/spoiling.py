"""Spoiled proofs: what a dishonest prover might send for an agreed state, to be refused or to lead to the same end.

Three ways: the witness piece by piece (`spoiled_witness`), the call that carries it byte by byte and pointer by pointer
(`spoiled_call`), and too little gas. Everything is drawn from one `Random`, so that a finding repeats.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from protocol.rlp_codec import InvalidRlp, decode
from protocol.types import ZERO_HASH, Hash32
from prover.calldata import step_calldata
from prover.commitments.tape import JournalOpening, PageOpening, Witness
from prover.machine.step import resume
from prover.machine.vm import BLOCK_DONE, DONE, OUTPUT, PHASE_NAMES, VM
from prover.prove_statetest import step_name
from prover.witness import witnessed_step

HALTED = (DONE, BLOCK_DONE, OUTPUT)
MAX_WORD = 2**256 - 1
POINTERS = 4 + 32 * 41
"""Where calldata has four offsets and the three numbers of the tape."""
POINTER_COUNT = 7

Words = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An honest step: its phase, the phase's or opcode's name, the state's hash, the witness, the next one's hash."""

    phase: str
    name: str
    before: Hash32
    witness: Witness
    after: Hash32
    call: bytes


def judged_steps(vm: VM) -> Iterator[Judged]:
    """Every step to a chain's output, or to a lone transaction's end; each state that stays is a step, too."""
    is_chain = vm.phase not in range(DONE)
    while True:
        phase, name, before = vm.phase, step_name(vm), vm.digest()
        witness = witnessed_step(vm)
        yield Judged(PHASE_NAMES[phase], name, before, witness, vm.digest(), step_calldata(before, witness))
        if phase == OUTPUT or (phase == DONE and not is_chain):
            return
        if phase in HALTED:
            resume(vm)


def shape(step: Judged) -> object:
    """Steps of one shape open the same kinds of things."""
    witness = step.witness
    sizes = tuple(min(len(each), 200) for each in witness.preimages)
    return step.name, sizes, len(witness.pages), len(witness.openings), len(witness.stack), len(witness.codes)


def spoiled_witness(step: Judged, others: Sequence[Judged], random: Random) -> Witness:
    """The witness with one to three pieces changed, lost, doubled, moved, or taken from another honest step."""
    witness = step.witness
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        witness = random.choice(_WAYS)(witness, random.choice(others).witness, random)
    return witness


def spoiled_call(call: bytes, others: Sequence[Judged], random: Random) -> bytes:
    """The call with bytes, words or pointers changed, parts moved or cut; the hash that is asked about stays."""
    changed = bytearray(call)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        if len(changed) > POINTERS + 32 * POINTER_COUNT:
            random.choice(_CALL_WAYS)(changed, random.choice(others).call, random)
    return bytes(changed)


# --- the witness ------------------------------------------------------------------------------------------------------


def _lists(witness: Witness) -> list[str]:
    return [name for name in ("preimages", "codes", "pages", "openings") if getattr(witness, name)]


def _rearranged(witness: Witness, other: Witness, random: Random) -> Witness:
    """Pieces dropped, doubled, swapped, reversed, or put in from elsewhere."""
    names = _lists(witness)
    if not names:
        return replace(witness, preimages=other.preimages)
    name = random.choice(names)
    entries = list(getattr(witness, name))
    index = random.randrange(len(entries))
    kind = random.randrange(7)
    if kind == 0:
        del entries[index]
    elif kind == 1:
        entries.insert(index, entries[index])
    elif kind == 2:
        to = random.randrange(len(entries))
        entries[index], entries[to] = entries[to], entries[index]
    elif kind == 3:
        entries[index:] = reversed(entries[index:])
    elif kind == 4 and getattr(other, name):
        entries[index] = random.choice(getattr(other, name))
    elif kind == 5 and getattr(other, name):
        entries.insert(index, random.choice(getattr(other, name)))
    else:
        entries[index:] = getattr(other, name)[index:]
    return _with(witness, name, entries)


def _bytes_changed(witness: Witness, other: Witness, random: Random) -> Witness:
    names = [name for name in ("preimages", "codes") if getattr(witness, name)]
    if not names:
        return _rearranged(witness, other, random)
    name = random.choice(names)
    entries = list(getattr(witness, name))
    index = random.randrange(len(entries))
    entries[index] = _changed(entries[index], random)
    return _with(witness, name, entries)


def _rlp_changed(witness: Witness, other: Witness, random: Random) -> Witness:
    """A node, header or transaction written in another way, or with its parts moved."""
    names = [name for name in ("preimages", "codes") if getattr(witness, name)]
    if not names:
        return _rearranged(witness, other, random)
    name = random.choice(names)
    entries = list(getattr(witness, name))
    lists = [index for index, entry in enumerate(entries) if entry[:1] >= b"\xc0"] or [len(entries) - 1]
    index = random.choice(lists)
    entries[index] = _other_rlp(entries[index], random)
    return _with(witness, name, entries)


def _page_changed(witness: Witness, other: Witness, random: Random) -> Witness:
    if not witness.pages:
        return _rearranged(witness, other, random)
    entries = list(witness.pages)
    index = random.randrange(len(entries))
    one: PageOpening = entries[index]
    if random.random() < 0.5:
        entries[index] = replace(one, page=_changed(one.page, random))
    else:
        entries[index] = replace(one, siblings=_other_siblings(one.siblings, random))
    return _with(witness, "pages", entries)


def _opening_changed(witness: Witness, other: Witness, random: Random) -> Witness:
    """Another record, a record shown as another leaf or as absent, siblings moved."""
    if not witness.openings:
        return _rearranged(witness, other, random)
    entries = list(witness.openings)
    index = random.randrange(len(entries))
    one: JournalOpening = entries[index]
    elsewhere = random.choice(other.openings) if other.openings else one
    changes: list[JournalOpening] = [
        replace(one, siblings=_other_siblings(one.siblings, random)),
        replace(one, record=_changed(one.record, random) if one.record else elsewhere.record),
        replace(one, record=b""),
        replace(one, record=elsewhere.record),
        replace(
            one, record=b"", other_path=random.randbytes(32), other_record=random.choice([ZERO_HASH, one.record[:32]])
        ),
        replace(one, other_path=elsewhere.other_path, other_record=elsewhere.other_record),
        replace(one, siblings=elsewhere.siblings),
        JournalOpening(()),
        elsewhere,
    ]
    entries[index] = random.choice(changes)
    return _with(witness, "openings", entries)


def _stack_changed(witness: Witness, other: Witness, random: Random) -> Witness:
    items = list(witness.stack)
    kind = random.randrange(5)
    if kind == 0 or not items:
        return replace(witness, stack_tail=random.choice([ZERO_HASH, other.stack_tail, random.randbytes(32)]))
    index = random.randrange(len(items))
    if kind == 1:
        items[index] = random.choice([0, MAX_WORD, items[index] ^ (1 << random.randrange(256))])
    elif kind == 2:
        del items[index:]
    elif kind == 3:
        items.insert(0, random.choice([0, *items]))
    else:
        items = list(other.stack)
    return replace(witness, stack=tuple(items))


def _with(witness: Witness, name: str, entries: Sequence[object]) -> Witness:
    return replace(witness, **{name: tuple(entries)})  # type: ignore[arg-type]


_WAYS: tuple[Callable[[Witness, Witness, Random], Witness], ...] = (
    _rearranged,
    _bytes_changed,
    _bytes_changed,
    _rlp_changed,
    _page_changed,
    _opening_changed,
    _stack_changed,
)


# --- bytes ------------------------------------------------------------------------------------------------------------


def _changed(data: bytes, random: Random) -> bytes:
    """A bit, a word, a length: changed."""
    if not data:
        return bytes((random.randrange(256),))
    at = random.randrange(len(data))
    word = at // 32 * 32
    kind = random.randrange(7)
    if kind < 2:
        return data[:at] + bytes((data[at] ^ 1 << random.randrange(8),)) + data[at + 1 :]
    if kind == 2:
        edge = random.choice([0, 1, 2**64, 2**64 - 1, 2**255, MAX_WORD, random.randrange(64)])
        return data[:word] + edge.to_bytes(32, "big")[: len(data) - word] + data[word + 32 :]
    if kind == 3:
        number = int.from_bytes(data[word : word + 32], "big") + random.choice([-1, 1])
        size = len(data[word : word + 32])
        return data[:word] + (number % 256**size).to_bytes(size, "big") + data[word + 32 :]
    if kind == 4:
        return data[: random.choice([at, len(data) - 1])]
    if kind == 5:
        return data + random.choice([b"\0", bytes(32), random.randbytes(3), data[-32:]])
    elsewhere = random.randrange(len(data)) // 32 * 32
    return data[:word] + data[elsewhere : elsewhere + 32] + data[word + 32 :]


def _other_siblings(siblings: Words, random: Random) -> Words:
    if not siblings:
        return (random.choice([ZERO_HASH, random.randbytes(32)]),)
    changed = list(siblings)
    at, to = random.randrange(len(changed)), random.randrange(len(changed))
    kind = random.randrange(5)
    if kind == 0:
        changed[at] = _changed(changed[at], random)[:32].ljust(32, b"\0")
    elif kind == 1:
        changed[at], changed[to] = changed[to], changed[at]
    elif kind == 2:
        del changed[at]
    elif kind == 3:
        changed.insert(at, changed[to])
    else:
        changed[at] = ZERO_HASH
    return tuple(changed)


# --- RLP --------------------------------------------------------------------------------------------------------------

Item = bytes | list["Item"]


def _other_rlp(data: bytes, random: Random) -> bytes:
    """The same list in an encoding that is not canonical, or with its items moved; rubbish where it is none."""
    prefix, body = (data[:1], data[1:]) if data[:1] < b"\x05" else (b"", data)
    try:
        tree: Item = decode(body)  # type: ignore[assignment]
    except (InvalidRlp, ValueError):
        return _changed(data, random)
    if not isinstance(tree, list | tuple) or not tree:
        return _changed(data, random)
    items: list[Item] = list(tree)
    at, to = random.randrange(len(items)), random.randrange(len(items))
    kind = random.randrange(7)
    if kind == 0:
        items[at], items[to] = items[to], items[at]
    elif kind == 1:
        items.insert(at, items[to])
    elif kind == 2:
        del items[at]
    elif kind == 3:
        items[at] = items[to] if random.random() < 0.5 else b""
    elif kind == 4 and isinstance(items[at], bytes):
        items[at] = b"\0" + bytes(items[at])  # type: ignore[arg-type]
    encoded = b"".join(
        _encoded(item, random if kind == 5 and index == at else None) for index, item in enumerate(items)
    )
    whole = prefix + _header(0xC0, len(encoded), random if kind == 6 else None) + encoded
    return whole + b"\0" if kind == 6 and random.random() < 0.3 else whole


def _encoded(item: Item, random: Random | None) -> bytes:
    if not isinstance(item, bytes):
        body = b"".join(_encoded(each, None) for each in item)
        return _header(0xC0, len(body), random) + body
    if len(item) == 1 and item < b"\x80" and random is None:
        return item
    return _header(0x80, len(item), random) + item


def _header(kind: int, length: int, random: Random | None) -> bytes:
    """With `random`: longer than it needs to be."""
    if length < 56 and random is None:
        return bytes((kind + length,))
    size = max(1, (length.bit_length() + 7) // 8) + (0 if random is None else random.choice([0, 1, 2]))
    return bytes((kind + 55 + size,)) + length.to_bytes(size, "big")


# --- the call ---------------------------------------------------------------------------------------------------------


def _flip(call: bytearray, _other: bytes, random: Random) -> None:
    call[random.randrange(36, len(call))] ^= 1 << random.randrange(8)


def _word_at(call: bytearray, random: Random) -> int:
    return 4 + 32 * random.randrange(1, (len(call) - 4) // 32)


def _edge(call: bytearray, _other: bytes, random: Random) -> None:
    at = _word_at(call, random)
    edge = random.choice([0, 1, 31, 32, 2**32, 2**64, 2**255, MAX_WORD, MAX_WORD - 31, random.randrange(256)])
    call[at : at + 32] = edge.to_bytes(32, "big")


def _copied(call: bytearray, other: bytes, random: Random) -> None:
    """A word of this call or another one."""
    at = _word_at(call, random)
    source = call if random.random() < 0.5 else other
    start = 4 + 32 * random.randrange((len(source) - 4) // 32)
    call[at : at + 32] = source[start : start + 32].ljust(32, b"\0")


def _cut(call: bytearray, _other: bytes, random: Random) -> None:
    at = random.randrange(36, len(call))
    del call[at : at + random.choice([1, 32, 1056, len(call)])]


def _grown(call: bytearray, other: bytes, random: Random) -> None:
    """Bytes at the end or in the middle."""
    at = random.choice([len(call), random.randrange(36, len(call))])
    call[at:at] = random.choice([b"\0", bytes(32), b"\xff" * 32, other[36:]])


def _redirected(call: bytearray, _other: bytes, random: Random) -> None:
    """An offset or the tape points elsewhere: near, behind the end, or around the end of all numbers."""
    at = POINTERS + 32 * random.randrange(POINTER_COUNT)
    now = int.from_bytes(call[at : at + 32], "big")
    near = now + random.choice([-64, -32, -1, 1, 31, 32, 64])
    pointer = random.choice(
        [near, near, random.randrange(len(call) + 64), 2**256 - random.randrange(4096), now + 2**255]
    )
    call[at : at + 32] = (pointer % 2**256).to_bytes(32, "big")


def _shadowed(call: bytearray, _other: bytes, random: Random) -> None:
    """A spoiled copy of a part at the end, and one pointer that leads there: another pointer may lead to the first."""
    pointer = POINTERS + 32 * random.randrange(POINTER_COUNT)
    now = int.from_bytes(call[pointer : pointer + 32], "big")
    start = now if pointer >= POINTERS + 32 * 4 else now + 4
    if not POINTERS < start < len(call):
        return
    copy = bytearray(call[start : start + random.choice([64, 512, 4096, len(call)])])
    for _ in range(random.choice([0, 1, 1, 2])):
        copy[random.randrange(len(copy))] ^= 1 << random.randrange(8)
    call[pointer : pointer + 32] = (len(call) - start + now).to_bytes(32, "big")
    call += copy + bytes(1056)


def _resized(call: bytearray, _other: bytes, random: Random) -> None:
    """A dynamic argument says another length."""
    offset = POINTERS + 32 * random.randrange(4)
    at = 4 + int.from_bytes(call[offset : offset + 32], "big")
    if at + 32 <= len(call):
        now = int.from_bytes(call[at : at + 32], "big")
        length = max(0, random.choice([now - 1, now + 1, now + 32, 0, now * 2, 2**64]))
        call[at : at + 32] = (length % 2**256).to_bytes(32, "big")


_CALL_WAYS: tuple[Callable[[bytearray, bytes, Random], None], ...] = (
    _flip,
    _flip,
    _edge,
    _copied,
    _cut,
    _grown,
    _redirected,
    _redirected,
    _shadowed,
    _resized,
)
