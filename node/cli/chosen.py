"""What `tombolo up` lets one choose at a rollup's launch: the options, and the launch that follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.option import flag, option
from node.cli.parameters import L2_CHAIN_ID, MAX_CHAIN_ID, ForkName, block_time_option, check_layers, da_settings
from protocol.errors import InvalidInput

if TYPE_CHECKING:
    from node.launch import LaunchOptions

ChainId = Annotated[
    int | None, option("--chain-id", "Chain id of the rollup.", least=1, most=MAX_CHAIN_ID, shown=str(L2_CHAIN_ID))
]
BlockTime = Annotated[float | None, block_time_option("Seconds between blocks of the rollup.")]
GasLimit = Annotated[
    int | None, option("--gas-limit", "Gas per block.", least=1_000_000, most=200_000_000, shown="30000000")
]
InitialFork = Annotated[ForkName | None, option("--fork", "Rules that the rollup starts with.", shown="cancun")]
DataLayers = Annotated[
    str | None,
    option(
        "--da",
        "Data-availability layers for batches, in the order in which the batcher tries them: calldata, file, "
        "blob, alt-da, celestia.",
        unit="LAYER[,LAYER…]",
        check=check_layers,
        shown="calldata",
    ),
]
Elasticity = Annotated[
    int | None,
    option("--elasticity", "EIP-1559: the gas limit divided by the gas target.", least=1, most=1000, shown="2"),
]
BaseFeeDenominator = Annotated[
    int | None,
    option(
        "--base-fee-denominator",
        "EIP-1559: the base fee changes by at most one part in so many per block.",
        least=1,
        most=1_000_000,
        shown="8",
    ),
]


def check_fee_words(value: str | None) -> str | None:
    """Let through fees, in one spelling."""
    if value is None:
        return None
    from node.fee_options import fees_of_words, words_of_fees  # noqa: PLC0415 - loads the rules, which --help does without

    try:
        return words_of_fees(fees_of_words(value))
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error


Fees = Annotated[
    str | None,
    option(
        "--fees",
        "Fees beside EIP-1559's, in wei and millionths; or zero-gas. Names: docs/fees.md.",
        unit="NAME=VALUE[,…]",
        check=check_fee_words,
        shown="none",
    ),
]
SequencerDrift = Annotated[
    int | None,
    option(
        "--sequencer-drift",
        "How far blocks may be ahead of the L1 they build on: for so long the chain goes on without L1.",
        unit="SECONDS",
        least=10,
        most=86_400,
        shown="600",
    ),
]
SequencingWindow = Annotated[
    int | None,
    option(
        "--sequencing-window",
        "Within how many L1 blocks the sequencer must include a deposit; after that derivation does.",
        unit="L1 BLOCKS",
        least=10,
        most=1_000_000,
        shown="3600",
    ),
]
ChallengeWindow = Annotated[
    int | None,
    option(
        "--challenge-window",
        "How long an output root can be challenged before withdrawals pass.",
        unit="SECONDS",
        least=1,
        most=31_536_000,
        shown="20 on the embedded L1 (60 with fraud proofs), else 7 days",
    ),
]
FinalisationDelay = Annotated[
    int | None,
    option(
        "--finalisation-delay",
        "From proving a withdrawal on L1 to its payment, at least.",
        unit="SECONDS",
        least=1,
        most=31_536_000,
        shown="5 on the embedded L1, else a day",
    ),
]
FraudProofs = Annotated[
    bool,
    flag(
        "--fraud-proofs",
        "Launch with the dispute game and its one-step verifier, and run a challenger: a false output root falls "
        "because L1 executes the step that is wrong, not because an account says so. The launch takes about five L1 "
        "blocks longer. Needs the fork cancun.",
        variable=True,
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was given; None where nothing was. The field's name is the option's, in the words of its help."""

    chain_id: int | None = None
    block_time: float | None = None
    gas_limit: int | None = None
    fork: ForkName | None = None
    data_layer: str | None = None
    elasticity: int | None = None
    base_fee_denominator: int | None = None
    sequencer_drift: int | None = None
    sequencing_window: int | None = None
    challenge_window: int | None = None
    finalisation_delay: int | None = None
    fees: str | None = None
    fraud_proofs: bool | None = None

    def launch(self, da_set: str, *, on_own_l1: bool) -> "LaunchOptions":
        """What a new rollup is launched with; defaults stand where nothing was given, short waits on our own L1."""
        from node.fee_options import fees_of_words  # noqa: PLC0415 - as below
        from node.launch import LaunchOptions  # noqa: PLC0415 - loads the node, which --help does without
        from node.proof_contracts import ProofOptions  # noqa: PLC0415 - as above
        from node.settlement import (  # noqa: PLC0415 - as above
            DEV_SETTLEMENT,
            WATCHED_DEV_SETTLEMENT,
            SettlementOptions,
        )
        from protocol.forks import Fork  # noqa: PLC0415 - as above

        default = LaunchOptions(self.chain_id or L2_CHAIN_ID)
        settlement = DEV_SETTLEMENT if on_own_l1 else SettlementOptions()
        if self.fraud_proofs:
            settlement = WATCHED_DEV_SETTLEMENT if on_own_l1 else SettlementOptions(proofs=ProofOptions())
        milliseconds = None if self.block_time is None else round(self.block_time * 1000)
        return LaunchOptions(
            default.chain_id,
            block_time_milliseconds=milliseconds or default.block_time_milliseconds,
            gas_limit=self.gas_limit or default.gas_limit,
            fork=default.fork if self.fork is None else Fork[self.fork.name.upper()],
            da_layer=self.data_layer or default.da_layer,
            elasticity=self.elasticity or default.elasticity,
            base_fee_change_denominator=self.base_fee_denominator or default.base_fee_change_denominator,
            max_sequencer_drift_seconds=self.sequencer_drift or default.max_sequencer_drift_seconds,
            sequencing_window=self.sequencing_window or default.sequencing_window,
            da_settings=da_settings(da_set),
            fees=fees_of_words(self.fees or ""),
            settlement=replace(
                settlement,
                challenge_window_seconds=self.challenge_window or settlement.challenge_window_seconds,
                finalisation_delay_seconds=self.finalisation_delay or settlement.finalisation_delay_seconds,
            ),
        )

    def given(self) -> Mapping[str, object]:
        """By their words, to be compared with a rollup that was launched before."""
        found = {field.name.replace("_", " "): getattr(self, field.name) for field in fields(self)}
        return {
            words: value.value if isinstance(value, ForkName) else value
            for words, value in found.items()
            if value is not None and words != "fraud proofs"  # which `node.up.keys` compares
        }
