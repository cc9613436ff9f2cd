"""The `game_*` methods: the disputes about this chain's outputs, as they stand on L1."""

from node.game_view import GameView
from node.kept_answers import KeptAnswers
from rpc.codec import count
from rpc.errors import InvalidParams, Json
from rpc.method import Context, Method, MethodTable, optional

MOST_LISTED = 50


class GameDesk:
    """Answers for pages and programs."""

    def __init__(self, view: GameView, kept: KeptAnswers) -> None:
        self._view = view
        self._kept = kept

    def methods(self) -> MethodTable:
        """game_list(before id, count): newest first, `next` is the `before` of the page that follows; `count` is how
        many there have been, null where an account decides and no game does.
        game_get(id): a game's standing, rounds, claims, clocks, moves and bonds; null if there is none.
        """
        return {
            "game_list": Method(self._list, (optional(count), optional(count, 20))),
            "game_get": Method(self._get, (count,)),
        }

    async def ask(self, method: str, *params: Json) -> Json:
        """The same for a page that is served without a node; raises RpcError."""
        row = self.methods()[method]
        answer: Json = await row.handler(None, *row.parse(list(params)))  # type: ignore[misc]
        return answer

    async def _list(self, _context: Context | None, before: int | None, wanted: int) -> Json:
        if not 1 <= wanted <= MOST_LISTED:
            raise InvalidParams(f"count: 1 to {MOST_LISTED} games, not {wanted}")

        async def ask() -> Json:
            games = await self._view.count()
            if games is None:
                return {"count": None, "games": [], "next": None}
            last = games if before is None else min(before, games)
            first = max(0, last - wanted)
            lines: list[Json] = [await self._view.line(number) for number in range(last - 1, first - 1, -1)]
            return {"count": games, "games": lines, "next": first if first else None}

        return await self._kept.get(f"games before {before}: {wanted}", ask)

    async def _get(self, _context: Context | None, game_id: int) -> Json:
        async def ask() -> Json:
            games = await self._view.count()
            return None if games is None or game_id >= games else await self._view.record(game_id)

        return await self._kept.get(f"game {game_id}", ask)
