"""Commands that start a rollup, one of its roles, and ask how it stands."""

from typing import TYPE_CHECKING, Annotated, TypeVar

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
    GasLimit,
    InitialFork,
    SequencerDrift,
    SequencingWindow,
)
from node.cli.parameters import (
    DATA_DIR,
    L1_CHAIN_ID,
    L1_URL,
    RPC_URL,
    BatchInterval,
    Config,
    DaDir,
    DaSet,
    DataDir,
    EmptyBlocks,
    Host,
    Keystore,
    L1Confirmations,
    L1Url,
    LogFormatOption,
    LogLevelOption,
    MaxBatchBytes,
    MaxPending,
    ProposalInterval,
    Retention,
    RoleName,
    Rollup,
    RpcUrl,
    da_settings,
    keep_states,
)
from node.cli.places import (
    Fronts,
    GiveAway,
    IntentFiles,
    L1BlockTime,
    L1ChainId,
    L1Pace,
    L1Port,
    PagePort,
    RoleFolder,
    RpcPort,
    ServePort,
    UpL1,
    VerifierPort,
    WithParent,
)
from node.logs import LogFormat, LogLevel

if TYPE_CHECKING:
    from node.rollup_node import PlayerOptions, ProposerOptions, SequencerOptions

T = TypeVar("T")

FOR_SEQUENCERS = ("empty_blocks", "l1_confirmations", "batch_interval", "max_batch_bytes", "max_pending")
"""Options of `node` that mean nothing to other roles."""
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
    sequencer_drift: SequencerDrift = None,
    sequencing_window: SequencingWindow = None,
    challenge_window: ChallengeWindow = None,
    finalisation_delay: FinalisationDelay = None,
    rpc_port: RpcPort = 8545,
    verifier_port: VerifierPort = 8546,
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
    and the data layer. Ctrl-C stops them; the chain stays in the data folder, and
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
      [dim]# states of the last thousand blocks only, no blocks without transactions[/]
      tombolo up --retention 1000 --no-empty-blocks
      [dim]# a second rollup beside the first[/]
      tombolo up --data-dir b --rpc-port 9545 --verifier-port 9546 --l1-port 9544
      [dim]# on an L1 of your own[/]
      TOMBOLO_OPERATOR_KEY=0x… tombolo up --l1 http://127.0.0.1:9000
      [dim]# a network of chains; again, to go on[/]
      tombolo up lagoon.toml arcade.toml
    """
    chosen = Chosen(
        chain_id,
        block_time,
        gas_limit,
        fork,
        da,
        elasticity,
        base_fee_denominator,
        sequencer_drift,
        sequencing_window,
        challenge_window,
        finalisation_delay,
        fees,
    )
    if files:
        _only_without_files(context)
        from node.cli.network_run import NetworkOptions, run_network

        network = NetworkOptions(
            data_dir,
            l1_url=l1,
            l1_port=_given(context, "l1_port", l1_port),
            l1_block_time_seconds=_given(context, "l1_block_time", l1_block_time),
            page_port=page_port,
            host=_given(context, "host", host),
            operator_keystore=operator_keystore,
        )
        run_network(files, network)
        return
    from node.cli.up_view import check_relaunch, show_up
    from node.up import UpOptions

    options = UpOptions(
        data_dir=data_dir,
        launch=chosen.launch(da_set, on_own_l1=l1 is None),
        l1_url=l1,
        l1_port=l1_port,
        l1_chain_id=L1_CHAIN_ID,
        l1_block_time_seconds=l1_block_time,
        rpc_port=rpc_port,
        verifier_port=verifier_port,
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


def _only_without_files(context: typer.Context) -> None:
    """What an intent file says is not said by an option as well."""
    for name in context.params:
        if name not in FOR_NETWORKS and _from_command_line(context, name):
            raise typer.BadParameter(
                f"--{name.replace('_', '-')} is in the intent files of a network, or has no place in it"
            )


def _given(context: typer.Context, name: str, value: T) -> T | None:
    """The option's value unless it is the default."""
    source = context.get_parameter_source(name)
    return None if source is None or source.name == "DEFAULT" else value


