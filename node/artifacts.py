"""Compiled contracts, and the cache that spares a node's start the compiler.

A cached artifact is named by everything that decides its bytes (every source under `contracts/`, and the compiler's
version), so that it can be missing but never stale.
"""

import json
import os
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
    path = build / f"{name.replace('/', '-')}-{_fingerprint(sources).hex()[:32]}.json"
    try:
        return _read(path)
    except (OSError, ValueError, KeyError, TypeError):
        # Never built, or unreadable, or damaged: each is mended by building.
        artifact = _compile(name, source, sources)
        with suppress(OSError):  # a read-only installation compiles at every start
            _write(path, artifact)
        return artifact


def _fingerprint(sources: Path) -> bytes:
    digest = sha256(_compiler_version().encode())
    for path in sorted((*sources.rglob("*.vy"), *sources.rglob("*.vyi"))):
        text = path.read_bytes()
        digest.update(f"\n{path.relative_to(sources).as_posix()} {len(text)}\n".encode() + text)
    return digest.digest()


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
