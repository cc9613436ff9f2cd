"""Deposits, transfers, withdrawals and claims in random order, over reorgs of L1 and restarts of every role: nothing is
made and nothing is lost, to the wei, at every look."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.account import Account, TransactionFailed
from node.artifacts import load_artifact
from node.bridge import Bridge, Stage, open_bridge
from node.chain import Chain
from node.clock import SystemClock
from node.deploy import NonceTaken, deploy
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1_node import L1Node
from node.node_options import NodeOptions
from node.rollup_node import RollupNode
from protocol.abi import encode_call
from protocol.bridge import image_address, release_of
from protocol.crypto import private_key_address
from protocol.deposit import TRANSACTION_DEPOSITED, Deposit, decode_deposit
from protocol.errors import Reject, Retry
from protocol.portal import WITHDRAWAL_FINALISED
from protocol.receipt import Log
from protocol.rollup import FEE_RECIPIENT
from protocol.transaction import DEPOSIT
from protocol.types import Address, Hash32
from protocol.withdrawal import MESSAGE_PASSED, OUTBOX_ADDRESS, Withdrawal, decode_message_passed
from tests.e2e.bridging import ALICE, BOB, bridged_options, eventually, proposing, token_balance
from tests.e2e.network import OPERATOR_KEY, as_sequencer, canonical_header, embedded_l1, launch, running

CAROL = Address(b"\xca" * 20)
PEOPLE = (private_key_address(ALICE), private_key_address(BOB))
SUPPLY = 10**9
GAS_MONEY = 10**16
OVERTAKEN = (TransactionFailed, NonceTaken, L1Refused)
"""What comes of a transaction when a forced one, or a reorg of L1, changes the sender's account before it is mined."""


