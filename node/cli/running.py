"""Commands that start a rollup, one of its roles, and ask how it stands."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from node.cli.parameters import (
    DATA_DIR,
    L1_CHAIN_ID,
    L1_URL,
    L2_CHAIN_ID,
    MAX_CHAIN_ID,
    RPC_URL,
    Config,
    DaDir,
    DaSet,
    DataDir,
    EmptyBlocks,
    ForkName,
    Host,
    Keystore,
    L1Confirmations,
    L1Url,
    LogFormatOption,
    LogLevelOption,
    Retention,
    RoleName,
    Rollup,
    RpcUrl,
    block_time_option,
    check_layers,
    check_url,
    da_settings,
    keep_states,
    port_option,
)
from node.logs import LogFormat, LogLevel


def up(
    data_dir: DataDir = DATA_DIR,
    l1: Annotated[
        str | None,
        typer.Option(
            "--l1",
            envvar="TOMBOLO_L1",
            metavar="URL",
            callback=check_url,
            help="Use this L1 instead of the embedded one. The operator's account must have ether on it.",
        ),
    ] = None,
    chain_id: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_CHAIN_ID",
            min=1,
            max=MAX_CHAIN_ID,
            help="Chain id of the rollup.",
            show_default=str(L2_CHAIN_ID),
        ),
    ] = None,
    block_time: Annotated[float | None, block_time_option("Seconds between blocks of the rollup.")] = None,
    gas_limit: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_GAS_LIMIT", min=1_000_000, max=200_000_000, help="Gas per block.", show_default="30000000"
        ),
    ] = None,
    fork: Annotated[
        ForkName | None,
        typer.Option(envvar="TOMBOLO_FORK", help="Rules that the rollup starts with.", show_default="cancun"),
    ] = None,
    da: Annotated[
        str | None,
        typer.Option(
            envvar="TOMBOLO_DA",
            metavar="LAYER[,LAYER…]",
            callback=check_layers,
            help="Data-availability layers for batches, in the order in which the batcher tries them: calldata, file, "
            "blob, alt-da, celestia.",
            show_default="calldata",
        ),
    ] = None,
    da_set: DaSet = "",
    elasticity: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_ELASTICITY",
            min=1,
            max=1000,
            help="EIP-1559: the gas limit divided by the gas target.",
            show_default="2",
        ),
    ] = None,
    base_fee_denominator: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_BASE_FEE_DENOMINATOR",
            min=1,
            max=1_000_000,
            help="EIP-1559: the base fee changes by at most one part in so many per block.",
            show_default="8",
        ),
    ] = None,
    sequencer_drift: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_SEQUENCER_DRIFT",
            min=10,
            max=86_400,
            metavar="SECONDS",
            help="How far blocks may be ahead of the L1 they build on: for so long the chain goes on without L1.",
            show_default="600",
        ),
    ] = None,
    sequencing_window: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_SEQUENCING_WINDOW",
            min=10,
            max=1_000_000,
            metavar="L1 BLOCKS",
            help="Within how many L1 blocks the sequencer must include a deposit; after that derivation does.",
            show_default="3600",
        ),
    ] = None,
    rpc_port: Annotated[
        int, port_option("--rpc-port", "JSON-RPC of the sequencer.", "TOMBOLO_RPC_PORT", lowest=1)
    ] = 8545,
    verifier_port: Annotated[
        int, port_option("--verifier-port", "JSON-RPC of the verifier.", "TOMBOLO_VERIFIER_PORT", lowest=1)
    ] = 8546,
    l1_port: Annotated[
        int, port_option("--l1-port", "JSON-RPC of the embedded L1.", "TOMBOLO_L1_PORT", lowest=1)
    ] = 8544,
    l1_block_time: Annotated[
        float,
        typer.Option(
            envvar="TOMBOLO_L1_BLOCK_TIME",
            min=0.1,
            max=60.0,
            metavar="SECONDS",
            help="Seconds between blocks of the embedded L1.",
        ),
    ] = 1.0,
    host: Host = "127.0.0.1",
    retention: Retention = "archive",
    operator_keystore: Keystore = None,
    empty_blocks: EmptyBlocks = True,
    l1_confirmations: L1Confirmations = 0,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    config: Config = None,
) -> None:
    """Start a whole rollup on this machine and report each of its blocks.

    An L1, a sequencer with its batcher, and a verifier that reads nothing but L1
    and the data layer. Ctrl-C stops them; the chain stays in the data folder, and
    the next `up` goes on from there. What makes the chain (its id, times, gas,
    fees, fork and data layer) is chosen once, at the first start.

    \b
    [bold]Examples[/]
      [dim]# everything with the usual settings[/]
      tombolo up
      [dim]# quick blocks, batches in files[/]
      tombolo up --block-time 0.5 --da file
      [dim]# batches in blobs; on a data server, and in calldata while that is away[/]
      tombolo up --da blob
      tombolo up --da alt-da,calldata --da-set alt-da.url=http://127.0.0.1:3100
      [dim]# states of the last thousand blocks only, no blocks without transactions[/]
      tombolo up --retention 1000 --no-empty-blocks
      [dim]# a second rollup beside the first[/]
      tombolo up --data-dir b --rpc-port 9545 --verifier-port 9546 --l1-port 9544
      [dim]# on an L1 of your own[/]
      TOMBOLO_OPERATOR_KEY=0x… tombolo up --l1 http://127.0.0.1:9000
    """
    from node.cli.up_view import check_relaunch, show_up
    from node.launch import LaunchOptions
    from node.up import UpOptions
    from protocol.forks import Fork

    launch = LaunchOptions(chain_id or L2_CHAIN_ID)
    if block_time is not None:
        launch = replace(launch, block_time_milliseconds=round(block_time * 1000))
    if gas_limit is not None:
        launch = replace(launch, gas_limit=gas_limit)
    if fork is not None:
        launch = replace(launch, fork=Fork[fork.name.upper()])
    if da is not None:
        launch = replace(launch, da_layer=da)
    if elasticity is not None:
        launch = replace(launch, elasticity=elasticity)
    if base_fee_denominator is not None:
        launch = replace(launch, base_fee_change_denominator=base_fee_denominator)
    if sequencer_drift is not None:
        launch = replace(launch, max_sequencer_drift_seconds=sequencer_drift)
    if sequencing_window is not None:
        launch = replace(launch, sequencing_window=sequencing_window)
    launch = replace(launch, da_settings=da_settings(da_set))
    options = UpOptions(
        data_dir=data_dir,
        launch=launch,
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
        log_format=log_format,
        log_level=log_level,
    )
    given = {
        "chain id": chain_id,
        "block time": block_time,
        "gas limit": gas_limit,
        "fork": fork and fork.value,
        "data layer": da,
        "elasticity": elasticity,
        "base fee denominator": base_fee_denominator,
        "sequencer drift": sequencer_drift,
        "sequencing window": sequencing_window,
    }
    check_relaunch(options.rollup_path, {name: value for name, value in given.items() if value is not None})

    show_up(options)


def node(
    context: typer.Context,
    role: Annotated[RoleName, typer.Option(help="What this process is.", show_default=False)],
    data_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="TOMBOLO_NODE_DATA_DIR",
            file_okay=False,
            help="Folder of its database.",
            show_default=str(DATA_DIR / "ROLE"),
        ),
    ] = None,
    rollup: Rollup = None,
    l1: L1Url = None,
    da_dir: DaDir = None,
    da_set: DaSet = "",
    rpc_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            metavar="PORT",
            help="Where to serve JSON-RPC.",
            show_default="l1 8544, sequencer 8545, verifier 8546",
        ),
    ] = None,
    host: Host = "127.0.0.1",
    chain_id: Annotated[
        int | None, typer.Option(min=1, max=MAX_CHAIN_ID, help="Only for l1.", show_default=str(L1_CHAIN_ID))
    ] = None,
    block_time: Annotated[float | None, block_time_option("Only for l1.")] = None,
    retention: Retention = "archive",
    operator_keystore: Keystore = None,
    empty_blocks: EmptyBlocks = True,
    l1_confirmations: L1Confirmations = 0,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    faucet: Annotated[
        bool, typer.Option("--faucet", help="Give ether away, on a page and by faucet_fund: development chains only.")
    ] = False,
    rpc_fronts: Annotated[
        int | None,
        typer.Option(
            envvar="TOMBOLO_RPC_FRONTS",
            min=0,
            max=64,
            metavar="PROCESSES",
            help="Read JSON-RPC requests in so many processes beside this one; 0: in this one.",
            show_default="1 for a sequencer with two cores or more, else 0",
        ),
    ] = None,
    config: Config = None,
    with_parent: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Run one role in the foreground: what `up` starts three of.

    A [bold]sequencer[/] orders transactions into blocks and posts them in batches;
    TOMBOLO_OPERATOR_KEY, or an encrypted keystore, holds the key of the L1 account
    that pays. A [bold]verifier[/] derives the same chain from L1 and the data layer, and needs to
    trust nobody. [bold]l1[/] is the embedded L1, for development only.

    \b
    [bold]Examples[/]
      [dim]# another verifier of the rollup that `up` runs[/]
      tombolo node --role verifier --data-dir mine --rpc-port 8600
      tombolo node --role l1 --block-time 2
      TOMBOLO_OPERATOR_KEY=0x… tombolo node --role sequencer
      tombolo node --role sequencer --operator-keystore operator.json --log-format json
    """
    from node.logs import set_up_logging
    from node.operator_key import OPERATOR_KEY_VARIABLE, operator_key

    set_up_logging(log_format, log_level)
    place = data_dir or DATA_DIR / role.value
    if role is RoleName.l1:
        from node.l1_node import L1Options
        from node.run import run_l1
        from protocol.crypto import private_key_address

        _only_for("a sequencer or a verifier", context, "rollup", "l1", "da_dir", "da_set", "faucet", "rpc_fronts")
        _only_for("a sequencer", context, "empty_blocks", "l1_confirmations")
        key = operator_key(operator_keystore)
        l1_options = L1Options(
            place,
            chain_id or L1_CHAIN_ID,
            8544 if rpc_port is None else rpc_port,
            host,
            block_time_seconds=block_time or 1.0,
            funded=() if key is None else (private_key_address(key),),
            keep_states=keep_states(retention),
        )
        run_l1(l1_options, with_parent=with_parent)
        return

    from node.rollup_node import NodeOptions, SequencerOptions
    from node.run import run_rollup

    _only_for("the embedded L1", context, "chain_id", "block_time")
    sequencer = None
    if role is RoleName.sequencer:
        key = operator_key(operator_keystore)
        if key is None:
            raise typer.BadParameter(
                f"a sequencer needs {OPERATOR_KEY_VARIABLE} or --operator-keystore: the key that pays for batches on L1"
            )
        sequencer = SequencerOptions(key, empty_blocks=empty_blocks, l1_confirmations=l1_confirmations)
    else:
        _only_for("a sequencer", context, "operator_keystore", "empty_blocks", "l1_confirmations")
    default_port = 8546 if sequencer is None else 8545
    options = NodeOptions(
        data_dir=place,
        rollup=rollup or DATA_DIR / "rollup.json",
        l1_url=l1 or L1_URL,
        da_dir=da_dir or DATA_DIR / "da",
        rpc_port=default_port if rpc_port is None else rpc_port,
        host=host,
        sequencer=sequencer,
        keep_states=keep_states(retention),
        faucet=faucet,
        da_settings=da_settings(da_set),
        rpc_fronts=_default_fronts(sequencer is not None) if rpc_fronts is None else rpc_fronts,
    )
    run_rollup(options, with_parent=with_parent)


def _default_fronts(is_sequencer: bool) -> int:
    """Most of what clients send goes to the sequencer; a second process pays only with a second core."""
    import os

    return int(is_sequencer and (os.cpu_count() or 1) > 1)


def _only_for(whom: str, context: typer.Context, *parameters: str) -> None:
    """Refuse flags that mean nothing to this role; the environment may hold them for the others."""
    for name in parameters:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for {whom}")


def status(
    rpc_url: RpcUrl = RPC_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the node's own answer.")] = False,
) -> None:
    """Show where a running node stands: its heads, L1, the pool, the batcher.

    [bold]unsafe[/] is what the sequencer says, [bold]safe[/] what L1 and the data layer
    prove, [bold]finalized[/] what L1 cannot take back.

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
    from node.status import node_status

    found = asyncio.run(node_status(rpc_url, SystemClock().now()))
    show_status(found, as_json=as_json)
