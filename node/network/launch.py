"""From an intent to what the node is told: a launch's options, and the arguments of each role's process.

A knob that begins to work gets its line here, and loses its `not_yet` in `genesis/intent.py`.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from da.table import check_settings
from genesis.dev import DEV_ACCOUNTS, DEV_BALANCE
from genesis.intent import Intent
from genesis.model import GenesisAccount
from metalayer.predeploys import MemberOptions
from node.defence import DEFENCE_GAS
from node.fee_options import FeeOptions
from node.launch import LaunchOptions
from node.network.files import ChainPlace, NetworkFolder, NetworkSettings
from node.proof_contracts import ProofOptions
from node.settlement import SettlementOptions
from protocol.crypto import keccak
from protocol.errors import InvalidInput
from protocol.forks import Fork
from protocol.types import ZERO_ADDRESS, Address

MOST_BONDS = 200
"""That a proposer is given ether for at once; it waits for the oldest when it has no more."""
MOST_GAMES = 10
"""That a challenger is given ether for at once."""
FUNDED_FEE = 20 * 10**9
"""Wei per gas at which a proposer is given what a defence takes; where L1 is dearer it asks for more."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the network adds to a chain: accounts with wei, and contracts in its genesis."""

    accounts: Mapping[Address, int] = field(default_factory=dict)
    predeploys: Mapping[Address, GenesisAccount] = field(default_factory=dict)


def launch_options(intent: Intent, beside: Beside, proposer: Address, operator: Address) -> LaunchOptions:
    """What is chosen once; `proposer` is the account that bonds outputs, alone where that is permissioned. `operator`
    is the network's own account, which sends no batches: it decides about the chain, unless the intent names another.
    """
    chain, fees, sequencing = intent.chain, intent.fees, intent.sequencing
    accounts = dict.fromkeys(DEV_ACCOUNTS, DEV_BALANCE) if chain.dev_accounts else {}
    given = {_address(address): wei for address, wei in chain.accounts}
    return LaunchOptions(
        chain_id=chain.chain_id,
        block_time_milliseconds=round(chain.block_time_seconds * 1000),
        gas_limit=chain.gas_limit,
        fork=Fork[chain.fork.upper()],
        da_layer=",".join((intent.da.layer, *intent.da.fallback)),
        da_settings=check_settings(dict(intent.da.settings)),
        elasticity=fees.elasticity,
        base_fee_change_denominator=fees.base_fee_change_denominator,
        max_sequencer_drift_seconds=sequencing.max_drift_seconds,
        sequencing_window=sequencing.window_l1_blocks,
        accounts={**accounts, **beside.accounts, **given},
        fees=fee_options(intent),
        settlement=settlement_options(intent, proposer, operator),
        predeploys=beside.predeploys,
    )


def fee_options(intent: Intent) -> FeeOptions:
    """What the chain charges."""
    fees = intent.fees
    return FeeOptions(
        min_base_fee_wei=fees.min_base_fee_wei,
        fixed_base_fee=fees.mode != "eip1559",
        base_fee_recipient=ZERO_ADDRESS if fees.base_fee_recipient == "burn" else _address(fees.base_fee_recipient),
        operator_fee_scalar=fees.operator_fee_scalar,
        operator_fee_constant_wei=fees.operator_fee_wei,
        l1_base_fee_scalar=fees.l1_base_fee_scalar,
        l1_blob_base_fee_scalar=fees.l1_blob_base_fee_scalar,
        gas_token=None if fees.gas_token == "native" else _address(fees.gas_token),  # noqa: S105 - no secret
    )


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text.removeprefix("0x")))


def settlement_options(intent: Intent, proposer: Address, operator: Address) -> SettlementOptions:
    """Windows, bonds and who decides."""
    proof, governance = intent.proof, intent.governance
    immutable = governance.mode == "immutable"
    owner = operator if governance.owner == "operator" else _address(governance.owner)
    return SettlementOptions(
        challenge_window_seconds=proof.challenge_period_seconds,
        finalisation_delay_seconds=proof.finalisation_delay_seconds,
        bond_wei=proof.proposer_bond_wei,
        permissioned=proof.permissioned,
        config_delay_seconds=governance.timelock_seconds,
        owner=None if immutable else owner,
        immutable=immutable,
        proposer=proposer,
        proofs=proof_options(intent),
    )


def proof_options(intent: Intent) -> ProofOptions | None:
    """Clocks and bond of the dispute game; None where there is none."""
    proof = intent.proof
    if proof.system != "fraud":
        return None
    return ProofOptions(proof.challenger_bond_wei, proof.clock_seconds, proof.clock_extension_seconds)


def member_options(intent: Intent, operator: Address) -> MemberOptions:
    """What a member of the network is told at genesis."""
    metalayer = intent.metalayer
    named = {"operator": operator, "nobody": ZERO_ADDRESS}
    return MemberOptions(
        governor=named.get(metalayer.governor) or _address(metalayer.governor),
        has_ether=intent.fees.gas_token == "native",  # noqa: S105 - no secret
        message_life=metalayer.message_expiry_seconds,
        delivery_wei=metalayer.delivery_fee_wei,
        delivery_wei_per_gas=metalayer.delivery_gas_price_wei,
        ether_wei_per_hour=metalayer.rate_limit_ether * 10**18,
    )


