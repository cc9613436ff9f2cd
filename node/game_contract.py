"""What the game contract says, in bytes: calls, answers, events. The contract is `contracts/l1/game.vy`."""

from collections.abc import Sequence
from dataclasses import dataclass

from node.l1.client import L1Client, Tag
from node.l1.wire import L1Log, MalformedAnswer
from protocol.abi import Dynamic, address_of, encode_call, words_of
from protocol.crypto import keccak
from protocol.types import Address, Hash32
from prover.calldata import encode_witness
from prover.game import ARITY, Game, Rules, Status
from prover.trajectory import StepProof

STATES_POSTED = keccak(f"StatesPosted(uint256,bytes32[{ARITY - 1}])".encode())
STEP_PROVEN = keccak(b"StepProven(uint256,uint256,bytes32,bytes32,bytes32)")
GAME_OPENED = keccak(b"GameOpened(uint256,uint256,address,bytes32,bytes32)")
PART_PICKED = keccak(b"PartPicked(uint256,uint256,uint256,uint256)")
PROVE_SIGNATURE = "prove(uint256,(uint256,bytes32,bytes32,bytes32),bytes)"
MOVES = {
    GAME_OPENED: "open",
    STATES_POSTED: "post",
    PART_PICKED: "pick",
    STEP_PROVEN: "prove",
    keccak(b"TimedOut(uint256)"): "time out",
}
"""What happened, by an event's topic 0."""
_GAME_WORDS = 12
_STATES = f"bytes32[{ARITY - 1}]"


@dataclass(frozen=True, slots=True)
class GameOnL1:
    """One game as the contract has it: the model's, and who plays about what."""

    id: int
    assertion_id: int
    challenger: Address
    defender: Address
    game: Game


def open_call(assertion_id: int) -> bytes:
    """`open`, with the bond as value."""
    return encode_call("open(uint256)", assertion_id)


def post_call(game_id: int, states: Sequence[Hash32]) -> bytes:
    """`post`."""
    return encode_call(f"post(uint256,{_STATES})", game_id, *states)


def pick_call(game_id: int, states: Sequence[Hash32], part: int) -> bytes:
    """`pick`."""
    return encode_call(f"pick(uint256,{_STATES},uint256)", game_id, *states, part)


def prove_call(game_id: int, proof: StepProof) -> bytes:
    """`prove`: the agreed state's words, and the witness as the verifier takes it."""
    state = (proof.phase, proof.cursor, proof.globals, proof.frame)
    arguments = b"" if proof.witness is None else encode_witness(proof.witness)
    return encode_call(PROVE_SIGNATURE, game_id, state, Dynamic(arguments))


class GameReader:
    """Asks one game contract. Every method raises Retry when L1 does not answer, L1Refused when it will not."""

    def __init__(self, client: L1Client, address: Address) -> None:
        self._client = client
        self.address = address
        self._rules: Rules | None = None

    async def word(self, signature: str, *arguments: int | bytes) -> int:
        """The answer of a view function that returns one word."""
        words = words_of(await self._client.call(self.address, encode_call(signature, *arguments)))
        if len(words) != 1:
            raise MalformedAnswer(f"{signature} of 0x{self.address.hex()} answered {len(words)} words")
        return words[0]

    async def is_about(self, chain_rules: Hash32) -> bool:
        """Whether there is a game at all, and about the chain with these rules; an account may stand there instead.

        Raises:
            Retry, L1Refused: As every method; also where there is a contract of another kind.
        """
        if not await self._client.code(self.address):
            return False
        found = _hash(await self.word("rules()"))
        if found != chain_rules:
            raise MalformedAnswer(f"0x{self.address.hex()} judges a chain with other rules than this one has")
        return True

    async def rules(self) -> Rules:
        """The clocks of this deployment."""
        if self._rules is None:
            self._rules = Rules(await self.word("clock()"), await self.word("extension()"))
        return self._rules

    async def game(self, game_id: int, at: Tag = "latest") -> GameOnL1:
        """Everything about a game; a status of NONE says that there is none (yet)."""
        words = words_of(await self._client.call(self.address, encode_call("game(uint256)", game_id), at))
        if len(words) != _GAME_WORDS:
            raise MalformedAnswer(f"game {game_id}: {len(words)} words")
        assertion, challenger, defender, agreed, claimed, posted, position, round_ = words[:8]
        defender_left, challenger_left, moved_at, status = words[8:]
        game = Game(
            rules=await self.rules(),
            agreed=_hash(agreed),
            claimed=_hash(claimed),
            moved_at=moved_at,
            defender_left=defender_left,
            challenger_left=challenger_left,
            position=position,
            round=round_,
            posted=_hash(posted),
            status=Status(status),
        )
        return GameOnL1(game_id, assertion, address_of(challenger), address_of(defender), game)

    async def endpoints(self, assertion_id: int) -> tuple[Hash32, Hash32]:
        """The first and the last state that an assertion's trace has on L1."""
        words = words_of(await self._client.call(self.address, encode_call("endpoints(uint256)", assertion_id)))
        if len(words) != 2:
            raise MalformedAnswer(f"endpoints of assertion {assertion_id}: {len(words)} words")
        return _hash(words[0]), _hash(words[1])

    async def posted_states(self, game_id: int, posted: Hash32, first: int, last: int) -> list[Hash32] | None:
        """The states behind a commitment, from the contract's log in these L1 blocks; None if it is not there."""
        logs = await self._client.find_logs(self.address, [STATES_POSTED, _hash(game_id)], first, last)
        for _number, log in reversed(logs):
            if keccak(log.data) == posted:
                return [Hash32(log.data[start : start + 32]) for start in range(0, len(log.data), 32)]
        return None

    async def moves(self, game_id: int, first: int, last: int) -> list[tuple[int, str, Hash32]]:
        """(L1 block, what it was, transaction) of everything that happened in a game, in order."""
        logs = await self._client.find_logs(self.address, [None, _hash(game_id)], first, last)
        return [(number, MOVES[log.topics[0]], log.transaction_hash) for number, log in logs if log.topics[0] in MOVES]

    async def proven(self, game_id: int, first: int, last: int) -> L1Log | None:
        """The log of the step that ended a game, if a step did."""
        logs = await self._client.find_logs(self.address, [STEP_PROVEN, _hash(game_id)], first, last)
        return logs[-1][1] if logs else None


def _hash(word: int) -> Hash32:
    return Hash32(word.to_bytes(32, "big"))
