"""Frames arrive whole and in order, however the stream is cut."""

import asyncio
import socket

from hypothesis import given
from hypothesis import strategies as st

from rpc.lane import Lane

frames = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(max_size=300)), max_size=8)


async def received(sent: list[tuple[int, int, bytes]], cuts: list[int]) -> list[tuple[int, int, bytes]]:
    """What a lane makes of `sent`, its bytes delivered in pieces of the sizes in `cuts`."""
    got: list[tuple[int, int, bytes]] = []
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    sender = Lane(lambda *frame: None, lambda: None)
    await loop.create_connection(lambda: sender, sock=ours)
    for frame in sent:
        sender.send(*frame)
    sender.close()
    theirs.setblocking(False)
    stream = b""
    while piece := await loop.sock_recv(theirs, 65536):
        stream += piece
    theirs.close()
    receiver = Lane(lambda *frame: got.append(frame), lambda: None)
    sizes = iter(cuts)
    while stream:
        size = next(sizes, len(stream))
        receiver.data_received(stream[:size])
        stream = stream[size:]
    return got


@given(frames, st.lists(st.integers(1, 40), max_size=60))
def test_frames_survive_any_cut(sent: list[tuple[int, int, bytes]], cuts: list[int]):
    assert asyncio.run(received(sent, cuts)) == sent


async def test_the_end_of_the_other_side_is_heard():
    lost = asyncio.Event()
    ours, theirs = socket.socketpair()
    lane = Lane(lambda *frame: None, lost.set)
    await asyncio.get_running_loop().create_connection(lambda: lane, sock=ours)
    theirs.close()
    await lost.wait()
    lane.send(1, 2, b"to nobody")
    await asyncio.sleep(0)
