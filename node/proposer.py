"""The proposer: bonds output roots that this node has derived, confirms them after their window, takes bonds back.

Each look reads the contract as L1 has it now, so a crash, or a reorg that takes proposals away, needs no repair. It
builds only on assertions whose root it has computed itself. What it claims (L1 up to this block yields that L2 block)
is a record of its own derivation, and the contract takes it only while that L1 block is on the chain. The game reads
it as *the last* block that this much of L1 yields: so it says nothing less, and nothing about more blocks than a game
can walk through.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from node.defence import defence_wei
from node.duties import look
from node.l1.client import L1Client
from node.l1.records import L1Record
from node.output_roots import Output
from node.outputs_reader import OutputsReader
from node.serial_sender import Call, SenderConfig, SerialSender
from protocol.abi import encode_call
from protocol.l1 import L1BlockRef
from protocol.outputs import Assertion, Status, propose_call
from protocol.rollup import SettlementContracts
from protocol.types import Address
from prover.game import BLOCK_BITS

MOST_OPEN = 256
"""Assertions after the last confirmed one that are looked at; older ones first."""
KNOWN_BLOCKS = 240
"""How far back a proposal may name an L1 block: the contract knows 256, and it takes a few to be mined."""
MOST_BLOCKS = (1 << BLOCK_BITS) - 2
"""How many L2 blocks an assertion may span: in a game's trace the first place walks from L1's hashes to the chain, and
the last one finds that nothing follows."""
LOOK_BACK = 64
"""Assertions before it that a start looks through for own ones that were overtaken."""


@dataclass(frozen=True, slots=True)
class ProposerConfig:
    """How often, how surely."""

    interval_seconds: int = 3600
    """The least time, by L2's timestamps, between the blocks of two proposals."""

    l1_confirmations: int = 1
    """How far the L1 block that a proposal names is behind L1's head; at least 1: the contract must know its hash."""

    poll_seconds: float = 1.0
    """How often to look at L1."""

    sender: SenderConfig = field(default_factory=SenderConfig)
    """Patience and fees."""


@dataclass(frozen=True, slots=True)
class ProposerStatus:
    """For `status` and dashboards: the L2 block of the newest own bond that is open, or was the last to be confirmed;
    what is under way on L1; what keeps the proposer from going on, if anything."""

    last_l2_block: int | None
    under_way: str | None
    complaint: str | None


class Derived:
    """What derivation found, as far as a proposer asks. `node.output_roles` makes one of a running node."""

    def __init__(
        self,
        newest: Callable[[], int],
        record: Callable[[int], L1Record | None],
        output: Callable[[int], Output | None],
    ) -> None:
        self.newest = newest
        """The number of the newest L1 block derived from."""
        self.record = record
        """What was derived with an L1 block; None when it is not processed."""
        self.output = output
        """Our output of an L2 block; None when it is not there, or its state is not kept any more."""

    def confirms(self, assertion: Assertion) -> bool:
        """Whether we derive the same from the same L1, and nothing after it: a block before the last one is false."""
        output, record = self.output(assertion.l2_block_number), self.record(assertion.l1_block_number)
        return (
            output is not None
            and output.root == assertion.output_root
            and record is not None
            and record.block.ref.hash == assertion.l1_block_hash
            and record.safe_number == assertion.l2_block_number
        )


