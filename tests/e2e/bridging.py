"""A rollup whose ether all comes from L1, with a proposer and short waits; and people who bridge."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from genesis.dev import DEV_PRIVATE_KEYS
from node.account import Account
from node.artifacts import load_artifact
from node.bridge import Bridge, Stage, Standing, Started, open_bridge
from node.clock import SystemClock
from node.deploy import deploy
from node.l1.client import L1Client
from node.l1.wire import as_quantity, as_record
from node.launch import LaunchOptions
from node.node_options import ProposerOptions
from node.proposer import ProposerConfig
from node.settlement import SettlementOptions
from protocol.abi import encode_call, words_of
from protocol.portal import WITHDRAWAL_FINALISED, WITHDRAWAL_PROVEN
from protocol.types import Address, Hash32
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on

ETHER = 10**18
ALICE, BOB, PROPOSER = DEV_PRIVATE_KEYS[2], DEV_PRIVATE_KEYS[3], DEV_PRIVATE_KEYS[8]
SETTLEMENT = SettlementOptions(
    challenge_window_seconds=3, finalisation_delay_seconds=2, bond_wei=10**16, config_delay_seconds=0
)


def bridged_options(sequencing_window: int = 3600) -> LaunchOptions:
    return LaunchOptions(
        L2_CHAIN_ID,
        block_time_milliseconds=500,
        sequencing_window=sequencing_window,
        accounts={},
        settlement=SETTLEMENT,
    )


def proposing(interval_seconds: int = 2) -> ProposerOptions:
    return ProposerOptions(PROPOSER, ProposerConfig(interval_seconds=interval_seconds, poll_seconds=0.2))


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 90) -> None:
    """Wait for a condition that has to be asked for."""
    for _ in range(int(seconds / 0.1)):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Bridged:
    """A network with people on both sides."""

    network: Network
    l1: L1Client
    l2: L1Client
    bridge: Bridge

    def on_l1(self, key: bytes) -> Account:
        return Account(self.l1, SystemClock(), key)

    def on_l2(self, key: bytes) -> Account:
        return Account(self.l2, SystemClock(), key)

    async def until_balance(self, client: L1Client, who: Address, least: int) -> None:
        async def is_there() -> bool:
            return await client.balance(who) >= least

        await eventually(is_there, f"{least} wei of 0x{who.hex()}")

    async def until_claimed(self, account: Account, started: Started) -> None:
        """Claim whenever something can be done, until all is done; on L1 it was proven first and finalised later."""

        async def is_done() -> bool:
            return (await self.bridge.claim(account, started)).stage is Stage.DONE

        await eventually(is_done, "the withdrawal is claimed")
        [proven] = await self.claims(WITHDRAWAL_PROVEN, started)
        [finalised] = await self.claims(WITHDRAWAL_FINALISED, started)
        assert proven < finalised

    async def claims(self, topic: Hash32, started: Started) -> list[int]:
        """The L1 blocks in which the portal logged this of a withdrawal."""
        head = (await self.l1.head()).ref.number
        topics = [topic, started.withdrawal.hash]
        return [number for number, _log in await self.l1.find_logs(self.bridge.contracts.portal, topics, 0, head)]

    async def until_stage(self, started: Started, stage: Stage) -> Standing:
        found: list[Standing] = []

        async def is_there() -> bool:
            found[:] = [await self.bridge.standing(started)]
            return found[0].stage is stage

        await eventually(is_there, stage.name)
        return found[0]

    async def token(self, key: bytes, supply: int) -> Address:
        """A new ERC-20 on L1."""
        arguments = supply.to_bytes(32, "big")
        return (await deploy(self.l1, SystemClock(), key, load_artifact("examples/token"), arguments)).address


async def token_balance(client: L1Client, token: Address, who: Address) -> int:
    answer = words_of(await client.call(token, encode_call("balanceOf(address)", who)))
    return answer[0] if answer else 0


async def paid_for(client: L1Client, transaction_hash: Hash32) -> int:
    """What a transaction's gas cost, in wei."""
    receipt = as_record(await client.request("eth_getTransactionReceipt", ["0x" + transaction_hash.hex()]), "receipt")
    return as_quantity(receipt["gasUsed"], "gas") * as_quantity(receipt["effectiveGasPrice"], "price")


@asynccontextmanager
async def bridged_on(
    l1: L1, folder: Path, options: LaunchOptions | None = None, proposer: ProposerOptions | None = None
) -> AsyncIterator[Bridged]:
    chosen = options or bridged_options()
    async with (
        rollup_on(l1.url, folder, l1.operator_key, chosen, proposer or proposing()) as network,
        L1Client(l1.url) as on_l1,
        L1Client(network.url) as on_l2,
    ):
        yield Bridged(network, on_l1, on_l2, await open_bridge(on_l1, on_l2))
