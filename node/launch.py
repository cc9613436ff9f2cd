"""Launching a rollup: its contracts go to L1, and `rollup.json` says all that a node must know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE
from node.clock import Clock
from node.deploy import deploy_inbox
from node.l1_client import L1Client
from node.rollup_file import Rollup, new_rollup, rollup_chain_config, save_rollup
from protocol.crypto import private_key_address
from protocol.errors import Retry
from protocol.forks import Fork
from protocol.types import Address


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What is chosen once, at launch."""

    chain_id: int
    block_time_milliseconds: int = 1000
    gas_limit: int = 30_000_000
    fork: Fork = Fork.CANCUN
    da_layer: str = "calldata"
    elasticity: int = 2
    base_fee_change_denominator: int = 8
    max_sequencer_drift_seconds: int = 600
    sequencing_window: int = 3600
    """The last four as in `ChainConfig` and `RollupConfig`."""
    accounts: Mapping[Address, int] = field(default_factory=lambda: dict.fromkeys(DEV_ACCOUNTS, DEV_BALANCE))


async def launch_rollup(l1: L1Client, clock: Clock, operator_key: bytes, options: LaunchOptions, path: Path) -> Rollup:
    """Deploy with `operator_key`, whose account is also the batcher, and write `rollup.json` to `path`.

    L2 starts at the L1 block that holds the inbox.

    Raises:
        Retry: L1 does not answer or does not mine.
        Reject: L1 refuses, e.g. because the operator has no ether there.
    """
    deployment = await deploy_inbox(l1, clock, operator_key, private_key_address(operator_key))
    origin = await l1.block(deployment.block_number)
    if origin is None or origin.hash != deployment.block_hash:
        raise Retry(f"L1 block {deployment.block_number}, which held the deployment, was reorganised; start again")
    rollup = new_rollup(
        chain=rollup_chain_config(
            options.chain_id,
            options.fork,
            elasticity=options.elasticity,
            base_fee_change_denominator=options.base_fee_change_denominator,
        ),
        l1_chain_id=await l1.chain_id(),
        l1_genesis=origin,
        inbox_address=deployment.address,
        accounts=options.accounts,
        block_time_milliseconds=options.block_time_milliseconds,
        gas_limit=options.gas_limit,
        da_layer=options.da_layer,
        max_sequencer_drift_seconds=options.max_sequencer_drift_seconds,
        sequencing_window=options.sequencing_window,
    )
    save_rollup(rollup, path)
    return rollup
