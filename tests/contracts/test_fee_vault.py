"""A fee vault gives what it holds to its owner on L1, and to nobody else."""

from collections.abc import Iterator
from itertools import count

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract

from node.artifacts import SOURCES
from protocol.withdrawal import OUTBOX_ADDRESS
from tests.contracts.conftest import ETHER, Settlement, deployer, raw_address, withdrawal_of

addresses = count(0xFEE << 144)


@pytest.fixture
def operator() -> str:
    return str(boa.env.generate_address("operator"))


@pytest.fixture
def vault(settlement: Settlement, operator: str) -> Iterator[VyperContract]:
    source = deployer(SOURCES / "l2" / "fee_vault.vy")
    with boa.env.anchor():
        yield source.deploy(operator, settlement.outbox, override_address=f"0x{next(addresses):040x}")


def test_anyone_may_send_everything_to_the_operator(
    settlement: Settlement, vault: VyperContract, operator: str
) -> None:
    boa.env.set_balance(str(vault.address), 7 * ETHER)  # credited by blocks: no call is made
    with boa.env.prank(str(boa.env.generate_address("anyone"))):
        withdrawal_hash = vault.withdraw()
    withdrawal = withdrawal_of(vault)
    assert (withdrawal.sender, withdrawal.target) == (raw_address(vault.address), raw_address(operator))
    assert (withdrawal.value, withdrawal.data, withdrawal.hash) == (7 * ETHER, b"", withdrawal_hash)
    assert boa.env.get_balance(str(vault.address)) == 0
    assert boa.env.get_balance("0x" + OUTBOX_ADDRESS.hex()) == 7 * ETHER
    assert settlement.outbox.sent(withdrawal.hash)


def test_an_empty_vault_sends_nothing(vault: VyperContract) -> None:
    with boa.reverts("vault: empty"):
        vault.withdraw()


def test_a_vault_without_an_owner_is_not_made(settlement: Settlement) -> None:
    with boa.reverts("vault: no recipient"):
        deployer(SOURCES / "l2" / "fee_vault.vy").deploy("0x" + "00" * 20, settlement.outbox)
