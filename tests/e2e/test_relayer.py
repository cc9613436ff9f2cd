"""Two rollups and relayers over a live L1: tokens and ether go between them, by JSON-RPC and proofs alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from genesis.dev import DEV_PRIVATE_KEYS
from metalayer.message import DISPATCHED, Domain
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    MAILBOX_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    MemberOptions,
    NetworkAddresses,
    image_address,
)
from metalayer.transfer import Asset
from node.account import Account
from node.artifacts import load_artifact
from node.clock import SystemClock
from node.deploy import deploy
from node.l1.client import L1Client
from node.launch import LaunchOptions
from node.network.membership import Membership, deploy_network, domain_of, member_accounts, register_chain, remove_chain
from node.relay.relayer import Relayer, RelayerOptions
from node.rollup_file import load_rollup
from protocol.abi import encode_call
from protocol.crypto import private_key_address
from protocol.portal import deposit_call
from protocol.types import Address, Hash32
from tests.e2e.bridging import SETTLEMENT, eventually, proposing, token_balance
from tests.e2e.conftest import L1
from tests.e2e.network import Network, rollup_on

ETHER = 10**18
ALICE, SECOND_OPERATOR, SECOND_PROPOSER, RELAYER, RIVAL, OWNER = DEV_PRIVATE_KEYS[2:8]
NOBODY = Address(b"\x11" * 20)
CHAIN_IDS = (71_801, 71_802)
ASKED = ETHER // 10
"""For each message's delivery."""


@dataclass
class Pair:
    """Two members on one L1."""

    l1: L1Client
    network: NetworkAddresses
    rollups: tuple[Network, Network]
    clients: tuple[L1Client, L1Client]
    owner: bytes

    def domain(self, index: int) -> Domain:
        return domain_of(CHAIN_IDS[index])

    def account(self, index: int, key: bytes = ALICE) -> Account:
        return Account(self.clients[index], SystemClock(), key)

    def relayer(self, key: bytes = RELAYER) -> Relayer:
        endpoints = {self.domain(index): client.url for index, client in enumerate(self.clients)}
        return Relayer(RelayerOptions(self.l1.url, self.network, endpoints, key), SystemClock())

    async def fund(self, index: int, key: bytes, wei: int) -> None:
        """Ether on a rollup, by a deposit."""
        settlement = load_rollup(self.rollups[index].folder / "rollup.json").config.settlement
        assert settlement is not None
        owner = private_key_address(key)
        await Account(self.l1, SystemClock(), key).send(settlement.portal, deposit_call(owner, wei, 100_000), wei)

        async def is_there() -> bool:
            return await self.clients[index].balance(owner) >= wei

        await eventually(is_there, "a deposit")


@asynccontextmanager
async def pair_on(l1: L1, folder: Path) -> AsyncIterator[Pair]:
    clock = SystemClock()
    async with L1Client(l1.url) as client:
        network = await deploy_network(client, clock, OWNER)
        options = [
            LaunchOptions(
                chain_id,
                block_time_milliseconds=500,
                accounts={},
                settlement=replace(SETTLEMENT, challenge_window_seconds=2, finalisation_delay_seconds=1),
                predeploys=member_accounts(network, domain_of(chain_id), MemberOptions(delivery_wei=ASKED)),
            )
            for chain_id in CHAIN_IDS
        ]
        async with (
            rollup_on(l1.url, folder / "a", l1.operator_key, options[0], proposing()) as a,
            rollup_on(
                l1.url, folder / "b", SECOND_OPERATOR, options[1], replace(proposing(), key=SECOND_PROPOSER)
            ) as b,
            L1Client(a.url) as on_a,
            L1Client(b.url) as on_b,
        ):
            for rollup, chain_id in zip((a, b), CHAIN_IDS, strict=True):
                launched = load_rollup(rollup.folder / "rollup.json")
                settlement = launched.config.settlement
                genesis = rollup.sequencer.chain.canonical_hash(0)
                assert settlement is not None
                assert genesis is not None
                member = Membership(
                    domain_of(chain_id), chain_id, Hash32(genesis), settlement.outputs, settlement.portal
                )
                await register_chain(client, clock, OWNER, network, member)
                await register_chain(client, clock, OWNER, network, member)  # again is no harm
            yield Pair(client, network, (a, b), (on_a, on_b), OWNER)


