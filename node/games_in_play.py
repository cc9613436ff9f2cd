"""Which games an account still has to look at: those that are its own, and not over for good.

A contract remembers every game there ever was. One that is over, or somebody else's, as L1's *finalized* state has it,
stays so, and is not read again; what only the newest state says may be taken back by a reorg, and is. Below a certain
number every game is settled: that number alone is remembered on disk. If it is lost, every game is read once more.
"""

import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

from node.game_contract import GameOnL1, GameReader
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.types import Address
from prover.game import Status

MOST_GAMES = 4096
"""Games that are looked at; newer ones first. More cannot be open at a time without as many bonds."""


class Memory(Protocol):
    """Where the number is kept below which every game is settled."""

    def load(self) -> int:
        """It, or 0 where nothing is known."""

    def save(self, settled: int) -> None:
        """Keep it; it may be lost, and must not be mixed up."""


class Forgetful:
    """Keeps nothing: a new start reads every game once."""

    def load(self) -> int:
        """Nothing is known."""
        return 0

    def save(self, settled: int) -> None:
        """Forget it."""


class MemoryFile:
    """A file of one account's games in one contract; for another account or contract it says nothing."""

    def __init__(self, path: Path, game: Address, account: Address) -> None:
        self._path = path
        self._whose = {"game": f"0x{game.hex()}", "account": f"0x{account.hex()}"}

    def load(self) -> int:
        """What was saved; 0 where the file is not there, is damaged, or is about something else."""
        try:
            found = json.loads(self._path.read_text())
            settled = found.pop("settled")
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return 0
        return settled if found == self._whose and isinstance(settled, int) and settled >= 0 else 0

    def save(self, settled: int) -> None:
        """Replace the file at once, so that it is never half of one; a full disk costs nothing but reading again."""
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(json.dumps({**self._whose, "settled": settled}) + "\n")
            os.replace(beside, self._path)
        except OSError:
            return


class GamesInPlay:
    """One account's games in one contract. Methods raise Retry when L1 does not answer, L1Refused when it will not."""

    def __init__(self, l1: L1Client, game: GameReader, account: Address, memory: Memory | None = None) -> None:
        self._l1 = l1
        self._game = game
        self._account = account
        self._memory = memory or Forgetful()
        self.forget()

    def forget(self) -> None:
        """Be as after a crash."""
        self._settled_below = self._memory.load()
        self._settled: set[int] = set()
        self._seen: dict[int, int] = {}
        """Games that the newest state has as settled, each with the L1 block from which on it may be final."""

    async def open_ones(self, l1_head: int) -> AsyncGenerator[GameOnL1, None]:
        """Our games that are open at L1's newest block, the oldest first. L1 is asked about each as it comes."""
        count = await self._game.word("count()")
        if count < self._settled_below:  # what was final is not: another L1, or one that was rolled back by hand
            self._settled_below = 0
            self._settled.clear()
        self._settled_below = max(self._settled_below, count - MOST_GAMES)
        await self._settle(l1_head)
        for number in range(self._settled_below, count):
            if number in self._settled:
                continue
            found = await self._game.game(number)
            if self._is_settled(found):
                self._seen.setdefault(number, l1_head)
            elif found.game.status == Status.OPEN:
                self._seen.pop(number, None)
                yield found

    async def _settle(self, l1_head: int) -> None:
        """Take over what L1 has finalized meanwhile."""
        self._seen = {number: at for number, at in self._seen.items() if number >= self._settled_below}
        if self._seen:
            final = await self._l1.block("finalized")
            for number in [one for one, at in self._seen.items() if final is not None and at <= final.number]:
                if await self._is_final(number):
                    self._settled.add(number)
                    del self._seen[number]
                else:
                    self._seen[number] = l1_head
        before = self._settled_below
        while self._settled_below in self._settled:
            self._settled_below += 1
        self._settled = {number for number in self._settled if number >= self._settled_below}
        if self._settled_below != before:
            self._memory.save(self._settled_below)

    async def _is_final(self, number: int) -> bool:
        try:
            return self._is_settled(await self._game.game(number, "finalized"))
        except L1Refused:
            return False  # the node does not have that state any more: it is asked again later

    def _is_settled(self, found: GameOnL1) -> bool:
        """Whether we have nothing to do with it: it is over, or others play it."""
        status = found.game.status
        is_ours = self._account in (found.challenger, found.defender)
        return status != Status.NONE and (status != Status.OPEN or not is_ours)
