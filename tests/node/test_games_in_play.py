"""Which games are read again: counted by the questions that L1 is asked."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.game_contract import GameOnL1, GameReader
from node.games_in_play import MOST_GAMES, Forgetful, GamesInPlay, Memory, MemoryFile
from node.l1.client import L1Client, Tag
from node.l1.transport import L1Refused
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH, Address, Hash32
from prover.game import Game, Rules, Status

ME, RIVAL, OTHER = (Address(bytes((number,)) * 20) for number in (1, 2, 3))
GAME = Address(b"\x0a" * 20)
FINALITY = 4
"""Blocks until one is final."""


def a_game(number: int, status: Status = Status.OPEN, *, ours: bool = True) -> GameOnL1:
    game = Game(Rules(300, 60), ZERO_HASH, Hash32(b"\1" * 32), 0, 300, 300, status=status)
    return GameOnL1(number, 1, ME if ours else OTHER, RIVAL, game)


class World:
    """An L1 with one game contract: the games as of each block. Both ends of `GamesInPlay`."""

    def __init__(self, *games: GameOnL1) -> None:
        self.blocks: list[tuple[GameOnL1, ...]] = [games]
        self.asked: list[tuple[int, str]] = []
        self.finality_asked = 0
        self.has_old_states = True

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    @property
    def final(self) -> int:
        return max(0, self.head - FINALITY)

    def mine(self, *games: GameOnL1, blocks: int = 1) -> None:
        """Further blocks with these games; without any, as before."""
        self.blocks += [games or self.blocks[-1]] * blocks

    def reorg(self, depth: int) -> None:
        del self.blocks[-depth:]

    def end(self, number: int, status: Status = Status.DEFENDED) -> None:
        games = list(self.blocks[-1])
        games[number] = replace(games[number], game=replace(games[number].game, status=status))
        self.mine(*games)

    async def word(self, _name: str) -> int:
        return len(self.blocks[-1])

    async def game(self, number: int, at: Tag = "latest") -> GameOnL1:
        self.asked.append((number, at))
        if at == "finalized" and not self.has_old_states:
            raise L1Refused("eth_call", -32000, "missing trie node")
        games = self.blocks[self.head if at == "latest" else self.final]
        return games[number] if number < len(games) else a_game(number, Status.NONE, ours=False)

    async def block(self, _tag: Tag) -> L1BlockRef:
        self.finality_asked += 1
        return L1BlockRef(self.final, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH)

    def player(self, memory: Memory | None = None) -> GamesInPlay:
        return GamesInPlay(cast("L1Client", self), cast("GameReader", self), ME, memory)

    async def look(self, games: GamesInPlay) -> list[int]:
        """The games that are ours and open; `asked` has what it took to know."""
        self.asked.clear()
        self.finality_asked = 0
        return [found.id async for found in games.open_ones(self.head)]


async def test_what_is_over_on_finalized_l1_is_never_read_again() -> None:
    world = World(*[a_game(number, Status.DEFENDED) for number in range(100)], a_game(100), a_game(101, ours=False))
    games = world.player()
    assert await world.look(games) == [100]
    assert len(world.asked) == 102, "nothing is known yet"
    world.mine(blocks=FINALITY)
    assert await world.look(games) == [100]
    world.mine()
    assert await world.look(games) == [100]
    assert (world.asked, world.finality_asked) == ([(100, "latest")], 0), "one question about the one that is open"


async def test_a_game_that_a_reorg_opens_again_is_looked_at_again() -> None:
    world = World(a_game(0))
    games = world.player()
    world.mine()
    world.end(0)
    assert await world.look(games) == []
    world.reorg(1)
    assert await world.look(games) == [0], "it was over in a block that is gone"
    world.mine(blocks=3 * FINALITY)
    assert await world.look(games) == [0]
    assert world.asked == [(0, "latest")]


async def test_a_game_that_ends_in_another_block_after_a_reorg_is_settled_by_the_final_one() -> None:
    world = World(a_game(0))
    games = world.player()
    world.mine()
    world.end(0)
    await world.look(games)
    seen = world.head
    world.reorg(1)
    world.mine(blocks=FINALITY)
    world.end(0)  # the block it was seen in is final now, and it is open there
    assert world.final >= seen - 1
    assert await world.look(games) == []
    world.mine(blocks=FINALITY)
    await world.look(games)
    world.mine(blocks=FINALITY)
    await world.look(games)
    await world.look(games)
    assert world.asked == []


async def test_a_restart_reads_on_from_where_everything_is_settled(tmp_path: Path) -> None:
    world = World(*[a_game(number, Status.REFUTED) for number in range(50)], a_game(50))
    memory = MemoryFile(tmp_path / "games.json", GAME, ME)
    games = world.player(memory)
    await world.look(games)
    world.mine(blocks=FINALITY)
    await world.look(games)
    assert await world.look(world.player(memory)) == [50]
    assert world.asked == [(50, "latest")]
    games.forget()
    assert await world.look(games) == [50]
    assert world.asked == [(50, "latest")]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"settled": 5}', '{"settled": "5"}', "\0"])
def test_a_damaged_file_and_one_of_another_account_say_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "games.json"
    memory = MemoryFile(file, GAME, ME)
    assert memory.load() == 0
    memory.save(7)
    assert memory.load() == 7
    assert MemoryFile(file, GAME, RIVAL).load() == MemoryFile(file, OTHER, ME).load() == 0
    file.write_text(text)
    assert memory.load() == 0
    MemoryFile(tmp_path / "gone" / "games.json", GAME, ME).save(3)  # no disk to write to: nothing breaks


async def test_an_l1_without_old_states_is_read_as_before() -> None:
    world = World(a_game(0, Status.DEFENDED), a_game(1))
    world.has_old_states = False
    games = world.player()
    for _ in range(3):
        assert await world.look(games) == [1]
        world.mine(blocks=FINALITY)
    assert (0, "latest") in world.asked


async def test_another_l1_than_the_remembered_one_is_read_from_its_beginning() -> None:
    class Remembered(Forgetful):
        def load(self) -> int:
            return 10

    world = World(a_game(0), a_game(1, Status.DEFENDED))
    assert await world.look(world.player(Remembered())) == [0]


async def test_only_the_newest_games_are_looked_at() -> None:
    world = World(*[a_game(number) for number in range(MOST_GAMES + 3)])
    found = await world.look(world.player())
    assert found == list(range(3, MOST_GAMES + 3))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["open", "others", "end", "mine", "reorg", "crash"]), st.integers(0, 5)), max_size=40
    )
)
def test_whatever_l1_does_the_open_games_are_found(happenings: list[tuple[str, int]]) -> None:
    asyncio.run(follow(happenings))


class Kept:
    """Memory that outlives a crash."""

    settled = 0

    def load(self) -> int:
        return self.settled

    def save(self, settled: int) -> None:
        self.settled = settled


async def follow(happenings: list[tuple[str, int]]) -> None:
    """L1 reorganises at most as deep as its finality; crashes happen at any moment."""
    world = World()
    world.mine(blocks=FINALITY)
    kept = Kept()
    games, deepest = world.player(kept), world.head
    for what, number in happenings:
        newest = world.blocks[-1]
        match what:
            case "open" | "others":
                world.mine(*newest, a_game(len(newest), ours=what == "open"))
            case "end" if number < len(newest):
                world.end(number)
            case "reorg" if world.head > number and world.head - number >= deepest - FINALITY:
                world.reorg(number) if number else None
            case "crash":
                games.forget()
            case _:
                world.mine()
        deepest = max(deepest, world.head)
        expected = [one.id for one in world.blocks[-1] if one.game.status == Status.OPEN and one.challenger == ME]
        assert await world.look(games) == expected
