"""What `tombolo up` shows: where everything is, then one line per block."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from genesis.dev import DEV_MNEMONIC
from node.clock import SystemClock
from node.fee_options import fees_of, words_of_fees
from node.operator_key import CHALLENGER_KEY_VARIABLE, PROPOSER_KEY_VARIABLE
from node.precompile import COMPILING, missing_artifacts, precompile
from node.proof_contracts import CONTRACTS
from node.role import stop_on_signals
from node.rollup_file import load_rollup
from node.up.blocks import BlockLine
from node.up.options import UpOptions
from node.up.run import Started, check_start, run_up
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput

GWEI = 10**9


def show_up(options: UpOptions) -> None:
    """Run everything until SIGINT or SIGTERM, and show it; raises what `run_up` raises."""

    async def run() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        view = UpView(options.data_dir)
        check_start(options)  # before anything is compiled
        if options.launch.settlement.proofs is not None and missing_artifacts(CONTRACTS):
            view.compiling()
            precompile(CONTRACTS)
        await run_up(options, SystemClock(), stop, view.started, view.block)
        view.stopped()

    asyncio.run(run())


class UpView:
    """Prints to standard output, plainly where that is no terminal."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._console = Console(highlight=False, soft_wrap=True)
        with_logs = data_dir / "logs"
        self._console.print(f"[dim]starting; logs are in {with_logs}[/]")

    def compiling(self) -> None:
        """Why nothing happens for a while."""
        self._console.print(f"[dim]{COMPILING}[/]")

    def started(self, started: Started) -> None:
        """Endpoints, chain ids and accounts."""
        config = started.rollup.config
        faucet = ", faucet" if started.has_faucet else ""
        chain_id, socket_url = config.chain.chain_id, started.rpc_url.replace("http", "ws", 1)
        lines = [
            "",
            f"[bold]rollup[/]    chain id {chain_id} ({chain_id:#x})",
            f"          {started.rpc_url}  and  {socket_url}",
            f"pages     {started.rpc_url}/explorer  [dim]blocks, batches, dashboard, wallet{faucet}[/]",
            f"verifier  {started.verifier_url}  [dim]the same chain, from L1 and the data layer alone[/]",
            f"outputs   {_proposer(started)}",
            *_security(started),
            f"L1        {started.l1_url}  chain id {config.l1_chain_id}",
            f"inbox     0x{config.inbox_address.hex()}  [dim]batches go to: {started.rollup.da_layer}[/]",
            f"data      {self._data_dir}  [dim]{'a new chain' if started.new else 'going on from where it stopped'}[/]",
            "",
            f"Ten funded accounts, which everybody knows the keys of ({DEV_MNEMONIC}):",
            *(f"  0x{private_key_address(key).hex()}  key 0x{key.hex()}" for key in started.dev_keys),
            "",
            "One line per block; Ctrl-C stops.",
        ]
        self._console.print("\n".join(lines))

    def block(self, line: BlockLine) -> None:
        """One block."""
        base_fee = f"{line.base_fee_per_gas / GWEI:.9f}".rstrip("0").rstrip(".")
        self._console.print(
            f"block {line.number:>6}  {line.hash[:10]}…  {line.transactions:>4} txs  {line.gas_used:>10,} gas  "
            f"base fee {base_fee} gwei  [dim]safe {line.safe}[/]"
        )

    def stopped(self) -> None:
        """The last words."""
        self._console.print(f"\nstopped; the chain is in {self._data_dir}")


def _proposer(started: Started) -> str:
    settlement = started.rollup.config.settlement
    if started.proposer is None or settlement is None:
        return f"[dim]nobody here bonds output roots, so nothing can be withdrawn: set {PROPOSER_KEY_VARIABLE}[/]"
    seconds = settlement.challenge_window + settlement.finalisation_delay
    return f"0x{started.proposer.hex()}  [dim]bonds them; a withdrawal takes {seconds} s or more: tombolo bridge[/]"


def _security(started: Started) -> list[str]:
    """Who has the last word about output roots, and who watches."""
    settlement = started.rollup.config.settlement
    if settlement is None:
        return []
    game = f"0x{settlement.game.hex()}"
    if not started.has_game:
        return [
            f"security  {game}  [dim]a guardian: this account alone rejects false outputs, users trust it; "
            "--fraud-proofs at launch[/]"
        ]
    watcher = f"[dim]nobody here challenges: set {CHALLENGER_KEY_VARIABLE}[/]"
    if started.challenger is not None:
        watcher = f"0x{started.challenger.hex()}  [dim]disputes false outputs; {started.challenger_url}/disputes[/]"
    return [
        f"security  {game}  [dim]fraud proofs: L1 itself executes the disputed step; nobody is trusted[/]",
        f"watcher   {watcher}",
    ]


def check_relaunch(rollup_path: Path, given: Mapping[str, object]) -> None:
    """Refuse options that a rollup launched earlier in this folder has fixed otherwise.

    Raises:
        InvalidInput: Names the first of `given` (by its words in the help) that differs.
    """
    if not given or not rollup_path.exists():
        return
    rollup = load_rollup(rollup_path)
    config = rollup.config
    fixed: dict[str, object] = {
        "chain id": config.chain.chain_id,
        "block time": config.block_time_milliseconds / 1000,
        "gas limit": config.gas_limit,
        "fork": config.chain.forks.at(0, rollup.genesis_timestamp).name.lower(),
        "data layer": rollup.da_layer,
        "elasticity": config.chain.elasticity,
        "base fee denominator": config.chain.base_fee_change_denominator,
        "sequencer drift": config.max_sequencer_drift_seconds,
        "sequencing window": config.sequencing_window,
        "challenge window": None if config.settlement is None else config.settlement.challenge_window,
        "fees": words_of_fees(fees_of(config)),
        "finalisation delay": None if config.settlement is None else config.settlement.finalisation_delay,
    }
    for name, wanted in given.items():
        if wanted != fixed[name]:
            raise InvalidInput(
                f"the rollup in {rollup_path.parent} was launched with {name} {fixed[name]}, not {wanted}; that is "
                "fixed at launch: leave the option out, or choose another --data-dir"
            )
