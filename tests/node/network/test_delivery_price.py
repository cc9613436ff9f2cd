"""What deliveries cost, as a governor sets it: on a dev chain that has a member's predeploys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from metalayer.message import Domain
from metalayer.predeploys import MemberOptions, NetworkAddresses
from node.account import Account
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.network.delivery_price import (
    Price,
    check_destination,
    delivery_price,
    quote_delivery,
    set_delivery_price,
)
from node.network.membership import Membership, deploy_network, member_accounts, register_chain
from protocol.abi import encode_call
from protocol.errors import InvalidInput
from protocol.types import ZERO_ADDRESS, Address, Hash32
from tests.e2e.network import running

GOVERNOR, GOVERNORS_KEY, ANOTHERS_KEY = DEV_ACCOUNTS[0], *DEV_PRIVATE_KEYS[:2]
HERE, THERE, ELSEWHERE = Domain(31337), Domain(90002), 0
SOMEBODY = NetworkAddresses(*([Address(b"\x01" * 20)] * 3))
ONE_OUTPUT = bytes.fromhex("600160005260406000f3")
"""A contract that answers (1, 0) whatever it is asked."""


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[L1Client]:
    node = DevNode(DevOptions(tmp_path, rpc_port=0), SystemClock())
    async with running(node), L1Client(f"http://127.0.0.1:{node.port}", who="the node") as client:
        yield client


async def join(chain: L1Client, governor: Address, network: NetworkAddresses = SOMEBODY) -> None:
    """Give the chain a member's predeploys, whose deliveries cost 700 and 3 per gas."""
    options = MemberOptions(governor=governor, delivery_wei=700, delivery_wei_per_gas=3)
    for address, account in member_accounts(network, HERE, options).items():
        await chain.request("anvil_setCode", ["0x" + address.hex(), "0x" + account.code.hex()])


async def test_the_governor_sets_what_others_are_asked_for(chain: L1Client) -> None:
    await join(chain, GOVERNOR)
    assert await delivery_price(chain, THERE) == Price(700, 0, 3)
    assert await quote_delivery(chain, THERE, body_bytes=10, gas_limit=100) == 700 + 100 * 3

    block = await set_delivery_price(chain, SystemClock(), GOVERNORS_KEY, THERE, Price(50, 7, 1))
    assert block == (await chain.head()).ref.number
    assert await quote_delivery(chain, THERE, body_bytes=10, gas_limit=100) == 50 + 10 * 7 + 100
    assert await delivery_price(chain, ELSEWHERE) == Price(700, 0, 3)

    await set_delivery_price(chain, SystemClock(), GOVERNORS_KEY, THERE, Price(0, 0, 0))
    assert await quote_delivery(chain, THERE, body_bytes=10, gas_limit=100) is None


async def test_who_may_not_set_prices_is_told_who_may(chain: L1Client) -> None:
    await join(chain, GOVERNOR)
    with pytest.raises(InvalidInput, match=f"prices are set by 0x{GOVERNOR.hex()}; the key given is that of 0x7099"):
        await set_delivery_price(chain, SystemClock(), ANOTHERS_KEY, THERE, Price(1, 0, 0))
    with pytest.raises(L1Refused, match="the node refused eth_estimateGas: execution reverted: fees: too dear"):
        await set_delivery_price(chain, SystemClock(), GOVERNORS_KEY, THERE, Price(10**18 + 1, 0, 0))
    await chain.request("anvil_setBalance", ["0x" + GOVERNOR.hex(), "0x0"])
    with pytest.raises(InvalidInput, match=r"has no ether on the chain of .* `tombolo bridge deposit 0.01 --to 0xf39f"):
        await set_delivery_price(chain, SystemClock(), GOVERNORS_KEY, THERE, Price(1, 0, 0))


async def test_without_a_governor_or_a_network_there_is_nothing_to_set(chain: L1Client) -> None:
    with pytest.raises(InvalidInput, match="is in no network: it has no mailbox"):
        await quote_delivery(chain, THERE, None, 0)
    await join(chain, ZERO_ADDRESS)
    with pytest.raises(InvalidInput, match="nobody may set prices"):
        await set_delivery_price(chain, SystemClock(), GOVERNORS_KEY, THERE, Price(1, 0, 0))


async def test_a_destination_is_a_member_that_takes_messages(chain: L1Client) -> None:
    """The one chain stands for its own L1, too."""
    clock, key = SystemClock(), GOVERNORS_KEY
    network = await deploy_network(chain, clock, key)
    await join(chain, GOVERNOR, network)
    with pytest.raises(InvalidInput, match=r"the L1 at .* does not have the network of chain 31337"):
        await check_destination(chain, chain, THERE, value=True)

    async def admit(domain: Domain) -> None:
        portal = Address(domain.to_bytes(20, "big"))
        await chain.request("anvil_setCode", ["0x" + portal.hex(), "0x" + ONE_OUTPUT.hex()])
        instance = Hash32(domain.to_bytes(32, "big"))
        await register_chain(chain, clock, key, network, Membership(domain, domain, instance, portal, portal))

    await admit(HERE)
    with pytest.raises(InvalidInput, match="from chain 31337 to 90002; other members of its network: none yet"):
        await check_destination(chain, chain, THERE, value=True)
    await admit(THERE)
    await admit(Domain(90003))
    await check_destination(chain, chain, THERE, value=True)
    for wrong in (HERE, 5):
        with pytest.raises(InvalidInput, match=f"to {wrong}; other members of its network: 90002, 90003"):
            await check_destination(chain, chain, wrong, value=False)

    await Account(chain, clock, key).send(network.registry, encode_call("begin_exit(uint256)", THERE))
    await check_destination(chain, chain, THERE, value=False)
    with pytest.raises(InvalidInput, match="to 90002; other members of its network: 90003"):
        await check_destination(chain, chain, THERE, value=True)
