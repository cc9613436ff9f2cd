"""What deliveries cost, as a governor sets it: on a dev chain that has a member's predeploys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from node.l1.client import L1Client, L1Refused

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from metalayer.message import Domain
from metalayer.predeploys import MemberOptions, NetworkAddresses
from node.clock import SystemClock
from node.dev_node import DevNode, DevOptions
from node.network.delivery_price import Price, delivery_price, quote_delivery, set_delivery_price
from node.network.membership import member_accounts
from protocol.errors import InvalidInput
from protocol.types import ZERO_ADDRESS, Address
from tests.e2e.network import running

GOVERNOR, GOVERNORS_KEY, ANOTHERS_KEY = DEV_ACCOUNTS[0], *DEV_PRIVATE_KEYS[:2]
HERE, THERE, ELSEWHERE = Domain(31337), 90002, 0


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[L1Client]:
    node = DevNode(DevOptions(tmp_path, rpc_port=0), SystemClock())
    async with running(node), L1Client(f"http://127.0.0.1:{node.port}", who="the node") as client:
        yield client


async def join(chain: L1Client, governor: Address) -> None:
    """Give the chain a member's predeploys, whose deliveries cost 700 and 3 per gas."""
    network = NetworkAddresses(*([Address(b"\x01" * 20)] * 3))
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
