"""Tokens and ether between chains: conserved, bounded on L1, given back when they do not arrive."""

from collections.abc import Iterator

import pytest
from eth_abi.abi import encode as abi_encode

from genesis.predeploys import DEPLOYMENT_PROXY
from metalayer.message import Domain, Message
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    FEE_SCHEDULE_ADDRESS,
    MAILBOX_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    MemberOptions,
    image_address,
)
from metalayer.transfer import Asset, decode_transfer
from protocol.crypto import keccak
from protocol.types import Address, Hash32
from tests.metalayer.world import (
    APP,
    ETHER,
    GOVERNOR,
    RELAYER,
    Failed,
    Member,
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

ALICE, BOB = account("alice"), account("bob")
SUPPLY = 1_000_000


@pytest.fixture(scope="module")
def fresh() -> World:
    return with_app(3)


@pytest.fixture
def world(fresh: World) -> Iterator[World]:
    with fresh.kept():
        yield fresh


def trio(world: World) -> tuple[Member, Member, Member]:
    first, second, third = world.members.values()
    return first, second, third


def new_token(world: World, member: Member, fee: int | None = None) -> Address:
    """An ERC-20 of Alice's, approved for the route; with `fee` one that takes so many hundredths."""
    if fee is None:
        code = artifact("examples/token").init_code + abi_encode(["uint256"], [SUPPLY])
    else:
        code = load_mock("odd_token").init_code + abi_encode(
            ["uint256", "uint256", "bytes", "bytes"], [fee, 1, b"", b""]
        )
    receipt = world.on_l2(member, ALICE, None, code)
    assert receipt.contract_address is not None
    token = receipt.contract_address
    if fee is not None:
        world.must(member, ALICE, token, calldata("give(address,uint256)", "0x" + ALICE.hex(), SUPPLY))
    world.must(member, ALICE, token, calldata("approve(address,uint256)", "0x" + TOKEN_ROUTE_ADDRESS.hex(), 2**255))
    return token


def holdings(world: World, asset: Asset, member: Member) -> int:
    answer = world.l1.read(world.network.ledger, "holdings(bytes32,uint256)", asset.id, member.domain)
    assert isinstance(answer, int)
    return answer


def route(member: Member, signature: str, *arguments: object, returns: str = "uint256") -> object:
    return member.chain.read(TOKEN_ROUTE_ADDRESS, signature, *arguments, returns=returns)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_goes_there_and_on_and_home(world: World) -> None:
    a, b, c = trio(world)
    token = new_token(world, a)
    asset = Asset(a.domain, token, is_native=False)
    image = image_address(asset)
    message = send_token(world, a, b, token, 600, BOB)
    assert decode_transfer(message.body).asset == asset
    world.deliver_transfer(message)
    assert (balance_of(b, image, BOB), balance_of(a, token, TOKEN_ROUTE_ADDRESS)) == (600, 600)
    assert (holdings(world, asset, a), holdings(world, asset, b)) == (0, 600)
    name = b.chain.read(image, "name()", returns="string"), b.chain.read(image, "symbol()", returns="string")
    assert (name, b.chain.read(image, "decimals()")) == (("Tombolo Sand", "SAND"), 18)

    world.deliver_transfer(send_token(world, b, c, image, 250, ALICE, sender=BOB))
    # The same address everywhere.
    assert (balance_of(b, image, BOB), balance_of(c, image, ALICE)) == (350, 250)
    assert (holdings(world, asset, b), holdings(world, asset, c)) == (350, 250)

    world.deliver_transfer(send_token(world, c, a, image, 250, BOB))
    world.deliver_transfer(send_token(world, b, a, image, 350, BOB, sender=BOB))
    assert (balance_of(a, token, BOB), balance_of(a, token, TOKEN_ROUTE_ADDRESS)) == (600, 0)
    assert [holdings(world, asset, one) for one in (a, b, c)] == [0, 0, 0]
    assert [one.chain.read(image, "totalSupply()") for one in (b, c)] == [0, 0]


def test_a_token_that_takes_a_fee_is_credited_as_received(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a, fee=10)
    message = send_token(world, a, b, token, 1_000, BOB)
    assert decode_transfer(message.body).amount == 900
    world.deliver_transfer(message)
    assert balance_of(b, image_address(Asset(a.domain, token, is_native=False)), BOB) == 900
    assert route(a, "locked(address)", "0x" + token.hex()) == 900


def test_a_network_token_has_one_address_and_one_supply(world: World) -> None:
    a, b, c = trio(world)
    arguments = [b"Grain".ljust(32, b"\0"), b"GRN".ljust(32, b"\0"), b.domain, SUPPLY, "0x" + ALICE.hex()]
    code = artifact("metalayer/network_token").init_code
    code += abi_encode(["bytes32", "bytes32", "uint32", "uint256", "address"], arguments)
    salt = bytes(32)
    token = Address(keccak(b"\xff" + DEPLOYMENT_PROXY + salt + keccak(code))[12:])
    for member in (a, b, c):
        world.must(member, ALICE, DEPLOYMENT_PROXY, salt + code)
    assert [balance_of(one, token, ALICE) for one in (a, b, c)] == [0, SUPPLY, 0]
    asset = Asset(b.domain, token, is_native=True)
    message = send_token(world, b, a, token, 700, BOB)
    receipt = world.deliver_transfer(message)
    minted = keccak(b"CrosschainMint(address,uint256,address)")
    assert [log.address for log in receipt.logs if log.topics[0] == minted] == [token]
    world.deliver_transfer(send_token(world, a, c, token, 500, BOB, sender=BOB))
    supplies = [one.chain.read(token, "totalSupply()") for one in (a, b, c)]
    assert supplies == [200, SUPPLY - 700, 500]
    assert [holdings(world, asset, one) for one in (a, b, c)] == [200, 0, 500]


def test_a_transfer_keeps_the_quote_and_gives_the_rest_back(world: World) -> None:
    a, b, _c = trio(world)
    data = calldata("set_price(uint32,uint256,uint256,uint256)", 0, 400, 1, 0)
    world.must(a, GOVERNOR, FEE_SCHEDULE_ADDRESS, data)
    token = new_token(world, a)
    assert route(a, "quote(uint32)", b.domain) == 400 + 288
    world.give(a, ALICE, 1_000)
    message = send_token(world, a, b, token, 600, BOB, fee=1_000)
    assert (a.chain.balance(ALICE), a.chain.balance(MAILBOX_ADDRESS)) == (1_000 - 688, 688)
    assert a.chain.balance(TOKEN_ROUTE_ADDRESS) == 0
    world.deliver_transfer(message)
    with pytest.raises(Failed, match="route: not the mailbox"):
        world.must(a, ALICE, TOKEN_ROUTE_ADDRESS, b"", 1)


def scaled_token(world: World, decimals: tuple[int, int, int]) -> Address:
    """A network token of Alice's at home on the first chain, with these decimals on the three."""
    members = trio(world)
    arguments = ([one.domain for one in members], decimals, SUPPLY, "0x" + ALICE.hex())
    code = load_mock("scaled_token").init_code
    code += abi_encode(["uint32[3]", "uint256[3]", "uint256", "address"], arguments)
    for member in members:
        world.must(member, ALICE, DEPLOYMENT_PROXY, bytes(32) + code)
    return Address(keccak(b"\xff" + DEPLOYMENT_PROXY + bytes(32) + keccak(code))[12:])


def test_an_amount_is_scaled_where_a_network_token_has_other_decimals(world: World) -> None:
    a, b, c = trio(world)
    token = scaled_token(world, (6, 18, 2))
    message = send_token(world, a, b, token, 5_000, BOB)
    assert (decode_transfer(message.body).amount, decode_transfer(message.body).decimals) == (5_000, 6)
    world.deliver_transfer(message)
    assert balance_of(b, token, BOB) == 5_000 * 10**12

    # What is less than a unit of the home is not burnt: it could not be told apart from nothing there.
    message = send_token(world, b, a, token, 3 * 10**12 + 7, ALICE, sender=BOB)
    assert decode_transfer(message.body).amount == 3
    assert balance_of(b, token, BOB) == 4_997 * 10**12
    world.deliver_transfer(message)
    assert balance_of(a, token, ALICE) == SUPPLY - 5_000 + 3
    with pytest.raises(Failed, match="route: nothing to send"):
        send_token(world, b, a, token, 10**12 - 1, ALICE, sender=BOB)

    world.deliver_transfer(send_token(world, b, c, token, 4_997 * 10**12, BOB, sender=BOB))
    assert (balance_of(b, token, BOB), balance_of(c, token, BOB)) == (0, 0)
    assert route(c, "dust(address,address)", "0x" + token.hex(), "0x" + BOB.hex()) == 4_997
    asset = Asset(a.domain, token, is_native=True)
    assert [holdings(world, asset, one) for one in (a, b, c)] == [0, 0, 4_997]


def test_dust_is_its_owners_until_it_makes_a_unit(world: World) -> None:
    a, _b, c = trio(world)
    token = scaled_token(world, (6, 18, 2))
    dust = ("dust(address,address)", "0x" + token.hex())
    world.deliver_transfer(send_token(world, a, c, token, 19_999, BOB))
    assert (balance_of(c, token, BOB), route(c, *dust, "0x" + BOB.hex())) == (1, 9_999)
    world.deliver_transfer(send_token(world, a, c, token, 9_999, ALICE))
    assert (balance_of(c, token, ALICE), route(c, *dust, "0x" + ALICE.hex())) == (0, 9_999)
    world.deliver_transfer(send_token(world, a, c, token, 1, BOB))
    assert (balance_of(c, token, BOB), route(c, *dust, "0x" + BOB.hex())) == (2, 0)


@pytest.mark.parametrize(("source", "amount"), [(0, 12_345), (2, 1)])
def test_a_scaled_transfer_that_does_not_arrive_comes_back_whole(world: World, source: int, amount: int) -> None:
    members = trio(world)
    token = scaled_token(world, (6, 18, 2))
    world.deliver_transfer(send_token(world, members[0], members[2], token, 50_000, ALICE))
    before = balance_of(members[source], token, ALICE)
    message = send_token(world, members[source], members[1], token, amount, BOB)
    assert balance_of(members[source], token, ALICE) == before - amount
    world.settle(members[source])
    world.expire(message)
    world.return_transfer(message)
    assert balance_of(members[source], token, ALICE) == before


def test_only_the_route_mints_and_burns(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    world.deliver_transfer(send_token(world, a, b, token, 5, BOB))
    image = image_address(Asset(a.domain, token, is_native=False))
    for signature in ("crosschainMint(address,uint256)", "crosschainBurn(address,uint256)"):
        with pytest.raises(Failed, match="token: not the route"):
            world.must(b, BOB, image, calldata(signature, "0x" + BOB.hex(), 1))
    with pytest.raises(Failed, match="image: not the route"):
        world.must(b, BOB, image, calldata("initialize(bytes32,bytes32,uint256)", bytes(32), bytes(32), 1))
    with pytest.raises(Failed, match="image: already initialized"):
        world.must(
            b, TOKEN_ROUTE_ADDRESS, image, calldata("initialize(bytes32,bytes32,uint256)", bytes(32), bytes(32), 1)
        )


@pytest.mark.parametrize("cleared", [False, True])
def test_a_transfer_that_does_not_arrive_comes_back(world: World, *, cleared: bool) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    asset = Asset(a.domain, token, is_native=False)
    world.give(a, ALICE, 7)
    message = send_token(world, a, b, token, 600, BOB, fee=7)
    world.settle(a)
    if cleared:
        world.ledger_learn(a)
        world.clear(message)
        assert holdings(world, asset, b) == 600
    world.expire(message)
    world.return_transfer(message)
    assert (balance_of(a, token, ALICE), holdings(world, asset, b)) == (SUPPLY, 0)
    world.must(a, ALICE, TOKEN_ROUTE_ADDRESS, calldata("collect(address)", "0x" + ALICE.hex()))
    assert a.chain.balance(ALICE) == 7


def test_a_transfer_to_a_removed_chain_comes_back_at_once(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    message = send_token(world, a, b, token, 600, BOB)
    world.settle(a)
    world.ledger_learn(a)
    world.clear(message)
    world.govern("remove(uint256)", b.domain)
    world.return_transfer(message)
    assert balance_of(a, token, ALICE) == SUPPLY
    assert world.l1.head.timestamp < message.expiry


def test_a_transfer_is_not_paid_before_l1_has_cleared_it(world: World) -> None:
    a, b, _c = trio(world)
    message = send_token(world, a, b, new_token(world, a), 600, BOB)
    with pytest.raises(Failed, match="route: not cleared"):
        world.deliver(message)


def test_a_transfer_is_not_given_back_before_l1_has_voided_it(world: World) -> None:
    a, b, _c = trio(world)
    message = send_token(world, a, b, new_token(world, a), 600, BOB)
    world.settle(a)
    world.expire(message)
    world.learn(a, b)
    with pytest.raises(Failed, match="route: not void"):
        world.refund(message)


def test_an_exiting_chain_takes_nothing_in_and_lets_everything_out(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    world.deliver_transfer(send_token(world, a, b, token, 600, BOB))
    world.govern("begin_exit(uint256)", b.domain)
    late = send_token(world, a, b, token, 1, BOB)
    with pytest.raises(Failed, match="ledger: destination is closed"):
        world.deliver_transfer(late)
    image = image_address(Asset(a.domain, token, is_native=False))
    world.deliver_transfer(send_token(world, b, a, image, 600, BOB, sender=BOB))
    assert balance_of(a, token, BOB) == 600


def test_under_a_censoring_sequencer_a_transfer_comes_and_goes_by_force(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    world.deliver_transfer(send_token(world, a, b, token, 600, BOB))
    image = image_address(Asset(a.domain, token, is_native=False))
    data = calldata(
        "send(address,uint32,address,uint256,uint64)", "0x" + image.hex(), a.domain, "0x" + BOB.hex(), 600, 0
    )
    message = dispatched(world.force(b, BOB, TOKEN_ROUTE_ADDRESS, data))
    world.deliver_transfer(message)
    assert balance_of(a, token, BOB) == 600


def test_a_limit_slows_arrivals_down_and_loses_none(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    image = image_address(Asset(a.domain, token, is_native=False))
    limit = calldata("set_limit(address,uint256,uint256)", "0x" + image.hex(), 500, 1)
    with pytest.raises(Failed, match="route: not the governor"):
        world.must(b, ALICE, TOKEN_ROUTE_ADDRESS, limit)
    world.must(b, GOVERNOR, TOKEN_ROUTE_ADDRESS, limit)
    world.deliver_transfer(send_token(world, a, b, token, 400, BOB))
    second = send_token(world, a, b, token, 450, BOB)
    # In `deliver_transfer` a window passes, and the bucket fills again; without it, it does not.
    world.deliver_transfer(second)
    third, fourth = send_token(world, a, b, token, 300, BOB), send_token(world, a, b, token, 300, BOB)
    world.settle(a)
    world.ledger_learn(a)
    for message in (third, fourth):
        world.clear(message)
        world.learn_decision(b, message)
    world.learn(b, a)
    world.process(third)
    with pytest.raises(Failed, match="route: over the limit"):
        world.process(fourth)
    world.wait(300)
    world.process(fourth)
    assert balance_of(b, image, BOB) == 400 + 450 + 300 + 300


def test_nothing_is_sent_to_nobody_or_of_nothing(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    with pytest.raises(Failed, match="route: zero receiver"):
        send_token(world, a, b, token, 1, Address(bytes(20)))
    with pytest.raises(Failed, match="route: nothing to send"):
        send_token(world, a, b, token, 0, BOB)
    with pytest.raises(Failed, match="mailbox: not another chain"):
        send_token(world, a, a, token, 1, BOB)


def test_a_message_that_is_no_transfer_is_nothing_to_the_ledger(world: World) -> None:
    a, b, _c = trio(world)
    data = calldata(
        "dispatch(uint32,bytes32,bytes,uint64,uint64)",
        b.domain,
        bytes(12) + TOKEN_ROUTE_ADDRESS,
        bytes(288),
        0,
        500_000,
    )
    message: Message = dispatched(world.must(a, ALICE, Address(bytes.fromhex("42" + "00" * 18 + "30")), data))
    with pytest.raises(Failed, match="ledger: not between routes"):
        world.deliver_transfer(message)


# --- ether -----------------------------------------------------------------------------------------------------------


def test_ether_goes_from_portal_to_portal_and_back(world: World) -> None:
    a, b, _c = trio(world)
    world.give(a, ALICE, 5 * ETHER)
    withdrawal = send_ether(world, a, b, 3 * ETHER, BOB)
    world.withdraw(a, withdrawal)
    world.step(b)
    assert (world.l1.balance(a.portal), world.l1.balance(b.portal)) == (2 * ETHER, 3 * ETHER)
    assert (a.chain.balance(ALICE), b.chain.balance(BOB)) == (2 * ETHER, 3 * ETHER)
    world.withdraw(b, send_ether(world, b, a, ETHER, ALICE, sender=BOB))
    world.step(a)
    assert (world.l1.balance(a.portal), world.l1.balance(b.portal)) == (3 * ETHER, 2 * ETHER)
    assert (a.chain.balance(ALICE), b.chain.balance(BOB)) == (3 * ETHER, 2 * ETHER)


@pytest.mark.parametrize("why", ["too late", "removed", "exiting", "never a member"])
def test_ether_that_cannot_arrive_comes_back(world: World, why: str) -> None:
    a, b, _c = trio(world)
    world.give(a, ALICE, 5 * ETHER)
    target = Domain(9_999) if why == "never a member" else b.domain
    withdrawal = send_ether(world, a, target, 3 * ETHER, BOB, life=10 if why == "too late" else 100_000)
    if why in {"removed", "exiting"}:
        world.govern("remove(uint256)" if why == "removed" else "begin_exit(uint256)", b.domain)
    world.withdraw(a, withdrawal)
    world.step(a)
    world.step(b)
    assert world.l1.balance(a.portal) == 5 * ETHER
    assert (a.chain.balance(ALICE), b.chain.balance(BOB)) == (5 * ETHER, 0)


def test_ether_to_a_chain_whose_portal_takes_none_comes_back(world: World) -> None:
    """The gas of such a chain is another token; here a contract stands for its portal that has no such function."""
    a, b, _c = trio(world)
    portal = world.deploy("metalayer/ledger", "address", "0x" + world.network.registry.hex())
    arguments = (9_999, 9_999, b"\1" * 32, "0x" + b.outputs.hex(), "0x" + portal.hex())
    world.govern("register(uint256,uint256,bytes32,address,address)", *arguments)
    world.govern("activate(uint256)", 9_999)
    world.give(a, ALICE, ETHER)
    world.withdraw(a, send_ether(world, a, Domain(9_999), ETHER, BOB))
    world.step(a)
    assert (world.l1.balance(a.portal), a.chain.balance(ALICE)) == (ETHER, ETHER)


def test_ether_that_a_receiver_does_not_take_waits_for_it(world: World) -> None:
    a, b, _c = trio(world)
    world.give(a, ALICE, ETHER)
    receipt = world.on_l2(b, ALICE, None, artifact("examples/token").init_code + abi_encode(["uint256"], [1]))
    assert receipt.contract_address is not None
    world.withdraw(a, send_ether(world, a, b, ETHER, receipt.contract_address))
    world.step(b)
    waiting = b.chain.read(ETHER_ROUTE_ADDRESS, "waiting(address)", "0x" + receipt.contract_address.hex())
    assert (waiting, b.chain.balance(ETHER_ROUTE_ADDRESS)) == (ETHER, ETHER)
    collect = calldata("collect(address)", "0x" + BOB.hex())
    world.must(b, receipt.contract_address, ETHER_ROUTE_ADDRESS, collect)
    assert b.chain.balance(BOB) == ETHER


def test_ether_that_a_chain_does_not_have_on_l1_does_not_leave_it(world: World) -> None:
    """What genesis or a false block invented is worth nothing elsewhere: the portal cannot pay it."""
    _a, b, _c = trio(world)
    world.give(b, BOB, ETHER)
    rich = world.add(Domain(1_010), balances={ALICE: 5 * ETHER})
    withdrawal = send_ether(world, rich, b, ETHER, BOB)
    with pytest.raises(Failed, match="portal: call failed"):
        world.withdraw(rich, withdrawal)
    assert (world.l1.balance(rich.portal), world.l1.balance(b.portal)) == (0, ETHER)


def test_no_more_ether_leaves_in_an_hour_than_the_chain_lets_out(world: World) -> None:
    _a, b, _c = trio(world)
    slow = world.add(Domain(1_020), options=MemberOptions(ether_wei_per_hour=3_600))
    world.give(slow, ALICE, 10_000)

    def may_leave() -> object:
        return slow.chain.read(ETHER_ROUTE_ADDRESS, "may_leave()")

    send_ether(world, slow, b, 3_000, BOB)
    before = slow.chain.head.timestamp
    with pytest.raises(Failed, match="ether: over the hour's limit"):
        send_ether(world, slow, b, 700, BOB)
    world.wait(300)
    world.step(slow)
    assert may_leave() == 600 + slow.chain.head.timestamp - before
    send_ether(world, slow, b, 700, BOB)
    world.wait(9_999)
    world.step(slow)
    assert may_leave() == 3_600, "a bucket holds an hour's and no more"
    assert b.chain.read(ETHER_ROUTE_ADDRESS, "may_leave()") == 2**256 - 1


def test_what_does_not_say_when_it_expires_lives_as_long_as_the_chain_says(world: World) -> None:
    _a, b, _c = trio(world)
    brief = world.add(Domain(1_030), options=MemberOptions(message_life=120))
    data = calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", b.domain, bytes(12) + APP, b"hello", 0, 100_000)
    message = dispatched(world.must(brief, ALICE, MAILBOX_ADDRESS, data))
    assert message.expiry == brief.chain.head.timestamp + 120
    world.give(brief, ALICE, 5)
    data = calldata("send(uint32,address,uint256)", b.domain, "0x" + BOB.hex(), 0)
    receipt = world.must(brief, ALICE, ETHER_ROUTE_ADDRESS, data, 5)
    sent = keccak(b"EtherSent(bytes32,uint32,address,address,uint256,uint256)")
    [log] = [one for one in receipt.logs if one.topics[0] == sent]
    assert int.from_bytes(log.data[-32:], "big") == brief.chain.head.timestamp + 120


def test_only_the_hub_brings_ether(world: World) -> None:
    a, b, _c = trio(world)
    data = calldata("arrive(uint256,address,address)", b.domain, "0x" + ALICE.hex(), "0x" + ALICE.hex())
    with pytest.raises(Failed, match="ether: not the hub"):
        world.must(a, ALICE, ETHER_ROUTE_ADDRESS, data)


def test_only_a_members_ether_route_reaches_the_hub(world: World) -> None:
    a, b, _c = trio(world)
    data = calldata("forward(uint256,address,address,uint256)", b.domain, "0x" + ALICE.hex(), "0x" + ALICE.hex(), 2**40)
    with pytest.raises(Failed, match="hub: not a portal"):
        world.must_l1(ALICE, world.network.hub, data, 5)
    world.give(a, ALICE, 5)
    outbox = Address(bytes.fromhex("4200000000000000000000000000000000000016"))
    send = calldata("send(address,uint256,bytes)", "0x" + world.network.hub.hex(), 500_000, data)
    world.must(a, ALICE, outbox, send, 5)
    with pytest.raises(Failed, match="portal: call failed"):
        world.withdraw(a, world.withdrawals(a)[-1])


def test_the_asset_is_hashed_as_the_ledger_does(world: World) -> None:
    a, b, _c = trio(world)
    token = new_token(world, a)
    message = send_token(world, a, b, token, 1, BOB)
    world.settle(a)
    world.ledger_learn(a)
    receipt = world.clear(message)
    cleared = keccak(b"Cleared(bytes32,bytes32,uint256,uint256,uint256)")
    [log] = [one for one in receipt.logs if one.topics[0] == cleared]
    assert Hash32(log.topics[2]) == Asset(a.domain, token, is_native=False).id
    assert (RELAYER, APP) != (ALICE, BOB)
