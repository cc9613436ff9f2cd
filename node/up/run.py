"""Starting everything in its order, and stopping it together."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from genesis.dev import DEV_PRIVATE_KEYS
from node.children import Child, check_port, stopping, unless_ended, wait_for_rpc
from node.clock import Clock
from node.l1.client import L1Client
from node.launch import LaunchOptions, launch_rollup
from node.rollup import Rollup
from node.rollup_file import load_rollup
from node.up.blocks import BlockLine, report_blocks
from node.up.keys import Keys, keys_for
from node.up.options import UpOptions
from node.up.processes import start_challenger, start_l1, start_sequencer, start_verifier
from protocol.crypto import private_key_address
from protocol.types import Address


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
            children.append(await start_l1(options, keys))
        children.append(await start_sequencer(options, l1_url, keys.operator))
        await unless_ended(children, stop, wait_for_rpc(l1, clock))
        if stop.is_set():
            return
        if new:
            # The sequencer imports meanwhile; it waits for the file that this writes.
            launch = _with_proposer(options.launch, keys.proposer)
            await unless_ended(children, stop, launch_rollup(l1, clock, keys.operator, launch, options.rollup_path))
        # Not before: while three processes import on two cores, the first block is late.
        children.append(await start_verifier(options, l1_url, keys.proposer))
        async with L1Client(f"http://{options.host}:{options.rpc_port}", clock, who="the node", attempts=1) as node:
            await unless_ended(children, stop, wait_for_rpc(node, clock))
            if stop.is_set():
                return
            on_started(_started(options, keys, l1_url, new=new))
            if keys.challenger is not None:
                children.append(await start_challenger(options, l1_url, keys.challenger))
            await unless_ended(children, stop, report_blocks(node, clock, on_block, after=0 if new else None))


def check_start(options: UpOptions) -> Keys:
    """Refuse what cannot be before anything is done for it. Raises InvalidInput: as `keys_for`, or a port is taken."""
    keys = keys_for(options)
    for port in _ports(options, keys):
        check_port(options.host, port)
    return keys


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
