"""Intents as people read them: the commented file that `tombolo new` writes, and values as TOML says them."""

import json
import textwrap
from collections.abc import Mapping, Sequence

from genesis.intent import Intent, Place, places, value_of
from genesis.knobs import WEI_PER_ETHER, Balances, Settings

HEADER = "# A chain for `tombolo up`. A line behind # is a default: take the # away to change it.\n"


def intent_text(
    intent: Intent, preset: str | None = None, base: Intent | None = None, *, everything: bool = False
) -> str:
    """A file from which the same intent is read; what differs from `base` (the preset's intent) is set in it.

    With `everything` each knob is set, so that no default decides.
    Knobs that the node does not honour yet are left out, as nothing but their default can be said.
    """
    lines = [HEADER, f'preset = "{preset}"\n' if preset else ""]
    start = base or Intent()
    for place in places():
        if f"[{place.group}]\n" not in lines:
            lines += ["\n", f"[{place.group}]\n"]
        if place.knob.not_yet:
            continue
        value = value_of(intent, place)
        sign = "# " if value == value_of(start, place) and not everything else ""
        words = textwrap.fill(f"{place.knob.help} {_range(place)}", 118, initial_indent="# ", subsequent_indent="# ")
        lines.append(f"{words}\n{sign}{place.name} = {toml_value(place, value)}\n")
    return "".join(lines)


def toml_value(place: Place, value: object) -> str:
    """A knob's value, as the file says it."""
    if isinstance(place.knob.kind, Balances) and isinstance(value, tuple):
        pairs = (f"{json.dumps(address)} = {json.dumps(_ether(wei))}" for address, wei in value)
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(place.knob.kind, Settings) and isinstance(value, tuple):
        pairs = (f"{json.dumps(key)} = {json.dumps(text)}" for key, text in value)
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return shown(value)


def shown(value: object) -> str:
    """A value of TOML in TOML, cut to a readable length for errors."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return _cut("{ " + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + " }")
    if isinstance(value, Sequence):
        return _cut("[" + ", ".join(shown(item) for item in value) + "]")
    return _cut(str(value))


def _range(place: Place) -> str:
    not_yet = ", ".join(place.knob.values_not_yet)
    later = f"; not yet: {not_yet}" if not_yet else ""
    allowed = place.knob.kind.allowed()
    return f"{allowed[0].upper()}{allowed[1:]}{later}."


def _cut(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _ether(wei: int) -> str:
    whole, part = divmod(wei, WEI_PER_ETHER)
    return f"{whole}.{part:018d}".rstrip("0") if part else str(whole)
