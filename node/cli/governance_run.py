"""What `tombolo govern` does: a chain's settings on L1 become those of its file."""

from pathlib import Path

import typer

from genesis.intent import Intent
from node.clock import SystemClock
from node.governance import Governance, check_governable, governed_part, wanted_settings
from node.l1.client import L1Client
from node.network.files import NetworkFolder
from node.operator_key import OPERATOR_KEY_VARIABLE, operator_key
from node.rollup_file import load_rollup
from node.up.keys import OPERATOR_KEY
from protocol.errors import InvalidInput


async def carry_out(folder: NetworkFolder, wanted: Intent, wait: int, keystore: Path | None) -> None:
    """Announce, wait, and make; says each thing done. Raises InvalidInput, and what `Governance` raises."""
    name, applied, settings = wanted.chain.name, folder.applied(), folder.load()
    if settings is None or name not in applied:
        raise InvalidInput(f"no chain {name} was launched in {folder.path}; `tombolo up` launches it")
    check_governable(applied[name], wanted)
    contracts = load_rollup(folder.chain(name).rollup).config.settlement
    if contracts is None:
        raise InvalidInput(f"{name} has no config contract on L1")
    key = operator_key(keystore)
    if key is None and settings.l1_url is not None:
        raise InvalidInput(f"set {OPERATOR_KEY_VARIABLE}, or name a keystore with --operator-keystore")
    clock = SystemClock()
    async with L1Client(settings.l1_endpoint, clock) as l1:
        governance = Governance(l1, clock, contracts.chain_config, typer.echo)
        found = await governance.differences(wanted_settings(wanted))
        if not found:
            typer.echo(f"nothing to do: {name} is as its file says")
        ready_at = await governance.carry_out(found, key or OPERATOR_KEY, wait)
    if ready_at:
        typer.echo(f"announced; the changes can be made in {_span(ready_at - clock.now())}: run this again then")
        return
    folder.chain(name).save_intent(governed_part(applied[name], wanted))


def _span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
