"""`tombolo up`: an L1, a sequencer, a verifier and, where disputes decide, a challenger: each a process of its own,
started, watched and stopped together."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from genesis.dev import DEV_PRIVATE_KEYS
from node.children import Child, check_port, stopping, unless_ended, wait_for_rpc
from node.clock import Clock
from node.l1.client import L1Client
from node.l1.wire import Json, as_quantity, as_record
from node.launch import LaunchOptions, launch_rollup, unprovable_launch
from node.logs import LogFormat, LogLevel
from node.operator_key import (
    CHALLENGER_KEY_VARIABLE,
    OPERATOR_KEY_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    key_of,
    operator_key,
)
from node.rollup import Rollup
from node.rollup_file import load_rollup
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.provable import states_to_keep
from protocol.types import Address

OPERATOR_KEY = bytes.fromhex("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897")
"""Deploys and posts batches on the embedded L1: account 10 of the dev mnemonic, the one after the ten shown."""

PROPOSER_KEY = bytes.fromhex("701b615bbdfb9de65240bc28bd21bbc0d996645a3dd57e7b12bc2bdf6f192c82")
"""Bonds output roots on the embedded L1: account 11."""

CHALLENGER_KEY = bytes.fromhex("a267530f49f8280200edf313ee7af6b827f2a8bce2897751d06a843f644967b1")
"""Disputes false ones there: account 12."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `up` starts. `l1_url` None means the embedded L1."""

    data_dir: Path
    launch: LaunchOptions
    l1_url: str | None = None
    l1_port: int = 8544
    l1_chain_id: int = 71716
    l1_block_time_seconds: float = 1.0
    rpc_port: int = 8545
    verifier_port: int = 8546
    challenger_port: int = 8547
    """Taken only where disputes decide."""
    host: str = "127.0.0.1"
    operator_keystore: Path | None = None
    keep_states: int | None = None
    empty_blocks: bool = True
    l1_confirmations: int = 0
    proposal_interval_seconds: int | None = None
    """None: 10 on the embedded L1, else an hour."""
    log_format: LogFormat = LogFormat.text
    log_level: LogLevel = LogLevel.info

    @property
    def rollup_path(self) -> Path:
        """Where the launched rollup is described."""
        return self.data_dir / "rollup.json"


