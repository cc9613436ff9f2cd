"""Messages between two chains on our own engine: delivered by proof alone, once, in time; else refunded."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from metalayer.merkle import MerkleTree
from metalayer.message import Domain, Message, padded
from metalayer.predeploys import FEE_SCHEDULE_ADDRESS, MAILBOX_ADDRESS, SETTLED_ROOTS_ADDRESS
from metalayer.proofs import learn_call, process_call, refund_call
from protocol.types import Address, Hash32
from tests.contracts.conftest import compile_strictly
from tests.metalayer.world import (
    APP,
    ETHER,
    GOVERNOR,
    REGISTRY_OWNER,
    RELAYER,
    WINDOW,
    Failed,
    Member,
    World,
    account,
    calldata,
    dispatched,
    load_mock,
    with_app,
)

ALICE = account("alice")


@pytest.fixture(scope="module")
def fresh() -> World:
    return with_app(2)


@pytest.fixture
def world(fresh: World) -> Iterator[World]:
    with fresh.kept():
        yield fresh


def send(
    world: World,
    source: Member,
    target: Member,
    body: bytes = b"hello",
    *,
    fee: int = 0,
    life: int = 10_000,
    gas: int = 300_000,
    sender: bytes = ALICE,
) -> Message:
    data = calldata(
        "dispatch(uint32,bytes32,bytes,uint64,uint64)",
        target.domain,
        padded(APP),
        body,
        world.l1.head.timestamp + life,
        gas,
    )
    if fee:
        world.give(source, ALICE, fee)
    if sender == APP:
        forward = calldata("forward(address,bytes)", "0x" + MAILBOX_ADDRESS.hex(), data)
        return dispatched(world.must(source, ALICE, APP, forward, fee))
    return dispatched(world.must(source, ALICE, MAILBOX_ADDRESS, data, fee))


def app(member: Member, name: str, returns: str = "uint256") -> Any:
    return member.chain.read(APP, f"{name}()", returns=returns)


# --- sending ---------------------------------------------------------------------------------------------------------


def test_the_mailbox_encodes_messages_and_keeps_the_tree_as_python_does(world: World) -> None:
    a, b = world.pair
    tree = MerkleTree()
    for index in range(5):
        message = send(world, a, b, bytes([index]) * index)
        assert (message.nonce, message.version, message.origin) == (index, 4, a.domain)
        assert (message.sender, message.recipient, message.body) == (padded(ALICE), padded(APP), bytes([index]) * index)
        tree = tree.append(message.id)
        assert a.chain.read(MAILBOX_ADDRESS, "root()", returns="bytes32") == tree.root


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1_001, bytes(12) + b"\1" * 20, b"", 0, 0), "mailbox: not another chain"),
        ((0, bytes(12) + b"\1" * 20, b"", 0, 0), "mailbox: not another chain"),
        ((1_002, b"\1" * 32, b"", 0, 0), "mailbox: recipient is not an address"),
        ((1_002, bytes(32), b"", 0, 10_000_001), "mailbox: gas limit too high"),
        ((1_002, bytes(32), b"", 1_000, 0), "mailbox: expired already"),
    ],
)
def test_a_message_that_could_never_arrive_is_not_sent(world: World, arguments: tuple, reason: str) -> None:
    a, _b = world.pair
    with pytest.raises(Failed, match=reason):
        world.must(a, ALICE, MAILBOX_ADDRESS, calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", *arguments))


# --- what a delivery costs -------------------------------------------------------------------------------------------


def set_price(world: World, member: Member, destination: int, *price: int, sender: bytes = GOVERNOR) -> None:
    data = calldata("set_price(uint32,uint256,uint256,uint256)", destination, *price)
    world.must(member, Address(sender), FEE_SCHEDULE_ADDRESS, data)


def quote(member: Member, destination: int, body_bytes: int, gas: int) -> Any:
    return member.chain.read(MAILBOX_ADDRESS, "quote(uint32,uint256,uint64)", destination, body_bytes, gas)


def fee_of(member: Member, message: Message) -> tuple[int, int]:
    """What is offered, and what was asked for."""
    answer = member.chain.call(MAILBOX_ADDRESS, calldata("fee(bytes32)", message.id))
    quoted = member.chain.read(MAILBOX_ADDRESS, "quoted(bytes32)", message.id)
    assert isinstance(quoted, int)
    return int.from_bytes(answer[:32], "big"), quoted


def test_a_quote_is_of_the_message_its_bytes_and_its_gas_by_destination(world: World) -> None:
    a, b = world.pair
    assert quote(a, b.domain, 5, 300_000) == 0
    set_price(world, a, 0, 1_000, 0, 0)
    set_price(world, a, b.domain, 1_000, 7, 3)
    assert quote(a, b.domain, 5, 300_000) == 1_000 + 5 * 7 + 300_000 * 3
    assert quote(a, 9_999, 5, 300_000) == 1_000
    set_price(world, a, b.domain, 0, 0, 0)
    assert quote(a, b.domain, 5, 300_000) == 0, "free there, and not as elsewhere"


def test_only_the_governor_sets_prices_and_only_up_to_the_cap(world: World) -> None:
    a, b = world.pair
    with pytest.raises(Failed, match="fees: not the governor"):
        set_price(world, a, b.domain, 1, 0, 0, sender=ALICE)
    dearest = ETHER - 2048 * 10**9 - 10_000_000 * 10**9
    set_price(world, a, b.domain, dearest, 10**9, 10**9)
    with pytest.raises(Failed, match="fees: too dear"):
        set_price(world, a, b.domain, dearest + 1, 10**9, 10**9)
    assert quote(a, b.domain, 2048, 10_000_000) == ETHER


def test_what_is_over_the_quote_goes_back_at_once(world: World) -> None:
    a, b = world.pair
    set_price(world, a, 0, 400, 0, 0)
    message = send(world, a, b, fee=1_000)
    assert fee_of(a, message) == (400, 400)
    assert (a.chain.balance(ALICE), a.chain.balance(MAILBOX_ADDRESS)) == (600, 400)
    world.deliver(message)
    world.settle(b)
    world.learn(a, b)
    world.prove_delivery(message)
    assert a.chain.read(MAILBOX_ADDRESS, "credits(address)", "0x" + RELAYER.hex()) == 400


def test_what_a_contract_does_not_take_back_stays_with_its_fee(world: World) -> None:
    """`refuser` has no payable default function; its refund goes to its `on_refund` all the same."""
    a, b = world.pair
    set_price(world, a, 0, 400, 0, 0)
    refuser = world.on_l2(a, ALICE, None, load_mock("refuser").init_code).contract_address
    assert refuser is not None
    world.give(a, ALICE, 1_000)
    data = calldata("say(uint32,uint64)", b.domain, world.l1.head.timestamp + 100)
    message = dispatched(world.must(a, ALICE, refuser, data, 1_000))
    assert fee_of(a, message) == (1_000, 400)
    world.settle(a)
    world.expire(message)
    world.learn(a, b)
    world.refund(message)
    assert (a.chain.balance(refuser), a.chain.balance(MAILBOX_ADDRESS)) == (1_000, 0)


def test_less_than_the_quote_is_a_bid_and_can_be_raised(world: World) -> None:
    a, b = world.pair
    set_price(world, a, 0, 400, 0, 0)
    message = send(world, a, b, fee=100)
    assert fee_of(a, message) == (100, 400)
    world.give(a, ALICE, 500)
    world.must(a, ALICE, MAILBOX_ADDRESS, calldata("add_fee(bytes32)", message.id), 500)
    assert fee_of(a, message) == (600, 400)
    world.deliver(message)


def test_a_change_of_prices_touches_no_message_that_is_under_way(world: World) -> None:
    a, b = world.pair
    set_price(world, a, 0, 400, 0, 0)
    message = send(world, a, b, fee=400)
    set_price(world, a, 0, 9_000, 0, 0)
    assert fee_of(a, message) == (400, 400)
    assert fee_of(a, send(world, a, b, fee=400)) == (400, 9_000)


# --- arriving --------------------------------------------------------------------------------------------------------


def test_a_message_arrives_by_proof_alone(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b)
    world.deliver(message)
    assert (app(b, "count"), app(b, "origin", "uint32"), app(b, "sender", "bytes32"), app(b, "body", "bytes")) == (
        1,
        a.domain,
        padded(ALICE),
        b"hello",
    )
    assert app(b, "gas_seen") <= message.gas_limit
    assert world.deliverer(message) == RELAYER


def test_one_learned_state_delivers_every_message_under_it_in_any_order(world: World) -> None:
    a, b = world.pair
    messages = [send(world, a, b, bytes([index])) for index in range(4)]
    world.settle(a)
    world.learn(b, a)
    for index in (2, 0, 3, 1):
        world.process(messages[index])
        assert app(b, "body", "bytes") == bytes([index])
    assert app(b, "count") == 4


def test_a_message_arrives_once(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b)
    world.deliver(message)
    with pytest.raises(Failed, match="mailbox: already delivered"):
        world.process(message)
    assert app(b, "count") == 1


def test_a_recipient_that_refuses_leaves_the_message_for_later(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b)
    world.must(b, ALICE, APP, calldata("refuse(bool)", True))
    with pytest.raises(Failed, match="app: refusing"):
        world.deliver(message)
    assert world.deliverer(message) is None
    world.must(b, ALICE, APP, calldata("refuse(bool)", False))
    world.process(message)
    assert app(b, "count") == 1


def test_an_unconfirmed_output_delivers_nothing(world: World) -> None:
    a, b = world.pair
    send(world, a, b)
    settled = world.propose(a)
    with pytest.raises(Failed, match="settled: output is not confirmed"):
        world.learn(b, a, settled)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_expiry_is_strict(world: World, late: int) -> None:
    a, b = world.pair
    message = send(world, a, b, life=50_000)
    world.settle(a)
    world.learn(b, a)
    transaction = b.chain.transaction(RELAYER, MAILBOX_ADDRESS, process_call(world.metadata(message), message))
    [receipt] = b.chain.block([transaction], message.expiry + late, world.l1.head.hash)
    assert receipt.succeeded == (late < 0)


def test_a_changed_message_is_not_proven(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b)
    world.settle(a)
    world.learn(b, a)
    metadata = world.metadata(message)
    for forged in (
        replace(message, body=b"other"),
        replace(message, sender=padded(APP)),
        replace(message, expiry=message.expiry + 1),
        replace(message, gas_limit=1),
        replace(message, nonce=7),
        replace(message, origin=Domain(77)),
    ):
        with pytest.raises(Failed, match="mailbox: not proven"):
            world.process(forged, metadata=metadata)
    with pytest.raises(Failed, match="mailbox: another chain's"):
        world.must(b, RELAYER, MAILBOX_ADDRESS, process_call(metadata, replace(message, destination=Domain(1_003))))
    hyperlane = replace(message, version=3, expiry=0, gas_limit=0, body=bytes(17) + message.body)
    with pytest.raises(Failed, match="mailbox: unknown version"):
        world.process(hyperlane, metadata=metadata)


def test_the_deliverer_cannot_starve_the_recipient(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, gas=1_000_000)
    world.settle(a)
    world.learn(b, a)
    data = process_call(world.metadata(message), message)
    receipt = world.on_l2(b, RELAYER, MAILBOX_ADDRESS, data, gas=1_000_000)
    assert not receipt.succeeded
    world.process(message)
    assert app(b, "count") == 1


def test_an_answer_can_be_sent_while_handling(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, gas=600_000)
    data = calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", a.domain, padded(APP), b"answer", 0, 300_000)
    world.must(b, ALICE, APP, calldata("call_on_message(address,bytes)", "0x" + MAILBOX_ADDRESS.hex(), data))
    answer = dispatched(world.deliver(message))
    world.deliver(answer)
    assert app(a, "body", "bytes") == b"answer"


def test_an_application_may_choose_its_security(world: World) -> None:
    """Another module's word counts for its own recipient, and nobody else's."""
    a, b = world.pair
    message = send(world, a, b)
    world.must(b, ALICE, APP, calldata("choose(address)", "0x" + APP.hex()))
    with pytest.raises(Failed, match="mailbox: not proven"):
        world.process(message, metadata=bytes(1056))
    world.must(b, ALICE, APP, calldata("say(bool)", True))
    world.process(message, metadata=bytes(1056))
    assert app(b, "count") == 1


def test_a_contract_reads_another_chains_storage(world: World) -> None:
    a, b = world.pair
    send(world, b, a)
    settled = world.settle(b)
    world.learn(a, b)
    state = b.chain.states[settled.number]
    slot = (2).to_bytes(32, "big")  # the mailbox's count
    answer = a.chain.call(
        SETTLED_ROOTS_ADDRESS,
        calldata(
            "read(uint32,bytes32,address,bytes32,bytes,bytes)",
            b.domain,
            state.root,
            "0x" + MAILBOX_ADDRESS.hex(),
            slot,
            b.chain.account_proof(MAILBOX_ADDRESS, settled.number),
            b.chain.storage_proof(MAILBOX_ADDRESS, slot, settled.number),
        ),
    )
    assert int.from_bytes(answer[:32], "big") == 1
    assert int.from_bytes(answer[32:], "big") == b.chain.headers[settled.number].timestamp


# --- refunds and fees ------------------------------------------------------------------------------------------------


def test_an_expired_message_comes_back_with_its_fee_by_proof_alone(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, fee=ETHER, sender=APP)
    world.settle(a)
    world.expire(message)
    world.learn(a, b)
    world.refund(message)
    assert (app(a, "refunds"), app(a, "refund_value")) == (1, ETHER)
    with pytest.raises(Failed, match="mailbox: not waiting"):
        world.refund(message)
    world.learn(b, a)
    with pytest.raises(Failed, match="mailbox: expired"):
        world.process(message)


def test_nothing_is_refunded_before_the_destination_has_passed_the_expiry(world: World) -> None:
    """An old state in which the message has not arrived shows nothing."""
    a, b = world.pair
    message = send(world, a, b, sender=APP)
    world.settle(b)
    world.learn(a, b)
    world.wait(20_000)
    with pytest.raises(Failed, match="mailbox: may yet be delivered"):
        world.refund(message)


def test_a_delivered_message_is_not_refunded(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, sender=APP)
    world.deliver(message)
    world.expire(message)
    world.learn(a, b)
    with pytest.raises(Failed, match="mailbox: may yet be delivered"):
        world.refund(message)


def test_a_fee_is_its_deliverers_once_the_delivery_is_proven(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, fee=3 * ETHER)
    other = send(world, a, b, fee=ETHER)
    with pytest.raises(Failed, match="roots: unknown root"):
        world.prove_delivery(message)
    world.deliver(message)
    world.settle(b)
    world.learn(a, b)
    with pytest.raises(Failed, match="mailbox: not delivered"):
        world.prove_delivery(other)
    world.prove_delivery(message)
    with pytest.raises(Failed, match="mailbox: not waiting"):
        world.prove_delivery(message)
    world.must(a, RELAYER, MAILBOX_ADDRESS, calldata("collect()"))
    assert (a.chain.balance(RELAYER), a.chain.balance(MAILBOX_ADDRESS)) == (3 * ETHER, ETHER)


def test_a_fee_can_be_raised_while_the_message_waits(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b, fee=1)
    world.give(a, ALICE, 5)
    world.must(a, ALICE, MAILBOX_ADDRESS, calldata("add_fee(bytes32)", message.id), 5)
    answer = a.chain.call(MAILBOX_ADDRESS, calldata("fee(bytes32)", message.id))
    assert (int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:], "big")) == (6, 1)


# --- censorship, death and removal -----------------------------------------------------------------------------------


def test_under_a_censoring_sequencer_a_message_arrives_by_forced_inclusion(world: World) -> None:
    """Every step on the destination is a deposit through L1's portal; its sequencer is never asked."""
    a, b = world.pair
    message = send(world, a, b)
    settled = world.settle(a)
    # The chain's last block names the L1 origin that all is proven under; a chain of deposits alone has such blocks.
    anchor = world.anchor(b)
    data = learn_call(a.domain, anchor, world.origin_proof(a, settled), settled.output, world.mailbox_proof(a, settled))
    assert world.force(b, ALICE, SETTLED_ROOTS_ADDRESS, data).succeeded
    data = process_call(world.metadata(message), message)
    assert world.force(b, ALICE, MAILBOX_ADDRESS, data).succeeded
    assert app(b, "count") == 1
    assert world.deliverer(message) == ALICE