@dataclass
class World:
    """An L1, a sequencer and a proposing verifier, each of which can be started anew; and what has been done."""

    l1_node: L1Node
    options: dict[str, NodeOptions]
    l1: L1Client
    l2: L1Client
    bridge: Bridge
    token: Address
    chance: random.Random
    nodes: dict[str, RollupNode] = field(default_factory=dict)
    stacks: dict[str, AsyncExitStack] = field(default_factory=dict)
    started: dict[Hash32, tuple[Address, int]] = field(default_factory=dict)
    """The sender and the nonce of each transaction that has started a withdrawal."""
    done: list[str] = field(default_factory=list)

    @property
    def image(self) -> Address:
        return image_address(self.token)

    async def start(self, role: str) -> None:
        node = RollupNode(self.options[role], SystemClock())
        stack = AsyncExitStack()
        await stack.enter_async_context(running(node))
        self.nodes[role], self.stacks[role] = node, stack
        self.options[role] = replace(self.options[role], rpc_port=node.port)

    async def stop(self, role: str) -> None:
        await self.stacks.pop(role).aclose()
        del self.nodes[role]

    def account(self, client: L1Client) -> Account:
        return Account(client, SystemClock(), self.chance.choice((ALICE, BOB)))

    async def fund(self) -> None:
        """Everybody has ether and tokens to begin with."""
        account = Account(self.l1, SystemClock(), ALICE)
        for who in PEOPLE:
            await self.bridge.deposit_ether(account, who, 10**18)
            await self.bridge.deposit_token(account, self.token, who, 1_000)

        async def is_there() -> bool:
            return all([await token_balance(self.l2, self.image, who) for who in PEOPLE])

        await eventually(is_there, "everybody has tokens")

    # --- what may happen ---

    async def deposit_ether(self) -> None:
        await self.bridge.deposit_ether(
            self.account(self.l1), self.chance.choice(PEOPLE), self.chance.randrange(GAS_MONEY, 10**18)
        )

    async def deposit_token(self) -> None:
        account = Account(self.l1, SystemClock(), ALICE)
        await self.bridge.deposit_token(account, self.token, self.chance.choice(PEOPLE), self.chance.randrange(1, 1000))

    async def transfer(self) -> None:
        account = self.account(self.l2)
        spare = await self.l2.balance(account.address) - GAS_MONEY
        if spare > 0:
            await account.send(self.chance.choice(PEOPLE), value=self.chance.randrange(spare))

    async def withdraw_ether(self) -> None:
        account = self.account(self.l2)
        spare = await self.l2.balance(account.address) - GAS_MONEY
        if spare > 0:
            nonce = await self.l2.nonce(account.address, "pending")
            one = await self.bridge.withdraw_ether(account, CAROL, self.chance.randrange(spare))
            self.started[one.transaction_hash] = (account.address, nonce)

    async def withdraw_token(self) -> None:
        account = self.account(self.l2)
        held = await token_balance(self.l2, self.image, account.address)
        if held and await self.l2.balance(account.address) > GAS_MONEY:
            nonce = await self.l2.nonce(account.address, "pending")
            one = await self.bridge.withdraw_token(account, self.image, CAROL, self.chance.randrange(1, held + 1))
            self.started[one.transaction_hash] = (account.address, nonce)

    async def force_a_withdrawal(self) -> None:
        """By L1 alone; it may fail on L2, with more than there is."""
        call = encode_call("withdraw(address,address,uint256)", self.image, CAROL, self.chance.randrange(1, 2000))
        await self.bridge.force(self.account(self.l1), Address(bytes.fromhex("42" + "00" * 18 + "10")), call)

    async def claim(self) -> None:
        if self.started:
            await self.claim_one(self.chance.choice(list(self.started)))

    async def reorganise(self) -> None:
        depth = min(self.chance.randrange(1, 5), self.l1_node.chain.head().number - self.finalized)
        await self.l1.request("anvil_rollback", [hex(depth)])

    async def restart(self) -> None:
        role = self.chance.choice(("sequencer", "verifier"))
        await self.stop(role)
        await self.start(role)

    @property
    def finalized(self) -> int:
        return self.l1_node.chain.finalized_head().number

    async def claim_one(self, transaction_hash: Hash32) -> bool:
        """Whether it is done. What a reorg has just upset is tried again another time."""
        try:
            [one] = await self.bridge.started_in(transaction_hash)
            standing = await self.bridge.claim(Account(self.l1, SystemClock(), BOB), one)
        except (Retry, Reject):
            return False
        return standing.stage is Stage.DONE

    async def forget_what_cannot_be(self) -> None:
        """A reorg of L1 may put a deposit before a transaction of the same sender, and take the nonce that it had."""
        for tx, (sender, nonce) in list(self.started.items()):
            if await self.l2.nonce(sender) > nonce and await self.l2.receipt(tx) is None:
                del self.started[tx]

    # --- what must hold ---

    def check(self) -> None:
        """Exactly, on each chain as it is at one moment: each node's worker may move its head while we look."""
        for _look in range(50):
            before = self.heads()
            try:
                self.check_now()
            except Exception:
                if self.heads() == before:
                    raise
            if self.heads() == before:
                return
        raise AssertionError("no chain stood still for one look")

    def heads(self) -> list[Hash32]:
        """What tells whether anything moved."""
        return [chain.head().hash for chain in (self.l1_node.chain, *(node.chain for node in self.nodes.values()))]

    def check_now(self) -> None:
        """One look."""
        for role, node in self.nodes.items():
            check_l2(node.chain, f"{role} after {self.done}")
        portal = self.bridge.contracts.portal
        deposits, finalised = l1_events(self.l1_node.chain, portal)
        sent = {one.hash: one for node in self.nodes.values() for one in withdrawals(node.chain)}
        known = [sent[one] for one in finalised if one in sent]
        account = self.l1_node.chain.head_state().account(portal)
        balance = 0 if account is None else account.balance
        if len(known) == len(finalised):
            paid = sum(one.value for one in known)
            assert balance == sum(one.mint for one in deposits) - paid, self.done
        assert [one.index for one in deposits] == list(range(len(deposits)))


def check_l2(chain: Chain, when: str) -> None:
    """All ether came by deposits, and is with somebody, burnt, or on its way to L1."""
    minted = burnt = 0
    for header, tx_type, mint, gas_used in transactions(chain):
        minted += mint
        burnt += 0 if tx_type == DEPOSIT else gas_used * header
    state = chain.head_state()
    holders = [state.account(who) for who in (*PEOPLE, CAROL, FEE_RECIPIENT, OUTBOX_ADDRESS)]
    assert sum(one.balance for one in holders if one is not None) + burnt == minted, when
    outbox = state.account(OUTBOX_ADDRESS)
    assert outbox is not None
    assert outbox.balance == sum(one.value for one in withdrawals(chain)), when


def transactions(chain: Chain) -> list[tuple[int, int, int, int]]:
    """(base fee, type, mint, gas used) of every transaction."""
    found = []
    for number in range(1, chain.head().number + 1):
        header = canonical_header(chain, number)
        if not header.gas_used:
            continue
        block, receipts = chain.block(header.hash), chain.receipts(header.hash)
        assert block is not None
        assert receipts is not None
        for tx, receipt in zip(block.transactions, receipts, strict=True):
            found.append((header.base_fee_per_gas or 0, tx.type, tx.mint, receipt.gas_used))
    return found


def logs(chain: Chain, address: Address, topic: Hash32) -> list[Log]:
    found = []
    for number in range(1, chain.head().number + 1):
        header = canonical_header(chain, number)
        if not header.bloom:
            continue
        receipts = chain.receipts(header.hash)
        assert receipts is not None
        found += [log for receipt in receipts for log in receipt.logs]
    return [log for log in found if log.address == address and log.topics[:1] == (topic,)]


