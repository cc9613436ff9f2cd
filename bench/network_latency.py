"""How long a message takes from one rollup to another, stage by stage: `python -m bench.network_latency`.

Two live rollups on an embedded L1, as in `tests/e2e/test_relayer.py`: blocks of half a second on both layers, outputs
every two seconds with a challenge period of two, a relayer that looks all the time. What is ours to be fast at is what
is left when the challenge period is taken off; on a network with value that period is days.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from metalayer.message import DISPATCHED, padded
from metalayer.predeploys import MAILBOX_ADDRESS
from node.clock import SystemClock
from node.deploy import deploy
from node.l1.wire import as_record
from node.outputs_reader import OutputsReader
from node.rollup_file import load_rollup
from protocol.abi import Dynamic, encode_call
from protocol.types import Hash32
from tests.e2e.conftest import L1
from tests.e2e.network import OPERATOR_KEY, embedded_l1
from tests.e2e.test_relayer import ALICE, ETHER, RELAYER, Pair, pair_on
from tests.metalayer.world import load_mock

POLL_SECONDS = 0.1
CHALLENGE_SECONDS = 2.0
"""Of `pair_on`."""
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Stage:
    """Seconds since the message was sent."""

    name: str
    seconds: float


async def measure() -> list[Stage]:
    """The stages of one message; nothing else goes between the chains meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            embedded_l1(Path(folder)) as node,
            pair_on(L1(f"http://127.0.0.1:{node.port}", OPERATOR_KEY, ""), Path(folder)) as pair,
        ):
            for index in (0, 1):
                await pair.fund(index, ALICE, ETHER)
                await pair.fund(index, RELAYER, ETHER)
            relayer = pair.relayer()
            task = asyncio.create_task(relayer.run())
            try:
                return await _watch(pair)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def _watch(pair: Pair) -> list[Stage]:
    receiver = (await deploy(pair.clients[1], SystemClock(), ALICE, load_mock("app"))).address
    signature = "dispatch(uint32,bytes32,bytes,uint64,uint64)"
    call = encode_call(signature, pair.domain(1), padded(receiver), Dynamic(b"\1" * 32), 0, 300_000)
    asked = encode_call("quote(uint32,uint256,uint64)", pair.domain(1), 32, 300_000)
    price = int.from_bytes(await pair.clients[0].call(MAILBOX_ADDRESS, asked), "big")  # for less, nobody delivers it
    start = time.monotonic()
    receipt = await pair.account(0).send(MAILBOX_ADDRESS, call, price)
    found = await pair.clients[0].receipt_logs(receipt.transaction_hash)
    assert found is not None
    [message_id] = [log.topics[1] for log in found[1] if log.topics[:1] == (DISPATCHED,)]
    stages = [Stage("in a block of the origin", time.monotonic() - start)]
    settlement = load_rollup(pair.rollups[0].folder / "rollup.json").config.settlement
    assert settlement is not None
    outputs = OutputsReader(pair.l1, settlement.outputs)

    async def is_safe() -> bool:
        status = as_record(await pair.clients[0].request("rollup_syncStatus", []), "status")
        safe = as_record(status.get("safe_l2"), "safe")
        number = safe.get("number")
        return isinstance(number, int) and number >= receipt.block_number

    async def is_proposed() -> bool:
        confirmed = await outputs.latest_confirmed()
        if confirmed.l2_block_number >= receipt.block_number:
            return True
        return any(one.l2_block_number >= receipt.block_number for one in await outputs.after(confirmed.id, 16))

    async def is_confirmed() -> bool:
        return (await outputs.latest_confirmed()).l2_block_number >= receipt.block_number

    async def is_delivered() -> bool:
        answer = await pair.clients[1].call(MAILBOX_ADDRESS, encode_call("delivered(bytes32)", Hash32(message_id)))
        return any(answer)

    for name, condition in (
        ("its batch on L1 (safe)", is_safe),
        ("its output proposed on L1", is_proposed),
        ("its output confirmed on L1", is_confirmed),
        ("delivered on the destination", is_delivered),
    ):
        while not await condition():
            if time.monotonic() - start > PATIENCE_SECONDS:
                raise TimeoutError(f"{name}: not within {PATIENCE_SECONDS} s")
            await asyncio.sleep(POLL_SECONDS)
        stages.append(Stage(name, time.monotonic() - start))
    return stages


def main() -> None:
    """Print the stages."""
    table = Table("stage", "seconds since sent", title="one message, challenge period 2 s")
    for stage in asyncio.run(measure()):
        table.add_row(stage.name, f"{stage.seconds:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
