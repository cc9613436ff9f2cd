"""What is plain is found whole and what is not is left to others, however the bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpc.access import Access
from rpc.plain_http import Extent, PlainRequests, Unusual

BODY_BYTES = 200


def request(body: bytes = b"{}", **changes: str | None) -> bytes:
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1:8545",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode() + body


def requests() -> PlainRequests:
    return PlainRequests(Access(), BODY_BYTES)


UNUSUAL = {
    "another method": request().replace(b"POST", b"GET ", 1),
    "another path": request().replace(b"POST / ", b"POST /x ", 1),
    "an older version": request().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "chunks": request(Transfer_Encoding="chunked"),
    "a compressed body": request(Content_Encoding="gzip"),
    "one that asks first": request(Expect="100-continue"),
    "from a page": request(Origin="http://localhost"),
    "an upgrade": request(Upgrade="websocket", Connection="Upgrade"),
    "the last of its connection": request(Connection="close"),
    "no length": request(Content_Length=None),
    "a length that is none": request(Content_Length="+2"),
    "a length beyond the limit": request(Content_Length=str(BODY_BYTES + 1)),
    "two lengths": request().replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1),
    "no host": request(Host=None),
    "another's host": request(Host="evil.example"),
    "another type": request(Content_Type="text/plain"),
    "no type": request(Content_Type=None),
    "a folded header": request().replace(b"\r\n\r\n", b"\r\nX: 1\r\n 2\r\n\r\n", 1),
    "a bare line feed": request().replace(b"\r\n\r\n", b"\r\nX: 1\nContent-Length: 3\r\n\r\n", 1),
    "a space before the colon": request().replace(b"Content-Length:", b"Content-Length :", 1),
    "a header without end": b"POST / HTTP/1.1\r\nX: " + b"x" * 9_000,
}


@pytest.mark.parametrize("sent", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_others(sent: bytes):
    with pytest.raises(Unusual):
        requests().find(bytearray(sent))


@given(st.lists(st.binary(max_size=BODY_BYTES), min_size=1, max_size=5), st.data())
def test_requests_are_found_whole_however_they_arrive(bodies: list[bytes], data: st.DataObject):
    sent = b"".join(request(body, X_Number=str(number % 2)) for number, body in enumerate(bodies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    finder, received, found = requests(), bytearray(), []
    for start, stop in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        received += sent[start:stop]
        while (extent := finder.find(received)) is not None:
            found.append(bytes(received[extent.start : extent.stop]))
            del received[: extent.stop]
    assert found == bodies
    assert not received


def test_a_head_like_the_last_one_is_read_again_when_it_differs():
    finder = requests()
    assert finder.find(bytearray(request(b"{}"))) is not None
    longer = request(b"[1]")
    assert finder.find(bytearray(longer)) == Extent(len(longer) - 3, len(longer))
    with pytest.raises(Unusual):
        finder.find(bytearray(request(b"[1]", Host="evil.example")))