def l1_arguments(folder: NetworkFolder, settings: NetworkSettings) -> list[str]:
    """Of the embedded L1."""
    return [
        *("--role", "l1", "--data-dir", str(folder.path / "l1"), "--host", settings.host),
        *("--rpc-port", str(settings.l1_port), "--chain-id", str(settings.l1_chain_id)),
        *("--block-time", str(settings.l1_block_time_seconds), "--config", os.devnull),
    ]


def sequencer_arguments(
    intent: Intent, place: ChainPlace, folder: NetworkFolder, settings: NetworkSettings
) -> list[str]:
    """Of the process that orders, batches and proposes."""
    faucet = ["--faucet"] if intent.node.faucet and intent.chain.dev_accounts and settings.l1_url is None else []
    return [
        *_common(intent, place, folder, settings, "sequencer", place.rpc_port),
        "--empty-blocks" if intent.sequencing.empty_blocks else "--no-empty-blocks",
        *("--l1-confirmations", str(intent.sequencing.l1_confirmations)),
        *("--batch-interval", str(intent.da.batch_interval_seconds)),
        *("--max-batch-bytes", str(intent.da.max_batch_bytes)),
        *("--max-pending", str(intent.da.max_pending)),
        *("--rpc-fronts", str(intent.node.rpc_fronts)),
        *faucet,
    ]


def second_node(intent: Intent) -> str | None:
    """The role of the process beside the sequencer, which trusts L1 alone; None when there is none."""
    if intent.node.proposer:
        return "proposer"
    return "verifier" if intent.node.verifier else None


def second_node_arguments(
    intent: Intent, place: ChainPlace, folder: NetworkFolder, settings: NetworkSettings
) -> list[str]:
    """Of that process."""
    role = second_node(intent) or "verifier"
    proposer = ["--proposal-interval", str(intent.proof.proposal_interval_seconds)] if role == "proposer" else []
    return [*_common(intent, place, folder, settings, role, place.verifier_port), "--rpc-fronts", "0", *proposer]


def has_challenger(intent: Intent) -> bool:
    """Whether a process on this machine disputes false outputs."""
    return intent.node.challenger and intent.proof.system == "fraud"


def challenger_arguments(
    intent: Intent, place: ChainPlace, folder: NetworkFolder, settings: NetworkSettings
) -> list[str]:
    """Of that process; nobody need know its port."""
    return [*_common(intent, place, folder, settings, "challenger", 0), "--rpc-fronts", "0"]


def relayer_arguments(
    intents: Iterable[Intent], urls: Mapping[str, str], folder: NetworkFolder, settings: NetworkSettings
) -> list[str]:
    """Of the process that carries messages between these chains."""
    chains = [f"{intent.chain.chain_id}={urls[intent.chain.name]}" for intent in intents]
    return [
        *("--network", str(folder.mesh_file), "--l1", settings.l1_endpoint, "--poll", "0.5"),
        *(part for chain in chains for part in ("--chain", chain)),
    ]


def proposer_wei(intent: Intent, gas_wei: int) -> int:
    """What a proposer needs on L1: a bond for each output that is open at a time, for gas `gas_wei`, and where a game
    judges what it keeps back for one.
    """
    proof = intent.proof
    open_outputs = proof.challenge_period_seconds // proof.proposal_interval_seconds + 3
    kept = DEFENCE_GAS * FUNDED_FEE if proof.system == "fraud" else 0
    return gas_wei + proof.proposer_bond_wei * min(open_outputs, MOST_BONDS) + kept


def challenger_wei(intent: Intent, gas_wei: int) -> int:
    """What a challenger needs on L1: a bond for each game at a time, and for gas `gas_wei`."""
    return gas_wei + intent.proof.challenger_bond_wei * MOST_GAMES


def _common(
    intent: Intent, place: ChainPlace, folder: NetworkFolder, settings: NetworkSettings, role: str, port: int
) -> list[str]:
    chain = folder.chain(place.name)
    retention = str(intent.node.retention_blocks) if intent.node.retention_blocks else "archive"
    return [
        *(
            "--role",
            role,
            "--data-dir",
            str(chain.path / (role if role in ("sequencer", "challenger") else "verifier")),
            "--host",
            settings.host,
            "--rpc-port",
            str(port),
        ),
        *("--rollup", str(chain.rollup), "--l1", settings.l1_endpoint, "--da-dir", str(chain.da)),
        *("--da-set", ",".join(f"{key}={value}" for key, value in intent.da.settings)),
        *("--retention", retention, "--log-level", intent.node.log_level, "--config", os.devnull),
    ]


def role_key(deployer_key: bytes, chain_id: int, role: str) -> bytes:
    """A key for one role of one chain, which whoever has the deployer's key can make again: nothing is stored.

    Each chain has accounts of its own on L1, because two processes that send from one account would use up each
    other's nonces.
    """
    return keccak(b"tombolo role key" + deployer_key + chain_id.to_bytes(8, "big") + role.encode())


def check_for_l1(intent: Intent, settings: NetworkSettings) -> None:
    """Raise InvalidInput for an intent that does not fit this L1, or that no launch takes."""
    check_settings(dict(intent.da.settings))
    window_seconds = intent.sequencing.window_l1_blocks * settings.l1_block_time_seconds
    if settings.l1_url is None and intent.da.batch_interval_seconds >= window_seconds:
        raise InvalidInput(
            f"{intent.chain.name}: [da] batch_interval_seconds = {intent.da.batch_interval_seconds:g} must be below "
            f"the sequencing window, which is {window_seconds:g} seconds on this L1"
        )
