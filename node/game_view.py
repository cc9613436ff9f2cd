"""A dispute as JSON, for pages and programs: all of it read from L1, with what our own traces know beside it.

The contract keeps only where the game stands; how it came there is in its log. Amounts are hex quantities in wei, times
L1 seconds, hashes and addresses hex.
"""

import asyncio
import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict

from node.game_contract import (
    GAME_OPENED,
    MOVES,
    PART_PICKED,
    STATES_POSTED,
    STEP_PROVEN,
    GameOnL1,
    GameReader,
)
from node.l1.client import L1Client
from node.l1.wire import L1Log, as_data, as_record
from node.outputs_reader import OutputsReader
from node.shown_step import ShownStep, shown_step
from node.state_words import next_opcode, state_fields
from protocol.abi import address_of, words_of
from protocol.crypto import keccak
from protocol.errors import Retry
from protocol.outputs import Assertion
from protocol.outputs import Status as AssertionStatus
from protocol.rollup import SettlementContracts
from protocol.types import Address, Hash32
from prover.game import ARITY, BLOCK_BITS, ITEM_BITS, ROUNDS, STEP_BITS, Status, Turn, place_of
from prover.machine.vm import PHASE_NAMES
from prover.trajectory import Trajectory
from rpc.errors import Json

ASSERTION_REJECTED = keccak(b"AssertionRejected(uint256,address)")
MOST_KEPT = 1024
MOST_LOOKS = 5
BELIEF_SECONDS = 2.0
"""How long an answer waits for our own traces; the next one has them."""

KnownTraces = Callable[[int], Sequence[tuple[str, Trajectory]]]
"""Of an assertion: traces at hand, each with whose it is. They may be in use elsewhere."""


def no_traces(_assertion_id: int) -> Sequence[tuple[str, Trajectory]]:
    """Of a node that plays no part."""
    return ()


