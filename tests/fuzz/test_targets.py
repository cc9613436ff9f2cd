"""The fuzz targets find nothing in a bounded number of runs, from the same seed each time."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.rlp_codec import encode
from tests.e2e.wallet import Wallet
from tests.peers import REPOSITORY

pytestmark = pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: it is for Linux alone")

CORPUS = {
    "transaction": [Wallet(0).sign(Wallet(1).address, value=1).raw, b"\xc0", b"\x02\xc0"],
    "rlp": [encode([b"", b"\x01", [b"a" * 60, []]])],
    "batch": [encode_batch(Batch(1, (BlockClaim(1_700_000_000, 50, (b"\x02\xc0", b"tx")),)))],
    "request": [
        b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x' + b"aa" * 20 + b'","latest"]}',
        b'[{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x' + b"aa" * 20 + b'"},{"blockHash":"0x0"}]}]',
    ],
    "blobs": [b"\x03" + encode([[b""] * 14, [], [], []]), b"\x03" + encode([[b""] * 14, b"\x01", [], [], []])],
    "layer_json": [
        b'{"data":[{"blob":"0x00","index":"0"}]}',
        b'{"id":1,"error":{"code":1,"message":"blob: not found"}}',
        b'{"height":"12","data":"AAEC","commitment":"0x0f","blobs":[' + b"[[" * 51 + b"]]" * 51 + b"]}",
    ],
}
SLOW = [pytest.mark.slow, pytest.mark.timeout(3600)]
RUNS = {"transaction": 5_000, "rlp": 5_000, "batch": 5_000, "request": 400, "blobs": 1_500, "layer_json": 3_000}


@pytest.mark.parametrize(
    ("target", "runs"),
    [
        *RUNS.items(),
        *[pytest.param(target, 100 * runs, marks=SLOW) for target, runs in RUNS.items()],
    ],
)
def test_a_target_accepts_or_refuses_every_input(target: str, runs: int, tmp_path: Path) -> None:
    for number, example in enumerate(CORPUS[target]):
        (tmp_path / str(number)).write_bytes(example)
    flags = [f"-runs={runs}", "-seed=20266", "-max_len=600", "-rss_limit_mb=1024", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", target, *flags, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    finished = re.search(r"Done (\d+) runs", done.stderr)
    assert finished is not None, done.stderr[-4000:]
    coverage = re.findall(r"cov: (\d+)", done.stderr)
    print(f"{target}: {finished[1]} runs, coverage {coverage[-1]}, nothing found")
