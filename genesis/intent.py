"""An intent: everything that makes one chain, as frozen values. Each field's `Knob` says what it is and may be.

`genesis.intent_file` reads one from TOML. A knob that says `not_yet` takes nothing but its default; to switch it on,
remove that argument and give the value to the node in `node/network/launch.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from genesis.knobs import (
    AccountAddress,
    Balances,
    Change,
    Knob,
    OneOf,
    Seconds,
    Settings,
    Several,
    Text,
    Truth,
    Whole,
)

REQUIRED_CHAIN_ID = 0
"""Stands where a file must say the chain id."""
MAX_WEI = 2**96 - 1
DAY = 86_400
LAYERS = ("calldata", "file", "blob", "alt-da", "celestia")


@dataclass(frozen=True, slots=True)
class ChainKnobs:
    """What the chain is."""

    chain_id: Annotated[
        int, Knob("EIP-155 chain id, which no other chain of the network has. Must be given.", Whole(1, 2**53 - 1))
    ] = REQUIRED_CHAIN_ID
    name: Annotated[
        str,
        Knob(
            "What people call the chain, and its folder. Unless given, the file's name.",
            Text(r"[a-z][a-z0-9-]{0,30}", "lower-case letters, digits and dashes, a letter first, at most 31"),
        ),
    ] = ""
    block_time_seconds: Annotated[float, Knob("Between blocks.", Seconds(0.1, 60))] = 2.0
    gas_limit: Annotated[int, Knob("Gas per block.", Whole(5_000_000, 200_000_000, "gas"), Change.GOVERNANCE)] = (
        30_000_000
    )
    vm: Annotated[
        str,
        Knob(
            "What executes transactions.",
            OneOf(("pyevm", "svm", "payments")),
            values_not_yet={"svm": "there is one engine, pyevm", "payments": "there is one engine, pyevm"},
        ),
    ] = "pyevm"
    fork: Annotated[str, Knob("The rules that the chain starts with.", OneOf(("cancun", "prague", "osaka")))] = "cancun"
    dev_accounts: Annotated[
        bool, Knob("Fund the ten accounts whose keys everybody knows, with 10,000 ether each.", Truth())
    ] = True
    accounts: Annotated[
        tuple[tuple[str, int], ...],
        Knob('Further accounts that genesis funds, in ether: { "0x…" = 100, "0x…" = "0.5" }.', Balances()),
    ] = ()


@dataclass(frozen=True, slots=True)
class FeeKnobs:
    """What transactions cost."""

    mode: Annotated[
        str,
        Knob(
            "How gas is priced: by EIP-1559; always at min_base_fee_wei; or not at all.",
            OneOf(("eip1559", "legacy", "zero_gas")),
        ),
    ] = "eip1559"
    elasticity: Annotated[
        int, Knob("EIP-1559: the gas limit divided by the gas target.", Whole(1, 1000), Change.GOVERNANCE)
    ] = 6
    base_fee_change_denominator: Annotated[
        int,
        Knob(
            "EIP-1559: the base fee changes by at most one part in so many per block.",
            Whole(1, 1_000_000),
            Change.GOVERNANCE,
        ),
    ] = 50
    min_base_fee_wei: Annotated[
        int, Knob("The base fee never falls below.", Whole(0, 2**64 - 1, "wei"), Change.GOVERNANCE)
    ] = 0
    base_fee_recipient: Annotated[str, Knob("Who gets the base fee.", AccountAddress(("burn",)), Change.GOVERNANCE)] = (
        "burn"
    )
    operator_fee_wei: Annotated[
        int, Knob("Fixed fee per transaction, for the operator.", Whole(0, 2**64 - 1, "wei"), Change.GOVERNANCE)
    ] = 0
    operator_fee_scalar: Annotated[
        int,
        Knob("Fee for the operator per gas, in millionths of a wei.", Whole(0, 2**32 - 1), Change.GOVERNANCE),
    ] = 0
    l1_base_fee_scalar: Annotated[
        int,
        Knob("Fee for data: millionths of 16 times L1's base fee, per byte.", Whole(0, 2**32 - 1), Change.GOVERNANCE),
    ] = 0
    l1_blob_base_fee_scalar: Annotated[
        int,
        Knob("Fee for data: millionths of L1's blob base fee, per byte.", Whole(0, 2**32 - 1), Change.GOVERNANCE),
    ] = 0
    gas_token: Annotated[
        str,
        Knob("What pays for gas: L1's ether, or an ERC-20 token of L1.", AccountAddress(("native",))),
    ] = "native"  # noqa: S105 - a token of another kind


@dataclass(frozen=True, slots=True)
class SequencingKnobs:
    """Who orders transactions, and within which bounds."""

    mode: Annotated[
        str,
        Knob(
            "Who makes blocks.",
            OneOf(("single", "based", "rotating", "elected")),
            values_not_yet=dict.fromkeys(("based", "rotating", "elected"), "one sequencer makes the blocks"),
        ),
    ] = "single"
    max_drift_seconds: Annotated[
        int,
        Knob("How far blocks may be ahead of the L1 they build on.", Whole(10, DAY, "seconds")),
    ] = 600
    window_l1_blocks: Annotated[
        int,
        Knob(
            "Within so many L1 blocks batches must be posted and deposits included; after that derivation does it.",
            Whole(10, 1_000_000, "L1 blocks"),
        ),
    ] = 3600
    forced_inclusion_seconds: Annotated[
        int,
        Knob(
            "How long the sequencer may leave out what was sent through L1.",
            Whole(1, 30 * DAY, "seconds"),
            not_yet="window_l1_blocks says how long",
        ),
    ] = 14_400
    empty_blocks: Annotated[
        bool, Knob("Make blocks when there are no transactions; if not, one a minute.", Truth(), Change.RESTART)
    ] = True
    l1_confirmations: Annotated[
        int, Knob("How far the sequencer stays behind L1's head.", Whole(0, 1000, "L1 blocks"), Change.RESTART)
    ] = 0


@dataclass(frozen=True, slots=True)
class DataKnobs:
    """Where batches are published, how often and how large."""

    layer: Annotated[
        str,
        Knob(
            "Where the batches go.",
            OneOf(LAYERS),
        ),
    ] = "calldata"
    fallback: Annotated[
        tuple[str, ...],
        Knob(
            "Layers to turn to, in this order, while the first does not take batches.",
            Several(LAYERS),
        ),
    ] = ()
    settings: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            'What the layers need, as `tombolo up --da-set` takes it: { "alt-da.url" = "http://127.0.0.1:3100" }.',
            Settings(),
        ),
    ] = ()
    compression: Annotated[
        str,
        Knob(
            "How batches are packed.",
            OneOf(("none", "items")),
            values_not_yet={"items": "batches are posted as they are"},
        ),
    ] = "none"
    batch_interval_seconds: Annotated[
        float, Knob("The least time between batches.", Seconds(0.1, DAY), Change.RESTART)
    ] = 6.0
    max_batch_bytes: Annotated[
        int,
        Knob("The largest batch; 0 for what the layer takes.", Whole(0, 100_000_000, "bytes"), Change.RESTART),
    ] = 0
    max_pending: Annotated[
        int, Knob("Batches that may be on their way to L1 at once.", Whole(1, 64, "batches"), Change.RESTART)
    ] = 8


@dataclass(frozen=True, slots=True)
class ProofKnobs:
    """What makes a withdrawal trustworthy."""

    system: Annotated[
        str,
        Knob(
            "Who says that an output root is true: L1 itself, by a dispute down to one step (fraud); or the operator's "
            "account, which users have to trust (dangerous_none).",
            OneOf(("fraud", "attested", "validity", "dangerous_none")),
            values_not_yet={
                "attested": "there are no staked validators yet",
                "validity": "there is no validity proof yet",
            },
        ),
    ] = "dangerous_none"
    challenge_period_seconds: Annotated[
        int,
        Knob("How long an output can be challenged, and messages and withdrawals wait.", Whole(1, 60 * DAY, "seconds")),
    ] = 7 * DAY
    finalisation_delay_seconds: Annotated[
        int, Knob("From proving a withdrawal to finalising it, at least.", Whole(1, 60 * DAY, "seconds"))
    ] = DAY
    clock_seconds: Annotated[
        int,
        Knob("Of fraud proofs: each side's time for its moves, in all.", Whole(1, 30 * DAY, "seconds")),
    ] = 302_400
    clock_extension_seconds: Annotated[
        int,
        Knob(
            "Of fraud proofs: time that both sides have at least when a dispute comes to another kind of thing.",
            Whole(1, DAY, "seconds"),
        ),
    ] = 10_800
    proposer_bond_wei: Annotated[int, Knob("Put down with an output.", Whole(1, MAX_WEI, "wei"))] = 10**18
    challenger_bond_wei: Annotated[
        int, Knob("Of fraud proofs: put down with a challenge.", Whole(1, MAX_WEI, "wei"))
    ] = 10**18
    proposal_interval_seconds: Annotated[
        int,
        Knob(
            "The least time between proposed outputs; messages and withdrawals wait for one.",
            Whole(1, 30 * DAY, "seconds"),
            Change.RESTART,
        ),
    ] = 3600
    permissioned: Annotated[bool, Knob("Only the chain's own proposer may propose outputs.", Truth())] = False


@dataclass(frozen=True, slots=True)
class GovernanceKnobs:
    """Who may change what can be changed."""

    mode: Annotated[
        str,
        Knob(
            "Who decides: an account; a contract on L1, which is then the owner; or nobody, ever.",
            OneOf(("owner", "multisig", "governor", "immutable")),
        ),
    ] = "owner"
    owner: Annotated[
        str,
        Knob("The account that decides: the operator's, or another.", AccountAddress(("operator",))),
    ] = "operator"
    timelock_seconds: Annotated[
        int,
        Knob(
            "From the announcement of a change to its effect.",
            Whole(0, 60 * DAY, "seconds"),
        ),
    ] = 2 * DAY


@dataclass(frozen=True, slots=True)
class MetalayerKnobs:
    """The chain's place in the network."""

    join: Annotated[bool, Knob("Be in the network from the first block on.", Truth())] = True
    security: Annotated[
        str,
        Knob(
            "What proves a message.",
            OneOf(("settled_root", "staked", "optimistic")),
            values_not_yet=dict.fromkeys(("staked", "optimistic"), "messages are proven by settled roots"),
        ),
    ] = "settled_root"
    message_expiry_seconds: Annotated[
        int,
        Knob(
            "After which an undelivered message goes back that does not say when itself.",
            Whole(60, 60 * DAY, "seconds"),
        ),
    ] = 7 * DAY
    delivery_fee_wei: Annotated[
        int,
        Knob(
            "What a message to another chain costs; 0 with the next one: every fee is a bid. The governor sets others.",
            Whole(0, 10**17, "wei"),
        ),
    ] = 0
    delivery_gas_price_wei: Annotated[
        int, Knob("Beside that, per gas that the message may use where it arrives.", Whole(0, 10**10, "wei"))
    ] = 0
    governor: Annotated[
        str,
        Knob(
            "Who may set the prices of deliveries, and limits on arriving tokens, on the chain itself.",
            AccountAddress(("operator", "nobody")),
        ),
    ] = "operator"
    era_overhead_millionths: Annotated[
        int,
        Knob(
            "What the network takes of a message's fee, in ERA.",
            Whole(0, 1_000_000),
            not_yet="fees are paid in ether, to whoever delivers",
        ),
    ] = 0
    rate_limit_ether: Annotated[
        int,
        Knob("Ether that may leave for other chains per hour; 0 for no limit.", Whole(0, 10**9, "ether")),
    ] = 0