class GameView:
    """Reads the games of one rollup. Every method raises Retry when L1 does not answer, L1Refused when it will not."""

    def __init__(self, l1: L1Client, contracts: SettlementContracts, known: KnownTraces = no_traces) -> None:
        self._l1 = l1
        self._game = GameReader(l1, contracts.game)
        self._outputs = OutputsReader(l1, contracts.outputs)
        self._known = known
        self._bonds: tuple[int, int] | None = None
        self._gas: OrderedDict[Hash32, tuple[Hash32, int]] = OrderedDict()
        self._beliefs: OrderedDict[tuple[int, Hash32, Hash32], asyncio.Task[list[Json]]] = OrderedDict()

    async def count(self) -> int | None:
        """How many games there have been; None where an account decides, and no game does."""
        return await self._game.word("count()") if await self._l1.code(self._game.address) else None

    async def line(self, game_id: int) -> dict[str, Json]:
        """A game in a list."""
        return _standing(await self._game.game(game_id))

    async def record(self, game_id: int) -> dict[str, Json]:
        """Everything about a game that there is."""
        for _ in range(MOST_LOOKS):
            found = await self._game.game(game_id)
            assertion = await self._outputs.assertion(found.assertion_id)
            head = (await self._l1.head()).ref
            logs = await self._logs(game_id, assertion.l1_block_number, head.number)
            if await self._game.game(game_id) == found:
                break  # nobody has moved meanwhile: state and log are of the same moment
        else:
            raise Retry(f"game {game_id} moves faster than it can be read")
        proof = next((log for _number, log in logs if log.topics[0] == STEP_PROVEN), None)
        step, prover = (None, None) if proof is None else await self._proof(proof)
        return {
            **_standing(found),
            "assertion": _assertion(assertion),
            "rounds": _rounds(found, logs),
            "agreed": _hex(found.game.agreed),
            "claimed": _hex(found.game.claimed),
            "computed": None if proof is None else _hex(proof.data[96:128]),
            "shown": None if step is None else _step(step),
            "beliefs": await self._believed(found),
            "clocks": _clocks(found, head.timestamp),
            "moves": await self._moves(found, logs, prover),
            "bonds": await self._bonds_of(found, assertion, head.number),
        }

    async def _logs(self, game_id: int, first: int, last: int) -> list[tuple[int, L1Log]]:
        """What has been played, in order."""
        topics = [None, Hash32(game_id.to_bytes(32, "big"))]
        logs = await self._l1.find_logs(self._game.address, topics, first, last)
        return [(number, log) for number, log in logs if log.topics[0] in MOVES]

    async def _proof(self, log: L1Log) -> tuple[ShownStep | None, Address | None]:
        """What the proof shows, and who brought it."""
        transaction = await self._l1.request("eth_getTransactionByHash", [_hex(log.transaction_hash)])
        if transaction is None:
            return None, None
        record = as_record(transaction, "transaction")
        sender = Address(as_data(record.get("from"), "transaction's from", 20))
        return shown_step(as_data(record.get("input"), "transaction's input")), sender

    async def _moves(self, found: GameOnL1, logs: Sequence[tuple[int, L1Log]], prover: Address | None) -> list[Json]:
        moves: list[Json] = []
        sides = {
            "open": "challenger",
            "pick": "challenger",
            "post": "proposer",
            "prove": "anyone",
            "time out": "anyone",
        }
        if prover in (found.challenger, found.defender):
            sides["prove"] = "challenger" if prover == found.challenger else "proposer"
        for number, log in logs:
            what = MOVES[log.topics[0]]
            moves.append(
                {
                    "what": what,
                    "who": sides[what],
                    "l1Block": number,
                    "transactionHash": _hex(log.transaction_hash),
                    "gas": await self._gas_of(log.transaction_hash),
                }
            )
        return moves

    async def _gas_of(self, transaction: Hash32) -> int | None:
        """Gas of a mined transaction; a reorg that moves it changes neither that nor what the log says of it."""
        if transaction not in self._gas:
            receipt = await self._l1.receipt(transaction)
            if receipt is None:
                return None
            self._gas[transaction] = receipt.block_hash, receipt.gas_used
            if len(self._gas) > MOST_KEPT:
                self._gas.popitem(last=False)
        return self._gas[transaction][1]

    async def _bonds_of(self, found: GameOnL1, assertion: Assertion, head: int) -> Json:
        """Per side: wei put in, wei that came of it (null: not decided), and wei not yet collected."""
        if self._bonds is None:
            self._bonds = await self._outputs.word("bond()"), await self._game.word("bond()")
        proposers, challengers = self._bonds
        status = found.game.status
        proposer_gets: int | None = None if assertion.status is AssertionStatus.PENDING else proposers
        challenger_gets: int | None = None
        if assertion.status is AssertionStatus.REJECTED:
            proposer_gets = 0
        if status == Status.DEFENDED:
            challenger_gets = 0
        elif status in (Status.REFUTED, Status.MOOT):
            wins = await self._winner(assertion, head) == found.challenger and status == Status.REFUTED
            challenger_gets = challengers + (proposers // 2 if wins else 0)
        reward = challengers // 2 if status == Status.DEFENDED else 0
        sides: list[Json] = []
        for who, account, put, gets, extra in (
            ("proposer", found.defender, proposers, proposer_gets, reward),
            ("challenger", found.challenger, challengers, challenger_gets, 0),
        ):
            sides.append(
                {
                    "who": who,
                    "account": _hex(account),
                    "put": hex(put),
                    "gets": None if gets is None else hex(gets),
                    "reward": hex(extra),
                    "waiting": hex(
                        await self._game.word("credits(address)", account)
                        + await self._outputs.word("credits(address)", account)
                    ),
                }
            )
        burnt = proposers - proposers // 2 if challenger_gets is not None and challenger_gets > challengers else 0
        burnt = challengers - reward if status == Status.DEFENDED else burnt
        return {"sides": sides, "burnt": hex(burnt)}

    async def _winner(self, assertion: Assertion, head: int) -> Address | None:
        """Of the challengers that won, the first: who is paid."""
        topics = [ASSERTION_REJECTED, Hash32(assertion.id.to_bytes(32, "big"))]
        logs = await self._l1.find_logs(self._outputs.address, topics, assertion.l1_block_number, head)
        return address_of(int.from_bytes(logs[-1][1].topics[2], "big")) if logs else None

    async def _believed(self, found: GameOnL1) -> list[Json]:
        """Our own traces' states before and after the last step, computed once and beside the game."""
        game = found.game
        traces = self._known(found.assertion_id) if game.round == ROUNDS else ()
        if not traces:
            return []
        key = found.id, game.agreed, game.claimed
        if key not in self._beliefs:
            # A copy of its own for each: a trace remembers where it was asked last, and the player asks it, too.
            ours = [(whose, trace.beside()) for whose, trace in traces]
            self._beliefs[key] = asyncio.create_task(asyncio.to_thread(_beliefs, ours, game.position))
            if len(self._beliefs) > MOST_KEPT:
                self._beliefs.popitem(last=False)
        task = self._beliefs[key]
        await asyncio.wait([task], timeout=BELIEF_SECONDS)
        return copy.deepcopy(task.result()) if task.done() else []


def _beliefs(traces: Sequence[tuple[str, Trajectory]], position: int) -> list[Json]:
    found: list[Json] = []
    for whose, trace in traces:
        before, after = trace.machine_at(position), trace.machine_at(position + 1)
        fields: dict[str, Json] = dict(state_fields(after))
        found.append(
            {
                "whose": whose,
                "before": _hex(before.digest()),
                "after": _hex(after.digest()),
                "phase": PHASE_NAMES[before.phase],
                "opcode": next_opcode(before),
                "fields": fields,
            }
        )
    return found


def _standing(found: GameOnL1) -> dict[str, Json]:
    game = found.game
    block, item, step = place_of(game.position)
    return {
        "id": found.id,
        "assertionId": found.assertion_id,
        "challenger": _hex(found.challenger),
        "proposer": _hex(found.defender),
        "status": game.status.name.lower(),
        "turn": Turn(game.turn).name.lower() if game.status == Status.OPEN else None,
        "round": game.round,
        "roundsInAll": ROUNDS,
        "length": hex(game.length),
        "block": block,
        "item": item,
        "step": step,
        "deadline": game.deadline,
    }


def _assertion(assertion: Assertion) -> Json:
    return {
        "id": assertion.id,
        "l2Block": assertion.l2_block_number,
        "outputRoot": _hex(assertion.output_root),
        "l1Block": assertion.l1_block_number,
        "status": assertion.status.name.lower(),
    }


def _clocks(found: GameOnL1, now: int) -> Json:
    """Seconds left, as of L1's newest block: the clock of whose turn it is runs."""
    game = found.game
    is_open = game.status == Status.OPEN
    picks = game.turn == Turn.PICK
    used = now - game.moved_at if is_open else 0
    return {
        "clock": game.rules.clock,
        "extension": game.rules.extension,
        "proposerLeft": max(0, game.defender_left - (0 if picks else used)),
        "challengerLeft": max(0, game.challenger_left - (used if picks else 0)),
        "running": None if not is_open else "challenger" if picks else "proposer",
    }


def _rounds(found: GameOnL1, logs: Sequence[tuple[int, L1Log]]) -> list[Json]:
    """Each round that has begun: the stretch, the states at its parts' ends once posted, the part once picked."""
    rounds: list[Json] = []
    agreed, claimed = found.game.agreed, found.game.claimed
    position, states, number = 0, list[bytes](), 0
    for _block, log in logs:
        topic = log.topics[0]
        if topic == GAME_OPENED:
            agreed, claimed = Hash32(log.data[:32]), Hash32(log.data[32:64])
        elif topic == STATES_POSTED:
            states = [log.data[start : start + 32] for start in range(0, 32 * (ARITY - 1), 32)]
        elif topic == PART_PICKED and len(states) == ARITY - 1:
            part, next_position, _round = words_of(log.data)
            rounds.append(_round_record(number, position, [agreed, *states, claimed], part))
            bounds = [agreed, *states, claimed]
            agreed, claimed = Hash32(bounds[part]), Hash32(bounds[part + 1])
            position, number, states = next_position, number + 1, []
    if number < ROUNDS:
        rounds.append(_round_record(number, position, [agreed, *states, claimed], None))
    return rounds


def _round_record(number: int, position: int, bounds: Sequence[bytes], part: int | None) -> Json:
    block, item, step = place_of(position)
    what, each = _unit(number + 1)
    return {
        "round": number,
        "block": block,
        "item": item,
        "step": step,
        "unit": what,
        "each": each,
        "states": [_hex(bound) for bound in bounds] if len(bounds) == ARITY + 1 else None,
        "ends": [_hex(bounds[0]), _hex(bounds[-1])],
        "part": part,
    }


def _unit(round_: int) -> tuple[str, int]:
    """What a part of the stretch is after so many rounds: `("block", 32)`."""
    bits = 5 * (ROUNDS - round_)
    for unit, size in (("block", ITEM_BITS + STEP_BITS), ("item", STEP_BITS), ("step", 0)):
        if bits >= size:
            return unit, 1 << (bits - size)
    raise ValueError(f"there is no round {round_} of {BLOCK_BITS + ITEM_BITS + STEP_BITS} bits")


def _step(step: ShownStep) -> Json:
    fields = asdict(step)
    fields["address"] = None if step.address is None else _hex(step.address)
    fields["stack"] = [hex(value) for value in step.stack]
    return fields


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
