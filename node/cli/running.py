"""Commands that start a whole rollup, and ask how it stands."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.chosen import (
    BaseFeeDenominator,
    BlockTime,
    ChainId,
    ChallengeWindow,
    Chosen,
    DataLayers,
    Elasticity,
    Fees,
    FinalisationDelay,
    FraudProofs,
    GasLimit,
    InitialFork,
    SequencerDrift,
    SequencingWindow,
)
from node.cli.given import from_command_line, given
from node.cli.option import flag
from node.cli.parameters import (
    DATA_DIR,
    L1_CHAIN_ID,
    RPC_URL,
    Config,
    DaSet,
    DataDir,
    EmptyBlocks,
    Host,
    Keystore,
    L1Confirmations,
    LogFormatOption,
    LogLevelOption,
    ProposalInterval,
    Retention,
    RpcUrl,
    keep_states,
)
from node.cli.places import (
    ChallengerPort,
    IntentFiles,
    L1BlockTime,
    L1Port,
    PagePort,
    RpcPort,
    UpL1,
    VerifierPort,
)
from node.logs import LogFormat, LogLevel

FOR_NETWORKS = (
    "files",
    "data_dir",
    "l1",
    "l1_port",
    "l1_block_time",
    "page_port",
    "host",
    "operator_keystore",
    "config",
)
"""Options of `up` that go with intent files."""


def up(
    context: typer.Context,
    files: IntentFiles = None,
    data_dir: DataDir = DATA_DIR,
    l1: UpL1 = None,
    chain_id: ChainId = None,
    block_time: BlockTime = None,
    gas_limit: GasLimit = None,
    fork: InitialFork = None,
    da: DataLayers = None,
    da_set: DaSet = "",
    elasticity: Elasticity = None,
    base_fee_denominator: BaseFeeDenominator = None,
    fees: Fees = None,
    fraud_proofs: FraudProofs = False,
    sequencer_drift: SequencerDrift = None,
    sequencing_window: SequencingWindow = None,
    challenge_window: ChallengeWindow = None,
    finalisation_delay: FinalisationDelay = None,
    rpc_port: RpcPort = 8545,
    verifier_port: VerifierPort = 8546,
    challenger_port: ChallengerPort = 8547,
    l1_port: L1Port = 8544,
    l1_block_time: L1BlockTime = 1.0,
    page_port: PagePort = None,
    host: Host = "127.0.0.1",
    retention: Retention = "archive",
    operator_keystore: Keystore = None,
    empty_blocks: EmptyBlocks = True,
    l1_confirmations: L1Confirmations = 0,
    proposal_interval: ProposalInterval = None,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    config: Config = None,
) -> None:
    """Start a whole rollup on this machine and report each of its blocks.

    An L1, a sequencer with its batcher, and a verifier that reads nothing but L1
    and the data layer; with --fraud-proofs a challenger too, who disputes false
    outputs down to one step that L1 executes. Ctrl-C stops them; the chain stays in the data folder, and
    the next `up` goes on from there. What makes the chain (its id, times, gas,
    fees, fork and data layer) is chosen once, at the first start.

    With intent files it starts a network instead: one L1 and a rollup for each
    file, meshed. See `tombolo new`, `plan`, `add`, `down`.

    \b
    [bold]Examples[/]
      [dim]# everything with the usual settings[/]
      tombolo up
      [dim]# quick blocks, batches in files[/]
      tombolo up --block-time 0.5 --da file
      [dim]# batches in blobs; on a data server, and in calldata while that is away[/]
      tombolo up --da blob
      tombolo up --da alt-da,calldata --da-set alt-da.url=http://127.0.0.1:3100
      [dim]# gas that costs nothing; or an operator who is paid for data on L1[/]
      tombolo up --fees zero-gas
      tombolo up --fees l1-base-fee-scalar=1000000
      [dim]# whoever lies loses: the dispute game on L1, and a challenger who watches[/]
      tombolo up --fraud-proofs
      [dim]# states of the last thousand blocks only, no blocks without transactions[/]
      tombolo up --retention 1000 --no-empty-blocks
      [dim]# a second rollup beside the first[/]
      tombolo up --data-dir b --rpc-port 9545 --verifier-port 9546 --l1-port 9544
      [dim]# on an L1 of your own[/]
      TOMBOLO_OPERATOR_KEY=0x… tombolo up --l1 http://127.0.0.1:9000
      [dim]# a network of chains; again, to go on[/]
      tombolo up lagoon.toml arcade.toml
    """
    if files:
        _only_without_files(context)
        _run_network(context, files, data_dir, l1, page_port, operator_keystore)
        return

    from node.cli.up_view import check_relaunch, show_up
    from node.up.options import UpOptions

    gas = (gas_limit, fork, da, elasticity, base_fee_denominator)
    times = (sequencer_drift, sequencing_window, challenge_window, finalisation_delay)
    chosen = Chosen(chain_id, block_time, *gas, *times, fees, fraud_proofs)
    options = UpOptions(
        data_dir=data_dir,
        launch=chosen.launch(da_set, on_own_l1=l1 is None),
        l1_url=l1,
        l1_port=l1_port,
        l1_chain_id=L1_CHAIN_ID,
        l1_block_time_seconds=l1_block_time,
        rpc_port=rpc_port,
        verifier_port=verifier_port,
        challenger_port=challenger_port,
        host=host,
        operator_keystore=operator_keystore,
        keep_states=keep_states(retention),
        empty_blocks=empty_blocks,
        l1_confirmations=l1_confirmations,
        proposal_interval_seconds=proposal_interval,
        log_format=log_format,
        log_level=log_level,
    )
    check_relaunch(options.rollup_path, chosen.given())
    show_up(options)


def _run_network(
    context: typer.Context,
    files: list[Path],
    data_dir: Path,
    l1: str | None,
    page_port: int | None,
    operator_keystore: Path | None,
) -> None:
    """What was said for the first start is kept in the folder, so a default says nothing."""
    from node.cli.network_run import NetworkOptions, run_network

    network = NetworkOptions(
        data_dir,
        l1_url=l1,
        l1_port=given(context, "l1_port", context.params["l1_port"]),
        l1_block_time_seconds=given(context, "l1_block_time", context.params["l1_block_time"]),
        page_port=page_port,
        host=given(context, "host", context.params["host"]),
        operator_keystore=operator_keystore,
    )
    run_network(files, network)


def _only_without_files(context: typer.Context) -> None:
    """What an intent file says is not said by an option as well."""
    for name in context.params:
        if name not in FOR_NETWORKS and from_command_line(context, name):
            raise typer.BadParameter(
                f"--{name.replace('_', '-')} is in the intent files of a network, or has no place in it"
            )


def status(
    context: typer.Context,
    rpc_url: RpcUrl = RPC_URL,
    data_dir: DataDir = DATA_DIR,
    as_json: Annotated[bool, flag("--json", "Print the node's own answer.")] = False,
) -> None:
    """Show where a running node stands: its heads, L1, the pool, the batcher.

    [bold]unsafe[/] is what the sequencer says, [bold]safe[/] what L1 and the data layer
    prove, [bold]finalized[/] what L1 cannot take back. While a network of intent files
    runs here, and no URL is given, all of its chains are shown.

    \b
    [bold]Examples[/]
      tombolo status
      [dim]# the verifier that `up` started[/]
      tombolo status --rpc-url http://127.0.0.1:8546
      tombolo status --json
    """
    import asyncio

    from node.cli.views import show_status
    from node.clock import SystemClock
    from node.network.files import NetworkFolder
    from node.status import node_status

    folder = NetworkFolder(data_dir / "network")
    if given(context, "rpc_url", rpc_url) is None and folder.is_running():
        from node.cli.network_run import show_running

        show_running(folder, as_json=as_json)
        return
    found = asyncio.run(node_status(rpc_url, SystemClock().now()))
    show_status(found, as_json=as_json)