def test_a_message_can_be_sent_by_force_too(world: World) -> None:
    a, b = world.pair
    data = calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", b.domain, padded(APP), b"forced", 0, 300_000)
    message = dispatched(world.force(a, ALICE, MAILBOX_ADDRESS, data))
    world.deliver(message)
    assert app(b, "body", "bytes") == b"forced"


def test_messages_to_a_chain_that_died_come_back_once_it_is_removed(world: World) -> None:
    """No output of it will ever reach the expiry: its last confirmed one has to do, before the expiry even."""
    a, b = world.pair
    message = send(world, a, b, fee=5, sender=APP)
    world.settle(a)
    world.settle(b)
    world.learn(a, b)
    with pytest.raises(Failed, match="mailbox: may yet be delivered"):
        world.refund(message)
    world.govern("remove(uint256)", b.domain)
    world.learn(a, b)
    world.refund(message)
    assert (app(a, "refunds"), app(a, "refund_value")) == (1, 5)


def test_a_removal_leaves_the_others_running(world: World) -> None:
    a, b = world.pair
    c = world.add(Domain(1_010))
    waiting = send(world, b, a, b"sent in time")
    world.settle(b)
    world.govern("remove(uint256)", b.domain)
    # What the removed chain had sent by its last confirmed output still arrives.
    world.learn(a, b)
    world.process(waiting)
    assert app(a, "body", "bytes") == b"sent in time"
    world.deliver(send(world, a, c, b"on we go"))
    assert app(c, "body", "bytes") == b"on we go"


