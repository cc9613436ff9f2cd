"""`tombolo up`: an L1, a sequencer and a verifier, each a process of its own, started, watched and stopped together."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from genesis.dev import DEV_PRIVATE_KEYS
from node.children import Child, check_port, stopping, unless_ended, wait_for_rpc
from node.clock import Clock
from node.l1_client import L1Client
from node.l1_wire import Json, as_quantity, as_record
from node.launch import LaunchOptions, launch_rollup
from node.logs import LogFormat, LogLevel
from node.operator_key import OPERATOR_KEY_VARIABLE, PROPOSER_KEY_VARIABLE, key_of, operator_key
from node.rollup_file import Rollup, load_rollup
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.types import Address

OPERATOR_KEY = bytes.fromhex("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897")
"""Deploys and posts batches on the embedded L1: account 10 of the dev mnemonic, the one after the ten shown."""

PROPOSER_KEY = bytes.fromhex("701b615bbdfb9de65240bc28bd21bbc0d996645a3dd57e7b12bc2bdf6f192c82")
"""Bonds output roots on the embedded L1: account 11."""


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
    key, proposer_key = operator_key_for(options), proposer_key_for(options)
    ports = [options.rpc_port, options.verifier_port] + ([options.l1_port] if options.l1_url is None else [])
    for port in ports:
        check_port(options.host, port)
    l1_url = options.l1_url or f"http://{options.host}:{options.l1_port}"
    options.data_dir.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    async with stopping(children), L1Client(l1_url, clock, attempts=1) as l1:
        if options.l1_url is None:
            children.append(await _start_l1(options, key, proposer_key))
        children.append(await _start_sequencer(options, l1_url, key))
        await unless_ended(children, stop, wait_for_rpc(l1, clock))
        if stop.is_set():
            return
        if new:
            # The sequencer is importing meanwhile; it waits for the file that this writes.
            launch = _with_proposer(options.launch, proposer_key)
            await unless_ended(children, stop, launch_rollup(l1, clock, key, launch, options.rollup_path))
        # Not before: while three processes import on two cores, the first block is late.
        children.append(await _start_verifier(options, l1_url, proposer_key))
        rpc_url = f"http://{options.host}:{options.rpc_port}"
        verifier_url = f"http://{options.host}:{options.verifier_port}"
        async with L1Client(rpc_url, clock, attempts=1) as node:
            await unless_ended(children, stop, wait_for_rpc(node, clock))
            if stop.is_set():
                return
            proposer = None if proposer_key is None else private_key_address(proposer_key)
            on_started(Started(load_rollup(options.rollup_path), l1_url, rpc_url, verifier_url, new, proposer))
            await unless_ended(children, stop, _report_blocks(node, clock, on_block))


def operator_key_for(options: UpOptions) -> bytes:
    """The key that deploys and posts batches; raises InvalidInput when an external L1 needs one and none is set."""
    key = operator_key(options.operator_keystore)
    if key is None and options.l1_url is not None:
        raise InvalidInput(
            f"an L1 of your own needs an account with ether on it: set {OPERATOR_KEY_VARIABLE} to its private key "
            "(hex), or name its keystore with --operator-keystore"
        )
    return key or OPERATOR_KEY


def proposer_key_for(options: UpOptions) -> bytes | None:
    """The key that bonds output roots; None where an external L1 would need one and none is set."""
    key = key_of(PROPOSER_KEY_VARIABLE)
    return PROPOSER_KEY if key is None and options.l1_url is None else key


def _with_proposer(launch: LaunchOptions, key: bytes | None) -> LaunchOptions:
    if key is None or launch.settlement.proposer is not None:
        return launch
    return replace(launch, settlement=replace(launch.settlement, proposer=private_key_address(key)))


async def _start_l1(options: UpOptions, key: bytes, proposer_key: bytes | None) -> Child:
    arguments = ["--rpc-port", str(options.l1_port), "--chain-id", str(options.l1_chain_id)]
    arguments += ["--block-time", str(options.l1_block_time_seconds)]
    return await _start(options, "l1", "l1", arguments, _keys(key, proposer_key))


async def _start_sequencer(options: UpOptions, l1_url: str, key: bytes) -> Child:
    arguments = _arguments(options, options.rpc_port, l1_url)
    arguments += ["--empty-blocks" if options.empty_blocks else "--no-empty-blocks"]
    arguments += ["--l1-confirmations", str(options.l1_confirmations)]
    if options.l1_url is None:
        arguments.append("--faucet")  # on our own L1 ether is worth nothing, so it is given away
    return await _start(options, "sequencer", "sequencer", arguments, _keys(key))


async def _start_verifier(options: UpOptions, l1_url: str, proposer_key: bytes | None) -> Child:
    """It proposes as well, if it can: what it bonds, it has derived from L1 alone."""
    arguments = _arguments(options, options.verifier_port, l1_url)
    if proposer_key is None:
        return await _start(options, "verifier", "verifier", arguments, {})
    default = 3600 if options.l1_url is not None else 10
    arguments += ["--proposal-interval", str(options.proposal_interval_seconds or default)]
    return await _start(options, "verifier", "proposer", arguments, _keys(None, proposer_key))


def _keys(operator: bytes | None, proposer: bytes | None = None) -> dict[str, str]:
    found = {OPERATOR_KEY_VARIABLE: operator, PROPOSER_KEY_VARIABLE: proposer}
    return {name: key.hex() for name, key in found.items() if key is not None}


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
