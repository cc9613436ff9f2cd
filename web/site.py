"""The pages as a table of routes, and what they all have: templates, security headers, static files."""

import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from protocol.errors import Reject, Retry
from rpc.backend import Backend
from rpc.errors import Json
from web import formatting
from web.reader import Reader, Stage

FOLDER = Path(__file__).resolve().parent
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Ask(Protocol):
    """Runs one JSON-RPC method of the node that serves the pages; raises RpcError."""

    async def __call__(self, method: str, *params: Json) -> Json:
        """The method's result."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What the node tells its pages. `role` is "sequencer", "verifier", "L1" or "dev"."""

    role: str
    is_rollup: bool = True
    l1_url: str | None = None
    faucet_wei: int | None = None
    """What the faucet gives, when there is one."""
    has_bridge: bool = False
    """Whether the node answers the bridge_* methods."""
    has_disputes: bool = False
    """Whether it answers the game_* methods."""
    chain_name: str = "Tombolo"


class Site:
    """Renders templates and serves static files. `now` is the time in seconds since 1970."""

    def __init__(self, backend: Backend, ask: Ask, options: SiteOptions, now: Callable[[], float] = time.time) -> None:
        self.backend = backend
        self.ask = ask
        self.options = options
        self.now = now
        self.reader = Reader(backend.chain, is_rollup=options.is_rollup)
        self._environment = make_environment(now)
        self._files = static_files()

    def render(
        self, request: web.Request, template: str, values: Mapping[str, object] | None = None, *, status: int = 200
    ) -> web.Response:
        """A page: the template with `values`, and what every page shows."""
        heads = self.reader.heads()
        shared: dict[str, object] = {
            "site": self.options,
            "chain_id": self.backend.chain_id,
            "client": self.backend.client_version,
            "heads": {name: header.number for name, header in heads.items()},
            "path": request.path,
            "Stage": Stage,
            "stage_of": self.reader.stage,
        }
        text = self._environment.get_template(template).render({**shared, **(values or {})})
        return web.Response(status=status, text=text, content_type="text/html", headers=page_headers(request.host))

    def message(self, request: web.Request, status: int, title: str, text: str) -> web.Response:
        """A page that says why there is no other."""
        return self.render(request, "message.html", {"title": title, "text": text}, status=status)

    def data(self, request: web.Request, value: Json) -> web.Response:
        """JSON for a script of ours."""
        headers = {**page_headers(request.host), "Cache-Control": "no-store"}
        return web.Response(text=json.dumps(value), content_type="application/json", headers=headers)

    def guarded(self, page: Page) -> Page:
        """The page, or one that says why the node cannot show it."""

        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                return await page(request)
            except Retry as error:
                return self.message(request, 503, "Not now", f"{error}. Try again in a moment.")
            except Reject as error:
                return self.message(request, 404, "Not available", f"{error}.")

        return serve

    async def root(self, request: web.Request) -> web.StreamResponse:
        """`GET /`: a browser goes to the explorer, a program learns what the address takes."""
        if "text/html" in request.headers.get("Accept", ""):
            raise web.HTTPFound("/explorer")
        text = "JSON-RPC takes POST or WebSocket; pages for people are at /explorer\n"
        return web.Response(status=405, headers={"Allow": "POST, OPTIONS"}, text=text)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """A script, a style sheet or a picture of the pages."""
        file = self._files.get(request.match_info["name"])
        return web.Response(status=404, text="no such file\n") if file is None else file.answer(request)


def page_headers(host: str) -> dict[str, str]:
    """Nothing but our own scripts runs, and nobody frames us. `host` is the request's, for its WebSocket."""
    sockets = f" ws://{host} wss://{host}" if _PLAIN_HOST.fullmatch(host) else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{sockets}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A static file, read at the start: nothing that a request says can name another."""

    body: bytes
    content_type: str
    tag: str

    @classmethod
    def read(cls, path: Path) -> "StaticFile":
        """With a tag made of its content."""
        body = path.read_bytes()
        return cls(body, CONTENT_TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def answer(self, request: web.Request) -> web.Response:
        """The file, or that the browser has it already."""
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get("If-None-Match") == self.tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, content_type=self.content_type, charset="utf-8", headers=headers)


def static_files() -> dict[str, StaticFile]:
    """Scripts, style sheets and pictures of all pages, by name."""
    return {path.name: StaticFile.read(path) for path in sorted((FOLDER / "static").iterdir())}


def make_environment(now: Callable[[], float]) -> Environment:
    """Templates and their filters; `now` is the time in seconds since 1970."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "grouped": formatting.grouped,
        "ether": formatting.ether,
        "gwei": formatting.gwei,
        "rounded_gwei": formatting.rounded_gwei,
        "rounded_ether": formatting.rounded_ether,
        "size": formatting.size,
        "hex": formatting.data,
        "short": formatting.short,
        "utc": formatting.utc,
        "age": lambda timestamp: formatting.age(now() - timestamp),
    }
    environment.globals["percent"] = formatting.percent
    return environment
