"""An L1 that tests write by hand: a list of blocks with deposits and batches, and a data layer that may withhold."""

from dataclasses import dataclass, field

from da.adapter import Commitment
from node.l1.inputs import L1Inputs, L1Position, MissingLogs
from protocol.config_changes import ConfigChange
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
    changes: dict[Hash32, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    withheld: set[bytes] = field(default_factory=set)
    left_out: set[Hash32] = field(default_factory=set)
    """Blocks whose events the endpoint does not tell of."""
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
        self,
        *,
        deposits: tuple[bytes, ...] = (),
        batches: tuple[bytes, ...] = (),
        changes: tuple[tuple[int, int], ...] = (),
        base_fee: int = 0,
        salt: bytes = b"",
    ) -> L1BlockRef:
        parent = self.head
        number = parent.number + 1
        block_hash = keccak(parent.hash + salt + b"".join(deposits) + b"|".join(batches) + repr(changes).encode())
        time = GENESIS_TIME + SECONDS_PER_BLOCK * (number - GENESIS_NUMBER)
        ref = L1BlockRef(number, block_hash, parent.hash, time, keccak(block_hash), base_fee)
        self.refs.append(ref)
        self.deposits[block_hash] = deposits
        self.batches[block_hash] = batches
        self.changes[block_hash] = changes
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

    async def inputs(self, ref: L1BlockRef, before: L1Position) -> L1Inputs:
        self._answer()
        if ref not in self.refs:
            raise Retry("unknown block")
        deposits, batches = self.deposits.get(ref.hash, ()), self.batches.get(ref.hash, ())
        if ref.hash in self.left_out:
            return L1Inputs((), (), before)
        changes = [ConfigChange(before.changes + n, *made) for n, made in enumerate(self.changes.get(ref.hash, ()))]
        position = L1Position(
            before.batches + len(batches), before.deposits + len(deposits), before.changes + len(changes)
        )
        if (deposits or batches or changes) and position != self.position(ref):
            raise MissingLogs(f"L1 left out events before block {ref.number}")
        return L1Inputs(deposits, tuple(Commitment(keccak(data)) for data in batches), position, tuple(changes))

    def position(self, ref: L1BlockRef) -> L1Position:
        """The true counts with this block."""
        refs = self.refs[: self.refs.index(ref) + 1]
        counts = [
            sum(len(events.get(one.hash, ())) for one in refs) for events in (self.batches, self.deposits, self.changes)
        ]
        return L1Position(counts[0], counts[1], L1Position().changes + counts[2])

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        if len(commitment) != 32:
            raise Reject("malformed commitment")
        if bytes(commitment) in self.withheld:
            raise Retry("the layer has not served it")
        return self.served[bytes(commitment)]
