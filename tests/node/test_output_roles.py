"""Who may act on a chain's outputs: what is refused before anything is at stake, and who shares an account."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from node.chain import Chain
from node.driver import Driver
from node.l1.client import L1Client
from node.node_options import PlayerOptions, ProposerOptions
from node.output_roles import OutputRoles
from node.rollup import Rollup, new_rollup, rollup_chain_config
from protocol.crypto import keccak, private_key_address
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.rollup import SettlementContracts
from protocol.types import ZERO_HASH, Address
from tests.node.hand_clock import HandClock

ONE, OTHER = (bytes(31) + bytes((number,)) for number in (1, 2))


def numbered(number: int) -> Address:
    return Address(bytes((number,)) * 20)


CONTRACTS = SettlementContracts(
    chain_config=numbered(2),
    outputs=numbered(3),
    portal=numbered(4),
    bridge=numbered(5),
    game=numbered(6),
    challenge_window=60,
    finalisation_delay=5,
    bond=10**18,
)


def rollup(settlement: SettlementContracts | None, da_layer: str = "calldata") -> Rollup:
    return new_rollup(
        chain=rollup_chain_config(71717),
        l1_chain_id=71716,
        l1_genesis=L1BlockRef(5, keccak(b"block"), keccak(b"parent"), 1_700_000_000, ZERO_HASH),
        inbox_address=Address(b"\x01" * 20),
        accounts={},
        block_time_milliseconds=1000,
        gas_limit=30_000_000,
        da_layer=da_layer,
        settlement=settlement,
    )


@pytest.fixture
def roles_of(tmp_path: Path) -> Callable[[Rollup], OutputRoles]:
    """Of a node that has derived nothing yet, on an L1 that nobody asks."""

    def make(of: Rollup) -> OutputRoles:
        async def no_contents(_commitment: object, _posted: object) -> tuple[bytes, ...]:
            raise AssertionError("a batch was read")

        chain, driver = cast("Chain", None), cast("Driver", None)
        return OutputRoles(
            of, chain, driver, L1Client("http://127.0.0.1:1"), HandClock(), tmp_path, lambda: no_contents
        )

    return make


def test_without_contracts_there_is_nothing_to_propose_or_to_dispute(roles_of) -> None:
    roles = roles_of(rollup(None))
    with pytest.raises(InvalidInput, match="has no output roots to propose"):
        roles.propose(ProposerOptions(ONE))
    with pytest.raises(InvalidInput, match="has nothing to dispute"):
        roles.challenge(PlayerOptions(OTHER))
    assert (roles.proposer, roles.challenger) == (None, None)


def test_a_chain_that_no_game_can_judge_gets_a_proposer_that_does_not_defend_and_no_challenger(roles_of) -> None:
    roles = roles_of(rollup(CONTRACTS, da_layer="celestia"))
    roles.propose(ProposerOptions(ONE)).close()
    assert roles.proposer is not None
    assert roles.known_traces(1) == []
    with pytest.raises(InvalidInput, match="celestia"):
        roles.challenge(PlayerOptions(OTHER))
    assert roles.challenger is None


def test_a_challenger_has_an_account_of_its_own(roles_of) -> None:
    roles = roles_of(rollup(CONTRACTS))
    roles.propose(ProposerOptions(ONE)).close()
    with pytest.raises(InvalidInput, match="an account of its own, not the proposer's"):
        roles.challenge(PlayerOptions(ONE))
    roles.challenge(PlayerOptions(OTHER)).close()
    assert (roles.proposer.address, roles.challenger.address) == (private_key_address(ONE), private_key_address(OTHER))
