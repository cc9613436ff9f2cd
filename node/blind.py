"""Disputing what cannot be checked, because its data is kept back: when, and what is known of it.

Behind a hash L1 does not know whether data was ever there. A challenger without it cannot tell a true output from a
false one; if he disputes it nevertheless, who defends has to show the data on L1, or loses. Where it is shown the
game's bond is lost, so this is the choice of who runs a challenger, and the layer is given time first (decision 207).
"""

from collections.abc import Awaitable, Callable

from da.adapter import Commitment, Gone, NotFound, Unreachable, WrongBytes
from node.claims import Contents
from node.game_contract import GameReader
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.outputs import Assertion
from prover.game import Rules
from prover.machine.batch_data import ALT_DA_LAYER, FILE_LAYER
from prover.prefix import Prefix

KEPT = 2
LOOKS = 2
"""So often derivation must have been seen at the same L1 block before it counts as standing still."""

PrefixOf = Callable[[Assertion], Awaitable[Prefix | None]]
"""What can be told of an assertion's trace; None where no data is kept back. Raises Retry."""


def last_moment(window_seconds: int, rules: Rules) -> int:
    """Seconds after an assertion at which to open a game at the latest, so that another can be opened once it is over.

    If the window is not longer than what a defender has for a game, half of the window: nothing better is possible.
    """
    rest = window_seconds - rules.longest_side - rules.extension
    return rest if rest > 0 else window_seconds // 2


class Blind:
    """One account's games without the data. It remembers how long derivation has stood still, and what it read last."""

    def __init__(
        self, prefix_of: PrefixOf, processed: Callable[[], int], game: GameReader, window: int, after_seconds: int
    ) -> None:
        """`processed` is the newest L1 block derived from, `window` the assertions' in seconds; a game is opened after
        `after_seconds` of standing still."""
        self._prefix_of = prefix_of
        self._processed = processed
        self._game = game
        self._window = window
        self._after_seconds = after_seconds
        self.forget()

    def forget(self) -> None:
        """Be as after a crash."""
        self._known: dict[int, Prefix] = {}
        self._at = -1
        self._since = self._looks = 0

    def look(self, now: int) -> None:
        """Take note of where derivation stands at this second of L1's."""
        if self._processed() != self._at:
            self._at, self._since, self._looks = self._processed(), now, 0
        self._looks += 1

    async def due_at(self, assertion: Assertion, now: int) -> int | None:
        """The second of L1's at which a game is to be opened. None while nobody keeps us waiting for the assertion's
        data, and when its window has closed."""
        if self._is_served(assertion) or now >= assertion.created_at + self._window:
            return None
        latest = last_moment(self._window, await self._game.rules())
        return min(self._since + self._after_seconds, assertion.created_at + latest)

    async def read(self, assertion: Assertion) -> Prefix | None:
        """What is known of it now; None if no data is kept back. Raises Retry."""
        self._known.pop(assertion.id, None)
        prefix = await self._prefix_of(assertion)
        if prefix is not None:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[assertion.id] = prefix
        return prefix

    async def known(self, assertion: Assertion) -> Prefix | None:
        """The same for a move, for which what was read before is good enough."""
        if self._is_served(assertion):
            return None
        return self._known.get(assertion.id) or await self.read(assertion)

    def _is_served(self, assertion: Assertion) -> bool:
        """Whether nothing seems to be kept back: derivation moves on, or has come past where the data is read."""
        return self._looks < LOOKS or self._at >= assertion.l1_block_number


class Served:
    """What layers serve at one reading; `absent` are the commitments behind a hash that they did not."""

    def __init__(self, contents: Contents | None) -> None:
        self._contents = contents
        self._silent: set[int] = set()
        self.absent: set[bytes] = set()

    async def contents(self, commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        """As `node.claims.Contents`, but nothing for what is absent. A layer that does not answer is asked once."""
        layer = commitment[0]
        if self._contents is None:
            raise InvalidInput("the chain's data layers cannot be asked")
        try:
            if layer not in self._silent:
                return await self._contents(commitment, posted)
        except (NotFound, Gone, WrongBytes, Unreachable) as failure:
            if layer not in (FILE_LAYER, ALT_DA_LAYER):
                raise
            if isinstance(failure, Unreachable):
                self._silent.add(layer)
        self.absent.add(commitment)
        return ()