def test_what_a_removed_chain_does_later_counts_nowhere(world: World) -> None:
    a, b = world.pair
    world.settle(b)
    world.govern("remove(uint256)", b.domain)
    late = send(world, b, a)
    settled = world.settle(b)
    with pytest.raises(Failed, match="roots: not the output's preimage"):
        world.learn(a, b, settled)
    with pytest.raises(Failed, match="mailbox: not proven"):
        world.process(late)


def test_an_old_state_of_l1_cannot_bring_a_removed_chain_back(world: World) -> None:
    """Under L1 blocks from before the removal only outputs from before it are confirmed."""
    a, b = world.pair
    before = world.settle(b)
    anchor = world.anchor(a)
    proof = world.origin_proof(b, before)
    world.govern("remove(uint256)", b.domain)
    send(world, b, a)
    late = world.settle(b)
    data = learn_call(b.domain, anchor, proof, late.output, world.mailbox_proof(b, late))
    with pytest.raises(Failed):
        world.must(a, RELAYER, SETTLED_ROOTS_ADDRESS, data)


# --- the registry ----------------------------------------------------------------------------------------------------


def test_a_pending_chain_is_not_heard(world: World) -> None:
    a, _b = world.pair
    c = world.add(Domain(1_010), activate=False)
    message = send(world, c, a)
    with pytest.raises(Failed, match="settled: not a member"):
        world.deliver(message)
    world.govern("activate(uint256)", c.domain)
    world.deliver(message)
    assert app(a, "count") == 1


