"""Somebody who bonds a false output root of a live rollup, and stands by it until L1 has executed the step."""

from contextlib import suppress
from dataclasses import dataclass

from node.account import Account
from node.challenger import Player, PlayerConfig
from node.claims import Contents
from node.clock import SystemClock
from node.dispute_stage import beginning_of
from node.game_contract import GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.outputs_reader import OutputsReader
from node.replay import replay
from node.rollup import Rollup
from node.serial_sender import SerialSender
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, Status, propose_call
from protocol.types import Address
from prover.commitments.chain_structures import Output
from prover.game import ROUNDS, place_of
from prover.lies import KINDS, Kind, lie_about
from prover.machine.step import resume
from prover.trajectory import Lie, Trajectory

LOOKS = 4_000


@dataclass(frozen=True)
class Fall:
    """How a lie fell: the assertion, the game, who won it by the step, and which phase that step was of."""

    assertion_id: int
    game_id: int
    challenger: Address
    phase: int


class Liar:
    """One account with ether on L1, which is not the rollup's proposer. Reads nothing but L1, and what batches
    outside of calldata stand for by `contents`."""

    def __init__(self, client: L1Client, rollup: Rollup, private_key: bytes, contents: Contents | None = None) -> None:
        contracts = rollup.config.settlement
        assert contracts is not None
        self._client, self._rollup, self._key, self._contracts = client, rollup, private_key, contracts
        self._contents = contents
        self.outputs, self.game = OutputsReader(client, contracts.outputs), GameReader(client, contracts.game)
        self.config = GameReader(client, contracts.chain_config)

    async def lie_and_lose(self, kind: Kind = KINDS["balance"]) -> Fall:
        """Bond a lie, a wrong balance or another, about the chain up to the newest L1 block, and defend it to the end.

        Asserts that the lie fell by the one step that was lied about, and that the bond went where it belongs.
        """
        assertion_id, lie, honest, lying = await self._propose(kind)
        mine = await self._defend(assertion_id, lying)
        assert (await self.outputs.assertion(assertion_id)).status is Status.REJECTED
        head = (await self._client.head()).ref.number
        moves = [what for _number, what, _tx in await self.game.moves(mine, 0, head)]
        assert moves == ["open", *["post", "pick"] * ROUNDS, "prove"], "the whole game, and not the clock"
        found = await self.game.game(mine)
        position = found.game.position
        assert place_of(position) == (lie.block, lie.item, lie.change[0] - 1)
        proven = await self.game.proven(mine, 0, head)
        assert proven is not None
        assert proven.data[96:128] == honest.state_hash(position + 1) != found.game.claimed
        liar = private_key_address(self._key)
        assert await self.outputs.word("credits(address)", liar) == 0
        assert await self.outputs.word("burnt()") == self._contracts.bond - self._contracts.bond // 2
        judged = honest.machine_at(position)
        if place_of(position)[2] == 0:
            resume(judged)
        assert judged.phase == kind.phase
        return Fall(assertion_id, mine, found.challenger, judged.phase)

    async def _propose(self, kind: Kind) -> tuple[int, Lie, Trajectory, Trajectory]:
        newest = (await self._client.head()).ref
        chain = await replay(self._client, self._rollup, newest.number, self._contents)
        beginning = await beginning_of(self._client, self._rollup, chain, newest, self._contents)
        lie = lie_about(kind, beginning)
        honest, lying = Trajectory(beginning), Trajectory(beginning, lie)
        claimed = lying.machine_at(2**50).cursor
        assert isinstance(claimed, Output)
        while (await self._client.head()).ref.number == newest.number:
            await SystemClock().sleep(0.05)
        call = propose_call(0, claimed.number, OutputRoot(claimed.root), newest)
        receipt = await Account(self._client, SystemClock(), self._key).send(
            self.outputs.address, call, self._contracts.bond
        )
        assert receipt.succeeded
        mine = private_key_address(self._key)
        made = range(1, await self.outputs.word("count()"))
        [assertion_id] = [number for number in made if (await self.outputs.assertion(number)).proposer == mine]
        return assertion_id, lie, honest, lying

    async def _defend(self, assertion_id: int, lying: Trajectory) -> int:
        """Returns the game about the lie, when it is over."""

        async def trace_of(_assertion: Assertion) -> Trajectory:
            return lying

        sender = SerialSender(self._client, self._key)
        player = Player(trace_of, self._client, self._contracts, sender, PlayerConfig(challenges=False))
        for _ in range(LOOKS):
            with suppress(Retry, L1Refused):
                await player.step()
                if (await self.outputs.assertion(assertion_id)).status is not Status.PENDING:
                    break
            await SystemClock().sleep(0.05)
        games = range(await self.game.word("count()"))
        [mine] = [number for number in games if (await self.game.game(number)).assertion_id == assertion_id]
        return mine
