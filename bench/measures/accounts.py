"""Does a transaction cost more when the chain has more accounts? See `bench.accounts` for what is timed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.peers.peer import ROOT
from bench.row import Row, compare

NAMES = {1_000: "1k", 100_000: "100k", 1_000_000: "1m"}


def _accounts(plan: Plan) -> list[Row]:
    costs: dict[int, list[float]] = {accounts: [] for accounts in plan.sizes.accounts}
    with ExitStack() as stack:
        chains = {accounts: stack.enter_context(_chain(plan, accounts)) for accounts in costs}
        # In turns: a neighbour who takes the processor or its caches away takes them from every size.
        for _block in range(plan.sizes.account_blocks):
            for accounts, chain in chains.items():
                costs[accounts].append(float(chain.ask()))
    smallest, *larger = costs
    rows = []
    for label, accounts in zip(list(NAMES.values())[1:], larger, strict=True):
        # A quick run keeps the names, not the sizes.
        peer = {"at 1,000 accounts": costs[smallest]}
        rows += compare(f"accounts_{label}_over_1k", "µs/tx", costs[accounts], peer, lower_is_better=True)
    return rows


class _Chain:
    """A process of `bench.accounts`."""

    def __init__(self, process: "subprocess.Popen[str]", requests: IO[str], answers: IO[str]) -> None:
        self._process, self._requests, self._answers = process, requests, answers

    def answer(self) -> str:
        """Its next line."""
        line = self._answers.readline()
        if not line:
            raise MeasureFailed(f"bench.accounts ended with status {self._process.wait()}; it says above why")
        return line.strip()

    def ask(self) -> str:
        """What its next block costs."""
        self._requests.write("\n")
        self._requests.flush()
        return self.answer()


@contextmanager
def _chain(plan: Plan, accounts: int) -> Iterator[_Chain]:
    """A chain of so many accounts that waits for its turns."""
    sizes = map(str, (accounts, plan.sizes.account_blocks, plan.sizes.transactions_per_block))
    command = [sys.executable, "-m", "bench.accounts", *sizes]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            chain = _Chain(process, process.stdin, process.stdout)
            chain.answer()
            plan.say(f"accounts: a chain of {accounts:,} is ready")
            yield chain
        except BaseException:
            process.kill()
            raise


MEASURES = (Measure(("accounts_1m_over_1k", "accounts_100k_over_1k"), _accounts),)
