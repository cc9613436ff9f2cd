"""The verifier's contracts in pyrevm, deployed once per session."""

from collections.abc import Callable

import pytest

from node.artifacts import load_artifact
from prover.vyper_referee import VyperReferee


def init_code(name: str) -> bytes:
    return load_artifact(name).init_code


@pytest.fixture(scope="session")
def referee() -> VyperReferee:
    return VyperReferee(init_code)


@pytest.fixture(scope="session")
def referee_of() -> Callable[[Callable[[str], bytes]], VyperReferee]:
    """A referee with other contracts than those of the tree."""
    return VyperReferee
