"""Both L1s that the end-to-end tests run on, behind one face."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.l1.client import L1Client
from node.l1.wire import Json
from tests.e2e.network import OPERATOR_KEY, embedded_l1
from tests.peers import DEV_KEYS, run_anvil


@dataclass(frozen=True)
class L1:
    """A live L1, an account with ether on it, and the method that makes it reorganise."""

    url: str
    operator_key: bytes
    reorg_method: str

    async def reorg(self, depth: int) -> None:
        """Replace the last `depth` blocks by others."""
        params: list[Json] = [hex(depth)] if self.reorg_method == "anvil_rollback" else [depth, []]
        async with L1Client(self.url) as client:
            await client.request(self.reorg_method, params)


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[L1]:
    async with embedded_l1(folder) as node:
        # Rolled back, it builds other blocks by itself.
        yield L1(f"http://127.0.0.1:{node.port}", OPERATOR_KEY, "anvil_rollback")


@asynccontextmanager
async def _anvil(folder: Path) -> AsyncIterator[L1]:
    with run_anvil("--block-time", "1") as anvil:
        yield L1(anvil.url, DEV_KEYS[1], "anvil_reorg")


@pytest.fixture(params=["embedded", "anvil"])
async def l1(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[L1]:
    make = {"embedded": _embedded, "anvil": _anvil}[request.param]
    async with make(tmp_path) as running:
        yield running


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[L1]:
    async with _embedded(tmp_path) as running:
        yield running