def test_an_exiting_chain_may_still_speak(world: World) -> None:
    a, b = world.pair
    world.govern("begin_exit(uint256)", b.domain)
    world.deliver(send(world, b, a))
    assert app(a, "count") == 1


def test_domains_chain_ids_and_portals_are_used_once(world: World) -> None:
    _a, b = world.pair
    world.govern("remove(uint256)", b.domain)
    signature = "register(uint256,uint256,bytes32,address,address)"
    outputs, portal = "0x" + b.outputs.hex(), "0x" + b.portal.hex()
    fresh = world.add(Domain(1_010))
    for arguments, reason in (
        ((b.domain, 5, b"\1" * 32, outputs, "0x" + fresh.outputs.hex()), "registry: domain was used"),
        ((5, b.chain.chain_id, b"\1" * 32, outputs, "0x" + fresh.outputs.hex()), "registry: chain id was used"),
        ((5, 5, b"\1" * 32, outputs, portal), "registry: portal was used"),
        ((2**32, 5, b"\1" * 32, outputs, portal), "registry: not a domain"),
        ((5, 5, bytes(32), outputs, portal), "registry: no instance"),
    ):
        with pytest.raises(Failed, match=reason):
            world.govern(signature, *arguments)
    with pytest.raises(Failed, match="registry: not pending or exiting"):
        world.govern("activate(uint256)", b.domain)


