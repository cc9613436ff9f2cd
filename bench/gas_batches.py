"""What a batch costs on L1, by data layer: `python -m bench.gas_batches`. Exact and repeatable.

Contracts are warm, the rules Prague's (EIP-7623), the data random. Beside it the OP Stack, whose batch inbox is an
account without code: the transaction and its data alone (https://specs.optimism.io/protocol/derivation.html). Blob gas
is a market of its own: 131,072 for every 126,976 bytes here, for every 130,044 there.
"""

import random
from dataclasses import dataclass

import pyrevm
from eth_abi.abi import encode
from rich.console import Console
from rich.table import Table
from vyper import compile_code

from node.artifacts import load_artifact
from protocol.blobs import USABLE_BYTES
from protocol.inbox import append_calldata
from protocol.kzg import versioned_hash

CALLER = "0x" + "ca" * 20
CONFIG = """
# pragma version 0.4.3
batcher: public(address)
@deploy
def __init__():
    self.batcher = msg.sender
"""
SIZES = (10_000, 100_000)


@dataclass(frozen=True)
class Cost:
    """Of one L1 transaction: gas, and blob gas."""

    what: str
    size: int
    gas: int
    blob_gas: int = 0
    of_op_stack: int | None = None


def main() -> None:
    """Print the table."""
    table = Table("batch", "bytes", "gas", "gas per byte", "blob gas", "OP Stack", title="a batch on L1")
    for cost in measure():
        per_byte = f"{cost.gas / cost.size:.2f}"
        op_stack = "" if cost.of_op_stack is None else f"{cost.of_op_stack:,}"
        table.add_row(cost.what, f"{cost.size:,}", f"{cost.gas:,}", per_byte, f"{cost.blob_gas:,}", op_stack)
    Console().print(table)


def measure() -> list[Cost]:
    """Each layer, with a small batch and a large one."""
    inbox = Inbox()
    costs = []
    for size in SIZES:
        data = random.Random(size).randbytes(size)
        costs.append(Cost("calldata", size, inbox.append(b"\0" + data), 0, transaction_gas(0, b"\0" + data)))
        blobs = -(-size // USABLE_BYTES)
        hashes = [versioned_hash(bytes((n,)) * 48) for n in range(blobs)]
        gas = inbox.append(b"\2" + b"".join(hashes), hashes)
        costs.append(Cost(f"{blobs} blob", size, gas, blobs << 17, transaction_gas(0, b"")))
        costs.append(
            Cost("alt-DA", size, inbox.append(b"\3\0" + data[:32]), 0, transaction_gas(0, b"\1\0" + data[:32]))
        )
        costs.append(Cost("Celestia", size, inbox.append(b"\4" + data[:40])))
        costs.append(Cost("file", size, inbox.append(b"\1" + data[:32])))
    return costs


class Inbox:
    """The inbox contract, appended to before, so that its slots are warm."""

    def __init__(self) -> None:
        self._evm = pyrevm.EVM(gas_limit=2**40)
        config = self._evm.deploy(
            CALLER, bytes.fromhex(compile_code(CONFIG, output_formats=["bytecode"])["bytecode"][2:])
        )
        arguments = encode(["address"], [config])
        self._address = self._evm.deploy(CALLER, load_artifact("l1/inbox").init_code + arguments)
        self.append(b"\1" + bytes(32))

    def append(self, commitment: bytes, blobs: list[bytes] | None = None) -> int:
        """Gas of the transaction that posts it."""
        calldata = append_calldata(commitment)
        self._evm.set_tx_env(pyrevm.TxEnv(caller=CALLER, blob_hashes=blobs or []))
        self._evm.message_call(CALLER, self._address, calldata=calldata)
        result = self._evm.result
        if result is None:
            raise RuntimeError("a call that returned has a result")
        return transaction_gas(result.gas_used, calldata)


def transaction_gas(execution: int, calldata: bytes) -> int:
    """EIP-7623: the base cost, and calldata with its execution, or by its floor."""
    zeros = calldata.count(0)
    tokens = zeros + 4 * (len(calldata) - zeros)
    return 21_000 + max(4 * tokens + execution, 10 * tokens)


if __name__ == "__main__":
    main()
