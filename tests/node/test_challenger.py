"""What a player says of the chain it is to play about, before anything is disputed."""

import logging
from typing import cast

import pytest

from node.challenger import Player, PlayerConfig
from node.l1.client import L1Client
from node.serial_sender import SerialSender
from protocol.config_changes import MAX_GAS_LIMIT
from protocol.crypto import keccak
from protocol.l1 import L1BlockRef
from protocol.outputs import Assertion
from protocol.provable import MOST_GAS
from protocol.rollup import SettlementContracts
from protocol.types import ZERO_HASH, Address, Hash32
from prover.trajectory import Trajectory

RULES = Hash32(b"\x07" * 32)
HEAD = L1BlockRef(9, ZERO_HASH, ZERO_HASH, 1_700_000_000, ZERO_HASH)
CONFIG, OUTPUTS, PORTAL, BRIDGE, GAME = (Address(bytes((number,)) * 20) for number in range(1, 6))
CONTRACTS = SettlementContracts(CONFIG, OUTPUTS, PORTAL, BRIDGE, GAME, 600, 60, 10**18)


class L1:
    """Contracts that answer one word each, by their address and the call's selector."""

    def __init__(self, most_gas: int) -> None:
        self._answers = {
            (GAME, "rules()"): int.from_bytes(RULES, "big"),
            (GAME, "count()"): 0,
            (CONFIG, "max_gas_limit()"): most_gas,
        }
        self.asked: list[str] = []

    async def code(self, _address: Address) -> bytes:
        return b"\0"

    async def call(self, to: Address, data: bytes, _at: str = "latest") -> bytes:
        [(name, word)] = [
            (name, word)
            for (contract, name), word in self._answers.items()
            if contract == to and keccak(name.encode())[:4] == data[:4]
        ]
        self.asked.append(name)
        return word.to_bytes(32, "big")


class Sender:
    address = Address(b"\x0f" * 20)


async def no_trace(_assertion: Assertion) -> Trajectory | None:
    return None


@pytest.mark.parametrize(("most_gas", "said"), [(MOST_GAS, 0), (MOST_GAS + 1, 1), (MAX_GAS_LIMIT, 1)])
async def test_a_gas_limit_that_governance_may_raise_too_far_is_said_once(
    caplog: pytest.LogCaptureFixture, most_gas: int, said: int
) -> None:
    l1 = L1(most_gas)
    config = PlayerConfig(challenges=False, collects=False)
    player = Player(no_trace, cast("L1Client", l1), CONTRACTS, cast("SerialSender", Sender()), config, rules=RULES)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await player.due(HEAD) is None
    assert [f"to {most_gas}, and a game walks {MOST_GAS}" in line for line in caplog.messages] == [True] * said
    assert l1.asked == ["rules()", "max_gas_limit()", *["count()"] * 3]
