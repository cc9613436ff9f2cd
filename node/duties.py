"""What one L1 account has to do, again and again: look at L1, and send at most one transaction.

A proposer and the player that defends it share an account. Each is a `Duty`, which says what is due; they take turns by
one `SerialSender`, since two would replace each other's transactions. A duty in trouble does not keep the others.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from node.clock import Clock
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.serial_sender import Call, SerialSender
from protocol.errors import Retry
from protocol.l1 import L1BlockRef

logger = logging.getLogger(__name__)


class Duty(Protocol):
    """One thing to look after. It remembers nothing that L1 could not tell it again."""

    name: str
    complaint: str | None
    """What kept it from going on at its last look."""

    async def due(self, head: L1BlockRef) -> Call | str | None:
        """What is to be sent now; or in words what keeps it from being sent; None when nothing is to be done.

        Raises:
            Retry, L1Refused: L1 does not answer, or refuses a question: the next look asks again.
        """


async def look(l1: L1Client, sender: SerialSender, *duties: Duty) -> None:
    """Look once; the first duty that has something to send sends it, and the rest wait for the next look.

    Raises:
        Retry, L1Refused: L1 does not say where it stands; nothing was sent.
    """
    head = (await l1.head()).ref
    if not await sender.is_free(head.number):
        return
    for duty in duties:
        duty.complaint = await _complaint(duty, sender, head)
        if sender.under_way is not None:
            return


async def look_for_ever(
    l1: L1Client, sender: SerialSender, duties: Sequence[Duty], clock: Clock, poll_seconds: float
) -> None:
    """Look every so often; cancel to stop, at any moment. A complaint is logged when it is new."""
    said: dict[str, str | None] = {}
    while True:
        try:
            await look(l1, sender, *duties)
        except (Retry, L1Refused) as error:
            for duty in duties:
                duty.complaint = str(error)
        for duty in duties:
            if duty.complaint is not None and duty.complaint != said.get(duty.name):
                logger.warning("%s: %s", duty.name, duty.complaint)
            said[duty.name] = duty.complaint
        await clock.sleep(poll_seconds)


async def _complaint(duty: Duty, sender: SerialSender, head: L1BlockRef) -> str | None:
    """Do what is due, if anything is; returns what is in the way."""
    try:
        due = await duty.due(head)
        return await sender.send(due, head.number) if isinstance(due, Call) else due
    except (Retry, L1Refused) as error:
        return str(error)
