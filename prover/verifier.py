"""The one-step verifier on L1: which contracts it consists of, and how they are deployed.

A dispatcher knows its libraries by immutable addresses, so the libraries come first.
"""

from collections.abc import Callable
from typing import NewType

from protocol.types import Address

DISPATCHER = "l1/proof/verifier"
LIBRARIES = (
    "l1/proof/plain_opcodes",
    "l1/proof/memory_opcodes",
    "l1/proof/hashing",
    "l1/proof/state_opcodes",
    "l1/proof/logs",
    "l1/proof/call_opcodes",
    "l1/proof/creates",
    "l1/proof/frames",
    "l1/proof/precompiles",
    "l1/proof/transactions",
    "l1/proof/flush",
    "l1/proof/begin",
    "l1/proof/batch_items",
    "l1/proof/derivation",
    "l1/proof/block_writes",
    "l1/proof/boot",
    "l1/proof/block_end",
    "l1/proof/receipts",
    "l1/proof/block_tries",
    "l1/proof/batch_data",
    "l1/proof/terms",
)
"""In the order of the dispatcher's constructor, whose tables name them by number."""
ROOM = 24
"""How many the constructor takes; places without a library are zero."""

InitCode = NewType("InitCode", bytes)


def deploy_verifier(load: Callable[[str], bytes], deploy: Callable[[bytes], Address]) -> Address:
    """Deploy everything and return the dispatcher's address.

    `load` gives a contract's init code by its name under `contracts/`; `deploy` runs init code with its constructor's
    arguments behind it and says where the contract is.
    """
    libraries = [deploy(load(name)) if name else Address(bytes(20)) for name in LIBRARIES]
    addresses = [*libraries, *[Address(bytes(20))] * (ROOM - len(libraries))]
    return deploy(load(DISPATCHER) + b"".join(address.rjust(32, b"\0") for address in addresses))