def _from_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def node(
    context: typer.Context,
    role: Annotated[RoleName, typer.Option(help="What this process is.", show_default=False)],
    data_dir: RoleFolder = None,
    rollup: Rollup = None,
    l1: L1Url = None,
    da_dir: DaDir = None,
    da_set: DaSet = "",
    rpc_port: ServePort = None,
    host: Host = "127.0.0.1",
    chain_id: L1ChainId = None,
    block_time: L1Pace = None,
    retention: Retention = "archive",
    operator_keystore: Keystore = None,
    empty_blocks: EmptyBlocks = True,
    l1_confirmations: L1Confirmations = 0,
    batch_interval: BatchInterval = 6.0,
    max_batch_bytes: MaxBatchBytes = 0,
    max_pending: MaxPending = 8,
    proposal_interval: ProposalInterval = None,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    faucet: GiveAway = False,
    rpc_fronts: Fronts = None,
    config: Config = None,
    with_parent: WithParent = False,
) -> None:
    """Run one role in the foreground: what `up` starts three of.

    A [bold]sequencer[/] orders transactions into blocks and posts them in batches;
    TOMBOLO_OPERATOR_KEY, or an encrypted keystore, holds the key of the L1 account
    that pays. A [bold]verifier[/] derives the same chain from L1 and the data layer, and needs to
    trust nobody. A [bold]proposer[/] is a verifier that also bonds output roots on L1,
    without which nothing can be withdrawn; its key is in TOMBOLO_PROPOSER_KEY, or a
    keystore. A [bold]challenger[/] is a verifier that disputes every bonded output root that
    L1 does not yield, move by move down to one step that L1 executes, and takes half
    of the liar's bond; it needs TOMBOLO_CHALLENGER_KEY or a keystore, ether for the
    game's bond and for gas, and a rollup that was launched with the dispute game. It
    keeps nothing: killed in mid-game, it goes on from L1. [bold]l1[/] is the embedded L1, for development only.

    \b
    [bold]Examples[/]
      [dim]# another verifier of the rollup that `up` runs[/]
      tombolo node --role verifier --data-dir mine --rpc-port 8600
      tombolo node --role l1 --block-time 2
      TOMBOLO_OPERATOR_KEY=0x… tombolo node --role sequencer
      tombolo node --role sequencer --operator-keystore operator.json --log-format json
      [dim]# withdrawals for a rollup on another L1: an output root every ten minutes[/]
      TOMBOLO_PROPOSER_KEY=0x… tombolo node --role proposer --proposal-interval 600
      [dim]# watch what others bond, and dispute what is false[/]
      TOMBOLO_CHALLENGER_KEY=0x… tombolo node --role challenger --data-dir watch
    """
    from node.logs import set_up_logging
    from node.operator_key import CHALLENGER_KEY_VARIABLE, PROPOSER_KEY_VARIABLE, key_of, operator_key

    _check_flags(context, role)
    set_up_logging(log_format, log_level)
    place = data_dir or DATA_DIR / role.value
    key = operator_key(operator_keystore) if role in (RoleName.l1, RoleName.sequencer) else None
    proposer_key = key_of(PROPOSER_KEY_VARIABLE, operator_keystore) if role is RoleName.proposer else None
    challenger_key = key_of(CHALLENGER_KEY_VARIABLE, operator_keystore) if role is RoleName.challenger else None
    if role is RoleName.l1:
        from node.l1_node import L1Options
        from node.run import run_l1
        from protocol.crypto import private_key_address

        l1_options = L1Options(
            place,
            chain_id or L1_CHAIN_ID,
            8544 if rpc_port is None else rpc_port,
            host,
            block_time_seconds=block_time or 1.0,
            funded=tuple(private_key_address(one) for one in (key, key_of(PROPOSER_KEY_VARIABLE)) if one is not None),
            keep_states=keep_states(retention),
        )
        run_l1(l1_options, with_parent=with_parent)
        return

    from node.rollup_node import NodeOptions
    from node.run import run_rollup

    is_sequencer = role is RoleName.sequencer
    default_port = 8545 if is_sequencer else 8546
    batcher = (batch_interval, max_batch_bytes, max_pending)
    options = NodeOptions(
        data_dir=place,
        rollup=rollup or DATA_DIR / "rollup.json",
        l1_url=l1 or L1_URL,
        da_dir=da_dir or DATA_DIR / "da",
        rpc_port=default_port if rpc_port is None else rpc_port,
        host=host,
        sequencer=_sequencer(key, empty_blocks, l1_confirmations, *batcher) if is_sequencer else None,
        keep_states=keep_states(retention),
        faucet=faucet,
        da_settings=da_settings(da_set),
        rpc_fronts=_default_fronts(is_sequencer) if rpc_fronts is None else rpc_fronts,
        proposer=_proposer(proposer_key, proposal_interval) if role is RoleName.proposer else None,
        player=_player(challenger_key) if role is RoleName.challenger else None,
    )
    run_rollup(options, with_parent=with_parent)


