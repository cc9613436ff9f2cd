"""An L1 that tests write by hand: a list of blocks with deposits and batches, and a data layer that may withhold."""

from dataclasses import dataclass, field

from da.adapter import Commitment
from protocol.crypto import keccak
from protocol.errors import Reject, Retry
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH, Hash32

GENESIS_NUMBER = 50
GENESIS_TIME = 1_700_000_000
SECONDS_PER_BLOCK = 12


@dataclass
class ScriptedL1:
    """A driver's `L1Source` and `BatchSource` at once. A commitment is the keccak of its data."""

    refs: list[L1BlockRef] = field(default_factory=list)
    deposits: dict[Hash32, tuple[bytes, ...]] = field(default_factory=dict)
    batches: dict[Hash32, tuple[bytes, ...]] = field(default_factory=dict)
    withheld: set[bytes] = field(default_factory=set)
    finalized: int = 0
    down: bool = False
    served: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        randao = keccak(b"randao")
        self.refs.append(L1BlockRef(GENESIS_NUMBER, keccak(b"l1 genesis"), ZERO_HASH, GENESIS_TIME, randao))

    @property
    def head(self) -> L1BlockRef:
        return self.refs[-1]

    def mine(
        self, *, deposits: tuple[bytes, ...] = (), batches: tuple[bytes, ...] = (), salt: bytes = b""
    ) -> L1BlockRef:
        parent = self.head
        number = parent.number + 1
        block_hash = keccak(parent.hash + salt + b"".join(deposits) + b"|".join(batches))
        time = GENESIS_TIME + SECONDS_PER_BLOCK * (number - GENESIS_NUMBER)
        ref = L1BlockRef(number, block_hash, parent.hash, time, keccak(block_hash))
        self.refs.append(ref)
        self.deposits[block_hash] = deposits
        self.batches[block_hash] = batches
        for data in batches:
            self.served[keccak(data)] = data
        return ref

    def rollback(self, depth: int) -> None:
        del self.refs[len(self.refs) - depth :]

    def _answer(self) -> None:
        if self.down:
            raise Retry("L1 does not answer")

    async def latest(self) -> L1BlockRef:
        self._answer()
        return self.head

    async def finalized_number(self) -> int:
        self._answer()
        return self.finalized

    async def block(self, number: int) -> L1BlockRef | None:
        self._answer()
        index = number - GENESIS_NUMBER
        return self.refs[index] if 0 <= index < len(self.refs) else None

    async def inputs(self, ref: L1BlockRef) -> tuple[tuple[bytes, ...], tuple[Commitment, ...]]:
        self._answer()
        if ref not in self.refs:
            raise Retry("unknown block")
        return self.deposits.get(ref.hash, ()), tuple(
            Commitment(keccak(data)) for data in self.batches.get(ref.hash, ())
        )

    async def fetch(self, commitment: Commitment) -> bytes:
        if len(commitment) != 32:
            raise Reject("malformed commitment")
        if bytes(commitment) in self.withheld:
            raise Retry("the layer has not served it")
        return self.served[bytes(commitment)]
