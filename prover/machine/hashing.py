"""KECCAK256, and long hashes of any function: in one step where the input can be shown at once, else block by block.

The lanes between two blocks belong to the state, yet computing them in Python is a thousand times slower than hashing
at once. So the machine's cursor is `DeferredHashing`, which computes lanes only when its commitment is asked for.
"""

import hashlib
from collections.abc import Callable

from protocol.crypto import keccak
from protocol.types import Hash32
from prover.commitments.pages import Pages, pages_of
from prover.commitments.structures import Hashing, Return
from prover.machine import gas
from prover.machine.digests import DIGESTS, KECCAK256, RIPEMD160, SHA256
from prover.machine.frame import Frame
from prover.machine.gas import charge, expanded, expansion_cost, words_of
from prover.machine.vm import EXECUTE, HASH, RETURN, VM, opened, running

MAX_AT_ONCE = 32 * 1024
"""Bytes: 33 pages with their paths are 50 kB of witness."""

HASHES: dict[int, Callable[[bytes], bytes]] = {
    KECCAK256: keccak,
    SHA256: lambda data: hashlib.sha256(data).digest(),
    RIPEMD160: lambda data: hashlib.new("ripemd160", data).digest(),
}


def keccak256(vm: VM, frame: Frame) -> None:
    """Push the hash of a range of memory."""
    # Stack
    stack = frame.stack.items
    offset, length = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, length)
    charge(frame, gas.KECCAK + gas.KECCAK_WORD * words_of(length) + expansion_cost(frame, words))
    # Operation
    frame.words = words
    if length <= MAX_AT_ONCE:
        stack.append(int.from_bytes(keccak(frame.memory.read(offset, length, vm.recorder) if length else b""), "big"))
    else:
        start_hashing(vm, KECCAK256, frame.memory.freeze(), offset, length)
    # Program counter
    frame.pc += 1


def start_hashing(vm: VM, function: int, source: Pages, offset: int, length: int) -> None:
    """Make a hash over a long range the next thing to do."""
    beginning = Hashing(function, offset, length, length, *DIGESTS[function].initial)
    vm.go(HASH, DeferredHashing(beginning, source) if vm.reader is None else beginning)


class DeferredHashing:
    """A hash under way whose lanes nobody has asked for yet: an earlier one, and the bytes since."""

    __slots__ = ("_known", "_since", "function", "length", "offset", "remaining", "source", "start")

    def __init__(self, beginning: Hashing, source: Pages) -> None:
        self._known = beginning
        self._since: tuple[DeferredHashing, bytes] | None = None
        self.function = beginning.function
        self.start = self.offset = beginning.offset
        self.length = beginning.length
        self.remaining = beginning.remaining
        self.source = source

    def absorbed(self, data: bytes) -> "DeferredHashing":
        """The hash after some more blocks."""
        after = DeferredHashing(self._known, self.source)
        after._since = (self, data)
        after.start = self.start
        after.offset = self.offset + len(data)
        after.remaining = self.remaining - len(data)
        return after

    def finished(self) -> bytes:
        """The digest of the whole input."""
        return HASHES[self.function](self.source.read(self.start, self.length, None))

    def finished_with(self, tail: bytes) -> bytes:
        """The digest of what was absorbed and the rest, where there is no source: at once while nothing is known."""
        parts = [tail]
        hashing = self
        while hashing._since is not None:
            hashing, data = hashing._since
            parts.append(data)
        if hashing.remaining != hashing.length:
            return finished(self.known(), tail)
        return HASHES[self.function](b"".join(reversed(parts)))

    def known(self) -> Hashing:
        """The structure, lanes and all; computed once, from the last one that was."""
        pending: list[tuple[DeferredHashing, bytes]] = []
        hashing = self
        while hashing._since is not None:
            before, data = hashing._since
            pending.append((hashing, data))
            hashing = before
        for later, data in reversed(pending):
            later._known = absorbed(hashing._known, data)
            later._since = None
            hashing = later
        return self._known

    def digest(self) -> Hash32:
        """The commitment."""
        return self.known().digest()


def absorbed(hashing: Hashing, data: bytes) -> Hashing:
    """The hash after some more blocks."""
    lanes = DIGESTS[hashing.function].absorb_blocks(hashing.lanes(), data)
    return Hashing(hashing.function, hashing.offset + len(data), hashing.length, hashing.remaining - len(data), *lanes)


def finished(hashing: Hashing, tail: bytes) -> bytes:
    """The digest, once the rest of the input is known."""
    digest = DIGESTS[hashing.function]
    return digest.squeeze(digest.absorb_blocks(hashing.lanes(), tail + digest.padding(hashing.length)))


def hash_step(vm: VM) -> None:
    """Absorb as many blocks as a step takes; the step that ends the input delivers the hash."""
    frame = running(vm)
    deferred = vm.cursor if isinstance(vm.cursor, DeferredHashing) else None
    if deferred is not None and vm.recorder is not None:
        vm.recorder.preimages.append(deferred.known().encode())
    cursor = deferred if deferred is not None else opened(vm, vm.cursor, Hashing)
    full = DIGESTS[cursor.function].rate * DIGESTS[cursor.function].blocks_per_step
    source = frame.memory.freeze() if cursor.function == KECCAK256 else frame.calldata
    data = source.read(cursor.offset, min(cursor.remaining, full), vm.recorder)
    if len(data) == full:
        vm.cursor = cursor.absorbed(data) if isinstance(cursor, DeferredHashing) else absorbed(cursor, data)
        return
    result = cursor.finished() if isinstance(cursor, DeferredHashing) else finished(cursor, data)
    if cursor.function == KECCAK256:
        frame.stack.items.append(int.from_bytes(result, "big"))
        vm.go(EXECUTE)
    else:
        vm.go(RETURN, Return(True, pages_of(result.rjust(32, b"\0")), 0, 32))
