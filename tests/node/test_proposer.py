"""The proposer against the real contract on anvil; what derivation found is written by hand."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from genesis.dev import dev_genesis
from genesis.model import build_genesis
from node.account import Account
from node.clock import SystemClock
from node.defence import DEFENCE_GAS, RISE, defence_wei
from node.deploy import deploy_all
from node.l1.client import L1Client
from node.l1.records import L1Record
from node.output_roots import Output
from node.outputs_reader import OutputsReader
from node.proposer import MOST_BLOCKS, Derived, Proposer, ProposerConfig
from node.rollup import rollup_chain_config
from node.serial_sender import SenderConfig, SerialSender
from node.settlement import SettlementOptions, after_genesis, before_genesis, l1_addresses
from protocol.abi import encode_call
from protocol.crypto import keccak, private_key_address
from protocol.l1 import L1Block, L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion, Status, propose_call
from protocol.portal import OutputPreimage
from protocol.types import Hash32
from tests.peers import DEV_KEYS, Anvil, run_anvil

DEPLOYER, RIVAL, KEY = DEV_KEYS
BOND, WINDOW = 10**18, 1_000
OPTIONS = SettlementOptions(challenge_window_seconds=WINDOW, bond_wei=BOND)
CONFIG = ProposerConfig(interval_seconds=10, sender=SenderConfig(resubmit_after_blocks=3))
HEADER = build_genesis(dev_genesis(901, 1_000)).block.header


def output(number: int, seed: bytes = b"") -> Output:
    """One block every two seconds."""
    header = replace(HEADER, number=number, timestamp=1_000 + 2 * number)
    return Output(header, OutputPreimage(keccak(seed + b"state %d" % number), keccak(b"outbox"), header.hash))


class World:
    def __init__(self, anvil: Anvil, client: L1Client) -> None:
        self.anvil = anvil
        self.client = client
        self.config = CONFIG
        self.defends = False
        self.refs: dict[int, L1BlockRef] = {}
        self.safe_since = {0: 0}
        """The safe head from an L1 block on."""

    async def deploy(self) -> None:
        deployer = private_key_address(DEPLOYER)
        nonce = await self.client.nonce(deployer)
        addresses = l1_addresses(deployer, nonce, OPTIONS)
        self.contracts = addresses.settlement
        first = before_genesis(deployer, addresses, rollup_chain_config(901), 30_000_000, OPTIONS)
        await deploy_all(self.client, SystemClock(), DEPLOYER, first, nonce=nonce)
        outputs = after_genesis(addresses.settlement, output(0).root, 30_000_000, OPTIONS)[:1]
        await deploy_all(self.client, SystemClock(), DEPLOYER, outputs, nonce=nonce + len(first))
        self.outputs = OutputsReader(self.client, self.contracts.outputs)
        self.start()

    def start(self) -> None:
        """As after a crash: nothing is remembered."""
        derived = Derived(lambda: max(self.refs), self.record, output)
        sender = SerialSender(self.client, KEY, self.config.sender)
        self.proposer = Proposer(derived, self.client, self.contracts, sender, self.config, defends=self.defends)

    def record(self, number: int) -> L1Record | None:
        ref = self.refs.get(number)
        safe = self.safe_since[max(since for since in self.safe_since if since <= number)]
        return None if ref is None else L1Record(L1Block(ref), safe, Hash32(bytes(32)))

    async def find(self, safe: int) -> None:
        """The next L1 block yields blocks up to `safe`, and the proposer may name it."""
        self.safe_since[max(self.refs) + 1] = safe
        await self.mine(2)

    async def mine(self, blocks: int = 1) -> None:
        self.anvil.mine(blocks)
        await self.derive()

    async def derive(self) -> None:
        head = (await self.client.head()).ref.number
        refs = [await self.client.block(number) for number in range(1, head + 1)]
        self.refs = {ref.number: ref for ref in refs if ref is not None}

    async def step(self, steps: int = 1) -> str | None:
        """Looks with a block in between."""
        complaint = None
        for _ in range(steps):
            complaint = await self.proposer.step()
            await self.mine()
        return complaint

    async def assertions(self) -> list[Assertion]:
        """All but genesis."""
        count = await self.outputs.word("count()")
        return [await self.outputs.assertion(number) for number in range(1, count)]

    async def propose(self, key: bytes, parent: int, number: int, root: OutputRoot) -> int:
        ref = self.refs[max(self.refs) - 1]
        await Account(self.client, SystemClock(), key).send(
            self.contracts.outputs, propose_call(parent, number, root, ref), BOND
        )
        await self.derive()
        return await self.outputs.word("count()") - 1

    async def fund(self, games: int, wei: int = 0) -> int:
        """Give the proposer a bond and the gas of so many games, and so much more; returns what they take."""
        kept = await defence_wei(self.client, games, self.config.sender.max_fee_per_gas)
        self.anvil.rpc("anvil_setBalance", "0x" + self.proposer.address.hex(), hex(BOND + kept + wei))
        return kept

    async def challenge(self) -> None:
        """The game opens one against assertion 1."""
        game = "0x" + self.contracts.game.hex()
        self.anvil.rpc("anvil_impersonateAccount", game)
        self.anvil.rpc("anvil_setBalance", game, hex(10**18))
        call = "0x" + encode_call("open_challenge(uint256)", 1).hex()
        self.anvil.rpc("eth_sendTransaction", {"from": game, "to": "0x" + self.contracts.outputs.hex(), "data": call})
        await self.mine()

    async def pass_window(self) -> None:
        self.anvil.rpc("evm_increaseTime", WINDOW)
        await self.mine()


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    with run_anvil() as running:
        yield running


@pytest.fixture
async def world(anvil: Anvil) -> AsyncIterator[World]:
    async with L1Client(anvil.url) as client:
        world = World(anvil, client)
        await world.deploy()
        anvil.rpc("evm_setAutomine", False)
        await world.mine(3)
        world.safe_since = {0: 7}
        yield world


def bonds(assertions: list[Assertion]) -> list[tuple[int, int]]:
    """(parent, L2 block) of our own."""
    return [(one.parent, one.l2_block_number) for one in assertions if one.proposer == private_key_address(KEY)]


async def test_it_bonds_what_is_safe_once_and_again_after_the_interval(world: World) -> None:
    await world.step(4)
    [first] = await world.assertions()
    assert (first.parent, first.l2_block_number, first.output_root) == (0, 7, output(7).root)
    assert first.l1_block_hash == world.refs[first.l1_block_number].hash
    await world.find(11)  # eight seconds later: too early
    await world.step(2)
    assert len(await world.assertions()) == 1
    await world.find(12)
    await world.step(3)
    assert bonds(await world.assertions()) == [(0, 7), (1, 12)], "on its own pending assertion"


async def test_a_crash_with_the_proposal_under_way_bonds_once(world: World) -> None:
    assert await world.proposer.step() is None
    world.start()
    await world.find(9)  # the restarted one would choose another block
    assert await world.proposer.step() is None, "it waits for what is in the pool"
    await world.mine()
    assert bonds(await world.assertions()) == [(0, 7)]
    world.start()
    await world.step(3)
    assert bonds(await world.assertions()) == [(0, 7)], "and sees it mined"


async def test_a_proposal_that_l1_lost_is_made_again_with_the_same_nonce(world: World) -> None:
    await world.proposer.step()
    [lost] = await pool(world)
    world.anvil.rpc("anvil_dropTransaction", lost)
    await world.mine()
    await world.step(6)
    assert bonds(await world.assertions()) == [(0, 7)]
    assert await world.client.nonce(world.proposer.address) == 1


async def test_a_proposal_that_l1_leaves_out_is_replaced_not_repeated(world: World) -> None:
    await world.proposer.step()
    [cheap] = await pool(world)
    world.anvil.rpc("evm_setBlockGasLimit", hex(21_000))
    await world.mine(CONFIG.sender.resubmit_after_blocks)
    world.anvil.rpc("evm_setBlockGasLimit", hex(30_000_000))
    await world.proposer.step()
    [dear] = await pool(world)
    assert dear != cheap
    await world.mine()
    await world.step(3)
    assert bonds(await world.assertions()) == [(0, 7)]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_reorg_that_takes_the_proposal_away_leads_to_one_bond_again(world: World, restarted: bool) -> None:
    await world.step(3)
    assert bonds(await world.assertions()) == [(0, 7)]
    world.anvil.rpc("anvil_reorg", 5, [])
    assert await world.assertions() == [], "it is gone"
    await world.derive()
    if restarted:
        world.start()
    await world.step(10)
    assert bonds(await world.assertions()) == [(0, 7)]
    [again] = await world.assertions()
    assert again.l1_block_hash == world.refs[again.l1_block_number].hash, "on the L1 that there is now"


async def test_bonds_come_back_after_the_window(world: World) -> None:
    await world.step(2)
    before = await world.client.balance(world.proposer.address)
    await world.pass_window()
    await world.step(6)
    [first] = await world.assertions()
    assert first.status is Status.CONFIRMED
    assert await world.outputs.word("credits(address)", world.proposer.address) == 0
    assert before + BOND // 2 < await world.client.balance(world.proposer.address) < before + BOND, "less gas"
    assert world.proposer.status().last_l2_block == 7


async def test_nothing_is_built_on_a_false_root(world: World) -> None:
    world.safe_since = {0: 6}
    world.anvil.rpc("evm_setAutomine", True)
    false = await world.propose(RIVAL, 0, 5, output(5, b"false").root)
    true = await world.propose(RIVAL, 0, 6, output(6).root)
    world.anvil.rpc("evm_setAutomine", False)
    await world.find(20)
    await world.step(3)
    assert bonds(await world.assertions()) == [(true, 20)], "but on the one beside it"
    await world.pass_window()
    await world.step(4)
    assert (await world.outputs.assertion(true)).status is Status.CONFIRMED, "anyone may"
    assert (await world.outputs.assertion(false)).status is Status.PENDING


async def test_nothing_is_built_on_a_block_that_is_not_the_last_one_that_l1_yields(world: World) -> None:
    """Its root is right, but a game would find another block at the end of that much of L1."""
    world.anvil.rpc("evm_setAutomine", True)
    short = await world.propose(RIVAL, 0, 6, output(6).root)
    world.anvil.rpc("evm_setAutomine", False)
    await world.step(3)
    assert bonds(await world.assertions()) == [(0, 7)], "beside it"
    assert (await world.outputs.assertion(short)).l1_block_number <= max(world.refs)


async def test_every_bond_names_the_last_block_of_its_l1_and_spans_no_more_than_a_game_can_walk(world: World) -> None:
    await world.find(MOST_BLOCKS)
    await world.find(MOST_BLOCKS + 10)
    await world.find(2 * MOST_BLOCKS + 20)
    await world.step(6)
    assert bonds(await world.assertions()) == [(0, MOST_BLOCKS), (1, MOST_BLOCKS + 10)]
    for one in await world.assertions():
        record = world.record(one.l1_block_number)
        assert record is not None
        assert record.safe_number == one.l2_block_number
    assert world.record(max(world.refs) - 1) is not None
    complaint = await world.step()
    assert complaint is not None
    assert str(MOST_BLOCKS) in complaint, "one L1 block that yields too many is told"


async def test_a_long_interval_does_not_keep_more_blocks_waiting_than_an_assertion_may_span(world: World) -> None:
    """Else the interval would never be over: no block that could be bonded is so much later than the last one."""
    world.config = replace(CONFIG, interval_seconds=10**6)
    world.start()
    await world.find(MOST_BLOCKS)
    await world.step(2)
    assert bonds(await world.assertions()) == []
    await world.find(MOST_BLOCKS + 1)
    await world.step(4)
    assert bonds(await world.assertions()) == [(0, MOST_BLOCKS)]


async def test_a_bond_that_was_overtaken_comes_back(world: World) -> None:
    await world.step(2)
    world.anvil.rpc("evm_setAutomine", True)
    rival = await world.propose(RIVAL, 0, 6, output(6).root)
    await world.pass_window()
    await Account(world.client, SystemClock(), RIVAL).send(
        world.contracts.outputs, encode_call("confirm(uint256)", rival)
    )
    world.anvil.rpc("evm_setAutomine", False)
    await world.derive()
    world.start()  # which looks behind the last confirmed one
    await world.step(8)
    assert (await world.outputs.assertion(1)).status is Status.SUPERSEDED
    assert await world.outputs.word("credits(address)", world.proposer.address) == 0
    assert bonds(await world.assertions()) == [(0, 7)], "and block 7 is not bonded again"


async def test_a_confirmed_root_that_is_not_ours_stops_it_and_is_told(world: World) -> None:
    world.anvil.rpc("evm_setAutomine", True)
    false = await world.propose(RIVAL, 0, 5, output(5, b"false").root)
    await world.pass_window()
    await Account(world.client, SystemClock(), RIVAL).send(
        world.contracts.outputs, encode_call("confirm(uint256)", false)
    )
    complaint = await world.step()
    assert complaint is not None
    assert output(5).root.hex() in complaint
    assert bonds(await world.assertions()) == []


async def test_an_account_without_ether_is_told_to_be_funded(world: World) -> None:
    world.anvil.rpc("anvil_setBalance", "0x" + world.proposer.address.hex(), hex(BOND - 1))
    complaint = await world.step()
    assert complaint == f"0x{world.proposer.address.hex()} has {BOND - 1} wei on L1, the bond is {BOND}: fund it"


async def test_what_a_defence_takes_is_kept_back_and_told(world: World) -> None:
    """One game's gas for each that is open, and one for the new bond."""
    world.defends = True
    world.anvil.rpc("anvil_setCode", "0x" + world.contracts.game.hex(), "0x00")
    world.start()
    kept = await world.fund(games=1, wei=-1)
    complaint = await world.step()
    assert complaint is not None
    assert f"the bond is {BOND} wei, and {kept} wei stay with it for the gas of disputes" in complaint
    assert await world.assertions() == []

    await world.fund(games=1)
    assert await world.step() is None
    assert bonds(await world.assertions()) == [(0, 7)], "with just enough"

    await world.challenge()
    await world.find(30)
    kept = await world.fund(games=2, wei=-1)
    complaint = await world.step()
    assert complaint is not None
    assert f"and {kept} wei stay with it" in complaint, "a game is open now"
    await world.fund(games=2)
    assert await world.step() is None
    assert bonds(await world.assertions()) == [(0, 7), (1, 30)]


async def test_where_a_guardian_decides_nothing_is_kept_back(world: World) -> None:
    world.defends = True
    world.start()
    world.anvil.rpc("anvil_setBalance", "0x" + world.proposer.address.hex(), hex(BOND + 10**16))
    assert await world.step() is None
    assert bonds(await world.assertions()) == [(0, 7)]


async def test_what_is_kept_stays_the_same_while_fees_move_a_little_and_has_an_end(world: World) -> None:
    found = []
    for fee in (10**9, 10**9 + 10**6, 10**12):
        world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(fee))
        await world.mine()
        found.append(await defence_wei(world.client, 1, 10**11))
    suggested = (await world.client.suggest_fees()).max_fee
    assert found[0] == found[1] < found[2] == DEFENCE_GAS * 10**11 < DEFENCE_GAS * suggested
    assert found[0] >= DEFENCE_GAS * RISE * 2 * 10**9


async def pool(world: World) -> list[str]:
    """The hashes of what waits."""
    content = world.anvil.rpc("txpool_content")
    assert isinstance(content, dict)
    waiting = [tx["hash"] for by_nonce in content["pending"].values() for tx in by_nonce.values()]
    return [str(one) for one in waiting]
