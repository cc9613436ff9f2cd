"""What every test may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of official suites; tests that need it skip when it is not there."""
    path = Path(os.environ.get("TOMBOLO_VECTORS") or REPOSITORY.parent / "shared" / "vectors")
    if not path.is_dir():
        pytest.skip(f"official vectors not found at {path}; set TOMBOLO_VECTORS")
    return path