@pytest.mark.timeout(600)
async def test_a_token_and_ether_and_their_fees_cross_with_two_relayers_racing_once_they_are_paid(
    embedded: L1, tmp_path: Path
) -> None:
    async with pair_on(embedded, tmp_path) as pair:
        await pair.fund(0, ALICE, 10 * ETHER)
        for key in (RELAYER, RIVAL):
            for index in (0, 1):
                await pair.fund(index, key, 5 * ETHER)
        supply = (1_000).to_bytes(32, "big")
        deployment = await deploy(pair.clients[0], SystemClock(), ALICE, load_artifact("examples/token"), supply)
        token = deployment.address
        on_a = pair.account(0)
        await on_a.send(token, encode_call("approve(address,uint256)", TOKEN_ROUTE_ADDRESS, 1_000))
        send = encode_call("send(address,uint32,address,uint256,uint64)", token, pair.domain(1), NOBODY, 600, 0)
        sent = await on_a.send(TOKEN_ROUTE_ADDRESS, send, ASKED - 1)
        found = await pair.clients[0].receipt_logs(sent.transaction_hash)
        [message_id] = [log.topics[1] for log in (found[1] if found else ()) if log.topics[0] == DISPATCHED]
        ether = encode_call("send(uint32,address,uint256)", pair.domain(1), NOBODY, 0)
        await on_a.send(ETHER_ROUTE_ADDRESS, ether, ETHER)

        image = image_address(Asset(pair.domain(0), token, is_native=False))
        relayers = (pair.relayer(RELAYER), pair.relayer(RIVAL))

        async def ether_has_arrived() -> bool:
            await asyncio.gather(*(relayer.round() for relayer in relayers))
            return await pair.clients[1].balance(NOBODY) == ETHER

        async def tokens_have_arrived() -> bool:
            await asyncio.gather(*(relayer.round() for relayer in relayers))
            return await token_balance(pair.clients[1], image, NOBODY) == 600

        # The ether left after the tokens and has arrived: so what kept the tokens is that a wei is missing.
        await eventually(ether_has_arrived, "the ether", 150)
        assert not await tokens_have_arrived()
        assert [relayer.status.underpaid for relayer in relayers] == [1, 1]
        # What is over the quote comes back with no one's help; what is missing, anyone can add.
        await on_a.send(MAILBOX_ADDRESS, encode_call("add_fee(bytes32)", message_id), 1)
        await eventually(tokens_have_arrived, "the tokens", 150)
        assert sum(relayer.status.delivered for relayer in relayers) == 1
        assert sum(relayer.status.cleared for relayer in relayers) == 1

        # A relayer that starts anew finishes what another has begun: the fee goes to who delivered.
        for relayer in relayers:
            await relayer.close()
        [winner] = [key for key, one in zip((RELAYER, RIVAL), relayers, strict=True) if one.status.delivered]
        again = pair.relayer(winner)

        async def is_paid() -> bool:
            await again.round()
            return again.status.receipts == 1

        await eventually(is_paid, "the fee is paid", 90)
        assert await pair.clients[0].balance(MAILBOX_ADDRESS) == 0
        await again.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_goes_to_a_removed_chain_comes_back(l1: L1, tmp_path: Path) -> None:
    async with pair_on(l1, tmp_path) as pair:
        await pair.fund(0, ALICE, 10 * ETHER)
        await pair.fund(0, RELAYER, 5 * ETHER)
        supply = (1_000).to_bytes(32, "big")
        token = (await deploy(pair.clients[0], SystemClock(), ALICE, load_artifact("examples/token"), supply)).address
        on_a = pair.account(0)
        await on_a.send(token, encode_call("approve(address,uint256)", TOKEN_ROUTE_ADDRESS, 1_000))
        await remove_chain(pair.l1, SystemClock(), pair.owner, pair.network, pair.domain(1))
        send = encode_call("send(address,uint32,address,uint256,uint64)", token, pair.domain(1), NOBODY, 600, 0)
        await on_a.send(TOKEN_ROUTE_ADDRESS, send, 5)
        relayer = pair.relayer()

        async def is_back() -> bool:
            await relayer.round()
            return await token_balance(pair.clients[0], token, private_key_address(ALICE)) == 1_000

        await eventually(is_back, f"the tokens are back: {relayer.status}", 90)
        assert (relayer.status.voided, relayer.status.refunded) == (1, 1)
        await relayer.close()
