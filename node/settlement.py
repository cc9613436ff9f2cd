"""A rollup's contracts: what is chosen about them at launch, what their constructors take, what is on L2 from genesis.

`launch` deploys in this order, because each of them needs the ones before it: chain_config, inbox, the verifier where
there are to be disputes, then, once genesis is known, outputs, portal, bridge, game. L2's bridge has the address of
L1's in its code, which is computed beforehand.
"""

from dataclasses import dataclass, replace

from genesis.model import GenesisAccount
from node.artifacts import load_artifact
from node.deploy import Creation, created_address
from node.proof_contracts import DEV_PROOFS, ProofOptions
from protocol.bridge import l2_contracts
from protocol.chain_config import ChainConfig
from protocol.config_changes import MAX_GAS_LIMIT, ChainSettings, settings_of_knobs
from protocol.fee_terms import FEE_ORACLE, L1_FEE_RECIPIENT, NO_FEES, OPERATOR_FEE_RECIPIENT, FeeKnobs
from protocol.mpt import EMPTY_ROOT
from protocol.output_root import OutputRoot, output_root
from protocol.provable import MOST_GAS
from protocol.rollup import FEE_RECIPIENT, SettlementContracts
from protocol.types import Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS

DAY = 86_400
LEAST_DEPOSIT_GAS_LIMIT = 1_000_000
"""The portal refuses less."""


@dataclass(frozen=True, slots=True)
class SettlementOptions:
    """What is chosen once about deposits and withdrawals. An account of None is the operator's."""

    challenge_window_seconds: int = 7 * DAY
    """How long an output root can be challenged."""
    finalisation_delay_seconds: int = DAY
    """From proving a withdrawal to finalising it, if its output is confirmed by then."""
    bond_wei: int = 10**18
    """What a proposer puts behind each output root."""
    deposit_gas_limit: int = 20_000_000
    """L2 gas that deposits may take per L1 block; never more than the blocks' gas limit."""
    config_delay_seconds: int = 2 * DAY
    """From the announcement of a changed setting to the change."""
    owner: Address | None = None
    """Who may change settings."""
    immutable: bool = False
    """Nobody may: the operator's account, which has deployed the chain, gives that up in its launch."""
    proposer: Address | None = None
    """Who may propose output roots, where that is permissioned."""
    permissioned: bool = False
    """Only `proposer` may propose."""
    game: Address | None = None
    """Who judges challenges, where `proofs` is None: a guardian's account, which users then have to trust; or a game
    that is deployed by whoever launches."""
    proofs: ProofOptions | None = None
    """With these the launch deploys verifier and game; `game` is not looked at."""


DEV_SETTLEMENT = SettlementOptions(
    challenge_window_seconds=20, finalisation_delay_seconds=5, bond_wei=10**17, config_delay_seconds=0
)
"""To develop on: a withdrawal takes half a minute."""

WATCHED_DEV_SETTLEMENT = replace(DEV_SETTLEMENT, challenge_window_seconds=60, proofs=DEV_PROOFS)
"""The same under a game: a challenger has a minute to notice, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class L1Addresses:
    """Where a launch that starts at `first_nonce` of its operator's account puts its contracts."""

    inbox: Address
    settlement: SettlementContracts


def l1_addresses(operator: Address, first_nonce: int, options: SettlementOptions, between: int = 0) -> L1Addresses:
    """The addresses of a launch's contracts, before any of them is there; `between` others follow the inbox."""
    chain_config, inbox = (created_address(operator, first_nonce + n) for n in range(2))
    later = first_nonce + 2 + between
    outputs, portal, bridge, last = (created_address(operator, later + n) for n in range(4))
    game = last if options.proofs is not None else options.game or operator
    contracts = SettlementContracts(
        chain_config,
        outputs,
        portal,
        bridge,
        game,
        options.challenge_window_seconds,
        options.finalisation_delay_seconds,
        options.bond_wei,
    )
    return L1Addresses(inbox, contracts)


