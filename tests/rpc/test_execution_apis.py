"""The official suite of ethereum/execution-apis, against its own chain imported through our engine."""

import asyncio
import os
from pathlib import Path

import pytest

from node.backend import EventBus, NodeBackend
from node.chain_file import import_chain
from node.chain_setup import database_path, reopen_chain
from node.clock import SystemClock
from node.mempool import Mempool
from node.store import Store
from rpc.compat import Case, load_cases, load_exceptions, play, post_to
from rpc.server import Server
from vm.pyevm.engine import PyEvmEngine

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SUITE = Path(os.environ.get("TOMBOLO_VECTORS") or REPOSITORY.parent / "shared" / "vectors") / "execution-apis"

EXCEPTIONS = load_exceptions(Path(__file__).parent / "execution_apis_exceptions.txt")
CASES = [case for case in load_cases(SUITE) if case.name not in EXCEPTIONS] if SUITE.is_dir() else []


@pytest.fixture(scope="module")
def imported_chain(vectors, tmp_path_factory):
    """The suite's chain, at block 54."""
    suite, data_dir = vectors / "execution-apis", tmp_path_factory.mktemp("suite")
    import_chain(suite / "genesis.json", suite / "chain.rlp", data_dir)
    with Store(database_path(data_dir)) as store:
        yield reopen_chain(store)


@pytest.fixture
async def url(imported_chain):
    """A server over that chain that makes no blocks, with an empty pool of its own."""
    chain, bus = imported_chain, EventBus(asyncio.get_running_loop())
    pool = Mempool(chain, chain.config, SystemClock(), on_pending=bus.publish_pending)
    server = Server(NodeBackend(chain, PyEvmEngine(chain.config), pool, "tombolo/test", bus))
    port = await server.start()
    yield f"http://127.0.0.1:{port}"
    await server.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_official_case_is_answered_as_it_says(url, case: Case):
    assert await asyncio.to_thread(play, case, post_to(url)) == []
