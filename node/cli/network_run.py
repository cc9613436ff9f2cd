"""What `tombolo up FILE…` does: run a network in the foreground, or bring a running one up to date."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from genesis.intent import Intent
from genesis.intent_file import read_intents
from node.cli.network_view import ProgressView, show_network
from node.clock import SystemClock
from node.network.control import ChainLine, ask_add, ask_status
from node.network.files import NetworkFolder, NetworkSettings
from node.network.launch import proof_options
from node.network.on_l1 import OPERATOR_WEI, RELAYER_WEI
from node.network.plan import make_plan
from node.network.serve import serve_network
from node.network.up import NetworkUp
from node.operator_key import OPERATOR_KEY_VARIABLE, operator_key
from node.precompile import DEPLOYED, missing_artifacts, precompile
from node.proof_contracts import CONTRACTS
from node.role import stop_on_signals
from node.status import NodeStatus, node_status
from node.up.keys import OPERATOR_KEY
from protocol.errors import InvalidInput, Reject, Retry

EXTERNAL_OPERATOR_WEI = 10**18
"""What each chain's operator gets from the deployer on an L1 where ether costs something."""
EXTERNAL_RELAYER_WEI = 10**17
"""Likewise, what the relayer gets on each chain."""


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What `up` was told beside the files; None where nothing was said."""

    data_dir: Path
    l1_url: str | None = None
    l1_port: int | None = None
    l1_block_time_seconds: float | None = None
    page_port: int | None = None
    host: str | None = None
    operator_keystore: Path | None = None


def run_network(files: Sequence[Path], options: NetworkOptions) -> None:
    """Until Ctrl-C or `tombolo down`. Raises what `NetworkUp.run` raises."""
    intents = read_intents(files)
    folder = NetworkFolder(options.data_dir / "network")
    if folder.is_running():
        _update_running(folder, files, intents)
        return
    settings = _settings(folder.load(), options)
    key = operator_key(options.operator_keystore)
    if key is None and settings.l1_url is not None:
        raise InvalidInput(
            f"an L1 of your own needs an account with ether on it: set {OPERATOR_KEY_VARIABLE} to its private key "
            "(hex), or name its keystore with --operator-keystore"
        )
    view = ProgressView()
    view.say(f"[dim]starting {len(intents)} chains; logs are in {folder.path / 'logs'}[/]")
    names = (*DEPLOYED, *(CONTRACTS if any(proof_options(intent) for intent in intents) else ()))
    if missing_artifacts(names):
        view.say("[dim]compiling contracts, once[/]")
        precompile(names)

    async def run() -> None:
        wei = (OPERATOR_WEI, RELAYER_WEI) if settings.l1_url is None else (EXTERNAL_OPERATOR_WEI, EXTERNAL_RELAYER_WEI)
        clock = SystemClock()
        network = NetworkUp(
            folder, settings, key or OPERATOR_KEY, clock, view.progress, operator_wei=wei[0], relayer_wei=wei[1]
        )
        stop_on_signals(network.stop)
        await network.run(intents, lambda running: serve_network(running, clock))

    asyncio.run(run())
    view.say(f"\nstopped; the chains are in {folder.path}")


def _update_running(folder: NetworkFolder, files: Sequence[Path], intents: Sequence[Intent]) -> None:
    """`up` again: nothing to do, or chains to add."""
    plan = make_plan(folder.applied(), intents)
    view = ProgressView()
    if not plan.steps:
        view.say("nothing to do: the network runs, and its chains are as these files say")
        return
    texts = [(str(file), file.name.split(".")[0].lower(), file.read_text()) for file in files]
    names = asyncio.run(ask_add(folder, texts, view.progress))
    view.say(f"added to the network that runs: {', '.join(names)}")


def _settings(saved: NetworkSettings | None, options: NetworkOptions) -> NetworkSettings:
    """What was chosen at the first start, or now; the L1 stays what it was.

    Raises:
        InvalidInput: Another L1 than the chains live on.
    """
    if saved is not None and saved.l1_url is None and options.l1_url is not None:
        raise InvalidInput(
            f"the chains in {options.data_dir} live on the embedded L1, not on another: choose another --data-dir"
        )
    base = saved or NetworkSettings()
    seconds = options.l1_block_time_seconds
    return replace(
        base,
        l1_url=options.l1_url or base.l1_url,
        l1_port=options.l1_port or base.l1_port,
        l1_block_time_seconds=base.l1_block_time_seconds if seconds is None else seconds,
        page_port=options.page_port or base.page_port,
        host=options.host or base.host,
    )


def show_running(folder: NetworkFolder, *, as_json: bool) -> None:
    """`tombolo status` of a whole network."""

    async def ask() -> tuple[list[ChainLine], list[NodeStatus | None]]:
        chains = await ask_status(folder)
        now = SystemClock().now()
        return chains, list(await asyncio.gather(*(_status(chain.rpc_url, now) for chain in chains)))

    chains, statuses = asyncio.run(ask())
    if as_json:
        heads = [None if status is None else status.answer for status in statuses]
        found = [{**asdict(chain), "status": head} for chain, head in zip(chains, heads, strict=True)]
        print(json.dumps(found, indent=2))
        return
    show_network(chains, statuses)


async def _status(url: str, now: float) -> NodeStatus | None:
    try:
        return await node_status(url, now)
    except (Retry, Reject):
        return None  # its processes say why