def _check_flags(context: typer.Context, role: RoleName) -> None:
    """Refuse flags that mean nothing to this role; the environment may hold them for the others."""
    if role is RoleName.l1:
        _only_for("a sequencer or a verifier", context, "rollup", "l1", "da_dir", "da_set", "faucet", "rpc_fronts")
    else:
        _only_for("the embedded L1", context, "chain_id", "block_time")
    if role is not RoleName.sequencer:
        _only_for("a sequencer", context, *FOR_SEQUENCERS)
    if role is RoleName.verifier:
        _only_for("a sequencer, a proposer or a challenger", context, "operator_keystore")
    if role is not RoleName.proposer:
        _only_for("a proposer", context, "proposal_interval")


def _sequencer(
    key: bytes | None,
    empty_blocks: bool,
    l1_confirmations: int,
    batch_interval: float,
    max_batch_bytes: int,
    max_pending: int,
) -> "SequencerOptions":
    from node.batch_plan import BatcherConfig
    from node.operator_key import OPERATOR_KEY_VARIABLE
    from node.rollup_node import SequencerOptions

    if key is None:
        raise typer.BadParameter(
            f"a sequencer needs {OPERATOR_KEY_VARIABLE} or --operator-keystore: the key that pays for batches on L1"
        )
    # A chain in a hurry is looked at more often.
    batcher = BatcherConfig(
        batch_interval, max_batch_bytes or None, max_pending, poll_seconds=min(0.5, max(0.1, batch_interval / 4))
    )
    return SequencerOptions(key, batcher, empty_blocks=empty_blocks, l1_confirmations=l1_confirmations)


def _proposer(key: bytes | None, interval_seconds: int | None) -> "ProposerOptions":
    from node.operator_key import PROPOSER_KEY_VARIABLE
    from node.proposer import ProposerConfig
    from node.rollup_node import ProposerOptions

    if key is None:
        raise typer.BadParameter(
            f"a proposer needs {PROPOSER_KEY_VARIABLE} or --operator-keystore: the key that bonds output roots on L1"
        )
    config = ProposerConfig() if interval_seconds is None else ProposerConfig(interval_seconds=interval_seconds)
    return ProposerOptions(key, config)


def _player(key: bytes | None) -> "PlayerOptions":
    from node.operator_key import CHALLENGER_KEY_VARIABLE
    from node.rollup_node import PlayerOptions

    if key is None:
        raise typer.BadParameter(
            f"a challenger needs {CHALLENGER_KEY_VARIABLE} or --operator-keystore: the key that bonds and moves on L1"
        )
    return PlayerOptions(key)


def _default_fronts(is_sequencer: bool) -> int:
    """Most of what clients send goes to the sequencer; more processes pay only with more cores."""
    import os

    cores = os.cpu_count() or 1
    return min(cores, 2) if is_sequencer and cores > 1 else 0


def _only_for(whom: str, context: typer.Context, *parameters: str) -> None:
    for name in parameters:
        if _from_command_line(context, name):
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for {whom}")


def status(
    context: typer.Context,
    rpc_url: RpcUrl = RPC_URL,
    data_dir: DataDir = DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="Print the node's own answer.")] = False,
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
    from node.network_files import NetworkFolder
    from node.status import node_status

    folder = NetworkFolder(data_dir / "network")
    if _given(context, "rpc_url", rpc_url) is None and folder.is_running():
        from node.cli.network_run import show_running

        show_running(folder, as_json=as_json)
        return
    found = asyncio.run(node_status(rpc_url, SystemClock().now()))
    show_status(found, as_json=as_json)