class Proposer:
    """One account's bonds on one rollup, as a `node.duties.Duty`."""

    def __init__(
        self,
        derived: Derived,
        l1: L1Client,
        contracts: SettlementContracts,
        sender: SerialSender,
        config: ProposerConfig | None = None,
        *,
        defends: bool = False,
    ) -> None:
        """`defends`: whether the account answers challenges too, where a game judges them; then it keeps their gas."""
        self.name = "proposer"
        self.complaint: str | None = None
        self._config = config or ProposerConfig()
        self._derived = derived
        self._l1 = l1
        self._contracts = contracts
        self._outputs = OutputsReader(l1, contracts.outputs)
        self._sender = sender
        self._defends = defends
        self._own: set[int] | None = None
        self._last_l2_block: int | None = None

    @property
    def address(self) -> Address:
        """The account that bonds, and pays."""
        return self._sender.address

    def status(self) -> ProposerStatus:
        """What it is doing."""
        return ProposerStatus(self._last_l2_block, self._sender.under_way, self.complaint)

    async def step(self) -> str | None:
        """Look once, with nothing else to do; returns the complaint. Raises as `node.duties.look`."""
        await look(self._l1, self._sender, self)
        return self.complaint

    async def due(self, head: L1BlockRef) -> Call | str | None:
        """The transaction that is to be sent now; see `Duty`."""
        confirmed = await self._outputs.latest_confirmed()
        opened = await self._outputs.after(confirmed.id, MOST_OPEN)
        await self._remember_own(confirmed, opened)
        chain = self._chain(confirmed, opened)
        if isinstance(chain, str):
            return chain
        closed_at = head.timestamp - self._contracts.challenge_window
        return (
            self._confirmation(chain, closed_at)
            or await self._superseding(confirmed, closed_at)
            or await self._collection()
            or await self._proposal(chain, opened, head.number)
        )

    async def _remember_own(self, confirmed: Assertion, opened: Sequence[Assertion]) -> None:
        """Know the own assertions that may be overtaken; at the start, look a bit behind the last confirmed one."""
        seen = list(opened)
        if self._own is None:
            first = max(1, confirmed.id - LOOK_BACK)
            seen += [await self._outputs.assertion(number) for number in range(first, confirmed.id)]
        own = [one for one in seen if one.proposer == self.address]
        self._own = {*(self._own or ()), *(one.id for one in own if one.status is Status.PENDING)}
        blocks = [one.l2_block_number for one in (confirmed, *own) if one.proposer == self.address]
        self._last_l2_block = max(blocks, default=None)

    def _chain(self, confirmed: Assertion, opened: Sequence[Assertion]) -> list[Assertion] | str:
        """What to build on: the last confirmed assertion, then pending ones with our own roots."""
        ours = self._derived.output(confirmed.l2_block_number)
        if ours is None:
            return f"block {confirmed.l2_block_number}, whose output L1 has confirmed, is not derived here yet"
        if ours.root != confirmed.output_root:
            return (
                f"L1 has confirmed 0x{confirmed.output_root.hex()} for block {confirmed.l2_block_number}, "
                f"but the output root of that block is 0x{ours.root.hex()}: nothing can be built on it"
            )
        chain = [confirmed]
        for assertion in opened:
            follows = assertion.parent == chain[-1].id and assertion.status is Status.PENDING
            fits = assertion.l2_block_number - chain[-1].l2_block_number <= MOST_BLOCKS
            if follows and fits and self._derived.confirms(assertion):
                chain.append(assertion)
        return chain

    def _confirmation(self, chain: Sequence[Assertion], closed_at: int) -> Call | None:
        if len(chain) < 2 or not _is_closed(chain[1], closed_at):
            return None
        what = f"confirm the output of block {chain[1].l2_block_number}"
        return self._call(what, encode_call("confirm(uint256)", chain[1].id))

    async def _superseding(self, confirmed: Assertion, closed_at: int) -> Call | None:
        """Take back the bond of an own assertion that another one has overtaken."""
        own = self._own or set()
        for number in sorted(own):
            assertion = await self._outputs.assertion(number)
            if assertion.status is not Status.PENDING or assertion.proposer != self.address:
                own.discard(number)
                continue
            parent = await self._outputs.assertion(assertion.parent)
            is_overtaken = parent.status is Status.CONFIRMED and parent.id != confirmed.id
            if (is_overtaken or parent.status is Status.SUPERSEDED) and _is_closed(assertion, closed_at):
                what = f"take back the bond on block {assertion.l2_block_number}, which was overtaken"
                return self._call(what, encode_call("supersede(uint256)", number))
        return None

    async def _collection(self) -> Call | None:
        credit = await self._outputs.word("credits(address)", self.address)
        return self._call(f"collect {credit} wei of bonds", encode_call("collect()")) if credit else None

    async def _proposal(
        self, chain: Sequence[Assertion], opened: Sequence[Assertion], l1_head: int
    ) -> Call | str | None:
        parent = chain[-1]
        record = self._newest_within(parent)
        if not isinstance(record, L1Record):
            return record
        number = record.safe_number
        output, last = self._derived.output(number), self._derived.output(parent.l2_block_number)
        if output is None or last is None:
            return f"the state of block {number} is not kept here any more: raise --retention"
        is_due = output.header.timestamp >= last.header.timestamp + self._config.interval_seconds
        # More blocks than one assertion may span never make a longer interval: they would wait for ever.
        is_due = is_due or self._waiting(parent) > MOST_BLOCKS
        if not is_due or record.block.ref.number < parent.l1_block_number or self._has_bond_on(number, opened):
            return None
        if record.block.ref.number < l1_head - KNOWN_BLOCKS:
            return f"derivation is at L1 block {record.block.ref.number} of {l1_head}: too far behind to propose"
        call = propose_call(parent.id, number, output.root, record.block.ref)
        what = f"propose the output of block {number}"
        return await self._lacking(opened) or self._call(what, call, self._contracts.bond)

    async def _lacking(self, opened: Sequence[Assertion]) -> str | None:
        """That the account cannot pay for a bond and what may come of it, if so."""
        bond, balance = self._contracts.bond, await self._l1.balance(self.address)
        if balance < bond:
            return f"0x{self.address.hex()} has {balance} wei on L1, the bond is {bond}: fund it"
        kept = await self._kept_wei(opened)
        if balance < bond + kept:
            return (
                f"0x{self.address.hex()} has too little ether on L1 to propose: the bond is {bond} wei, and {kept} wei "
                "stay with it for the gas of disputes, without which it would lose what it has bonded: fund it"
            )
        return None

    async def _kept_wei(self, opened: Sequence[Assertion]) -> int:
        """For the games that are open, and one about what is to be bonded."""
        if not self._defends or not await self._l1.code(self._contracts.game):
            return 0  # a guardian's account plays no games
        games = 1 + sum(one.open_games for one in opened if one.proposer == self.address)
        return await defence_wei(self._l1, games, self._config.sender.max_fee_per_gas)

    def _newest_within(self, parent: Assertion) -> L1Record | str | None:
        """The newest L1 block that yields blocks after the parent's, but no more than an assertion may span."""
        most = parent.l2_block_number + MOST_BLOCKS
        last = self._newest_l1()
        newest = found = self._derived.record(last)
        if newest is None or newest.safe_number <= parent.l2_block_number:
            return None
        # The safe head never goes back along L1, so halving finds the last block that is not too much.
        first = last if newest.safe_number <= most else parent.l1_block_number
        while first < last:
            middle = (first + last) // 2
            record = self._derived.record(middle)
            if record is not None and record.safe_number > most:
                last = middle
            else:
                first, found = middle + 1, record
        if found is None or not parent.l2_block_number < found.safe_number <= most:
            return f"one L1 block yields more than {MOST_BLOCKS} blocks after block {parent.l2_block_number}: too many"
        return found

    def _newest_l1(self) -> int:
        """The number of the newest L1 block that a proposal may name."""
        return self._derived.newest() - max(1, self._config.l1_confirmations)

    def _waiting(self, parent: Assertion) -> int:
        """How many blocks L1 yields after the parent's."""
        newest = self._derived.record(self._newest_l1())
        return 0 if newest is None else newest.safe_number - parent.l2_block_number

    def _has_bond_on(self, number: int, opened: Sequence[Assertion]) -> bool:
        """Whether we have bonded this block already; on the same parent the contract would refuse it, too."""
        return any(one.proposer == self.address and one.l2_block_number == number for one in opened)

    def _call(self, what: str, calldata: bytes, value: int = 0) -> Call:
        return Call(what, self._outputs.address, calldata, value)


def _is_closed(assertion: Assertion, closed_at: int) -> bool:
    return assertion.created_at <= closed_at and assertion.open_games == 0
