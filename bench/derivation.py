"""What `tombolo verify` does, timed without the start of the process: `python -m bench.derivation ROLLUP L1_URL DA`."""

import asyncio
import json
import sys
import time
from pathlib import Path

from node.clock import SystemClock
from node.interpreter import tune
from node.rollup_file import load_rollup
from node.verify import VerifyOptions, verify


def main(rollup: Path, l1_url: str, da: Path) -> None:
    """Rebuild the chain from L1 and the data layer; print transactions and seconds."""
    options = VerifyOptions(load_rollup(rollup), l1_url, da, against_url=None)
    tune()
    begun = time.perf_counter()
    verified = asyncio.run(verify(options, SystemClock()))
    seconds = time.perf_counter() - begun
    print(json.dumps({"transactions": verified.transactions, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