@pytest.mark.parametrize("function", ["activate", "begin_exit", "remove"])
def test_only_the_owner_decides_who_belongs(world: World, function: str) -> None:
    with pytest.raises(Failed, match="registry: not the owner"):
        world.must_l1(ALICE, world.network.registry, calldata(f"{function}(uint256)", 1_001))


def test_ownership_passes_to_an_heir_who_accepts(world: World) -> None:
    world.govern("offer_ownership(address)", "0x" + ALICE.hex())
    world.must_l1(ALICE, world.network.registry, calldata("accept_ownership()"))
    with pytest.raises(Failed, match="registry: not the owner"):
        world.govern("remove(uint256)", 1_001)
    assert ALICE != REGISTRY_OWNER


def test_proofs_of_other_contracts_or_chains_do_not_pass(world: World) -> None:
    a, b = world.pair
    send(world, b, a)
    settled = world.settle(b)
    anchor, proof = world.anchor(a), world.origin_proof(b, settled)
    mailbox = world.mailbox_proof(b, settled)
    good = (b.domain, anchor, proof, settled.output, mailbox)
    for bad in (
        (a.domain, *good[1:]),
        (good[0], replace(anchor, timestamp=anchor.timestamp - 1), *good[2:]),
        (good[0], replace(anchor, header=anchor.header[:-1] + b"\1"), *good[2:]),
        (*good[:2], replace(proof, root=proof.status), *good[3:]),
        (*good[:3], replace(settled.output, assertion_id=0), mailbox),
        (*good[:3], replace(settled.output, block_hash=Hash32(bytes(32))), mailbox),
        (*good[:4], replace(mailbox, header=anchor.header)),
        (*good[:4], replace(mailbox, account=mailbox.tree)),
        (*good[:4], replace(mailbox, tree=b"")),
    ):
        with pytest.raises(Failed):
            world.must(a, RELAYER, SETTLED_ROOTS_ADDRESS, learn_call(*bad))
    world.must(a, RELAYER, SETTLED_ROOTS_ADDRESS, learn_call(*good))


