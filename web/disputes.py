"""Disputes as pictures: a list of them, and of one how it narrows, round by round, to the step that L1 executes.

A node's pages have them where outputs are settled on L1; `tombolo dispute --page` serves them alone (`DisputeSite`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from protocol.errors import Reject, Retry
from rpc.encode import JsonObject
from rpc.errors import Json, RpcError
from web.answers import as_int, as_list, as_object, as_text
from web.dispute_picture import PART_WIDTH, ROW_HEIGHT, WIDTH, Row, rows
from web.site import Ask, Page, make_environment, page_headers, static_files

LISTED = 20
MAX_ID_DIGITS = 15
MOVE_NAMES = {
    "open": "open: disputes the output",
    "post": "post: the states between",
    "pick": "pick: the first wrong part",
    "prove": "prove: the step, executed",
    "time out": "time out",
}


class Frame(Protocol):
    """What the pages are drawn in: a node's site, or one of their own."""

    def render(
        self, request: web.Request, template: str, values: Mapping[str, object] | None = None, *, status: int = 200
    ) -> web.Response:
        """A page."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says the state after the disputed step is; `fields` are empty where only its hash is known."""

    who: str
    hash: str
    fields: Mapping[str, str]
    note: str = ""
    is_computed: bool = False
    """Whether it is what L1 computed."""


