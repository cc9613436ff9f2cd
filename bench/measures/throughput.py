"""End to end over HTTP: from the first request to the last receipt, one transaction per request or a batch of them."""

from collections.abc import Sequence

from bench.measures.measure import Measure, Plan, running, submit, submit_in_order
from bench.row import Row, compare
from bench.workload import BATCH, CONNECTIONS, Lane, Wallet, Workload
from protocol.transaction import Transaction

UNIT = "tx/s"


def _transfers(plan: Plan) -> list[Row]:
    workload = Workload()
    return _alternate("transfers", plan, workload.funded, workload.transfers(plan.sizes.transfers))


def _transfers_batched(plan: Plan) -> list[Row]:
    workload = Workload()
    lanes = workload.transfers(plan.sizes.batched)
    return _alternate("transfers_batched", plan, workload.funded, lanes, per_request=BATCH)


def _erc20(plan: Plan) -> list[Row]:
    workload = Workload()
    setup = workload.token_setup()
    return _alternate("erc20", plan, workload.funded, workload.token_transfers(plan.sizes.erc20), setup=setup)


def _alternate(
    name: str,
    plan: Plan,
    funded: Sequence[Wallet],
    lanes: Sequence[Lane],
    *,
    per_request: int = 1,
    setup: Sequence[Transaction] = (),
) -> list[Row]:
    """Every peer in turn, each time from genesis, the same bytes each time."""
    rates: dict[str, list[float]] = {}
    for turn in range(plan.sizes.rounds):
        for peer in (plan.ours, *plan.peer("anvil", "hardhat", "eth-tester")):
            mine = _fewer(lanes, plan.sizes.slow_peer_share) if peer.name == "eth-tester" else lanes
            count = sum(len(lane.transactions) for lane in mine)
            with running(peer, funded) as node:
                if setup:
                    submit_in_order(node, setup)
                result = submit(node, mine, per_request)
            rates.setdefault(peer.name, []).append(count / result.seconds)
            plan.say(
                f"{name} {turn + 1}/{plan.sizes.rounds}: {peer.name} {count / result.seconds:,.0f} {UNIT} "
                f"({count:,} in {result.blocks} blocks, generator {result.generator_busy:.0%} busy)"
            )
    ours = rates.pop(plan.ours.name)
    return compare(name, UNIT, ours, rates)


def _fewer(lanes: Sequence[Lane], share: int) -> list[Lane]:
    """The first transactions of each lane: nonces stay without gaps."""
    keep = max(1, sum(len(lane.transactions) for lane in lanes) // share // CONNECTIONS)
    return [Lane(lane.transactions[:keep]) for lane in lanes]


MEASURES = (
    Measure(("transfers",), _transfers),
    Measure(("transfers_batched",), _transfers_batched),
    Measure(("erc20",), _erc20),
)
