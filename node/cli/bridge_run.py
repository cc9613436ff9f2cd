"""What `tombolo bridge` does, and how it tells."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from node.account import Account
from node.bridge import Bridge, Stage, Standing, Started, open_bridge
from node.bridge_view import GROUPS, content_of, record_of
from node.clock import SystemClock
from node.l1.client import L1Client
from node.tokens import ETHER, unit_of
from protocol.bridge import image_address
from protocol.errors import InvalidInput, Retry
from protocol.types import Address, Hash32

MARKS = {"ready": "[bold green]ready  [/]", "pending": "[yellow]pending[/]", "done": "[dim]done   [/]"}
POLL_SECONDS = 1.0

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Ends:
    """The two JSON-RPC endpoints."""

    l1_url: str
    rpc_url: str


def run_deposit(ends: Ends, key: bytes, amount: str, token: Address | None, to: Address | None, wait: bool) -> None:
    """From L1 to the rollup."""

    async def main() -> None:
        async with _bridge(ends) as bridge:
            account = Account(bridge.l1, SystemClock(), key)
            receiver = to or account.address
            unit = ETHER if token is None else await unit_of(bridge.l1, token)
            value = unit.parse(amount)
            if token is None:
                receipt = await bridge.deposit_ether(account, receiver, value)
            else:
                receipt = await bridge.deposit_token(account, token, receiver, value)
            console.print(f"L1       {unit.show(value)} deposited: 0x{receipt.transaction_hash.hex()}")
            for tx in await bridge.deposited(receipt):
                console.print(f"rollup   becomes transaction 0x{tx.hash.hex()}, with no fee, for 0x{receiver.hex()}")
                if wait:
                    await _until_mined(bridge, tx.hash)
            if token is not None:
                console.print(f"token    on the rollup it is 0x{image_address(token).hex()}")

    asyncio.run(main())


def run_withdraw(ends: Ends, key: bytes, amount: str, token: Address | None, to: Address | None) -> None:
    """From the rollup to L1: the first of its steps."""

    async def main() -> None:
        async with _bridge(ends) as bridge:
            account = Account(bridge.l2, SystemClock(), key)
            receiver = to or account.address
            image = None if token is None else image_address(token)
            unit = ETHER if image is None else await unit_of(bridge.l2, image)
            value = unit.parse(amount)
            if image is None:
                started = await bridge.withdraw_ether(account, receiver, value)
            else:
                started = await bridge.withdraw_token(account, image, receiver, value)
            tx_hash = started.transaction_hash.hex()
            terms = bridge.contracts
            console.print(f"rollup   {unit.show(value)} on their way to 0x{receiver.hex()} on L1: 0x{tx_hash}")
            console.print(
                f"next     an output root that holds it ({terms.challenge_window} s to be challenged), a proof, "
                f"{terms.finalisation_delay} s more:"
            )
            console.print(f"         tombolo bridge claim --wait 0x{tx_hash}")

    asyncio.run(main())


def run_list(ends: Ends, account: Address, *, as_json: bool) -> None:
    """The withdrawals of an account, ready ones first."""

    async def main() -> None:
        async with _bridge(ends) as bridge:
            standings = [await bridge.standing(started, account) for started in await bridge.started_by(account)]
            standings.sort(key=lambda one: GROUPS.index(one.stage.group))
            now = (await bridge.l1.head()).ref.timestamp
            if as_json:
                print(json.dumps([await record_of(bridge, one) for one in standings], indent=2))
                return
            ready = sum(one.stage.group == "ready" for one in standings)
            if ready:
                console.print(f"[bold green]{ready} ready[/] to be claimed")
            for one in standings:
                console.print(await _line(bridge, one, now))
            if not standings:
                console.print(f"0x{account.hex()} has started no withdrawal")

    asyncio.run(main())


def run_claim(ends: Ends, key: bytes, transaction_hash: Hash32, *, wait: bool) -> None:
    """Do what can be done for a withdrawal; with `wait`, go on until it is paid."""

    async def main() -> None:
        async with _bridge(ends) as bridge:
            account = Account(bridge.l1, SystemClock(), key)
            for started in await bridge.started_in(transaction_hash):
                await _claim(bridge, account, started, wait=wait)

    asyncio.run(main())


async def _claim(bridge: Bridge, account: Account, started: Started, *, wait: bool) -> None:
    clock, shown = SystemClock(), ""
    while True:
        standing = await bridge.standing(started, account.address)
        match standing.stage:
            case Stage.PROVABLE:
                receipt = await bridge.prove(account, standing)
                console.print(f"L1       proven: 0x{receipt.transaction_hash.hex()}")
                continue
            case Stage.FINALISABLE:
                receipt = await bridge.finalise(account, standing)
                console.print(f"L1       paid: 0x{receipt.transaction_hash.hex()}")
                return
            case Stage.DONE:
                console.print("done     it was paid before")
                return
        now = (await bridge.l1.head()).ref.timestamp
        line = f"waits    for {standing.stage.value}{_left(standing, now)}"
        if not wait:
            console.print(f"{line}; again later, or with --wait")
            return
        if standing.stage.value != shown:
            console.print(line)
            shown = standing.stage.value
        await clock.sleep(POLL_SECONDS)


@asynccontextmanager
async def _bridge(ends: Ends) -> AsyncIterator[Bridge]:
    async with L1Client(ends.l1_url) as l1, L1Client(ends.rpc_url, who="the rollup") as l2:
        yield await open_bridge(l1, l2)


async def _until_mined(bridge: Bridge, transaction_hash: Hash32) -> None:
    clock = SystemClock()
    for _ in range(300):
        receipt = await bridge.l2.receipt(transaction_hash)
        if receipt is not None:
            outcome = "included" if receipt.succeeded else "included, but it failed (ether stays with its sender)"
            console.print(f"rollup   {outcome} in block {receipt.block_number}")
            return
        await clock.sleep(POLL_SECONDS)
    raise Retry(
        f"the rollup has not included 0x{transaction_hash.hex()} yet; if the sequencer leaves it out, the sequencing "
        "window forces it in"
    )


async def _line(bridge: Bridge, standing: Standing, now: int) -> str:
    what, to = await content_of(bridge, standing.started)
    tx_hash = standing.started.transaction_hash.hex()
    why = "" if standing.stage is Stage.DONE else f"  [dim]waits for {standing.stage.value}{_left(standing, now)}[/]"
    return f"{MARKS[standing.stage.group]}  {escape(what):>20} to 0x{to.hex()}  0x{tx_hash}{why}"


def _left(standing: Standing, now: int) -> str:
    if standing.ready_at is None or standing.stage.group != "pending":
        return ""
    return f", {max(0, standing.ready_at - now)} s more"


def parse_addresses(texts: Sequence[str | None]) -> list[Address | None]:
    """Addresses as given on a command line; raises InvalidInput."""
    return [None if text is None else parse_address(text) for text in texts]


def parse_address(text: str) -> Address:
    """20 bytes of hex; raises InvalidInput."""
    return Address(_parse_hex(text, 20, "address"))


def parse_hash(text: str) -> Hash32:
    """32 bytes of hex; raises InvalidInput."""
    return Hash32(_parse_hex(text, 32, "transaction hash"))


def _parse_hex(text: str, length: int, what: str) -> bytes:
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != length:
        raise InvalidInput(f"{text!r} is no {what}: {length} bytes of hex")
    return data
