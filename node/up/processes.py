"""The processes of `tombolo up`: which role each has, what it is told, and whose key it gets."""

import os

from node.children import Child
from node.operator_key import CHALLENGER_KEY_VARIABLE, OPERATOR_KEY_VARIABLE, PROPOSER_KEY_VARIABLE
from node.up.keys import Keys
from node.up.options import UpOptions


async def start_l1(options: UpOptions, keys: Keys) -> Child:
    """The embedded one, on which these accounts have ether."""
    arguments = ["--rpc-port", str(options.l1_port), "--chain-id", str(options.l1_chain_id)]
    arguments += ["--block-time", str(options.l1_block_time_seconds)]
    return await _start(options, "l1", "l1", arguments, _variables(keys.operator, keys.proposer, keys.challenger))


async def start_sequencer(options: UpOptions, l1_url: str, key: bytes) -> Child:
    """It imports while its chain is launched, and waits for `rollup.json`."""
    arguments = _arguments(options, options.rpc_port, l1_url)
    arguments += ["--empty-blocks" if options.empty_blocks else "--no-empty-blocks"]
    arguments += ["--l1-confirmations", str(options.l1_confirmations)]
    if options.l1_url is None:
        arguments.append("--faucet")  # on our own L1 ether is worth nothing, so it is given away
    return await _start(options, "sequencer", "sequencer", arguments, _variables(key))


async def start_verifier(options: UpOptions, l1_url: str, proposer_key: bytes | None) -> Child:
    """It proposes as well, if it can: what it bonds, it has derived from L1 alone, and it defends it in disputes."""
    arguments = _arguments(options, options.verifier_port, l1_url)
    if proposer_key is None:
        return await _start(options, "verifier", "verifier", arguments, {})
    default = 3600 if options.l1_url is not None else 10
    arguments += ["--proposal-interval", str(options.proposal_interval_seconds or default)]
    return await _start(options, "verifier", "proposer", arguments, _variables(None, proposer_key))


async def start_challenger(options: UpOptions, l1_url: str, key: bytes) -> Child:
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
