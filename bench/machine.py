"""What the figures were measured on: without it they mean little."""

import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.peers.peer import ROOT


def describe_machine() -> dict[str, object]:
    """Processor, memory, versions, and how busy the machine was before we began."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "python_optimised": _is_optimised(),
        "commit": _commit(),
        "versions": {
            **{name: _package(name) for name in ("py-evm", "aiohttp", "plyvel", "coincurve", "eth-tester")},
            "anvil": _npm(ROOT / "node_modules" / "@foundry-rs" / "anvil"),
            "hardhat": _npm(ROOT / "bench" / "node_modules" / "hardhat"),
        },
    }


def _is_optimised() -> bool:
    """Whether the interpreter was compiled with profile-guided optimisation, as scripts/find-python tells it."""
    return "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")) or sys.base_prefix == "/usr"


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return result.stdout.strip() or "unknown"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _npm(folder: Path) -> str:
    try:
        return str(json.loads((folder / "package.json").read_text())["version"])
    except OSError:
        return "absent"
