"""From the command to the first answer, with nothing on disk: for us that includes an L1 and a contract on it."""

from bench.measures.measure import Measure, Plan, running
from bench.row import Row, compare
from bench.workload import Workload


def _startup(plan: Plan) -> list[Row]:
    funded = Workload().funded
    seconds: dict[str, list[float]] = {}
    for _ in range(plan.sizes.rounds):
        for peer in (plan.ours, *plan.peer("anvil", "hardhat", "eth-tester")):
            with running(peer, funded) as node:
                seconds.setdefault(peer.name, []).append(node.started_seconds)
                plan.say(f"startup_seconds: {peer.name} {node.started_seconds:.2f} s")
    ours = seconds.pop(plan.ours.name)
    return compare("startup_seconds", "s", ours, seconds, lower_is_better=True)


MEASURES = (Measure(("startup_seconds",), _startup),)
