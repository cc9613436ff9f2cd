"""A node in memory whose engine is real: a few contracts, written in bytes, to simulate and trace."""

from collections.abc import Mapping

from protocol.types import Address
from tests.rpc.conftest import Node
from tests.rpc.fake import ALICE, BOB
from vm.memory_state import Allocation, memory_state
from vm.pyevm.engine import PyEvmEngine

ETHER = 10**18
CONTRACT = Address(b"\xc0" * 20)
OTHER = Address(b"\xd0" * 20)


def hex_of(value: bytes) -> str:
    return "0x" + value.hex()


def push20(address: Address) -> bytes:
    return b"\x73" + address


def calls(target: Address, value: int = 0, opcode: int = 0xF1) -> bytes:
    """Code that calls `target` with no data and 0xffff gas, and drops the success flag."""
    amount = bytes((0x60, value)) if opcode in (0xF1, 0xF2) else b""
    return b"\x60\x00" * 4 + amount + push20(target) + b"\x61\xff\xff" + bytes((opcode,)) + b"\x50"


REVERTS_WITH_REASON = bytes.fromhex(
    "7f08c379a000000000000000000000000000000000000000000000000000000000600052"
    "6020600452600460245263" + b"nope".hex() + "60e01b6044526064"
    "6000fd"
)
LOGS = bytes.fromhex("602a600052600160206000a1")
LOOPS_FOREVER = bytes.fromhex("5b600056")
STORES = bytes.fromhex("602a600155")


def populate(node: Node, codes: Mapping[Address, bytes]) -> None:
    """Give the node a real engine, and a newest block with these contracts and ALICE and BOB funded."""
    backend = node.backend
    accounts = {address: Allocation(balance=ETHER, nonce=1, code=code) for address, code in codes.items()}
    accounts |= {ALICE: Allocation(balance=100 * ETHER), BOB: Allocation(balance=100 * ETHER)}
    backend.engine = PyEvmEngine(backend.config)  # type: ignore[assignment]
    backend.chain.state = memory_state(accounts)
    backend.chain.extend()
