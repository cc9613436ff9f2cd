"""What passes from prover to referee: preimages, codes, page openings and journal openings, each in the order of use.

`Recorder` writes a tape while the machine takes one step; `Reader` gives it back to the referee, which checks every
piece against a hash that it already trusts. Nothing on a tape says what it is for: order and hashes do.
"""

from dataclasses import dataclass, field

from protocol.crypto import keccak
from protocol.types import Hash32


class InvalidWitness(Exception):
    """The witness does not open what the step needs. Says nothing about the state: another witness may."""


@dataclass(frozen=True, slots=True)
class PageOpening:
    """One page of a page tree and the digests beside its path, from the leaf up."""

    page: bytes
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class JournalOpening:
    """Where a journal path ends, and the digests beside it, from the root down.

    It ends at the record itself (`record` is its preimage), at the leaf of another path (`other_path`, `other_record`,
    32 bytes each), or at an empty subtree (all three empty).
    """

    siblings: tuple[bytes, ...]
    record: bytes = b""
    other_path: bytes = b""
    other_record: bytes = b""


@dataclass(frozen=True, slots=True)
class Witness:
    """Everything that one step needs to see. `stack` are the top items, the topmost last, above `stack_tail`.

    `codes` are the long preimages that do not tell their own length: codes and transactions, at most two.
    """

    preimages: tuple[bytes, ...]
    pages: tuple[PageOpening, ...] = ()
    openings: tuple[JournalOpening, ...] = ()
    stack: tuple[int, ...] = ()
    stack_tail: bytes = b"\0" * 32
    codes: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Recorder:
    """Writes the tape of one step."""

    preimages: list[bytes] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)
    pages: list[PageOpening] = field(default_factory=list)
    openings: list[JournalOpening] = field(default_factory=list)
    last_path: int | None = None
    """The path of the last journal opening, while no write has made it stale."""


class Reader:
    """Reads a tape once, front to back."""

    __slots__ = ("_code", "_opening", "_page", "_preimage", "_witness")

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._preimage = 0
        self._code = 0
        self._page = 0
        self._opening = 0

    def raw(self) -> bytes:
        """The next preimage, unchecked.

        Raises:
            InvalidWitness: There is none.
        """
        if self._preimage >= len(self._witness.preimages):
            raise InvalidWitness("a preimage is missing")
        self._preimage += 1
        return self._witness.preimages[self._preimage - 1]

    def preimage(self, expected: bytes) -> bytes:
        """The next preimage, which must hash to `expected`."""
        return _hashing_to(expected, self.raw())

    def raw_code(self) -> bytes:
        """The next code or transaction, unchecked.

        Raises:
            InvalidWitness: There is none.
        """
        if self._code >= len(self._witness.codes):
            raise InvalidWitness("a code is missing")
        self._code += 1
        return self._witness.codes[self._code - 1]

    def code(self, expected: bytes) -> bytes:
        """The next code or transaction, which must hash to `expected`."""
        return _hashing_to(expected, self.raw_code())

    def page(self) -> PageOpening:
        """The next page opening, unchecked."""
        if self._page >= len(self._witness.pages):
            raise InvalidWitness("a page is missing")
        self._page += 1
        return self._witness.pages[self._page - 1]

    def opening(self) -> JournalOpening:
        """The next journal opening, unchecked."""
        if self._opening >= len(self._witness.openings):
            raise InvalidWitness("a journal opening is missing")
        self._opening += 1
        return self._witness.openings[self._opening - 1]

    def finish(self) -> None:
        """Refuse what was brought and not used, so that a judged step has one witness."""
        witness = self._witness
        if (self._preimage, self._code, self._page, self._opening) != (
            len(witness.preimages),
            len(witness.codes),
            len(witness.pages),
            len(witness.openings),
        ):
            raise InvalidWitness("the witness holds more than the step needs")


def _hashing_to(expected: bytes, data: bytes) -> bytes:
    if keccak(data) != expected:
        raise InvalidWitness(f"preimage hashes to 0x{keccak(data).hex()}, expected 0x{expected.hex()}")
    return data


@dataclass(frozen=True, slots=True)
class Sealed:
    """A commitment whose content has not been opened."""

    hash: Hash32

    def digest(self) -> Hash32:
        """The commitment."""
        return self.hash
