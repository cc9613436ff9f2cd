"""Several duties of one account on L1: in order, one transaction at a time, and none keeps another from its work."""

from typing import cast

from node.duties import look
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import L1Head
from node.serial_sender import Call, SerialSender
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.types import ZERO_HASH, Address

TO = Address(b"\x0a" * 20)


class Sender:
    """Takes what it is given, unless it refuses it; busy as soon as something is on its way."""

    def __init__(self, *refused: str, free: bool = True) -> None:
        self.sent: list[str] = []
        self.under_way: str | None = None
        self._refused = refused
        self._free = free

    async def is_free(self, _head: int) -> bool:
        return self._free

    async def send(self, call: Call, _head: int) -> str | None:
        if call.what in self._refused:
            return f"no ether for: {call.what}"
        self.sent.append(call.what)
        self.under_way = call.what
        return None


class One:
    """A duty that always has the same answer."""

    def __init__(self, name: str, answer: str | Call | Exception | None) -> None:
        self.name = name
        self.complaint: str | None = None
        self.looks = 0
        self._answer = answer

    async def due(self, _head: L1BlockRef) -> Call | str | None:
        self.looks += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class L1:
    async def head(self) -> L1Head:
        return L1Head(L1BlockRef(7, ZERO_HASH, ZERO_HASH, 1_700_000_000, ZERO_HASH), base_fee_per_gas=0)


async def look_by(sender: Sender, *duties: One) -> list[str | None]:
    await look(cast("L1Client", L1()), cast("SerialSender", sender), *duties)
    return [duty.complaint for duty in duties]


def call(what: str) -> Call:
    return Call(what, TO, b"")


async def test_the_first_that_has_something_to_send_sends_it_and_the_rest_wait() -> None:
    sender, idle, first, second = Sender(), One("idle", None), One("a", call("move")), One("b", call("propose"))
    assert await look_by(sender, idle, first, second) == [None, None, None]
    assert (sender.sent, second.looks) == (["move"], 0)


async def test_a_duty_in_trouble_keeps_no_other_from_its_work() -> None:
    for trouble in (
        Retry("L1's log lacks it"),
        L1Refused("eth_call", 3, "execution reverted: game: over"),
        "not derived yet",
    ):
        sender, first, second = Sender(), One("a", trouble), One("b", call("propose"))
        complaints = await look_by(sender, first, second)
        assert sender.sent == ["propose"]
        assert complaints == [str(trouble), None]


async def test_what_cannot_be_paid_lets_the_next_duty_collect() -> None:
    sender, first, second = Sender("move"), One("a", call("move")), One("b", call("collect"))
    assert await look_by(sender, first, second) == ["no ether for: move", None]
    assert sender.sent == ["collect"]


async def test_nothing_is_asked_while_something_is_on_its_way() -> None:
    sender, duty = Sender(free=False), One("a", call("move"))
    duty.complaint = "as before"
    assert await look_by(sender, duty) == ["as before"]
    assert (sender.sent, duty.looks) == ([], 0)
