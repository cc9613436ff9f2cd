"""One bounded HTTP exchange, as every layer behind a URL needs it."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from da.adapter import Unreachable

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body. A body over the bound is cut one byte behind it, so that no check can take it for whole."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server at `url`. `name` says in messages whose it is; `token` goes into the Authorization header alone."""

    name: str
    url: str
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def shown(self) -> str:
        """For messages, which reach logs and clients: paths, queries and user names of hosted endpoints are keys."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    async def get(self, path: str, most: int) -> Answer:
        """GET `path`, which begins with a slash, of at most `most` bytes. Raises Unreachable when no answer comes."""
        return await self._exchange("GET", path, None, most, {})

    async def post(self, path: str, data: bytes, most: int, content_type: str = "application/octet-stream") -> Answer:
        """POST `data`. Raises as `get`."""
        return await self._exchange("POST", path, data, most, {"Content-Type": content_type})

    def _at(self, path: str) -> str:
        """`path`, which may have a query, below the endpoint's own path and beside its own query."""
        parts = urlsplit(self.url)
        below, _mark, query = path.partition("?")
        joined = "&".join(filter(None, (parts.query, query)))
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + below, joined, ""))

    async def _exchange(self, verb: str, path: str, data: bytes | None, most: int, headers: dict[str, str]) -> Answer:
        if self.token is not None:
            headers = {**headers, "Authorization": f"Bearer {self.token}"}
        body = None if data is None else BytesIO(data)  # aiohttp sends large bytes in one go, and says so
        timeout = aiohttp.ClientTimeout(total=self.timeout_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.request(verb, self._at(path), data=body, allow_redirects=False) as response,
            ):
                return Answer(response.status, await _read(response, most))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # Not the error's own words: they can hold the whole URL.
            raise Unreachable(f"{self.name}: {self.shown} does not answer: {type(error).__name__}") from error


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    parts = []
    left = most + 1
    while left and (part := await response.content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