def test_a_refund_needs_a_proof_of_the_right_slot(world: World) -> None:
    a, b = world.pair
    message = send(world, a, b)
    other = send(world, a, b)
    world.deliver(other)
    world.expire(message)
    world.learn(a, b)
    store_root, proof = world.absence(message)
    for bad in (b"", proof[:-1], proof + b"\x80", proof + proof):
        with pytest.raises(Failed):
            world.must(a, RELAYER, MAILBOX_ADDRESS, refund_call(message, store_root, bad))
    world.refund(message)


# --- what the proofs rest on -----------------------------------------------------------------------------------------


def test_what_is_read_by_proof_lies_where_the_proofs_look() -> None:
    def slot(name: str, variable: str) -> int:
        return compile_strictly(name)["layout"]["storage_layout"][variable]["slot"]

    assert (slot("metalayer/mailbox", "delivered"), slot("metalayer/mailbox", "root")) == (0, 1)
    assert (slot("metalayer/registry", "members"), slot("metalayer/registry", "final_roots")) == (0, 1)
    assert (slot("l1/outputs", "roots"), slot("l1/outputs", "states")) == (5, 8)
    assert slot("metalayer/ledger", "decisions") == 4


def test_the_default_life_is_a_week(world: World) -> None:
    a, b = world.pair
    data = calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", b.domain, padded(APP), b"", 0, 0)
    message = dispatched(world.must(a, ALICE, MAILBOX_ADDRESS, data))
    assert message.expiry == a.chain.head.timestamp + 7 * 86_400
    assert WINDOW < 7 * 86_400
