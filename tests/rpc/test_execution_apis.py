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
from rpc.server import Server
from tests.rpc.execution_apis import Case, load_cases, parse_case, play, post_to
from vm.pyevm.engine import PyEvmEngine

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SUITE = Path(os.environ.get("TOMBOLO_VECTORS") or REPOSITORY.parent / "shared" / "vectors") / "execution-apis"

CASES = load_cases(SUITE)


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
async def test_official_case(url, case: Case):
    assert await asyncio.to_thread(play, case, post_to(url)) == []


def test_the_player_sees_every_kind_of_difference():
    def differences(expected, actual, *, spec_only=False):
        lines = f"// {'speconly:' if spec_only else ''}\n>> {{}}\n<< {expected}\n"
        return play(parse_case("x/y", lines), lambda _request: actual)

    assert differences('{"result": {"a": "0x1"}}', '{"result": {"a": "0x1"}}') == []
    assert differences('{"result": "0x1"}', '{"result": "0x2"}') == ['.result: "0x2", expected "0x1"']
    assert differences('{"result": 1}', '{"result": true}') == [".result: true, expected 1"]
    assert differences('{"result": {"a": 1}}', '{"result": {}}') == [".result.a: missing, expected 1"]
    assert differences('{"result": {}}', '{"result": {"a": 1}}') == [".result.a: unexpected 1"]
    assert differences('{"result": [1]}', '{"result": []}') == [".result: 0 items, expected 1"]
    same_code = '{"error": {"code": 3, "message": "b", "data": "0x"}}'
    assert differences('{"error": {"code": 3, "message": "a", "data": "0x"}}', same_code) == []
    assert differences('{"error": {"code": 3, "message": "a"}}', same_code) == ['.error.data: unexpected "0x"']
    assert differences('{"result": ["0x1"]}', '{"result": ["0x2", "0x3"]}', spec_only=True) == []
    assert differences('{"result": "0x1"}', '{"result": 1}', spec_only=True) == [
        '.result: 1, expected something like "0x1"'
    ]
