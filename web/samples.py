"""What the dashboard plots: the node's figures, sampled every few seconds and kept for a while."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from rpc.errors import Json, RpcError
from web.answers import as_int, as_object
from web.site import Ask, Site

INTERVAL_SECONDS = 2.0
KEPT_SAMPLES = 900
"""Half an hour."""
RATE_SECONDS = 20
"""Transactions per second are a mean over the blocks of this long."""
MOST_BLOCKS = 256
BALANCE_EVERY = 8
"""Samples between two questions to L1 for balances."""


class Sleeper(Protocol):
    """Waits; `asyncio.sleep` outside of tests."""

    async def __call__(self, seconds: float, /) -> None:
        """Return after so long."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures at one moment: seconds, block numbers, wei."""

    at: float
    unsafe: int
    unsafe_to_safe: int
    unsafe_to_finalized: int
    transactions_per_second: float
    block_seconds: float
    gas_used_percent: float
    base_fee_gwei: float
    pool: int
    l1_lag: int
    batcher_ether: float | None
    proposer_ether: float | None


class Sampler:
    """Collects samples while `run` runs."""

    def __init__(self, site: Site, sleep: Sleeper = asyncio.sleep, now: Callable[[], float] | None = None) -> None:
        self._site = site
        self._sleep = sleep
        self._now = now or site.now
        self._samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self._balances: tuple[float | None, float | None] = None, None

    @property
    def latest(self) -> Sample | None:
        """The newest."""
        return self._samples[-1] if self._samples else None

    def columns(self) -> dict[str, Json]:
        """All of them, one list per figure, oldest first."""
        rows = [asdict(sample) for sample in self._samples]
        return {name: [row[name] for row in rows] for name in Sample.__slots__}

    async def run(self) -> None:
        """Sample for ever; cancel to stop."""
        count = 0
        while True:
            if count % BALANCE_EVERY == 0:
                self._balances = await batcher_ether(self._site.ask), await proposer_ether(self._site.ask)
            count += 1
            self._samples.append(await self.sample())
            await self._sleep(INTERVAL_SECONDS)

    async def sample(self) -> Sample:
        """The figures now."""
        reader = self._site.reader
        head = reader.chain.head()
        recent = reader.summaries(head.number, 2)
        # Timestamps are whole seconds, so both figures need many blocks to mean something.
        oldest, transactions, gas_used, blocks = recent[0], 0, 0, 0
        for line in reader.summaries(head.number, MOST_BLOCKS):
            oldest = line
            if line.number == 0 or head.timestamp - line.timestamp >= RATE_SECONDS:
                break  # where the count begins: what it holds itself came before
            blocks += 1
            transactions += line.transactions
            gas_used += line.gas_used
        seconds = max(1, head.timestamp - oldest.timestamp)
        status = as_object(await self._status())
        pool = as_object(status.get("pool"))
        l1_head, l1_done = as_int(status.get("head_l1")), as_int(as_object(status.get("current_l1")).get("number"))
        return Sample(
            at=self._now(),
            unsafe=head.number,
            unsafe_to_safe=head.number - reader.chain.safe_head().number,
            unsafe_to_finalized=head.number - reader.chain.finalized_head().number,
            transactions_per_second=round(transactions / seconds, 2),
            block_seconds=round(seconds / max(1, head.number - oldest.number), 2),
            gas_used_percent=round(100 * gas_used / max(1, blocks * head.gas_limit), 2),
            base_fee_gwei=(head.base_fee_per_gas or 0) / 10**9,
            pool=as_int(pool.get("pending")) + as_int(pool.get("queued")),
            l1_lag=max(0, l1_head - l1_done),
            batcher_ether=self._balances[0],
            proposer_ether=self._balances[1],
        )

    async def _status(self) -> Json:
        if not self._site.options.is_rollup:
            answer = as_object(await self._site.ask("txpool_status"))
            return {"pool": answer}
        return await self._site.ask("rollup_syncStatus")


async def batcher_ether(ask: Ask) -> float | None:
    """What the batcher has on L1; None when there is none, or L1 does not say."""
    try:
        balance = await ask("rollup_batcherBalance")
    except RpcError:
        return None
    return None if balance is None else as_int(balance) / 10**18


async def proposer_ether(ask: Ask) -> float | None:
    """What the proposer of the newest output has on L1; None when there is none, or L1 does not say."""
    try:
        output = as_object(await ask("rollup_newestOutput"))
    except RpcError:
        return None
    return as_int(output["proposer_balance"]) / 10**18 if "proposer_balance" in output else None