@dataclass(frozen=True, slots=True)
class NodeKnobs:
    """How the chain's processes run on this machine. Nobody else sees these."""

    rpc_port: Annotated[
        int, Knob("JSON-RPC of the sequencer; 0 for the next free one.", Whole(0, 65_535), Change.RESTART)
    ] = 0
    verifier_port: Annotated[
        int,
        Knob("JSON-RPC of the node that trusts L1 alone; 0 for the next free one.", Whole(0, 65_535), Change.RESTART),
    ] = 0
    proposer: Annotated[
        bool,
        Knob(
            "Run a node that derives the chain from L1 and proposes its output roots. Without one on some machine "
            "nothing leaves the chain.",
            Truth(),
            Change.RESTART,
        ),
    ] = True
    challenger: Annotated[
        bool,
        Knob("Run a node that disputes false outputs, where fraud proofs decide.", Truth(), Change.RESTART),
    ] = True
    verifier: Annotated[bool, Knob("Run such a node even where it does not propose.", Truth(), Change.RESTART)] = True
    retention_blocks: Annotated[
        int,
        Knob("Keep the states of so many of the newest blocks; 0 for all.", Whole(0, 10**9, "blocks"), Change.RESTART),
    ] = 0
    rpc_fronts: Annotated[
        int,
        Knob("Processes that read requests beside the sequencer's own.", Whole(0, 64, "processes"), Change.RESTART),
    ] = 0
    faucet: Annotated[
        bool, Knob("Give ether away, on the embedded L1 alone; needs dev_accounts.", Truth(), Change.RESTART)
    ] = True
    log_level: Annotated[
        str, Knob("The least that is logged.", OneOf(("debug", "info", "warning", "error")), Change.RESTART)
    ] = "info"


