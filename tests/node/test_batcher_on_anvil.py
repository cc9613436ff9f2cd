"""The batcher through the real client on a real L1, whose pool and reorgs are not of our making."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from da.adapter import DataAvailability
from da.calldata import Calldata
from da.file import FileStore
from node.batch_plan import BatcherConfig, Progress, claim_of
from node.batcher import Batcher
from node.clock import SystemClock
from node.deploy import wait_until_mined
from node.l1.client import L1Client
from node.l1.inputs import L1Position
from node.l1.reader import L1Reader
from protocol.batch import BlockClaim, decode_batch
from protocol.crypto import private_key_address
from protocol.inbox import append_calldata
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address
from tests.node.hand_clock import HandClock
from tests.node.inboxes import deploy_inbox
from tests.node.simulated import GWEI, SimulatedChain, l2_transaction
from tests.peers import ANVIL_CHAIN_ID, DEV_KEYS, Anvil, run_anvil

DEPLOYER, KEY = DEV_KEYS[:2]
CONFIG = BatcherConfig(interval_seconds=10, max_pending=3, resubmit_after_blocks=2)


class World:
    def __init__(self, anvil: Anvil, client: L1Client, inbox: Address, layer: DataAvailability) -> None:
        self.anvil = anvil
        self.client = client
        self.chain = SimulatedChain()
        self.clock = HandClock()
        self.claims: list[BlockClaim] = []
        self.derived_up_to = 0
        self.reader = L1Reader(client, inbox)
        self.layer = layer
        self.inbox = inbox
        self.restart()

    def restart(self, key: bytes = KEY) -> None:
        self.batcher = Batcher(self.chain, self.progress, self.layer, self.client, self.inbox, key, self.clock, CONFIG)

    def progress(self) -> Progress:
        return Progress(len(self.claims), self.derived_up_to)

    async def post(self, blocks: int) -> None:
        self.chain.build(blocks)
        self.clock.seconds += CONFIG.interval_seconds
        await self.batcher.step()

    async def mine(self, blocks: int = 1) -> None:
        self.anvil.mine(blocks)
        await self.derive()

    async def derive(self) -> None:
        """Derive everything anew."""
        claims: list[BlockClaim] = []
        position = L1Position()
        head = (await self.reader.latest()).number
        for number in range(1, head + 1):
            ref = await self.reader.block(number)
            assert ref is not None
            inputs = await self.reader.inputs(ref, position)
            position = inputs.position
            for commitment in inputs.commitments:
                batch = decode_batch(await self.layer.fetch(commitment, ref))
                for block, claim in enumerate(batch.blocks, start=batch.first_number):
                    if block == len(claims) + 1:
                        claims.append(claim)
        self.claims, self.derived_up_to = claims, head

    async def pending(self) -> int:
        address = self.batcher.address
        return await self.client.nonce(address, "pending") - await self.client.nonce(address)

    def is_safe(self) -> bool:
        return self.claims == [claim_of(block) for block in self.chain.blocks[1:]]


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    # One for each test, since a snapshot does not bring back its pool and its next base fee; it starts in 0.1 s.
    with run_anvil() as anvil:
        yield anvil


@pytest.fixture
async def world(anvil: Anvil) -> AsyncIterator[World]:
    async with L1Client(anvil.url) as client:
        inbox = await deploy_inbox(client, DEPLOYER, private_key_address(KEY))
        anvil.rpc("evm_setAutomine", False)
        world = World(anvil, client, inbox.address, Calldata())
        await world.derive()
        yield world


async def test_batches_become_safe(world: World) -> None:
    for _batch in range(3):
        await world.post(2)
    assert await world.pending() == 3
    await world.mine()
    assert world.is_safe()
    await world.post(0)
    assert world.batcher.status().pending == 0


async def test_batches_of_another_layer_become_safe(world: World, tmp_path: Path) -> None:
    world = World(world.anvil, world.client, world.inbox, FileStore(tmp_path))
    await world.derive()
    await world.post(3)
    await world.mine()
    assert world.is_safe()


async def test_the_largest_batch_is_taken(world: World) -> None:
    size = Calldata.max_bytes - 300
    world.chain.build(1, [l2_transaction(size)])
    await world.post(0)
    await world.mine()
    assert world.is_safe()


async def test_a_dropped_transaction_is_sent_again(world: World) -> None:
    await world.post(2)
    [dropped] = world.batcher.under_way()
    world.anvil.rpc("anvil_dropTransaction", "0x" + dropped.hex())
    assert await world.pending() == 0
    await world.batcher.step()
    assert world.batcher.under_way() == [dropped]
    assert await world.pending() == 1
    await world.mine()
    assert world.is_safe()


async def test_a_transaction_that_l1_leaves_out_is_replaced(world: World) -> None:
    await world.post(2)
    [first] = world.batcher.under_way()
    world.anvil.rpc("evm_setBlockGasLimit", hex(21_000))
    world.anvil.mine(CONFIG.resubmit_after_blocks)
    world.anvil.rpc("evm_setBlockGasLimit", hex(30_000_000))
    assert await world.pending() == 1
    await world.batcher.step()
    [second] = world.batcher.under_way()
    assert second != first
    assert world.batcher.status().complaint is None
    assert await world.client.transaction(first) is None
    await world.mine()
    receipt = await world.client.receipt(second)
    assert receipt is not None
    assert receipt.succeeded
    assert world.is_safe()


async def test_a_transaction_that_has_become_too_cheap_is_replaced(world: World) -> None:
    await world.post(2)
    [first] = world.batcher.under_way()
    for _block in range(CONFIG.resubmit_after_blocks):
        world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
        world.anvil.mine()
    await world.batcher.step()
    [second] = world.batcher.under_way()
    assert second != first
    await world.mine()
    assert world.is_safe()


@pytest.mark.parametrize("way", ["anvil_reorg", "anvil_rollback"])
async def test_batches_that_a_reorg_removed_are_posted_again(world: World, way: str) -> None:
    for _batch in range(3):
        await world.post(2)
        await world.mine()
    await world.post(0)
    assert world.is_safe()
    world.anvil.rpc(way, *((2, []) if way == "anvil_reorg" else (2,)))
    await world.derive()
    assert len(world.claims) == 2
    for _round in range(6):
        await world.post(0)
        await world.mine()
    assert world.is_safe()


async def test_a_restart_with_transactions_under_way_pays_once(world: World) -> None:
    await world.post(2)
    world.restart()
    await world.post(0)
    assert (await world.pending(), world.batcher.under_way()) == (1, [])
    await world.mine()
    await world.post(1)
    await world.mine()
    assert world.is_safe()
    assert await world.client.nonce(world.batcher.address) == 2


async def test_an_empty_account_is_told_to_be_funded(world: World) -> None:
    address = "0x" + world.batcher.address.hex()
    world.anvil.rpc("anvil_setBalance", address, hex(1000))
    await world.post(1)
    assert world.batcher.status().complaint == f"{address} has 1000 wei on L1, too little for a batch: fund it"
    world.anvil.rpc("anvil_setBalance", address, hex(10**18))
    await world.post(0)
    await world.mine()
    assert world.is_safe()


async def test_another_account_is_refused_before_it_pays(world: World) -> None:
    world.restart(DEPLOYER)
    await world.post(1)
    complaint = world.batcher.status().complaint
    assert complaint is not None
    assert complaint.startswith("L1 would not take a batch from 0xf39fd6e5")
    assert "inbox: not the batcher" in complaint
    assert await world.pending() == 0


async def test_an_append_costs_its_calldata_and_little_more() -> None:
    with run_anvil("--hardfork", "cancun") as anvil:
        async with L1Client(anvil.url) as client:
            inbox = await deploy_inbox(client, DEPLOYER, private_key_address(KEY))
            beside_calldata = []
            for nonce, size in enumerate((33, 33, 120_001)):
                calldata = append_calldata(b"\xff" * size)
                fees = await client.suggest_fees()
                unsigned = UnsignedTransaction(
                    ANVIL_CHAIN_ID, nonce, 10_000_000, inbox.address, 0, calldata, fees.max_fee, fees.tip
                )
                sent = await client.send_raw(sign_transaction(unsigned, KEY).raw)
                receipt = await wait_until_mined(client, SystemClock(), sent)
                zeros = calldata.count(0)
                beside_calldata.append(receipt.gas_used - 21_000 - 4 * zeros - 16 * (len(calldata) - zeros))
    first, small, large = beside_calldata
    assert first - small == 2 * 17_100  # empty slots
    assert small <= 19_000
    assert large <= 92_000