def before_genesis(
    operator: Address,
    addresses: L1Addresses,
    chain: ChainConfig,
    gas_limit: int,
    options: SettlementOptions,
    fees: FeeKnobs = NO_FEES,
) -> list[Creation]:
    """chain_config and inbox: what the chain starts at. The operator is the first batcher."""
    settings = _initial_settings(chain, gas_limit, fees, batcher=operator, proposer=options.proposer or operator)
    return [
        Creation(
            load_artifact("l1/chain_config"),
            _words(
                options.owner or operator,
                options.config_delay_seconds,
                _deposit_gas_limit(gas_limit, options),
                most_gas(options),
                *settings,
            ),
        ),
        Creation(load_artifact("l1/inbox"), _words(addresses.settlement.chain_config)),
    ]


def after_genesis(
    settlement: SettlementContracts,
    genesis_root: OutputRoot,
    gas_limit: int,
    options: SettlementOptions,
    gas_token: Address | None = None,
) -> list[Creation]:
    """outputs, portal and bridge. With a gas token the portal is the one that takes it instead of ether."""
    outputs = _words(
        settlement.chain_config,
        settlement.game,
        settlement.bond,
        settlement.challenge_window,
        options.permissioned,
    )
    portal = _words(settlement.outputs, settlement.finalisation_delay, _deposit_gas_limit(gas_limit, options))
    kind = "l1/portal"
    if gas_token is not None:
        kind, portal = "l1/token_portal", portal + _words(gas_token)
    return [
        Creation(load_artifact("l1/outputs"), outputs + genesis_root),
        Creation(load_artifact(kind), portal),
        Creation(load_artifact("l1/bridge"), _words(settlement.portal)),
    ]


def settlement_predeploys(l1_bridge: Address, fee_owner: Address) -> dict[Address, GenesisAccount]:
    """Outbox, bridge, token template, fee oracle and fee vaults, as L2's genesis holds them.

    `fee_owner` is who gets on L1 what the vaults gather.
    """
    codes = l2_contracts(
        load_artifact("l2/outbox").runtime_code,
        load_artifact("l2/bridged_token").runtime_code,
        load_artifact("l2/bridge").runtime_code,
        l1_bridge,
    )
    codes[FEE_ORACLE] = load_artifact("l2/fee_oracle").runtime_code
    vault = load_artifact("l2/fee_vault").runtime_code + _words(fee_owner, OUTBOX_ADDRESS)
    codes |= dict.fromkeys((FEE_RECIPIENT, L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT), vault)
    return {address: GenesisAccount(nonce=1, code=code) for address, code in codes.items()}


def genesis_output_root(state_root: Hash32, block_hash: Hash32) -> OutputRoot:
    """Assertion 0: nothing was ever sent, so the outbox's storage is empty."""
    return output_root(state_root, Hash32(EMPTY_ROOT), block_hash)


def _initial_settings(
    chain: ChainConfig, gas_limit: int, fees: FeeKnobs, *, batcher: Address, proposer: Address
) -> tuple[int, ...]:
    """The knobs of `chain_config.vy`, in its order."""
    denominator, elasticity = chain.base_fee_change_denominator, chain.elasticity
    return settings_of_knobs(
        ChainSettings(gas_limit, denominator, elasticity, chain.min_base_fee, fees, batcher, proposer)
    )


def most_gas(options: SettlementOptions) -> int:
    """What no governance can raise the blocks' gas limit above."""
    return MAX_GAS_LIMIT if options.game is None and options.proofs is None else MOST_GAS


def _deposit_gas_limit(gas_limit: int, options: SettlementOptions) -> int:
    return max(LEAST_DEPOSIT_GAS_LIMIT, min(options.deposit_gas_limit, gas_limit))


def _words(*values: Address | int) -> bytes:
    return b"".join(value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0") for value in values)