@dataclass(frozen=True, slots=True)
class Intent:
    """One chain as its owner wants it."""

    chain: ChainKnobs = ChainKnobs()
    fees: FeeKnobs = FeeKnobs()
    sequencing: SequencingKnobs = SequencingKnobs()
    da: DataKnobs = DataKnobs()
    proof: ProofKnobs = ProofKnobs()
    governance: GovernanceKnobs = GovernanceKnobs()
    metalayer: MetalayerKnobs = MetalayerKnobs()
    node: NodeKnobs = NodeKnobs()


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A knob with where it stands and what it is unless said otherwise. There is one of each: see `places`."""

    group: str
    name: str
    knob: Knob
    default: object

    @property
    def key(self) -> str:
        """Group and name, as in errors: ``[chain] gas_limit``."""
        return f"[{self.group}] {self.name}"


@cache
def places() -> tuple[Place, ...]:
    """Every knob there is, in the order of the file."""
    return tuple(_places())


def _places() -> Iterator[Place]:
    default = Intent()
    for group in fields(Intent):
        values = getattr(default, group.name)
        hints: dict[str, Any] = get_type_hints(type(values), include_extras=True)
        for item in fields(values):
            (knob,) = [part for part in get_args(hints[item.name]) if isinstance(part, Knob)]
            yield Place(group.name, item.name, knob, getattr(values, item.name))


def value_of(intent: Intent, place: Place) -> object:
    """What the intent says at this place."""
    value: object = getattr(getattr(intent, place.group), place.name)
    return value
