"""How long a blob takes its batcher and its readers: `python -m bench.blobs`, a table.

Seconds of the processor, of one full blob: the least of three runs. ckzg holds the interpreter meanwhile, so a node
does nothing else. Loading the trusted setup happens once per process, at the first blob.
"""

import time
from collections.abc import Callable
from random import Random

from rich.console import Console
from rich.table import Table

from da.blob import make_sidecar
from protocol.blobs import capacity, unpack_blobs
from protocol.kzg import commitment_of, trusted_setup, versioned_hash

RUNS = 3


def main() -> None:
    """Print the table."""
    data = Random(4844).randbytes(capacity(1))
    setup = _seconds(trusted_setup)
    blobs = make_sidecar(data, has_cell_proofs=False).blobs
    table = Table("what", "s", title="a blob")
    table.add_row("trusted setup loaded, once", f"{setup:.2f}")
    for what, work in (
        ("posted with cell proofs (EIP-7594)", lambda: make_sidecar(data, has_cell_proofs=True)),
        ("posted with a blob proof (EIP-4844)", lambda: make_sidecar(data, has_cell_proofs=False)),
        ("read: its hash, its bytes", lambda: (versioned_hash(commitment_of(blobs[0])), unpack_blobs(blobs))),
    ):
        table.add_row(what, f"{min(_seconds(work) for _run in range(RUNS)):.2f}")
    Console().print(table)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
