"""Compiled contracts, and the cache that spares a node's start the compiler.

A cached artifact is named by everything that decides its bytes (the contract's source, every source that it may
import, and the compiler's version), so that it can be missing but never stale.
"""

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from protocol.errors import InvalidInput

SOURCES = Path(__file__).resolve().parent.parent / "contracts"
BUILD = SOURCES / "build"

_IMPORT = re.compile(r"^\s*(?:from\s+\S+\s+)?import\s+(?:\S*\.)?(\w+)", re.MULTILINE)
"""The last name of `import a.b.name` and of `from a.b import name`; Vyper imports one name at a time."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract. `abi` is the JSON text that client libraries read."""

    name: str
    abi: str
    init_code: bytes
    """Runs at deployment; constructor arguments follow it."""
    runtime_code: bytes
    """What deployment leaves behind, before immutables are filled in."""


def load_artifact(name: str, sources: Path = SOURCES, build: Path | None = BUILD) -> Artifact:
    """The contract `name`, e.g. ``"l1/inbox"``: from `build`, else compiled and put there (None: always compiled).

    Raises:
        InvalidInput: There is no such contract, or it does not compile.
    """
    source = sources / f"{name}.vy"
    if not source.is_file():
        raise InvalidInput(f"no contract source at {source}")
    if build is None:
        return _compile(name, source, sources)
    path = _path_of(name, source, sources, build)
    try:
        return _read(path)
    except (OSError, ValueError, KeyError, TypeError):
        # Never built, or unreadable, or damaged: each is mended by building.
        artifact = _compile(name, source, sources)
        with suppress(OSError):  # a read-only installation compiles at every start
            _write(path, artifact)
        return artifact


def has_artifact(name: str, sources: Path = SOURCES, build: Path = BUILD) -> bool:
    """Whether `load_artifact` needs no compiler for it."""
    source = sources / f"{name}.vy"
    return source.is_file() and _path_of(name, source, sources, build).is_file()


def _path_of(name: str, source: Path, sources: Path, build: Path) -> Path:
    return build / f"{name.replace('/', '-')}-{_fingerprint(source, sources).hex()[:32]}.json"


def _fingerprint(source: Path, sources: Path) -> bytes:
    digest = sha256(_compiler_version().encode())
    for path in _with_imports(source, sources):
        text = path.read_bytes()
        digest.update(f"\n{path.relative_to(sources).as_posix()} {len(text)}\n".encode() + text)
    return digest.digest()


def _with_imports(source: Path, sources: Path) -> list[Path]:
    """The source and whatever it may import, in turn: each file, wherever it lies, that is called like an import."""
    by_name: dict[str, list[Path]] = {}
    for path in (*sources.rglob("*.vy"), *sources.rglob("*.vyi")):
        by_name.setdefault(path.stem, []).append(path)
    found = {source}
    pending = [source]
    while pending:
        for name in _IMPORT.findall(pending.pop().read_text()):
            new = [path for path in by_name.get(name, []) if path not in found]
            found.update(new)
            pending.extend(new)
    return sorted(found)


@cache
def _compiler_version() -> str:
    # From the package's metadata: importing the compiler takes longer than everything else here.
    return version("vyper")


def _compile(name: str, source: Path, sources: Path) -> Artifact:
    from vyper import compile_from_file_input  # noqa: PLC0415 - 0.4 s that a warm start does not pay
    from vyper.compiler.input_bundle import FilesystemInputBundle  # noqa: PLC0415
    from vyper.exceptions import VyperException  # noqa: PLC0415

    bundle = FilesystemInputBundle([sources])
    try:
        output = compile_from_file_input(
            bundle.load_file(source), input_bundle=bundle, output_formats=("abi", "bytecode", "bytecode_runtime")
        )
    except VyperException as error:
        raise InvalidInput(f"contract {name} does not compile: {error}") from error
    return Artifact(
        name=name,
        abi=json.dumps(output["abi"]),
        init_code=bytes.fromhex(output["bytecode"].removeprefix("0x")),
        runtime_code=bytes.fromhex(output["bytecode_runtime"].removeprefix("0x")),
    )


def _read(path: Path) -> Artifact:
    fields = json.loads(path.read_bytes())
    return Artifact(
        name=fields["name"],
        abi=json.dumps(fields["abi"]),
        init_code=bytes.fromhex(fields["init_code"]),
        runtime_code=bytes.fromhex(fields["runtime_code"]),
    )


def _write(path: Path, artifact: Artifact) -> None:
    fields = {
        "name": artifact.name,
        "abi": json.loads(artifact.abi),
        "init_code": artifact.init_code.hex(),
        "runtime_code": artifact.runtime_code.hex(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as file:
        json.dump(fields, file, indent=1)
    # Two nodes may build at once: each renames a whole file into place, and both files are the same.
    os.replace(temporary, path)
