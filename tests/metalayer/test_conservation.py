"""Whatever happens to three chains, nothing is lost and nothing is made: tokens and ether under random sequences of
transfers, outputs, reorganisations, a relayer that stops anywhere and forgets everything, expiries and refunds.

What is in flight is never noted by the test: it is read from the chains, so a reorganisation cannot confuse it.
"""

from functools import cache

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from genesis.predeploys import DEPLOYMENT_PROXY
from metalayer.message import Message
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    MAILBOX_ADDRESS,
    SETTLED_ROOTS_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    image_address,
)
from metalayer.proofs import CLEARED, VOIDED
from metalayer.transfer import Asset, Transfer, decode_transfer
from protocol.crypto import keccak
from protocol.types import Address
from tests.metalayer.world import (
    ETHER,
    WINDOW,
    Mark,
    Member,
    World,
    account,
    artifact,
    balance_of,
    calldata,
    load_mock,
    send_ether,
    send_token,
    with_app,
)

ALICE = account("alice")
SUPPLY = 1_000_000
DECIMALS = (3, 5, 1)
"""Of the scaled token on the three chains; the first is its home."""
MARGIN = 60
"""Seconds that an attempt at delivery may take in this world, a block per step."""


@cache
def prepared() -> tuple[World, Address, Address, Address]:
    """Three chains; a token at home on the first, a network token, one with other decimals on each chain, and Alice
    with all of them and with ether everywhere."""
    world = with_app(3)
    first, *_others = world.members.values()
    code = artifact("examples/token").init_code + abi_encode(["uint256"], [SUPPLY])
    token = world.on_l2(first, ALICE, None, code).contract_address
    assert token is not None
    world.must(first, ALICE, token, calldata("approve(address,uint256)", "0x" + TOKEN_ROUTE_ADDRESS.hex(), 2**255))
    arguments = [b"Grain".ljust(32, b"\0"), b"GRN".ljust(32, b"\0"), first.domain, SUPPLY, "0x" + ALICE.hex()]
    code = artifact("metalayer/network_token").init_code
    code += abi_encode(["bytes32", "bytes32", "uint32", "uint256", "address"], arguments)
    scaled = load_mock("scaled_token").init_code
    scaled_arguments = [list(world.members), DECIMALS, SUPPLY, "0x" + ALICE.hex()]
    scaled += abi_encode(["uint32[3]", "uint256[3]", "uint256", "address"], scaled_arguments)
    for member in world.members.values():
        world.must(member, ALICE, DEPLOYMENT_PROXY, bytes(32) + code)
        world.must(member, ALICE, DEPLOYMENT_PROXY, bytes(32) + scaled)
        world.give(member, ALICE, 10 * ETHER)
        world.settle(member)  # or a reorganisation could take the tokens away for good
    grain, scales = (
        Address(keccak(b"\xff" + DEPLOYMENT_PROXY + bytes(32) + keccak(one))[12:]) for one in (code, scaled)
    )
    return world, token, grain, scales


class Interrupted(Exception):
    """The relayer stopped."""


class ForgetfulRelayer:
    """A relayer that knows only what the chains say, and stops after so many transactions."""

    def __init__(self, world: World, steps: int) -> None:
        self.world = world
        self.left = steps

    def run(self) -> None:
        try:
            for member in list(self.world.members.values()):
                for message in member.messages(member.settled[-1].number):
                    self._relay(message)
                for withdrawal in self.world.withdrawals(member):
                    if not is_final(self.world, member, withdrawal.hash):
                        self._step()
                        self.world.withdraw(member, withdrawal)
        except Interrupted:
            return

    def _step(self) -> None:
        if not self.left:
            raise Interrupted
        self.left -= 1

    def _relay(self, message: Message) -> None:
        world = self.world
        if is_settled(world, message):
            return
        target = world.members[message.destination]
        now = max(world.l1.head.timestamp, target.chain.head.timestamp)
        if now + MARGIN < message.expiry:
            self._deliver(message, target)
        elif target.chain.headers[target.settled[-1].number].timestamp >= message.expiry:
            self._refund(message)

    def _decide(self, message: Message, pupil: Member, wanted: int) -> bool:
        world = self.world
        decision = world.l1.read(world.network.ledger, "decisions(bytes32)", message.id)
        assert isinstance(decision, int)
        if decision < wanted:
            self._step()
            world.ledger_learn(world.members[message.origin])
            if wanted == VOIDED:
                world.ledger_learn(world.members[message.destination])
            (world.clear if wanted == CLEARED else world.void)(message)
        elif decision > wanted:
            return False
        if pupil.chain.read(SETTLED_ROOTS_ADDRESS, "decisions(bytes32)", message.id) != wanted:
            self._step()
            world.learn_decision(pupil, message)
        return True

    def _deliver(self, message: Message, target: Member) -> None:
        world, origin = self.world, self.world.members[message.origin]
        if self._decide(message, target, CLEARED):
            self._step()
            world.learn(target, origin)
            self._step()
            world.process(message)

    def _refund(self, message: Message) -> None:
        world, origin = self.world, self.world.members[message.origin]
        if self._decide(message, origin, VOIDED):
            self._step()
            world.learn(origin, world.members[message.destination])
            self._step()
            world.refund(message)


