"""The contracts that launches put on chains, compiled at installation rather than at the first start.

`python -m node.precompile` does it, with as many processes as there are cores.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from node.artifacts import SOURCES, has_artifact, load_artifact

DEPLOYED = (
    *("l1/chain_config", "l1/inbox", "l1/outputs", "l1/portal", "l1/token_portal", "l1/bridge"),
    *("l2/outbox", "l2/bridge", "l2/bridged_token", "l2/fee_oracle", "l2/fee_vault"),
    *("metalayer/registry", "metalayer/ledger", "metalayer/ether_hub"),
    *("metalayer/mailbox", "metalayer/settled_roots", "metalayer/token_route", "metalayer/token_image"),
    *("metalayer/ether_route", "metalayer/fee_schedule", "examples/guestbook"),
)

COMPILING = "compiling the one-step verifier: about half a minute, this once"
"""Why nothing happens for a while, once in an installation's life."""


def missing_artifacts(names: Sequence[str] = DEPLOYED) -> list[str]:
    """Those that would have to be compiled."""
    return [name for name in names if (SOURCES / f"{name}.vy").is_file() and not has_artifact(name)]


def precompile(names: Sequence[str] = DEPLOYED) -> list[str]:
    """Compile what is missing; returns its names. Raises InvalidInput when a contract does not compile."""
    missing = missing_artifacts(names)
    if missing:
        # Not forked: whoever calls may have threads.
        workers = min(len(missing), os.cpu_count() or 1)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_compile, missing))
    return missing


def _compile(name: str) -> None:
    load_artifact(name)


if __name__ == "__main__":
    precompile()
