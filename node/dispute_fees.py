"""The chain that a lie about fees or settings is told about: it charges everything, and governance has changed it."""

from node.account import Account
from node.clock import Clock
from node.fee_options import FeeOptions
from node.l1.client import L1Client
from node.rollup import Rollup
from protocol.abi import encode_call
from protocol.config_changes import Knob
from protocol.errors import InvalidInput
from protocol.types import Address

CHARGES = FeeOptions(
    base_fee_recipient=Address(b"\xfe" * 20),
    operator_fee_scalar=1_000_000,
    operator_fee_constant_wei=10**9,
    l1_base_fee_scalar=1_000_000,
    l1_blob_base_fee_scalar=1_000_000,
)
RAISED_WEI = 3 * 10**9
"""The least base fee, as governance has it later."""


async def change_settings(client: L1Client, clock: Clock, rollup: Rollup, owner_key: bytes) -> None:
    """Announce and make a change, on a chain where changes wait for nothing."""
    contracts = rollup.config.settlement
    if contracts is None:
        raise InvalidInput("a rollup without settlement contracts has no settings to change")
    owner = Account(client, clock, owner_key)
    await owner.send(contracts.chain_config, encode_call("schedule(uint256,uint256)", Knob.MIN_BASE_FEE, RAISED_WEI))
    await owner.send(contracts.chain_config, encode_call("apply(uint256)", Knob.MIN_BASE_FEE))
