"""Launching a rollup: its contracts go to L1, and `rollup.json` says all that a node must know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from da.table import effective_settings, layer_names, provable_settings, public_settings, require_settings
from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE
from genesis.model import GenesisAccount, build_genesis
from node.account import Account
from node.clock import Clock
from node.deploy import Creation, DeploymentFailed, deploy_all
from node.fee_options import FeeOptions, check_fees
from node.l1.client import L1Client
from node.proof_contracts import game_creation, verifier_creations
from node.rollup import Rollup, new_rollup, rollup_chain_config
from node.rollup_file import save_rollup
from node.settlement import (
    L1Addresses,
    SettlementOptions,
    after_genesis,
    before_genesis,
    genesis_output_root,
    l1_addresses,
    settlement_predeploys,
)
from protocol.abi import encode_call
from protocol.chain_config import ChainConfig
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.forks import Fork
from protocol.l1 import L1BlockRef
from protocol.provable import Unprovable, unprovable
from protocol.types import Address, Hash32


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
    fees: FeeOptions = field(default_factory=FeeOptions)
    settlement: SettlementOptions = field(default_factory=SettlementOptions)
    predeploys: Mapping[Address, GenesisAccount] = field(default_factory=dict)
    """What genesis holds beside every chain's predeploys and those of deposits and withdrawals."""
    da_settings: Mapping[str, str] = field(default_factory=dict)
    """Of the layers in `da_layer`, by `layer.key`; the public ones go into the rollup's file."""


def unprovable_launch(options: LaunchOptions) -> Unprovable | None:
    """Why no game could judge such a chain; None if one can."""
    return unprovable(options.fork, layer_names(options.da_layer), options.gas_limit)


async def launch_rollup(l1: L1Client, clock: Clock, operator_key: bytes, options: LaunchOptions, path: Path) -> Rollup:
    """Deploy with `operator_key`, whose account is also the batcher, and write `rollup.json` to `path`, last.

    L2 starts at the L1 block that holds the inbox. Nothing else may send from the operator's account meanwhile. A
    launch that failed leaves contracts that nobody uses; start it again.

    Raises:
        Retry: L1 does not answer or does not mine, or has reorganised.
        Reject: L1 refuses, e.g. because the operator has no ether there; or the options contradict each other.
    """
    chain, settlement, proofs = _checked_chain(options), options.settlement, options.settlement.proofs
    operator = private_key_address(operator_key)
    if not await l1.balance(operator):
        raise InvalidInput(f"0x{operator.hex()}, the operator, has no ether on {l1.name} to launch with: send it some")
    nonce = await l1.nonce(operator)
    verifier = [] if proofs is None or proofs.verifier is not None else verifier_creations(operator, nonce + 2)
    addresses = l1_addresses(operator, nonce, settlement, len(verifier))
    first = before_genesis(operator, addresses, chain, options.gas_limit, settlement, options.fees.knobs)
    made = await deploy_all(l1, clock, operator_key, [*first, *verifier], nonce=nonce)
    inbox = made[1]
    origin = await _canonical(l1, inbox.block_number, inbox.block_hash, "which held the deployment")
    rollup = _describe(options, chain, await l1.chain_id(), origin, addresses, operator)
    rest = _after_genesis(rollup, options, addresses, verifier=made[-1].address)
    bridge = (await deploy_all(l1, clock, operator_key, rest, nonce=nonce + len(made)))[2]
    if settlement.immutable:
        renounce = encode_call("renounce_ownership()")
        await Account(l1, clock, operator_key).send(addresses.settlement.chain_config, renounce)
    if inbox.address != addresses.inbox or bridge.address != addresses.settlement.bridge:
        raise DeploymentFailed("the contracts are not where they were to be: did the operator's account send others?")
    await _canonical(l1, origin.number, origin.hash, "which the rollup was to start at")
    save_rollup(rollup, path)
    return rollup


def _checked_chain(options: LaunchOptions) -> ChainConfig:
    """The execution rules; raises InvalidInput where the options contradict each other."""
    settlement, reason = options.settlement, unprovable_launch(options)
    require_settings(layer_names(options.da_layer), options.da_settings)
    if settlement.immutable and settlement.owner is not None:
        raise InvalidInput("a chain whose settings nobody may change has no owner")
    chain = rollup_chain_config(
        options.chain_id,
        options.fork,
        elasticity=options.elasticity,
        base_fee_change_denominator=options.base_fee_change_denominator,
    )
    check_fees(options.fees, chain, options.gas_limit)
    if _has_game(settlement) and reason is not None:
        raise InvalidInput(f"{reason}: launch otherwise, or without a game")
    return options.fees.on(chain)


def _has_game(settlement: SettlementOptions) -> bool:
    return settlement.game is not None or settlement.proofs is not None


async def _canonical(l1: L1Client, number: int, block_hash: Hash32, role: str) -> L1BlockRef:
    """This block, which L1 must still hold; raises Retry where it does not."""
    found = await l1.block(number)
    if found is None or found.hash != block_hash:
        raise Retry(f"L1 block {number}, {role}, was reorganised; start again")
    return found


def _describe(
    options: LaunchOptions,
    chain: ChainConfig,
    l1_chain_id: int,
    origin: L1BlockRef,
    addresses: L1Addresses,
    operator: Address,
) -> Rollup:
    da_settings = options.da_settings
    if _has_game(options.settlement):
        da_settings = effective_settings(provable_settings(layer_names(options.da_layer)), da_settings)
    return new_rollup(
        chain=chain,
        l1_chain_id=l1_chain_id,
        l1_genesis=origin,
        inbox_address=addresses.inbox,
        accounts=options.accounts,
        block_time_milliseconds=options.block_time_milliseconds,
        gas_limit=options.gas_limit,
        da_layer=options.da_layer,
        max_sequencer_drift_seconds=options.max_sequencer_drift_seconds,
        sequencing_window=options.sequencing_window,
        settlement=addresses.settlement,
        predeploys={**settlement_predeploys(addresses.settlement.bridge, operator), **options.predeploys},
        da_settings=public_settings(da_settings),
        fees=options.fees,
    )


def _after_genesis(
    rollup: Rollup, options: LaunchOptions, addresses: L1Addresses, *, verifier: Address
) -> list[Creation]:
    """What needs the genesis output root, in the order of `addresses`; `verifier` judges unless another is shared."""
    genesis = build_genesis(rollup.genesis()).block.header
    root = genesis_output_root(genesis.state_root, genesis.hash)
    settlement, proofs = options.settlement, options.settlement.proofs
    rest = after_genesis(addresses.settlement, root, options.gas_limit, settlement, options.fees.gas_token)
    if proofs is not None:
        from prover.chain import chain_rules  # noqa: PLC0415 - loads the machine, which other launches do without

        rules = chain_rules(rollup.config).digest()
        rest.append(game_creation(addresses.settlement.outputs, proofs.verifier or verifier, rules, proofs))
    return rest
