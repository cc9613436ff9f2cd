"""Long answers: the same text however it is read, bounded, and nothing left behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpc import spool
from rpc.errors import RpcError
from rpc.spool import Spool, Streamed, spooled


def written(pieces, limit=10**9):
    def write(target):
        for piece in pieces:
            target.write(piece)

    return spooled(limit, write)


@given(st.lists(st.text(st.characters(max_codepoint=127), max_size=50), max_size=20))
def test_what_is_written_comes_out(pieces):
    text = "".join(pieces)
    result = written(pieces)
    assert result.size == len(text)
    assert result.text(10**6) == text


def test_what_does_not_fit_in_memory_waits_in_a_file(monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    monkeypatch.setattr(spool, "CHUNK_BYTES", 64)
    monkeypatch.setattr(spool, "PIECES", 2)
    response = Streamed(b"<", written(["ab" * 30] * 10), b">")
    chunks = list(response.chunks())
    assert b"".join(chunks) == b"<" + b"ab" * 300 + b">"
    assert max(map(len, chunks)) <= 64
    assert response.size == 602


def test_too_much_is_an_error_and_closes_the_file():
    kept: list[Spool] = []

    def write(target):
        kept.append(target)
        target.write("x" * 11)

    with pytest.raises(RpcError, match="more than 10 bytes"):
        spooled(10, write)
    with pytest.raises(ValueError, match="closed"):
        list(kept[0].chunks())


def test_one_piece_is_had_only_up_to_a_limit():
    with pytest.raises(RpcError, match="response too large"):
        written(["x" * 11]).text(10)
