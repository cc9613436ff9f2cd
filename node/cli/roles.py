"""The command that runs one role of a rollup."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.given import from_command_line
from node.cli.parameters import (
    DATA_DIR,
    L1_CHAIN_ID,
    L1_URL,
    BatchInterval,
    Config,
    DaDir,
    DaSet,
    EmptyBlocks,
    Host,
    L1Confirmations,
    L1Url,
    LogFormatOption,
    LogLevelOption,
    MaxBatchBytes,
    MaxPending,
    PlaysBlind,
    ProposalInterval,
    Retention,
    RoleName,
    Rollup,
    da_settings,
    keep_states,
)
from node.cli.places import Fronts, GiveAway, L1ChainId, L1Pace, RoleFolder, RoleKeystore, ServePort, WithParent
from node.logs import LogFormat, LogLevel

if TYPE_CHECKING:
    from node.l1_node import L1Options
    from node.node_options import PlayerOptions, ProposerOptions, SequencerOptions

FOR_SEQUENCERS = ("empty_blocks", "l1_confirmations", "batch_interval", "max_batch_bytes", "max_pending")
"""Options of `node` that mean nothing to other roles."""
DEFAULT_PORTS = {
    RoleName.sequencer: 8545,
    RoleName.verifier: 8546,
    RoleName.proposer: 8546,
    RoleName.challenger: 8547,
}


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
    operator_keystore: RoleKeystore = None,
    empty_blocks: EmptyBlocks = True,
    l1_confirmations: L1Confirmations = 0,
    batch_interval: BatchInterval = 6.0,
    max_batch_bytes: MaxBatchBytes = 0,
    max_pending: MaxPending = 8,
    proposal_interval: ProposalInterval = None,
    plays_blind: PlaysBlind = None,
    log_format: LogFormatOption = LogFormat.text,
    log_level: LogLevelOption = LogLevel.info,
    faucet: GiveAway = False,
    rpc_fronts: Fronts = None,
    config: Config = None,
    with_parent: WithParent = False,
) -> None:
    """Run one role in the foreground; `up` starts an L1, a sequencer and a proposer.

    A [bold]sequencer[/] orders transactions into blocks and posts them in batches;
    TOMBOLO_OPERATOR_KEY, or an encrypted keystore, holds the key of the L1 account
    that pays. A [bold]verifier[/] derives the same chain from L1 and the data layer, and needs to
    trust nobody. A [bold]proposer[/] is a verifier that also bonds output roots on L1,
    without which nothing can be withdrawn; its key is in TOMBOLO_PROPOSER_KEY, or a
    keystore. A [bold]challenger[/] is a verifier that disputes every bonded output root that
    L1 does not yield, move by move down to one step that L1 executes, and takes half
    of the liar's bond; it needs TOMBOLO_CHALLENGER_KEY or a keystore, ether for the
    game's bond and for gas, and a rollup that was launched with the dispute game. It
    keeps nothing: killed in mid-game, it goes on from L1. While batches are kept back it can
    only wait, unless it plays blind. [bold]l1[/] is the embedded L1, for development only.

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
      [dim]# a second one, which after a day without data has it shown on L1[/]
      TOMBOLO_CHALLENGER_KEY=0x… tombolo node --role challenger --data-dir blind --plays-blind 86400
    """
    from node.logs import set_up_logging

    _check_flags(context, role)
    set_up_logging(log_format, log_level)
    place, kept = data_dir or DATA_DIR / role.value, keep_states(retention)
    if role is RoleName.l1:
        from node.run import run_l1

        port = 8544 if rpc_port is None else rpc_port
        l1_options = _embedded(place, chain_id or L1_CHAIN_ID, port, host, block_time or 1.0, kept, operator_keystore)
        run_l1(l1_options, with_parent=with_parent)
        return

    from node.node_options import NodeOptions
    from node.run import run_rollup

    is_sequencer, key = role is RoleName.sequencer, _key(role, operator_keystore)
    batcher = (batch_interval, max_batch_bytes, max_pending)
    options = NodeOptions(
        data_dir=place,
        rollup=rollup or DATA_DIR / "rollup.json",
        l1_url=l1 or L1_URL,
        da_dir=da_dir or DATA_DIR / "da",
        rpc_port=DEFAULT_PORTS[role] if rpc_port is None else rpc_port,
        host=host,
        sequencer=_sequencer(key, empty_blocks, l1_confirmations, *batcher) if is_sequencer else None,
        keep_states=kept,
        faucet=faucet,
        da_settings=da_settings(da_set),
        rpc_fronts=_default_fronts(is_sequencer) if rpc_fronts is None else rpc_fronts,
        proposer=_proposer(key, proposal_interval) if role is RoleName.proposer else None,
        player=_player(key, plays_blind) if role is RoleName.challenger else None,
    )
    if role is RoleName.challenger and not with_parent:  # a launcher starts one only where there is a game
        _check_game(options.rollup, options.l1_url)
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
    if role is not RoleName.challenger:
        _only_for("a challenger", context, "plays_blind")


def _key(role: RoleName, keystore: Path | None) -> bytes | None:
    """Of the account that this role sends from."""
    from node.operator_key import CHALLENGER_KEY_VARIABLE, OPERATOR_KEY_VARIABLE, PROPOSER_KEY_VARIABLE, key_of

    variables = {
        RoleName.l1: OPERATOR_KEY_VARIABLE,
        RoleName.sequencer: OPERATOR_KEY_VARIABLE,
        RoleName.proposer: PROPOSER_KEY_VARIABLE,
        RoleName.challenger: CHALLENGER_KEY_VARIABLE,
    }
    return key_of(variables[role], keystore) if role in variables else None


def _check_game(rollup: Path, l1_url: str) -> None:
    """Refuse to challenge where no game can be won. While L1 is away nothing is known; the role waits for it."""
    import asyncio

    from node.l1.client import L1Client
    from node.rollup_file import load_rollup
    from protocol.errors import InvalidInput, Retry

    settlement = load_rollup(rollup).config.settlement

    async def has_game() -> bool:
        if settlement is None:
            return False
        async with L1Client(l1_url, attempts=1) as client:
            try:
                return bool(await client.code(settlement.game))
            except Retry:
                return True

    if not asyncio.run(has_game()):
        who = "nobody bonds" if settlement is None else f"the account 0x{settlement.game.hex()}, not a game, rejects"
        raise InvalidInput(
            f"{rollup}: there is nothing to challenge, for {who} this chain's outputs. To check them run --role "
            "verifier; only a new chain can get a game: `tombolo up --fraud-proofs --data-dir NEW`, or proof.system "
            '= "fraud" in an intent file'
        )


def _embedded(
    place: Path,
    chain_id: int,
    port: int,
    host: str,
    block_seconds: float,
    kept: int | None,
    keystore: Path | None,
) -> "L1Options":
    """An L1 on which whoever has a key here has ether from the first block on."""
    from node.l1_node import L1Options
    from protocol.crypto import private_key_address

    keys = (_key(RoleName.l1, keystore), _key(RoleName.proposer, None), _key(RoleName.challenger, None))
    funded = tuple(private_key_address(key) for key in keys if key is not None)
    return L1Options(place, chain_id, port, host, block_time_seconds=block_seconds, funded=funded, keep_states=kept)


def _sequencer(
    key: bytes | None,
    empty_blocks: bool,
    l1_confirmations: int,
    batch_interval: float,
    max_batch_bytes: int,
    max_pending: int,
) -> "SequencerOptions":
    from node.batch_plan import BatcherConfig
    from node.node_options import SequencerOptions
    from node.operator_key import OPERATOR_KEY_VARIABLE

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
    from node.node_options import ProposerOptions
    from node.operator_key import PROPOSER_KEY_VARIABLE
    from node.proposer import ProposerConfig

    if key is None:
        raise typer.BadParameter(
            f"a proposer needs {PROPOSER_KEY_VARIABLE} or --operator-keystore: the key that bonds output roots on L1"
        )
    config = ProposerConfig() if interval_seconds is None else ProposerConfig(interval_seconds=interval_seconds)
    return ProposerOptions(key, config)


def _player(key: bytes | None, blind_after_seconds: int | None) -> "PlayerOptions":
    from node.challenger import PlayerConfig
    from node.node_options import PlayerOptions
    from node.operator_key import CHALLENGER_KEY_VARIABLE

    if key is None:
        raise typer.BadParameter(
            f"a challenger needs {CHALLENGER_KEY_VARIABLE} or --operator-keystore: the key that bonds and moves on L1"
        )
    return PlayerOptions(key, PlayerConfig(blind_after_seconds=blind_after_seconds))


def _default_fronts(is_sequencer: bool) -> int:
    """Most of what clients send goes to the sequencer. One core stays its own; two fronts are as fast as it is."""
    import os

    return min((os.cpu_count() or 1) - 1, 2) if is_sequencer else 0


def _only_for(whom: str, context: typer.Context, *parameters: str) -> None:
    for name in parameters:
        if from_command_line(context, name):
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for {whom}")
