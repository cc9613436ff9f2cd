"""Known hacks of bridges: each attack fails on our network, and works on one with the one defect of
`vulnerable_network/`.

An attack returns whether it reached its end. That it does so on the variant shows that it would be noticed here. Rows
of the design's table that have nothing to apply to yet: signer order and thresholds (no validators sign), and permits
(routes take none).
"""

import shutil
from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest
from eth_abi.abi import encode as abi_encode

from genesis.predeploys import DEPLOYMENT_PROXY
from metalayer.message import Domain, Message, padded
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    MAILBOX_ADDRESS,
    SETTLED_ROOTS_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    image_address,
)
from metalayer.proofs import Anchor, learn_call, process_call
from metalayer.transfer import Asset, Transfer
from node.artifacts import SOURCES
from protocol.crypto import keccak
from protocol.output_root import output_root
from protocol.rlp_codec import encode as rlp_encode
from protocol.types import Address
from protocol.withdrawal import OUTBOX_ADDRESS
from tests.metalayer.world import (
    APP,
    ETHER,
    GOVERNOR,
    RELAYER,
    Failed,
    Member,
    Settled,
    World,
    account,
    artifact,
    balance_of,
    calldata,
    dispatched,
    load_mock,
    send_ether,
    send_token,
    with_app,
)

VULNERABLE = Path(__file__).resolve().parent / "vulnerable_network"
ALICE, BOB, MALLORY = account("alice"), account("bob"), account("mallory")

Attack = Callable[[World], bool]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    """Register an attack under its name, which is also that of the defect it needs."""
    ATTACKS[function.__name__] = function
    return function


def goes_through(call: Callable[[], object]) -> bool:
    try:
        call()
    except Failed:
        return False
    return True


def say(world: World, source: Member, target: Member, body: bytes = b"hello", **options: object) -> Message:
    """A message from Mallory, or from `sender`, to the application."""
    sender = options.get("sender", MALLORY)
    fee = options.get("fee", 0)
    assert isinstance(sender, bytes)
    assert isinstance(fee, int)
    data = calldata(
        "dispatch(uint32,bytes32,bytes,uint64,uint64)",
        target.domain,
        options.get("recipient", padded(APP)),
        body,
        world.l1.head.timestamp + 10_000,
        options.get("gas", 300_000),
    )
    if fee:
        world.give(source, Address(sender), fee)
    return dispatched(world.must(source, Address(sender), MAILBOX_ADDRESS, data, fee))


def new_token(world: World, member: Member, owner: Address = ALICE) -> Address:
    code = artifact("examples/token").init_code + abi_encode(["uint256"], [1_000_000])
    token = world.on_l2(member, owner, None, code).contract_address
    assert token is not None
    world.must(member, owner, token, calldata("approve(address,uint256)", "0x" + TOKEN_ROUTE_ADDRESS.hex(), 2**255))
    return token


def forged_transfer(world: World, source: Member, target: Member, asset: Asset, amount: int) -> Message:
    """What a chain that is in Mallory's hands lets its route say."""
    body = Transfer(MALLORY, amount, asset, MALLORY).encode()
    return say(
        world, source, target, body, sender=TOKEN_ROUTE_ADDRESS, recipient=padded(TOKEN_ROUTE_ADDRESS), gas=600_000
    )


def count(member: Member) -> int:
    answer = member.chain.read(APP, "count()")
    assert isinstance(answer, int)
    return answer


# --- proofs ----------------------------------------------------------------------------------------------------------


@attack
def unproven_is_proven(world: World) -> bool:
    a, b = world.pair
    world.settle(a)
    world.learn(b, a)
    message = say(world, a, b)
    return goes_through(lambda: world.process(message, metadata=bytes(1056)))


@attack
def zero_root_registered(world: World) -> bool:
    nothing = world.on_l1(RELAYER, None, load_mock("outputs_of_nothing").init_code).contract_address
    assert nothing is not None
    arguments = (7, 7, b"\1" * 32, "0x" + nothing.hex(), "0x" + nothing.hex())
    return goes_through(lambda: world.govern("register(uint256,uint256,bytes32,address,address)", *arguments))


