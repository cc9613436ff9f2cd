"""Does a transaction cost more when the chain has more accounts? See `bench.accounts` for what is timed."""

import json
import subprocess
import sys

from bench.measures.measure import Measure, MeasureFailed, Plan
from bench.peers.peer import ROOT
from bench.row import Row, compare

NAMES = {1_000: "1k", 100_000: "100k", 1_000_000: "1m"}


def _accounts(plan: Plan) -> list[Row]:
    smallest, *larger = plan.sizes.accounts
    base = _cost(plan, smallest)
    rows = []
    for index, accounts in enumerate(larger, start=1):
        # A quick run keeps the names, not the sizes.
        label = list(NAMES.values())[index]
        peer = {"at 1,000 accounts": base}
        rows += compare(f"accounts_{label}_over_1k", "µs/tx", _cost(plan, accounts), peer, lower_is_better=True)
    return rows


def _cost(plan: Plan, accounts: int) -> list[float]:
    """Microseconds per transaction, block by block."""
    sizes = map(str, (accounts, plan.sizes.account_blocks, plan.sizes.transactions_per_block))
    result = subprocess.run(
        [sys.executable, "-m", "bench.accounts", *sizes], capture_output=True, cwd=ROOT, check=False
    )
    if result.returncode != 0:
        raise MeasureFailed(f"{accounts:,} accounts: {result.stderr.decode().strip()}")
    found = json.loads(result.stdout)
    plan.say(f"accounts: {found['microseconds']:,.0f} µs/tx at {accounts:,} accounts")
    return [float(value) for value in found["blocks"]]


MEASURES = (Measure(("accounts_1m_over_1k", "accounts_100k_over_1k"), _accounts),)