class DisputePages:
    """The list and one dispute. `base` is the template around them."""

    def __init__(self, frame: Frame, ask: Ask, base: str = "base.html") -> None:
        self._frame = frame
        self._ask = ask
        self._base = base

    def pages(self) -> dict[str, Page]:
        """Their routes."""
        return {"/disputes": self.list, "/disputes/{id}": self.one}

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Newest first; `?before=N` goes on."""
        text = request.query.get("before", "")
        before = int(text) if _is_id(text) else None
        answer, trouble = await self._answer("game_list", before, LISTED)
        values = {
            "base": self._base,
            "games": [as_object(game) for game in as_list(answer.get("games"))],
            "rest": answer.get("next"),
            "decided_by_games": answer.get("count") is not None,
            "trouble": trouble,
        }
        return self._frame.render(request, "disputes.html", values)

    async def one(self, request: web.Request) -> web.StreamResponse:
        """One dispute; a page for one that is not there yet, which fills when it is."""
        text = request.match_info["id"]
        if not _is_id(text):
            raise Reject(f"{text[:40]} is no number of a dispute")
        game, trouble = await self._answer("game_get", int(text))
        rounds = rows([as_object(entry) for entry in as_list(game.get("rounds"))])
        values = {
            "base": self._base,
            "number": int(text),
            "game": game,
            "trouble": trouble,
            "rows": rounds,
            "is_narrowed": bool(game) and as_int(game.get("round")) == as_int(game.get("roundsInAll")),
            "claims": claims(game),
            "differing": differing(claims(game)),
            "what": what_step(game),
            "assertion": as_object(game.get("assertion")),
            "clocks": as_object(game.get("clocks")),
            "moves": [as_object(move) for move in as_list(game.get("moves"))],
            "move_names": MOVE_NAMES,
            "gas": sum(as_int(as_object(move).get("gas")) for move in as_list(game.get("moves"))),
            "sides": [as_object(side) for side in as_list(as_object(game.get("bonds")).get("sides"))],
            "burnt": as_int(as_object(game.get("bonds")).get("burnt")),
            "wei": as_int,
            "width": WIDTH,
            "row_height": ROW_HEIGHT,
            "part_width": PART_WIDTH,
        }
        return self._frame.render(request, "dispute.html", values)

    async def _answer(self, method: str, *params: Json) -> tuple[JsonObject, str]:
        try:
            return as_object(await self._ask(method, *params)), ""
        except RpcError as error:
            return {}, str(error)


class DisputeSite:
    """The pages of disputes alone, with a frame of their own."""

    def __init__(self, ask: Ask, now: Callable[[], float]) -> None:
        self._environment = make_environment(now)
        self._files = static_files()
        self._pages = DisputePages(self, ask, "plain.html")

    def routes(self) -> list[web.AbstractRouteDef]:
        """Every GET."""
        pages = [web.get(path, self._guarded(page)) for path, page in self._pages.pages().items()]
        return [web.get("/", self._root), *pages, web.get("/web/{name}", self._static)]

    def render(
        self, request: web.Request, template: str, values: Mapping[str, object] | None = None, *, status: int = 200
    ) -> web.Response:
        """See `Frame`."""
        text = self._environment.get_template(template).render({"path": request.path, **(values or {})})
        return web.Response(status=status, text=text, content_type="text/html", headers=page_headers(request.host))

    async def _root(self, _request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/disputes")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["name"])
        return web.Response(status=404, text="no such file\n") if file is None else file.answer(request)

    def _guarded(self, page: Page) -> Page:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                return await page(request)
            except (Reject, Retry) as error:
                return web.Response(status=404 if isinstance(error, Reject) else 503, text=f"{error}\n")

        return serve


def claims(game: JsonObject) -> list[Claim]:
    """The states after the disputed step: the proposer's on L1, the challenger's, and what L1 computed."""
    if not game or as_int(game.get("round")) != as_int(game.get("roundsInAll")):
        return []
    claimed, computed = as_text(game.get("claimed")), as_text(game.get("computed"))
    beliefs = [as_object(belief) for belief in as_list(game.get("beliefs"))]
    known = {as_text(belief.get("after")): _fields(belief) for belief in beliefs}
    found = [Claim("The proposer claims", claimed, known.get(claimed, {}), is_computed=claimed == computed)]
    others = [belief for belief in beliefs if as_text(belief.get("after")) != claimed]
    if others:
        for belief in others:
            after, whose = as_text(belief.get("after")), as_text(belief.get("whose"))
            who = "This node computes" if whose == "node" else "The challenger claims"
            found.append(Claim(who, after, known[after], is_computed=after == computed))
    else:
        found.append(Claim("The challenger claims", "", {}, "Another state than this one; which, the game never asks."))
    if computed:
        found.append(Claim("L1 computed", computed, known.get(computed, {}), is_computed=True))
    else:
        is_open = game.get("status") == "open"
        note = "Nothing yet: anyone may bring the witness." if is_open else "Nothing: the game ended by the clock."
        found.append(Claim("L1 computed", "", {}, note))
    return found


def differing(found: Sequence[Claim]) -> list[str]:
    """The names of what is not the same in all the states that are known."""
    known = [claim.fields for claim in found if claim.fields]
    names = dict.fromkeys(name for fields in known for name in fields)
    return [name for name in names if len({fields.get(name) for fields in known}) > 1]


def what_step(game: JsonObject) -> JsonObject:
    """The disputed step: from the proof on L1, or before there is one from a trace that agrees with its beginning."""
    step = as_object(game.get("shown"))
    if step:
        return {**step, "source": "read from the proof on L1"}
    for belief in map(as_object, as_list(game.get("beliefs"))):
        if belief.get("before") == game.get("agreed"):
            seen = {"phase": belief.get("phase"), "opcode": belief.get("opcode"), "source": "by a trace at hand"}
            return {"pc": None, "stack": [], **seen}
    return {"phase": None, "opcode": None, "pc": None, "stack": [], "source": ""}


def _fields(belief: JsonObject) -> dict[str, str]:
    return {name: as_text(value) for name, value in as_object(belief.get("fields")).items()}


def _is_id(text: str) -> bool:
    return re.fullmatch(rf"[0-9]{{1,{MAX_ID_DIGITS}}}", text, re.ASCII) is not None


__all__ = ["Claim", "DisputePages", "DisputeSite", "Row", "claims", "differing", "what_step"]
