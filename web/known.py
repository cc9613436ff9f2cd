"""Signatures that the pages know without being told, with their selectors: tokens, and this project's own contracts."""

from pathlib import Path

from aiohttp import web

from protocol.crypto import keccak
from rpc.encode import JsonObject
from web.site import Page, Site

SIGNATURES = Path(__file__).resolve().parent / "signatures.txt"


def known_abi(site: Site) -> Page:
    """A page of JSON: `functions` and `errors` by their 4-byte selector, `events` by their topic."""
    found: JsonObject = {kind: {**table} for kind, table in selectors(SIGNATURES.read_text()).items()}

    async def serve(request: web.Request) -> web.StreamResponse:
        return site.data(request, found)

    return serve


def selectors(text: str) -> dict[str, dict[str, str]]:
    """The table of a list of declarations, one a line; `#` begins a comment."""
    functions: dict[str, str] = {}
    errors: dict[str, str] = {}
    events: dict[str, str] = {}
    tables = {"function": functions, "error": errors, "event": events}
    for line in text.splitlines():
        declaration = line.partition("#")[0].strip()
        if not declaration:
            continue
        kind = declaration.partition(" ")[0]
        digest = keccak(canonical(declaration).encode())
        key = digest if kind == "event" else digest[:4]
        tables[kind]["0x" + key.hex()] = declaration
    return {"functions": functions, "errors": errors, "events": events}


def canonical(declaration: str) -> str:
    """`event Transfer(address indexed sender, …)` as `Transfer(address,…)`, which is what is hashed."""
    _kind, _, rest = declaration.partition(" ")
    name, _, arguments = rest.partition("(")
    return f"{name}({_types(arguments[: _closing(arguments)])})"


def _closing(text: str) -> int:
    """Where the bracket that was opened just before `text` is closed."""
    depth = 1
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return position
    raise ValueError(f"a bracket is not closed: ({text}")


def _types(arguments: str) -> str:
    """`(uint256 a, bool b) pair, address[] c` as `(uint256,bool),address[]`."""
    parts, depth, part = [], 0, ""
    for letter in arguments + ",":
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return ",".join(_type(part) for part in parts if part)


def _type(parameter: str) -> str:
    if not parameter.startswith("("):
        return parameter.split(maxsplit=1)[0]
    end = parameter.rindex(")")
    array = parameter[end + 1 :].split()
    suffix = array[0] if array and array[0].startswith("[") else ""
    return f"({_types(parameter[1:end])}){suffix}"
