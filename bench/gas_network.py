"""What the network costs in gas, on L1 and on L2: `python -m bench.gas_network`. Exact and repeatable.

Every figure is a whole transaction's, its 21,000 and its calldata included, under Cancun's rules, with contracts that
have been used before. The chains run on our own engine, as in `tests/metalayer/world.py`.
"""

from dataclasses import dataclass

from eth_abi.abi import encode as abi_encode
from rich.console import Console
from rich.table import Table

from metalayer.message import padded
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, MAILBOX_ADDRESS, TOKEN_ROUTE_ADDRESS
from protocol.receipt import Receipt
from tests.metalayer.world import (
    APP,
    ETHER,
    Member,
    World,
    account,
    artifact,
    calldata,
    dispatched,
    with_app,
)

ALICE, BOB = account("alice"), account("bob")
MANY = 50
"""Messages in the tree, so that a proof has its usual length."""

PUBLISHED = (
    (
        "Hyperlane",
        "delivery with its multisig module, without the recipient: 151,921 (1 of 1) to 181,649 (5 of 6) gas",
        "hyperlane-monorepo, typescript/sdk/src/consts/multisigIsmVerifyCosts.json",
    ),
    (
        "Hyperlane",
        "the recipient's call, unless the sender says more: 50,000 gas",
        "docs.hyperlane.xyz/docs/reference/hooks/interchain-gas",
    ),
    (
        "OP interop",
        "one block, about 2 s, by believing a block that L1 does not have yet; no L1 gas per message",
        "docs.optimism.io, interoperability explainer (ethereum-optimism/docs, pull request 1171)",
    ),
)


@dataclass(frozen=True)
class Cost:
    what: str
    where: str
    gas: int


def main() -> None:
    costs = measure(with_app(2))
    table = Table("what", "where", "gas", title="gas per transaction")
    for cost in costs:
        table.add_row(cost.what, cost.where, f"{cost.gas:,}")
    Console().print(table)
    published = Table("peer", "figure", "source", title="published")
    for row in PUBLISHED:
        published.add_row(*row)
    Console().print(published)


def measure(world: World) -> list[Cost]:
    return [*_message(world), *_token(world), *_ether(world)]


def _dispatch(world: World, source: Member, target: Member) -> Receipt:
    data = calldata("dispatch(uint32,bytes32,bytes,uint64,uint64)", target.domain, padded(APP), b"\1" * 32, 0, 200_000)
    return world.must(source, ALICE, MAILBOX_ADDRESS, data, 1)


def _message(world: World) -> list[Cost]:
    a, b = world.pair
    world.give(a, ALICE, MANY + 10)
    receipts = [_dispatch(world, a, b) for _ in range(MANY)]
    messages = [dispatched(one) for one in receipts]
    world.settle(a)
    first = world.learn(b, a)
    _dispatch(world, a, b)
    world.settle(a)
    second = world.learn(b, a)
    world.process(messages[0])
    processed = world.process(messages[1])
    world.settle(b)
    world.learn(a, b)
    world.prove_delivery(messages[0])
    paid = world.prove_delivery(messages[1])
    late = messages[2]
    world.expire(late)
    world.learn(a, b)
    world.must(a, ALICE, MAILBOX_ADDRESS, calldata("add_fee(bytes32)", late.id), 1)
    refunded = world.refund(late)
    return [
        Cost("message sent, 32 bytes", "origin", receipts[-1].gas_used),
        Cost("another chain's state learned, for any number of messages", "destination", second.gas_used),
        Cost("the same, the first time", "destination", first.gas_used),
        Cost("message delivered", "destination", processed.gas_used),
        Cost("delivery proven, fee paid", "origin", paid.gas_used),
        Cost("message refunded", "origin", refunded.gas_used),
    ]


def _token(world: World) -> list[Cost]:
    a, b = world.pair
    code = artifact("examples/token").init_code + abi_encode(["uint256"], [10**30])
    token = world.on_l2(a, ALICE, None, code).contract_address
    assert token is not None
    world.must(a, ALICE, token, calldata("approve(address,uint256)", "0x" + TOKEN_ROUTE_ADDRESS.hex(), 2**255))

    def send(amount: int) -> Receipt:
        return world.must(
            a,
            ALICE,
            TOKEN_ROUTE_ADDRESS,
            calldata(
                "send(address,uint32,address,uint256,uint64)", "0x" + token.hex(), b.domain, "0x" + BOB.hex(), amount, 0
            ),
        )

    world.deliver_transfer(dispatched(send(1)))
    sent = send(2)
    message = dispatched(sent)
    world.settle(a)
    learned = world.ledger_learn(a)
    cleared = world.clear(message)
    decided = world.learn_decision(b, message)
    world.learn(b, a)
    paid = world.process(message)
    return [
        Cost("token sent", "origin", sent.gas_used),
        Cost("a chain's state learned by the ledger, for any number of transfers", "L1", learned.gas_used),
        Cost("transfer cleared", "L1", cleared.gas_used),
        Cost("L1's decision learned", "destination", decided.gas_used),
        Cost("token delivered", "destination", paid.gas_used),
    ]


def _ether(world: World) -> list[Cost]:
    a, b = world.pair
    world.give(a, ALICE, 10 * ETHER)

    def send() -> tuple[int, int]:
        data = calldata("send(uint32,address,uint256)", b.domain, "0x" + BOB.hex(), 0)
        sent = world.must(a, ALICE, ETHER_ROUTE_ADDRESS, data, ETHER).gas_used
        finalised = world.withdraw(a, world.withdrawals(a)[-1]).gas_used
        world.step(b)
        return sent, finalised

    send()
    sent, finalised = send()
    return [
        Cost("ether sent", "origin", sent),
        Cost("ether moved from portal to portal, after its proof (`gas_settlement`)", "L1", finalised),
        Cost("ether arriving", "destination", _arrival(b)),
    ]


def _arrival(member: Member) -> int:
    """The gas of the deposit in the member's newest block."""
    return member.chain.head.gas_used


if __name__ == "__main__":
    main()
