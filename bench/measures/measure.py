"""What every measure needs: its sizes, its peers, and a folder to start them in."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import Job, LoadResult, run_load
from bench.peers.peer import Peer, RunningPeer
from bench.row import Row
from bench.workload import Lane, Wallet
from protocol.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much to measure. Times in seconds."""

    rounds: int = 3
    """Each peer's turns, in alternation, so that a change on the machine meets all of them."""

    transfers: int = 45_000
    batched: int = 15_000
    """No more than a pool holds: requests of a hundred arrive faster than blocks take them."""

    erc20: int = 30_000
    slow_peer_share: int = 20
    """eth-tester gets one in so many transactions: a rate needs no more."""

    loaded: int = 100_000
    """Transactions that keep a node busy while it is read."""

    read_seconds: float = 3.0
    restarts: int = 5
    restart_load: int = 2_000
    memory: int = 100_000
    memory_steps: int = 10
    retention_blocks: int = 1_000
    derived: int = 60_000
    log_blocks: int = 10_000
    trace_steps: int = 1_000_000
    subscribers: int = 1_000
    accounts: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    account_blocks: int = 8
    transactions_per_block: int = 2_000
    proof_examples: int | None = None
    """How many of the corpus's transactions are judged step by step; None: all, and the dearest known."""


QUICK = Sizes(
    rounds=1,
    transfers=320,
    batched=320,
    erc20=160,
    slow_peer_share=8,
    loaded=3_000,
    read_seconds=0.4,
    restarts=1,
    restart_load=160,
    memory=640,
    memory_steps=2,
    retention_blocks=40,
    derived=320,
    log_blocks=100,
    trace_steps=7_000,
    subscribers=20,
    accounts=(1_000, 2_000, 4_000),
    account_blocks=1,
    transactions_per_block=100,
    proof_examples=3,
)
"""Whether the harness works; the figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the benchmark: its sizes, who takes part, and where progress is told."""

    sizes: Sizes
    ours: Peer
    peers: Sequence[Peer]
    say: Callable[[str], None]

    def peer(self, *names: str) -> list[Peer]:
        """Those of `names` that take part."""
        return [peer for peer in self.peers if peer.name in names]


@dataclass(frozen=True, slots=True)
class Measure:
    """`run` yields rows under these names, and more that detail them."""

    names: tuple[str, ...]
    run: Callable[[Plan], list[Row]]


class MeasureFailed(Exception):
    """A node did not do what it was measured for, so there is no figure."""


@contextmanager
def running(peer: Peer, funded: Sequence[Wallet]) -> Iterator[RunningPeer]:
    """`peer` from its genesis, in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="tombolo-bench-") as folder:
        node = peer.start(funded, Path(folder))
        with node:
            yield node


def submit(node: RunningPeer, lanes: Sequence[Lane], per_request: int = 1) -> LoadResult:
    """Send all and wait for the last receipt; raises MeasureFailed when one was refused."""
    job = Job(
        node.url,
        tuple(lane.bodies(per_request) for lane in lanes if lane.transactions),
        await_hashes=tuple("0x" + tx.hash.hex() for lane in lanes for tx in lane.transactions),
    )
    result = run_load(job)
    if result.errors:
        raise MeasureFailed(f"{node.name} refused {result.errors} requests: {result.first_error}")
    return result


def submit_in_order(node: RunningPeer, transactions: Sequence[Transaction]) -> None:
    """Set something up, one transaction after the other, and wait until it stands."""
    submit(node, [Lane(tuple(transactions))])
