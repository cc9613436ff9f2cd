"""What L1 answered, kept for a moment: every page that is open asks for the same at each new block."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from node.clock import Clock
from node.l1.transport import L1Refused
from protocol.errors import Retry
from rpc.errors import Json, server_error

KEPT_SECONDS = 0.5
MOST_KEPT = 64


class KeptAnswers:
    """Answers by what was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: OrderedDict[str, tuple[float, Json]] = OrderedDict()
        self._lock = asyncio.Lock()

    async def get(self, key: str, ask: Callable[[], Awaitable[Json]]) -> Json:
        """One question at a time goes to L1, and whoever waited for it gets its answer.

        Raises:
            RpcError: L1 does not answer, or will not.
        """
        async with self._lock:
            known = self._answers.get(key)
            if known is not None and self._clock.monotonic() - known[0] < KEPT_SECONDS:
                return known[1]
            try:
                answer = await ask()
            except L1Refused as refusal:
                raise server_error(refusal.message) from refusal
            except Retry as error:
                raise server_error(str(error)) from error
            self._answers[key] = self._clock.monotonic(), answer
            self._answers.move_to_end(key)
            if len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)
            return answer
