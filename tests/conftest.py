"""What every test may use: the official vectors and free ports."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadlines: on shared cores a slow example says nothing about the code. In CI the same examples every time.
settings.register_profile("tombolo", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("tombolo")

REPOSITORY = Path(__file__).resolve().parent.parent

_PORTS = range(20_000, 30_000)
"""Below the kernel's ephemeral range, so that no outgoing connection takes a port between choosing and binding it."""


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder with the official suites; TOMBOLO_VECTORS overrides where it is."""
    folder = Path(os.environ.get("TOMBOLO_VECTORS") or REPOSITORY.parent / "shared" / "vectors")
    if not folder.is_dir():
        pytest.skip(f"official vectors not found at {folder}; set TOMBOLO_VECTORS")
    return folder


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that returns another free TCP port on 127.0.0.1 each time. Prefer binding port 0 where possible."""
    ports = _free_ports()
    return lambda: next(ports)


def _free_ports() -> Iterator[int]:
    # Workers start far apart, so that two of them do not choose the same port at the same time.
    start = os.getpid() * 389 % len(_PORTS)
    for offset in range(len(_PORTS)):
        port = _PORTS[(start + offset) % len(_PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
