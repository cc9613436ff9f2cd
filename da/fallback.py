"""Several layers in one order: data goes to the first that takes it.

Each layer is asked a few times with a growing, random pause; then the next one is. A layer that refused is left alone
for a while, so that an outage costs its retries once a minute and not once a batch. When none takes the data, the last
failure is the caller's, who asks again.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from da.adapter import Commitment, DataAvailability
from protocol.blobs import BlobSidecar
from protocol.errors import Retry

logger = logging.getLogger(__name__)

ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
REST_SECONDS = 60.0


class FallBack:
    """Publishes to `layers`, the first one that can. `sleep`, `now` (seconds) and `jitter` (0 to 1) are the world's."""

    def __init__(
        self,
        layers: Sequence[tuple[str, DataAvailability]],
        *,
        attempts: int = ATTEMPTS,
        backoff_seconds: float = BACKOFF_SECONDS,
        rest_seconds: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not layers:
            raise ValueError("there is no layer to publish to")
        self._layers = layers
        self._attempts = attempts
        self._backoff_seconds = backoff_seconds
        self._rest_seconds = REST_SECONDS if rest_seconds is None else rest_seconds
        self._sleep = sleep
        self._now = now
        self._jitter = jitter
        self._rests_until: dict[str, float] = {}
        # A block that only one layer takes could not fall back: so the smallest bound holds for all.
        self.max_bytes = min(layer.max_bytes for _name, layer in layers)

    async def submit(self, data: bytes) -> Commitment:
        """Publish to the first layer that takes `data`. Raises as the seam says."""
        last = len(self._layers) - 1
        for position, (name, layer) in enumerate(self._layers):
            if position < last and self._now() < self._rests_until.get(name, float("-inf")):
                continue
            try:
                return await self._try(layer, data)
            except Retry as error:
                if position == last:
                    raise
                self._rests_until[name] = self._now() + self._rest_seconds
                logger.warning(
                    "%s does not take a batch: falling back to %s: %s", name, self._layers[position + 1][0], error
                )
        raise AssertionError("the last layer either takes the data or raises")

    async def _try(self, layer: DataAvailability, data: bytes) -> Commitment:
        for attempt in range(self._attempts - 1):
            try:
                return await layer.submit(data)
            except Retry:
                await self._sleep(self._backoff_seconds * 2**attempt * (0.5 + self._jitter()))
        return await layer.submit(data)

    def sidecar(self, commitment: Commitment) -> BlobSidecar | None:
        """What the L1 transaction with this commitment must carry; None for a layer that publishes by itself."""
        for _name, layer in self._layers:
            if layer.layer == commitment[0]:
                return layer.sidecar(commitment)
        return None