@dataclass(frozen=True, slots=True)
class Started:
    """What runs, for whoever shows it."""

    rollup: Rollup
    l1_url: str
    rpc_url: str
    verifier_url: str
    new: bool
    proposer: Address | None
    """Who bonds output roots; None: nobody here does."""
    has_game: bool
    """Whether disputes decide what is true; else the account at `settlement.game` does."""
    challenger: Address | None
    challenger_url: str
    has_faucet: bool
    dev_keys: tuple[bytes, ...] = DEV_PRIVATE_KEYS


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One L2 block, as the terminal shows it; `safe` is the number of the newest safe block at that moment."""

    number: int
    hash: str
    transactions: int
    gas_used: int
    base_fee_per_gas: int
    safe: int


async def run_up(
    options: UpOptions,
    clock: Clock,
    stop: asyncio.Event,
    on_started: Callable[[Started], None],
    on_block: Callable[[BlockLine], None],
) -> None:
    """Start everything, report blocks until `stop` is set, then stop everything in order.

    Raises:
        InvalidInput: A port is taken, or an external L1 needs a key that is not given.
        Halt: A process ended by itself; the message holds what it said last.
    """
    new = not options.rollup_path.exists()
    keys = check_start(options)
    l1_url = options.l1_url or f"http://{options.host}:{options.l1_port}"
    options.data_dir.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    async with stopping(children), L1Client(l1_url, clock, attempts=1) as l1:
        if options.l1_url is None:
            children.append(await _start_l1(options, keys))
        children.append(await _start_sequencer(options, l1_url, keys.operator))
        await unless_ended(children, stop, wait_for_rpc(l1, clock))
        if stop.is_set():
            return
        if new:
            # The sequencer is importing meanwhile; it waits for the file that this writes.
            launch = _with_proposer(options.launch, keys.proposer)
            await unless_ended(children, stop, launch_rollup(l1, clock, keys.operator, launch, options.rollup_path))
        # Not before: while three processes import on two cores, the first block is late.
        children.append(await _start_verifier(options, l1_url, keys.proposer))
        async with L1Client(f"http://{options.host}:{options.rpc_port}", clock, who="the node", attempts=1) as node:
            await unless_ended(children, stop, wait_for_rpc(node, clock))
            if stop.is_set():
                return
            on_started(_started(options, keys, l1_url, new=new))
            if keys.challenger is not None:
                children.append(await _start_challenger(options, l1_url, keys.challenger))
            await unless_ended(children, stop, _report_blocks(node, clock, on_block))


def check_start(options: UpOptions) -> "Keys":
    """Refuse what cannot be before anything is done for it. Raises InvalidInput: as `keys_for`, or a port is taken."""
    keys = keys_for(options)
    for port in _ports(options, keys):
        check_port(options.host, port)
    return keys


@dataclass(frozen=True, slots=True)
class Keys:
    """Of the accounts on L1 that this machine acts for; None where there is none."""

    operator: bytes
    """Deploys, and posts batches."""
    proposer: bytes | None
    challenger: bytes | None
    has_game: bool
    """Whether disputes decide: as launched, or about to be."""


def keys_for(options: UpOptions) -> Keys:
    """On the embedded L1, keys that everybody knows stand in for what is not set.

    Raises:
        InvalidInput: An external L1 needs an operator's key and none is set; or fraud proofs are wanted of a chain that
            cannot be proved, or that was launched without.
    """
    operator = operator_key(options.operator_keystore)
    is_own_l1 = options.l1_url is None
    if operator is None and not is_own_l1:
        raise InvalidInput(
            f"an L1 of your own needs an account with ether on it: set {OPERATOR_KEY_VARIABLE} to its private key "
            "(hex), or name its keystore with --operator-keystore"
        )
    operator = operator or OPERATOR_KEY
    proposer = key_of(PROPOSER_KEY_VARIABLE) or (PROPOSER_KEY if is_own_l1 else None)
    challenger = key_of(CHALLENGER_KEY_VARIABLE) or (CHALLENGER_KEY if is_own_l1 else None)
    has_game = _has_game(options, private_key_address(operator))
    return Keys(operator, proposer, challenger if has_game else None, has_game)


def _has_game(options: UpOptions, operator: Address) -> bool:
    wanted = options.launch.settlement.proofs is not None
    if not options.rollup_path.exists():
        reason = unprovable_launch(options.launch)
        if wanted and reason is not None:
            raise InvalidInput(f"{reason}: choose otherwise, or leave --fraud-proofs out")
        _check_retention(options)
        return wanted
    settlement = load_rollup(options.rollup_path).config.settlement
    found = settlement is not None and settlement.game != operator  # without a game the operator is the guardian
    if wanted and not found:
        raise InvalidInput(
            f"the rollup in {options.data_dir} was launched without fraud proofs; that is fixed at launch: leave the "
            "option out, or choose another --data-dir"
        )
    return found


def _check_retention(options: UpOptions) -> None:
    """Raise InvalidInput where whoever plays would have forgotten what a dispute is about."""
    settlement, proofs = options.launch.settlement, options.launch.settlement.proofs
    if proofs is None or options.keep_states is None:
        return
    times = (settlement.challenge_window_seconds, proofs.clock_seconds, proofs.extension_seconds)
    least = states_to_keep(*times, options.launch.block_time_milliseconds / 1000)
    if options.keep_states < least:
        raise InvalidInput(
            f"--retention {options.keep_states} is too little for disputes: archive, or at least {least}"
        )


def _ports(options: UpOptions, keys: Keys) -> list[int]:
    ports = [options.rpc_port, options.verifier_port]
    ports += [options.l1_port] if options.l1_url is None else []
    return ports + ([options.challenger_port] if keys.challenger is not None else [])


def _started(options: UpOptions, keys: Keys, l1_url: str, *, new: bool) -> Started:
    proposer, challenger = (
        None if key is None else private_key_address(key) for key in (keys.proposer, keys.challenger)
    )
    rpc, verifier, watcher = (
        f"http://{options.host}:{port}" for port in (options.rpc_port, options.verifier_port, options.challenger_port)
    )
    rollup = load_rollup(options.rollup_path)
    has_faucet = options.l1_url is None
    return Started(rollup, l1_url, rpc, verifier, new, proposer, keys.has_game, challenger, watcher, has_faucet)


def _with_proposer(launch: LaunchOptions, key: bytes | None) -> LaunchOptions:
    if key is None or launch.settlement.proposer is not None:
        return launch
    return replace(launch, settlement=replace(launch.settlement, proposer=private_key_address(key)))


async def _start_l1(options: UpOptions, keys: Keys) -> Child:
    arguments = ["--rpc-port", str(options.l1_port), "--chain-id", str(options.l1_chain_id)]
    arguments += ["--block-time", str(options.l1_block_time_seconds)]
    return await _start(options, "l1", "l1", arguments, _variables(keys.operator, keys.proposer, keys.challenger))


async def _start_sequencer(options: UpOptions, l1_url: str, key: bytes) -> Child:
    arguments = _arguments(options, options.rpc_port, l1_url)
    arguments += ["--empty-blocks" if options.empty_blocks else "--no-empty-blocks"]
    arguments += ["--l1-confirmations", str(options.l1_confirmations)]
    if options.l1_url is None:
        arguments.append("--faucet")  # on our own L1 ether is worth nothing, so it is given away
    return await _start(options, "sequencer", "sequencer", arguments, _variables(key))


async def _start_verifier(options: UpOptions, l1_url: str, proposer_key: bytes | None) -> Child:
    """It proposes as well, if it can: what it bonds, it has derived from L1 alone, and it defends it in disputes."""
    arguments = _arguments(options, options.verifier_port, l1_url)
    if proposer_key is None:
        return await _start(options, "verifier", "verifier", arguments, {})
    default = 3600 if options.l1_url is not None else 10
    arguments += ["--proposal-interval", str(options.proposal_interval_seconds or default)]
    return await _start(options, "verifier", "proposer", arguments, _variables(None, proposer_key))


async def _start_challenger(options: UpOptions, l1_url: str, key: bytes) -> Child:
    """Last: it has a window's time to notice what is false."""
    arguments = _arguments(options, options.challenger_port, l1_url)
    return await _start(options, "challenger", "challenger", arguments, _variables(challenger=key))


