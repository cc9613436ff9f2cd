"""An L1 for the fault tests, that goes on whatever happens to the rollup."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.l1_node import L1Node
from tests.e2e.network import embedded_l1


@pytest.fixture
async def l1(tmp_path: Path) -> AsyncIterator[L1Node]:
    async with embedded_l1(tmp_path) as node:
        yield node


@pytest.fixture
def l1_url(l1: L1Node) -> str:
    return f"http://127.0.0.1:{l1.port}"
