"""The one kind of HTTP request that almost every JSON-RPC request is: a plain POST to / from a program.

Recognising it takes a fraction of what a whole HTTP implementation does, and `rpc.front` leaves every other request to
one. So this errs on one side only: what is unusual in any way is `Unusual`, never guessed at.
Source: RFC 9112.
"""

from dataclasses import dataclass

from rpc.access import Access
from rpc.post import JSON_TYPES

MAX_HEAD_BYTES = 8_192

_REQUEST_LINE = b"POST / HTTP/1.1\r\n"
_SINGLE = frozenset({b"host", b"content-length", b"content-type"})
"""Headers that must be there, once."""

_UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"origin", b"upgrade", b"trailer"})
"""Headers that change what a request means, or show that a browser sends it."""


class Unusual(Exception):
    """Not a plain request; nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the body of a plain request starts and ends, counted from the request's first byte."""

    start: int
    stop: int


class PlainRequests:
    """Finds plain requests on one connection. Clients repeat their heads, so the last one is remembered."""

    def __init__(self, access: Access, body_bytes: int) -> None:
        self._access = access
        self._body_bytes = body_bytes
        self._last_head = b""
        self._last_length = 0

    def find(self, received: bytearray) -> Extent | None:
        """The extent of the request that `received` begins with; None when more of it has to come first.

        Raises:
            Unusual: It is not plain, or too large.
        """
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            if len(received) > MAX_HEAD_BYTES or not received.startswith(_REQUEST_LINE[: len(received)]):
                raise Unusual
            return None
        head = bytes(received[:end])
        if head != self._last_head:
            self._last_length = self._length(head)
            self._last_head = head
        stop = end + self._last_length
        return Extent(end, stop) if len(received) >= stop else None

    def _length(self, head: bytes) -> int:
        """How long the body after `head` is."""
        if len(head) > MAX_HEAD_BYTES or not head.startswith(_REQUEST_LINE):
            raise Unusual
        found: dict[bytes, bytes] = {}
        for line in head[len(_REQUEST_LINE) : -4].split(b"\r\n"):
            name, colon, value = line.partition(b":")
            name, value = name.lower(), value.strip(b" \t")
            if (
                not colon
                or not name.replace(b"-", b"").isalnum()
                or name in _UNUSUAL
                or b"\n" in value
                or b"\r" in value
            ):
                raise Unusual
            if name in _SINGLE:
                if name in found:
                    raise Unusual
                found[name] = value
            elif name == b"connection" and value.lower() != b"keep-alive":
                raise Unusual
        return self._checked_length(found)

    def _checked_length(self, found: dict[bytes, bytes]) -> int:
        if len(found) != len(_SINGLE):
            raise Unusual
        length, kind = found[b"content-length"], found[b"content-type"].decode("latin-1")
        if not length.isdigit() or len(length) > 9 or int(length) > self._body_bytes:
            raise Unusual
        if kind.partition(";")[0].strip().lower() not in JSON_TYPES:
            raise Unusual
        if not self._access.allows_host(found[b"host"].decode("latin-1")):
            raise Unusual
        return int(length)


def json_response(body: bytes) -> bytes:
    """A whole response; an empty body is that of a request that gets no answer."""
    kind = b"Content-Type: application/json\r\n" if body else b""
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)


TOO_MANY_REQUESTS = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n"
    b"Content-Length: 26\r\n\r\ntoo many requests at once\n"
)

INTERNAL_ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\n"
    b"internal server error\n"
)