@attack
def caller_supplies_the_output(world: World) -> bool:
    """A true, confirmed output of A, and beside it the mailbox of a chain that Mallory made."""
    a, b = world.pair
    true = world.settle(a)
    honest = a.chain
    a.chain = copy(honest)
    a.chain.headers, a.chain.states, a.chain.logs = list(honest.headers), list(honest.states), list(honest.logs)
    message = say(world, a, b, sender=ALICE)
    number = a.chain.head.number
    forged = Settled(
        type(true.output)(
            true.output.assertion_id,
            a.chain.head.state_root,
            a.chain.storage_root(OUTBOX_ADDRESS),
            a.chain.head.hash,
        ),
        number,
    )
    a.settled.append(forged)

    def steal() -> None:
        world.learn(b, a, forged)
        world.process(message)

    return goes_through(steal)


@attack
def caller_supplies_the_verifier(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    accomplice = world.on_l2(b, MALLORY, None, load_mock("app").init_code).contract_address
    assert accomplice is not None
    world.must(b, MALLORY, accomplice, calldata("say(bool)", True))
    return goes_through(lambda: world.process(message, metadata=accomplice + bytes(1036)))


@attack
def caller_supplies_the_l1_block(world: World) -> bool:
    """L1 as Mallory would like it to be: her output confirmed in a branch that no chain builds on."""
    a, b = world.pair
    message = say(world, a, b)
    anchor = world.anchor(b)
    height = world.l1.head.number
    forged = world.settle(a)
    proof = world.origin_proof(a, forged)
    header = rlp_encode(world.l1.head.fields())
    world.l1.rewind(height)
    mailbox = world.mailbox_proof(a, forged)

    def steal() -> None:
        data = learn_call(a.domain, Anchor(anchor.timestamp, header), proof, forged.output, mailbox)
        world.must(b, MALLORY, SETTLED_ROOTS_ADDRESS, data)
        world.process(message)

    return goes_through(steal)


@attack
def unconfirmed_output(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    proposed = world.propose(a)
    a.settled.append(proposed)

    def steal() -> None:
        world.learn(b, a, proposed)
        world.process(message)

    return goes_through(steal)


@attack
def anyone_is_a_member(world: World) -> bool:
    _a, b = world.pair
    stranger = world.add(Domain(1_010), activate=False)
    return goes_through(lambda: world.deliver(say(world, stranger, b)))


@attack
def removed_chain_goes_on(world: World) -> bool:
    a, b = world.pair
    world.govern("remove(uint256)", a.domain)
    message = say(world, a, b)
    late = world.settle(a)
    honest = world.status
    world.status = lambda _member: 2  # type: ignore[method-assign,assignment] # the proofs of a member in good standing

    def steal() -> None:
        world.learn(b, a, late)
        world.process(message)

    try:
        return goes_through(steal)
    finally:
        world.status = honest  # type: ignore[method-assign]


@attack
def nobody_owns(world: World) -> bool:
    return goes_through(lambda: world.deploy("metalayer/registry", "address", "0x" + "00" * 20))


# --- delivery --------------------------------------------------------------------------------------------------------


@attack
def delivered_twice(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    world.deliver(message)
    goes_through(lambda: world.process(message))
    return count(b) == 2


@attack
def anothers_message(world: World) -> bool:
    a, b = world.pair
    c = world.add(Domain(1_010))
    message = say(world, a, b)
    world.settle(a)
    world.learn(c, a)
    data = process_call(world.metadata(message), message)
    return goes_through(lambda: world.must(c, MALLORY, MAILBOX_ADDRESS, data))


@attack
def padded_index(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    world.deliver(message)
    metadata = world.metadata(message)
    padded_metadata = (1 << 40 | int.from_bytes(metadata[:32], "big")).to_bytes(32, "big") + metadata[32:]
    goes_through(lambda: world.process(message, metadata=padded_metadata))
    return count(b) == 2


@attack
def reentrant_handle(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    world.settle(a)
    world.learn(b, a)
    data = process_call(world.metadata(message), message)
    hook = calldata("call_on_message(address,bytes)", "0x" + MAILBOX_ADDRESS.hex(), data)
    world.must(b, MALLORY, APP, hook, gas=20_000_000)
    world.must(b, RELAYER, MAILBOX_ADDRESS, data, gas=10_000_000)
    return count(b) == 2


@attack
def delivered_at_expiry(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    world.settle(a)
    world.learn(b, a)
    transaction = b.chain.transaction(RELAYER, MAILBOX_ADDRESS, process_call(world.metadata(message), message))
    [receipt] = b.chain.block([transaction], message.expiry, world.l1.head.hash)
    return receipt.succeeded


@attack
def starved_call(world: World) -> bool:
    """The application's own call runs out of gas, the application does not, and the message counts as delivered."""
    a, b = world.pair
    message = say(world, a, b, gas=1_500_000)
    creation = bytes(32) + artifact("examples/token").init_code + bytes(32)
    hook = calldata("call_on_message(address,bytes)", "0x" + DEPLOYMENT_PROXY.hex(), creation)
    world.must(b, ALICE, APP, hook, gas=20_000_000)
    world.settle(a)
    world.learn(b, a)
    data = process_call(world.metadata(message), message)
    for gas in range(300_000, 1_400_000, 10_000):
        if world.on_l2(b, MALLORY, MAILBOX_ADDRESS, data, gas=gas).succeeded:
            break
    return world.deliverer(message) is not None and not b.chain.read(APP, "hook_succeeded()", returns="bool")


# --- refunds and fees ------------------------------------------------------------------------------------------------


@attack
def old_absence(world: World) -> bool:
    a, b = world.pair
    message = say(world, a, b)
    world.settle(b)
    world.learn(a, b)
    return goes_through(lambda: world.refund(message))


@attack
def refunded_twice(world: World) -> bool:
    a, b = world.pair
    say(world, a, b, fee=ETHER, sender=ALICE)
    message = say(world, a, b, fee=ETHER)
    world.expire(message)
    world.learn(a, b)
    world.refund(message)
    goes_through(lambda: world.refund(message))
    return a.chain.balance(MALLORY) == 2 * ETHER


@attack
def anothers_fee(world: World) -> bool:
    a, b = world.pair
    say(world, a, b, fee=10 * ETHER, sender=ALICE)
    message = say(world, a, b, fee=1)
    world.settle(a)
    world.learn(b, a)
    world.process(message, MALLORY)
    world.settle(b)
    world.learn(a, b)
    world.prove_delivery(message)
    world.must(a, MALLORY, MAILBOX_ADDRESS, calldata("collect()"))
    return a.chain.balance(MALLORY) > 1


# --- tokens ----------------------------------------------------------------------------------------------------------


def two_holders(world: World) -> tuple[Member, Member, Member, Address, Asset]:
    """400 of a token of A's are on B, 600 on C; so 1,000 are locked."""
    a, b = world.pair
    c = world.add(Domain(1_010))
    token = new_token(world, a)
    for target, amount in ((b, 400), (c, 600)):
        world.deliver_transfer(send_token(world, a, target, token, amount, BOB))
    return a, b, c, token, Asset(a.domain, token, is_native=False)


@attack
def unbounded_exits(world: World) -> bool:
    a, b, _c, token, asset = two_holders(world)
    forged = forged_transfer(world, b, a, asset, 1_000)
    goes_through(lambda: world.deliver_transfer(forged))
    return balance_of(a, token, MALLORY) > 400


@attack
def uncleared_is_paid(world: World) -> bool:
    a, b, _c, token, asset = two_holders(world)
    forged = forged_transfer(world, b, a, asset, 1_000)
    goes_through(lambda: world.deliver(forged))
    return balance_of(a, token, MALLORY) > 400


@attack
def paid_and_returned(world: World) -> bool:
    """400 came to B and went home again; then B says that they never came."""
    a, b, _c, token, asset = two_holders(world)
    sent = world.members[a.domain].messages()[0]
    world.deliver_transfer(send_token(world, b, a, image_address(asset), 400, MALLORY, sender=BOB))
    lie(world, b)

    def steal() -> None:
        world.return_transfer(sent)

    goes_through(steal)
    return balance_of(a, token, TOKEN_ROUTE_ADDRESS) < 600


@attack
def unvoided_is_returned(world: World) -> bool:
    a, b, _c, token, asset = two_holders(world)
    sent = world.members[a.domain].messages()[0]
    world.deliver_transfer(send_token(world, b, a, image_address(asset), 400, MALLORY, sender=BOB))
    lie(world, b)
    world.learn(a, b)
    goes_through(lambda: world.refund(sent))
    return balance_of(a, token, TOKEN_ROUTE_ADDRESS) < 600


def lie(world: World, member: Member) -> None:
    """Time passes, and the chain's history becomes one in which nothing was ever delivered."""
    world.wait(60_000)
    member.chain.rewind(0)
    member.pending.clear()
    while member.chain.head.number <= member.settled[-1].number:
        world.step(member)
    world.settle(member)


@attack
def unenrolled_remote(world: World) -> bool:
    """Mallory's own contract on an honest chain, writing what the route would write."""
    a, b, _c, token, asset = two_holders(world)
    body = Transfer(MALLORY, 400, asset, MALLORY).encode()
    message = say(world, b, a, body, recipient=padded(TOKEN_ROUTE_ADDRESS), gas=600_000)
    goes_through(lambda: world.deliver_transfer(message))
    return balance_of(a, token, MALLORY) == 400


@attack
def fee_on_transfer(world: World) -> bool:
    a, b = world.pair
    code = load_mock("odd_token").init_code
    code += abi_encode(["uint256", "uint256", "bytes", "bytes"], [10, 1, b"", b""])
    token = world.on_l2(a, ALICE, None, code).contract_address
    assert token is not None
    world.must(a, ALICE, token, calldata("give(address,uint256)", "0x" + ALICE.hex(), 1_000))
    world.must(a, ALICE, token, calldata("approve(address,uint256)", "0x" + TOKEN_ROUTE_ADDRESS.hex(), 2**255))
    world.deliver_transfer(send_token(world, a, b, token, 1_000, BOB))
    image = image_address(Asset(a.domain, token, is_native=False))
    return balance_of(b, image, BOB) > balance_of(a, token, TOKEN_ROUTE_ADDRESS)


def network_token(world: World, home: Member) -> Address:
    arguments = [b"Grain".ljust(32, b"\0"), b"GRN".ljust(32, b"\0"), home.domain, 1_000, "0x" + ALICE.hex()]
    code = artifact("metalayer/network_token", world.sources).init_code
    code += abi_encode(["bytes32", "bytes32", "uint32", "uint256", "address"], arguments)
    for member in world.members.values():
        world.must(member, ALICE, DEPLOYMENT_PROXY, bytes(32) + code)
    return Address(keccak(b"\xff" + DEPLOYMENT_PROXY + bytes(32) + keccak(code))[12:])


@attack
def false_home(world: World) -> bool:
    """B, in Mallory's hands, says that it is the home of a token that lives on A."""
    a, b = world.pair
    token = network_token(world, a)
    forged = forged_transfer(world, b, a, Asset(b.domain, token, is_native=True), 10**18)
    goes_through(lambda: world.deliver_transfer(forged))
    return balance_of(a, token, MALLORY) == 10**18


@attack
def anyone_mints(world: World) -> bool:
    a, _b = world.pair
    token = network_token(world, a)
    mint = calldata("crosschainMint(address,uint256)", "0x" + MALLORY.hex(), 10**18)
    return goes_through(lambda: world.must(a, MALLORY, token, mint))


def limited(world: World, capacity: int) -> tuple[Member, Member, Address]:
    """A token of A's whose arrivals on B are limited."""
    a, b = world.pair
    token = new_token(world, a)
    image = image_address(Asset(a.domain, token, is_native=False))
    data = calldata("set_limit(address,uint256,uint256)", "0x" + image.hex(), capacity, 0)
    world.must(b, GOVERNOR, TOKEN_ROUTE_ADDRESS, data)
    return a, b, token


@attack
def unlimited_arrivals(world: World) -> bool:
    a, b, token = limited(world, 500)
    return goes_through(lambda: world.deliver_transfer(send_token(world, a, b, token, 501, MALLORY)))


@attack
def limit_drained_by_asking(world: World) -> bool:
    a, b, token = limited(world, 500)
    image = image_address(Asset(a.domain, token, is_native=False))
    goes_through(
        lambda: world.must(
            b, MALLORY, TOKEN_ROUTE_ADDRESS, calldata("verify(address,uint256)", "0x" + image.hex(), 500)
        )
    )
    message = send_token(world, a, b, token, 500, BOB)
    world.settle(a)
    world.learn(b, a)
    b.chain.call(SETTLED_ROOTS_ADDRESS, calldata("verify(bytes,bytes)", world.metadata(message), message.encode()))
    return not goes_through(lambda: world.deliver_transfer(message))


@attack
def limit_shared_by_all(world: World) -> bool:
    a, b, token = limited(world, 500)
    worthless = new_token(world, a, MALLORY)
    world.deliver_transfer(send_token(world, a, b, worthless, 500, MALLORY, sender=MALLORY))
    return not goes_through(lambda: world.deliver_transfer(send_token(world, a, b, token, 500, BOB)))


# --- ether -----------------------------------------------------------------------------------------------------------


@attack
def anyone_forwards(world: World) -> bool:
    """Mallory's withdrawal to the hub says that Alice sent it."""
    a, b = world.pair
    world.give(a, MALLORY, 5)
    data = calldata("forward(uint256,address,address,uint256)", b.domain, "0x" + ALICE.hex(), "0x" + BOB.hex(), 2**40)
    send = calldata("send(address,uint256,bytes)", "0x" + world.network.hub.hex(), 500_000, data)
    world.must(a, MALLORY, OUTBOX_ADDRESS, send, 5)
    return goes_through(lambda: world.withdraw(a, world.withdrawals(a)[-1]))


@attack
def anyone_arrives(world: World) -> bool:
    a, b = world.pair
    data = calldata("arrive(uint256,address,address)", b.domain, "0x" + ALICE.hex(), "0x" + BOB.hex())
    return goes_through(lambda: world.must(a, MALLORY, ETHER_ROUTE_ADDRESS, data))


# --- the tests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound() -> World:
    return with_app(2)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_fails(name: str, sound: World) -> None:
    with sound.kept():
        assert not ATTACKS[name](sound)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_works_on_the_vulnerable_variant(name: str, tmp_path: Path) -> None:
    assert ATTACKS[name](with_app(2, variant(VULNERABLE / f"{name}.defect", tmp_path / "contracts")))


def test_every_vulnerable_variant_has_its_attack() -> None:
    assert {path.stem for path in VULNERABLE.iterdir()} == set(ATTACKS)


def test_a_message_of_another_network_is_nothing_here(sound: World) -> None:
    """Same domains, same predeploys, another registry: what was settled there is not proven here."""
    other = with_app(2)
    with sound.kept():
        a, b = other.pair
        message = say(other, a, b)
        other.settle(a)
        target = sound.pair[1]
        data = learn_call(
            a.domain,
            other.anchor(b),
            other.origin_proof(a, other.pair[0].settled[-1]),
            a.settled[-1].output,
            other.mailbox_proof(a, a.settled[-1]),
        )
        with pytest.raises(Failed):
            sound.must(target, RELAYER, SETTLED_ROOTS_ADDRESS, data)
        with pytest.raises(Failed, match="mailbox: not proven"):
            sound.must(target, RELAYER, MAILBOX_ADDRESS, process_call(other.metadata(message), message))


def test_ether_is_bounded_by_the_portal_even_if_a_chains_outputs_are_false(sound: World) -> None:
    """Ronin, 2022, with ether: the chain is Mallory's, and its portal pays what it holds and no more."""
    with sound.kept():
        a, b = sound.pair
        sound.give(a, ALICE, 3 * ETHER)
        sound.give(b, ALICE, 5 * ETHER)
        # A false block: the route has let out more than the chain has.
        sound.give(a, MALLORY, 1)
        lies = a.chain.state._accounts
        rich = lies[MALLORY]
        lies[MALLORY] = type(rich)(rich.nonce, 100 * ETHER, rich.storage_root, rich.code_hash)
        withdrawal = send_ether(sound, a, b, 4 * ETHER, MALLORY, sender=MALLORY)
        with pytest.raises(Failed, match="portal: call failed"):
            sound.withdraw(a, withdrawal)
        assert sound.l1.balance(b.portal) == 5 * ETHER
        assert output_root(a.chain.head.state_root, a.chain.head.state_root, a.chain.head.hash)


def variant(description: Path, target: Path) -> Path:
    """Copy the contracts and put the defect in.

    The format is that of `vulnerable/` (`apply_defect` in conftest.py), with as many files as the defect needs: blocks
    belong to the last `# in`.
    """
    shutil.copytree(SOURCES, target, ignore=shutil.ignore_patterns("build"))
    sections = description.read_text().split("# in ")[1:]
    for section in sections:
        path, _, text = section.partition("\n")
        source = (target / path).read_text()
        blocks = [block for block in text.strip("\n").split("\n\n") if block.startswith(("-", "+"))]
        for block in blocks:
            before = "".join(line[2:] + "\n" for line in block.splitlines() if line.startswith("-"))
            after = "".join(line[2:] + "\n" for line in block.splitlines() if line.startswith("+"))
            assert source.count(before) == 1, f"{description.name}: {source.count(before)} places with\n{before}"
            source = source.replace(before, after)
        (target / path).write_text(source)
    return target