def is_final(world: World, member: Member, withdrawal_hash: bytes) -> bool:
    return bool(world.l1.read(member.portal, "finalised(bytes32)", withdrawal_hash, returns="bool"))


def is_settled(world: World, message: Message) -> bool:
    """Whether it was delivered or refunded."""
    if world.deliverer(message) is not None:
        return True
    answer = world.members[message.origin].chain.call(MAILBOX_ADDRESS, calldata("fee(bytes32)", message.id))
    return int.from_bytes(answer[32:], "big") == 2


class Conservation(RuleBasedStateMachine):
    """The network under everything that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.token, self.grain, self.scaled = prepared()
        self.asset = Asset(next(iter(self.world.members)), self.token, is_native=False)
        self.image = image_address(self.asset)
        self.start = self.world.mark()
        self.marks: list[Mark] = []

    def teardown(self) -> None:
        try:
            self.everything_ends()
        finally:
            self.world.restore(self.start)

    @property
    def members(self) -> list[Member]:
        return list(self.world.members.values())

    @initialize()
    def spread(self) -> None:
        """Some of both tokens is everywhere."""
        home, *others = self.members
        for other in others:
            for token in (self.token, self.grain, self.scaled):
                send_token(self.world, home, other, token, 1_000, ALICE)
        self.world.settle(home)
        ForgetfulRelayer(self.world, 1_000).run()
        assert balance_of(others[0], self.image, ALICE) == 1_000

    @rule(
        source=st.integers(0, 2),
        hop=st.integers(1, 2),
        which=st.sampled_from(["token", "grain", "scaled"]),
        amount=st.integers(1, 1_500),
        life=st.sampled_from([200, 2_500, 9_000]),
    )
    def transfer(self, source: int, hop: int, which: str, amount: int, life: int) -> None:
        sender, receiver = self.members[source], self.members[(source + hop) % 3]
        token = {"token": self.token if source == 0 else self.image, "grain": self.grain, "scaled": self.scaled}[which]
        amount = min(amount, balance_of(sender, token, ALICE))
        if amount >= (self.less(source) if which == "scaled" else 1):
            send_token(self.world, sender, receiver, token, amount, ALICE, life=life)

    @rule(source=st.integers(0, 2), hop=st.integers(1, 2), life=st.sampled_from([200, 9_000]))
    def transfer_ether(self, source: int, hop: int, life: int) -> None:
        sender, receiver = self.members[source], self.members[(source + hop) % 3]
        amount = min(ETHER + source, sender.chain.balance(ALICE))
        if amount:
            send_ether(self.world, sender, receiver, amount, ALICE, life=life)

    @rule(which=st.integers(0, 2))
    def settle(self, which: int) -> None:
        self.world.step(self.members[which])
        self.world.settle(self.members[which])

    @rule(steps=st.integers(1, 12))
    def relay(self, steps: int) -> None:
        ForgetfulRelayer(self.world, steps).run()

    @rule(seconds=st.sampled_from([100, WINDOW, 3_000]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(which=st.integers(0, 2), depth=st.integers(1, 6))
    def reorganise_a_chain(self, which: int, depth: int) -> None:
        """Blocks that no confirmed output holds are replaced by others."""
        member = self.members[which]
        member.reorganise(max(member.settled[-1].number, member.chain.head.number - depth))
        self.world.step(member, seconds=3)

    @rule()
    def mark(self) -> None:
        self.marks = [*self.marks[-2:], self.world.mark()]

    @precondition(lambda self: self.marks)
    @rule()
    def reorganise_l1(self) -> None:
        """L1 goes back, and all that followed from it."""
        self.world.restore(self.marks.pop())
        self.world.wait(13)
        for member in self.members:
            self.world.step(member)

    def in_flight(self) -> list[Transfer]:
        messages = [message for member in self.members for message in member.messages()]
        return [decode_transfer(one.body) for one in messages if not is_settled(self.world, one)]

    @invariant()
    def tokens_are_conserved(self) -> None:
        home, *others = self.members
        moving = self.in_flight()
        native = sum(one.amount for one in moving if one.asset.token == self.grain)
        assert sum(self.supply(member, self.grain) for member in self.members) + native == SUPPLY
        scaled = sum(one.amount for one in moving if one.asset.token == self.scaled)
        assert sum(map(self.scaled_units, self.members)) + scaled == SUPPLY
        locked = home.chain.read(TOKEN_ROUTE_ADDRESS, "locked(address)", "0x" + self.token.hex())
        images = sum(self.supply(member, self.image) for member in others)
        assert locked == images + sum(one.amount for one in moving if not one.asset.is_native)
        assert balance_of(home, self.token, TOKEN_ROUTE_ADDRESS) == locked

    @invariant()
    def no_chain_has_more_than_l1_says(self) -> None:
        """Exits ≤ imports: what a chain has is covered by what the ledger has let in."""
        _home, *others = self.members
        for asset, token in ((self.asset, self.image), (Asset(self.asset.home, self.grain, True), self.grain)):
            for member in others:
                held = self.world.l1.read(
                    self.world.network.ledger, "holdings(bytes32,uint256)", asset.id, member.domain
                )
                assert isinstance(held, int)
                assert self.supply(member, token) <= held
        asset = Asset(self.asset.home, self.scaled, True)
        for member in others:
            held = self.world.l1.read(self.world.network.ledger, "holdings(bytes32,uint256)", asset.id, member.domain)
            assert isinstance(held, int)
            assert self.scaled_units(member) <= held

    @invariant()
    def ether_is_conserved(self) -> None:
        world = self.world
        assert sum(world.l1.balance(member.portal) for member in self.members) == 30 * ETHER
        people = sum(member.chain.balance(ALICE) + member.chain.balance(ETHER_ROUTE_ADDRESS) for member in self.members)
        leaving = sum(
            one.value
            for member in self.members
            for one in world.withdrawals(member)
            if not is_final(world, member, one.hash)
        )
        arriving = sum(deposit.mint for member in self.members for deposit in member.pending)
        assert people + leaving + arriving == 30 * ETHER

    def less(self, place: int) -> int:
        """Units of the scaled token there that make one at home."""
        return int(10 ** max(0, DECIMALS[place] - DECIMALS[0]))

    def scaled_units(self, member: Member) -> int:
        """The scaled token's supply and dust there, in units of its home; no part of one is ever left."""
        place = self.members.index(member)
        supply, rest = divmod(self.supply(member, self.scaled), self.less(place))
        assert rest == 0
        dust = member.chain.read(
            TOKEN_ROUTE_ADDRESS, "dust(address,address)", "0x" + self.scaled.hex(), "0x" + ALICE.hex()
        )
        assert isinstance(dust, int)
        return supply * int(10 ** max(0, DECIMALS[0] - DECIMALS[place])) + dust

    def supply(self, member: Member, token: Address) -> int:
        if member.chain.state.account(token) is None:
            return 0
        answer = member.chain.read(token, "totalSupply()")
        assert isinstance(answer, int)
        return answer

    def everything_ends(self) -> None:
        """Nothing is stuck: outputs and a relayer later, each transfer has arrived or is back."""
        for _ in range(3):
            self.world.wait(10_000)
            for member in self.members:
                self.world.step(member)
                self.world.settle(member)
            ForgetfulRelayer(self.world, 10_000).run()
        assert self.in_flight() == []
        assert all(
            is_final(self.world, member, one.hash) for member in self.members for one in self.world.withdrawals(member)
        )
        self.tokens_are_conserved()
        self.ether_is_conserved()


Conservation.TestCase.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
TestConservation = Conservation.TestCase


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_conservation_over_many_more_sequences() -> None:
    run_state_machine_as_test(Conservation, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