def withdrawals(chain: Chain) -> list[Withdrawal]:
    return [decode_message_passed(log.topics, log.data) for log in logs(chain, OUTBOX_ADDRESS, MESSAGE_PASSED)]


def l1_events(chain: Chain, portal: Address) -> tuple[list[Deposit], list[Hash32]]:
    deposits = [decode_deposit(log.topics, log.data) for log in logs(chain, portal, TRANSACTION_DEPOSITED)]
    return deposits, [Hash32(log.topics[1]) for log in logs(chain, portal, WITHDRAWAL_FINALISED)]


@asynccontextmanager
async def world(folder: Path, seed: int) -> AsyncIterator[World]:
    async with embedded_l1(folder, 0.4) as l1_node:
        url = f"http://127.0.0.1:{l1_node.port}"
        verifier = replace(await launch(url, folder, OPERATOR_KEY, bridged_options()), proposer=proposing())
        sequencer = as_sequencer(replace(verifier, proposer=None), OPERATOR_KEY)
        async with AsyncExitStack() as clients:
            l1 = await clients.enter_async_context(L1Client(url))
            first = RollupNode(sequencer, SystemClock())
            async with running(first):
                port = first.port
            options = {"sequencer": replace(sequencer, rpc_port=port), "verifier": verifier}
            l2 = await clients.enter_async_context(L1Client(f"http://127.0.0.1:{port}"))
            token = await deploy(l1, SystemClock(), ALICE, load_artifact("examples/token"), SUPPLY.to_bytes(32, "big"))
            made = World(l1_node, options, l1, l2, None, token.address, random.Random(seed))  # type: ignore[arg-type]
            try:
                for role in options:
                    await made.start(role)
                made.bridge = await open_bridge(l1, l2)
                yield made
            finally:
                for role in list(made.stacks):
                    await made.stop(role)


async def walk(folder: Path, seed: int, steps: int) -> None:
    async with world(folder, seed) as made:
        usual = [made.deposit_ether, made.transfer, made.withdraw_ether, made.withdraw_token, made.claim]
        rare = [made.deposit_token, made.force_a_withdrawal, made.reorganise, made.restart]
        await made.fund()
        # Whatever chance says, each of them once at least.
        actions: list[Callable[[], Awaitable[None]]] = [*usual, *rare]
        actions += made.chance.choices(usual * 2 + rare, k=max(0, steps - len(actions)))
        for action in actions:
            try:
                await action()
                made.done.append(action.__name__)
            except OVERTAKEN as error:
                made.done.append(f"{action.__name__}: {error}")
            made.check()
        assert made.started, "something was withdrawn"
        await settle(made)


async def settle(made: World) -> None:
    """Everything comes to its end: what was withdrawn is paid, and both sides agree."""
    for _round in range(300):
        await made.forget_what_cannot_be()
        if all([await made.claim_one(one) for one in made.started]):
            break
        await asyncio.sleep(0.3)
    else:
        raise AssertionError(f"not all of {len(made.started)} withdrawals were paid after {made.done}")
    verifier, portal = made.nodes["verifier"], made.bridge.contracts.portal
    for _round in range(600):
        deposits, finalised = l1_events(made.l1_node.chain, portal)
        arrived = [tx for tx in transactions(verifier.chain) if tx[1] == DEPOSIT]
        if len(arrived) == len(deposits):
            break
        await asyncio.sleep(0.1)
    assert len(arrived) == len(deposits), "every deposit arrived, once"
    last = verifier.chain.safe_head().number
    made.check()
    chain = verifier.chain
    assert chain.canonical_hash(last) == made.nodes["sequencer"].chain.canonical_hash(last)
    own = [one for tx in made.started for one in await made.bridge.started_in(tx)]
    releases = [release_of(one.withdrawal, made.bridge.contracts.bridge) for one in own]
    assert await made.l1.balance(CAROL) == sum(one.withdrawal.value for one in own)
    assert await token_balance(made.l1, made.token, CAROL) == sum(one.amount for one in releases if one is not None)
    # Tokens: what is locked on L1 is held on L2, or on its way.
    under_way = [one for one in withdrawals(chain) if one.hash not in finalised]
    waiting = [release_of(one, made.bridge.contracts.bridge) for one in under_way]
    held = sum([await token_balance(made.l2, made.image, who) for who in PEOPLE])
    locked = await token_balance(made.l1, made.token, made.bridge.contracts.bridge)
    assert locked == held + sum(one.amount for one in waiting if one is not None)


async def test_value_is_conserved_over_a_random_walk(tmp_path: Path) -> None:
    await walk(tmp_path, seed=1, steps=16)
