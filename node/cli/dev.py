"""`tombolo dev`: a chain for a test suite or a tutorial."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.option import port
from node.cli.parameters import MAX_CHAIN_ID, ForkName, Host

if TYPE_CHECKING:  # each command loads only its own part
    from node.dev_node import DevNode

CHAIN_ID = 31337
"""What hardhat, anvil and their scripts take for granted."""


def dev(
    rpc_port: Annotated[int, port("--rpc-port", "Where to serve JSON-RPC.", least=0)] = 8545,
    host: Host = "127.0.0.1",
    block_time: Annotated[
        float,
        typer.Option(min=0, max=3600, metavar="SECONDS", help="Time between blocks; 0: a block per transaction."),
    ] = 0.0,
    chain_id: Annotated[int, typer.Option(min=1, max=MAX_CHAIN_ID, help="The chain's id.")] = CHAIN_ID,
    fork: Annotated[ForkName, typer.Option(help="The rules.")] = ForkName.cancun,
    gas_limit: Annotated[int, typer.Option(min=1_000_000, max=2**53, help="Of a block.")] = 30_000_000,
    data_dir: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Keep the chain in this folder.", show_default="forgotten at the end"),
    ] = None,
) -> None:
    """Start a chain for tests: no L1, no batches, ten rich accounts, time that can be moved.

    It takes the place of `anvil` or `npx hardhat node`: a block per transaction,
    and the methods evm_*, anvil_* and hardhat_* that edit accounts, take
    snapshots, impersonate and travel in time. A rollup refuses those.

    \b
    [bold]Examples[/]
      tombolo dev
      tombolo dev --block-time 1 --rpc-port 8600
      npx hardhat test --network localhost
      cast rpc anvil_setBalance 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266 0xde0b6b3a7640000
    """
    from node.clock import SystemClock
    from node.dev_node import DevNode, DevOptions
    from node.run import run_dev
    from protocol.forks import Fork

    with ExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tombolo-dev-")))
        options = DevOptions(folder, chain_id, rpc_port, host, gas_limit, Fork[fork.name.upper()], block_time)
        run_dev(lambda: DevNode(options, SystemClock(), on_ready=lambda node: _show(node, kept=data_dir)))


def _show(node: "DevNode", kept: Path | None) -> None:
    from genesis.dev import DEV_ACCOUNTS, DEV_MNEMONIC, DEV_PRIVATE_KEYS

    options = node.options
    host = f"[{options.host}]" if ":" in options.host else options.host
    pace = f"one every {options.block_time_seconds:g} s" if options.block_time_seconds else "one per transaction"
    print(f"JSON-RPC  http://{host}:{node.port}  and  ws://{host}:{node.port}")
    print(f"pages     http://{host}:{node.port}/explorer")
    print(f"chain id  {options.chain_id} ({options.chain_id:#x}), {options.fork.name.capitalize()} rules")
    print(f"blocks    {pace}; head is {node.chain.head().number}")
    print(f"data      {kept or 'in a temporary folder; --data-dir keeps it'}")
    print(f"\nTen funded accounts, which everybody knows the keys of ({DEV_MNEMONIC}):")
    for address, key in zip(DEV_ACCOUNTS, DEV_PRIVATE_KEYS, strict=True):
        print(f"  0x{address.hex()}  key 0x{key.hex()}")
    print("\nCtrl-C stops.", flush=True)