def _variables(
    operator: bytes | None = None, proposer: bytes | None = None, challenger: bytes | None = None
) -> dict[str, str]:
    names = (OPERATOR_KEY_VARIABLE, PROPOSER_KEY_VARIABLE, CHALLENGER_KEY_VARIABLE)
    return {name: key.hex() for name, key in zip(names, (operator, proposer, challenger), strict=True) if key}


def _arguments(options: UpOptions, port: int, l1_url: str) -> list[str]:
    arguments = ["--rpc-port", str(port), "--rollup", str(options.rollup_path), "--l1", l1_url]
    arguments += ["--da-dir", str(options.data_dir / "da")]
    if options.launch.da_settings:
        arguments += ["--da-set", ",".join(f"{key}={value}" for key, value in options.launch.da_settings.items())]
    return arguments


async def _start(options: UpOptions, name: str, role: str, arguments: list[str], keys: dict[str, str]) -> Child:
    child = Child(name, options.data_dir / "logs" / f"{name}.log")
    common = ["--role", role, "--data-dir", str(options.data_dir / name), "--host", options.host]
    common += ["--retention", "archive" if options.keep_states is None else str(options.keep_states)]
    common += ["--log-format", options.log_format.value, "--log-level", options.log_level.value]
    common += ["--config", os.devnull]  # what a file of settings says is in these arguments already
    await child.start([*common, *arguments], keys)
    return child


async def _report_blocks(node: L1Client, clock: Clock, on_block: Callable[[BlockLine], None]) -> None:
    shown: int | None = None
    while True:
        try:
            status = as_record(await node.request("rollup_syncStatus", []), "sync status")
            head, safe = (_number(status, label) for label in ("unsafe_l2", "safe_l2"))
            shown = head if shown is None else min(shown, head)
            while shown < head:
                shown += 1
                block = as_record(await node.request("eth_getBlockByNumber", [hex(shown), False]), "block")
                on_block(_line(block, safe))
        except Retry:
            pass  # busy, or stopping; whether the process is gone is seen elsewhere
        await clock.sleep(0.2)


def _number(status: dict[str, Json], label: str) -> int:
    number = as_record(status.get(label), label).get("number")
    return number if isinstance(number, int) else 0


def _line(block: dict[str, Json], safe: int) -> BlockLine:
    transactions = block.get("transactions")
    return BlockLine(
        number=as_quantity(block.get("number"), "number"),
        hash=str(block.get("hash")),
        transactions=len(transactions) if isinstance(transactions, list) else 0,
        gas_used=as_quantity(block.get("gasUsed"), "gas used"),
        base_fee_per_gas=as_quantity(block.get("baseFeePerGas"), "base fee"),
        safe=safe,
    )
