"""How long each precompile takes for its gas: `python -m bench.precompiles`, a table.

Whoever fills a block chooses what is dearest for the gas, so each row is such an input: of those that a precompile
prices alike the one that takes longest. In the node that is a whole call of the precompile, in the prover its result
alone, unremembered; the last column says how long 30M gas of nothing else would take the node, were calling free.
Gas is Cancun's where Cancun has the precompile, else Osaka's. Seconds are of the processor; the least of three runs.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import unwrap
from random import Random

import ckzg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from py_ecc import optimized_bls12_381 as bls12_381
from py_ecc import optimized_bn128 as bn128
from rich.console import Console
from rich.table import Table

from protocol.crypto import keccak, sign
from protocol.forks import Fork
from protocol.kzg import trusted_setup, versioned_hash
from protocol.types import ZERO_ADDRESS, ZERO_HASH
from prover.machine.precompiled import PRECOMPILES
from vm.memory_state import MemoryState
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.frame import Frame, execute
from vm.pyevm.message import Message, TransactionContext
from vm.pyevm.precompiles import address_of
from vm.pyevm.rules import rules_of

BLOCK_GAS = 30_000_000
GAS = 2**63
"""Of a call: enough for any."""
AT_LEAST_SECONDS = 0.05
"""A run calls often enough to take this long."""


@dataclass(frozen=True, slots=True)
class Case:
    """One input; `fork` has the precompile."""

    number: int
    name: str
    data: bytes
    fork: Fork = Fork.CANCUN


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of a call in the node and, where the machine has the precompile, of its result in the prover."""

    case: Case
    gas: int
    node: float
    prover: float | None

    @property
    def node_per_kilogas(self) -> float:
        """Microseconds per 1,000 gas."""
        return self.node / self.gas * 1_000

    @property
    def block_seconds(self) -> float:
        """Of 30M gas in the node."""
        return self.node / self.gas * BLOCK_GAS / 1e6


def main() -> None:
    """Measure every case and print them as a table."""
    table = Table("", "precompile and input", "gas", "node µs", "µs per 1,000 gas", "prover µs", "30M gas, s")
    for column in table.columns[2:]:
        column.justify = "right"
    for case in cases():
        cost = measure(case)
        prover = "" if cost.prover is None else f"{cost.prover:,.1f}"
        node = (f"{cost.gas:,}", f"{cost.node:,.1f}", f"{cost.node_per_kilogas:,.1f}", prover)
        table.add_row(f"0x{case.number:02x}", case.name, *node, f"{cost.block_seconds:,.2f}")
    Console(width=110).print(table)


def measure(case: Case) -> Cost:
    """Raises ValueError when the call fails or has no output, which is a mistake in here."""
    frame = _call(case)
    if frame.error is not None or not frame.output:
        raise ValueError(f"{case.name}: {frame.error}")
    node = _microseconds(lambda: _call(case))
    prover = None
    if case.number in PRECOMPILES and case.fork == Fork.CANCUN:
        run = unwrap(PRECOMPILES[case.number].run)
        if run(case.data) != frame.output:
            raise ValueError(f"{case.name}: node and prover disagree")
        prover = _microseconds(lambda: run(case.data))
    return Cost(case, GAS - frame.gas, node, prover)


def _call(case: Case) -> Frame:
    environment = BlockEnvironment(case.fork, 1, ZERO_ADDRESS, 1, 1, GAS, 0, ZERO_HASH, 0, 0, lambda number: None)
    state = BlockState(MemoryState(), environment)
    target = address_of(case.number)
    message = Message(GAS, target, ZERO_ADDRESS, 0, case.data, b"", 0, target, target)
    return execute(state, rules_of(case.fork), message, TransactionContext(ZERO_ADDRESS, 0))


def _microseconds(function: Callable[[], object]) -> float:
    """Of one call, the least of three runs."""
    calls, best = 1, float("inf")
    for _ in range(3):
        began = time.process_time()
        for _ in range(calls):
            function()
        took = time.process_time() - began
        best = min(best, took / calls)
        calls = max(1, round(AT_LEAST_SECONDS / best))
    return best * 1e6


def cases() -> Iterator[Case]:
    """Every precompile at the input that is dearest for its gas, and at others that are usual."""
    chance = Random("precompiles")
    y_parity, r, s = sign(keccak(b""), b"\7" * 32)
    yield Case(0x01, "ecrecover", keccak(b"") + _words(27 + y_parity, r, s))
    yield Case(0x02, "SHA-256, 1 KiB", chance.randbytes(1024))
    yield Case(0x03, "RIPEMD-160, 1 KiB", chance.randbytes(1024))
    yield Case(0x04, "identity, 1 KiB", chance.randbytes(1024))
    for size, exponent in ((8, 1024), (32, 32), (32, 1024), (1024, 1024)):
        operands = chance.randbytes(size) + b"\xff" * exponent + b"\xff" * size
        yield Case(0x05, f"modexp, {size} B to the {exponent} B", _words(size, exponent, size) + operands)
    yield from _bn128_cases()
    for rounds in (12, 1_000_000):
        yield Case(0x09, f"BLAKE2 F, {rounds:,} rounds", rounds.to_bytes(4) + chance.randbytes(208) + b"\1")
    yield Case(0x0A, "point evaluation", _opened_blob())
    yield from _bls12_381_cases()
    yield Case(0x100, "P-256", _p256_signature(), Fork.OSAKA)


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32) for number in numbers)


def _bn128_cases() -> Iterator[Case]:
    def g1(scalar: int) -> bytes:
        return _words(*(int(part) for part in bn128.normalize(bn128.multiply(bn128.G1, scalar))))

    def g2(scalar: int) -> bytes:
        x, y = bn128.normalize(bn128.multiply(bn128.G2, scalar))
        return _words(*(int(part) for pair in (x, y) for part in reversed(pair.coeffs)))

    yield Case(0x06, "BN128 addition", g1(5) + g1(7))
    yield Case(0x07, "BN128 multiplication", g1(5) + _words(0x5555 << 240 | int.from_bytes(b"\xa5" * 30)))
    for pairs in (1, 2, 16):
        data = b"".join(g1(3 + index) + g2(5 + index) for index in range(pairs))
        yield Case(0x08, f"BN128 pairing of {pairs}", data)


def _opened_blob() -> bytes:
    blob = bytes(131_072)
    commitment = bytes(ckzg.blob_to_kzg_commitment(blob, trusted_setup()))
    proof, value = ckzg.compute_kzg_proof(blob, _words(3), trusted_setup())
    return bytes(versioned_hash(commitment)) + _words(3) + bytes(value) + commitment + bytes(proof)


def _bls12_381_cases() -> Iterator[Case]:
    def field(*numbers: int) -> bytes:
        return b"".join(int(number).to_bytes(64) for number in numbers)

    def g1(scalar: int) -> bytes:
        return field(*bls12_381.normalize(bls12_381.multiply(bls12_381.G1, scalar)))

    def g2(scalar: int) -> bytes:
        x, y = bls12_381.normalize(bls12_381.multiply(bls12_381.G2, scalar))
        return field(*x.coeffs, *y.coeffs)

    scalar = b"\xa5" * 32
    inputs = (
        (0x0B, "BLS12-381 G1 addition", g1(5) + g1(7)),
        (0x0C, "BLS12-381 G1 sum of 1", g1(5) + scalar),
        (0x0C, "BLS12-381 G1 sum of 16", b"".join(g1(5 + index) + scalar for index in range(16))),
        (0x0D, "BLS12-381 G2 addition", g2(5) + g2(7)),
        (0x0E, "BLS12-381 G2 sum of 1", g2(5) + scalar),
        (0x0E, "BLS12-381 G2 sum of 16", b"".join(g2(5 + index) + scalar for index in range(16))),
        (0x0F, "BLS12-381 pairing of 1", g1(3) + g2(5)),
        (0x0F, "BLS12-381 pairing of 8", b"".join(g1(3 + index) + g2(5 + index) for index in range(8))),
        (0x10, "BLS12-381 number to G1", field(2**380)),
        (0x11, "BLS12-381 numbers to G2", field(2**380, 2**379)),
    )
    return (Case(number, name, data, Fork.OSAKA) for number, name, data in inputs)


def _p256_signature() -> bytes:
    key = ec.derive_private_key(12345, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(keccak(b""), ec.ECDSA(Prehashed(hashes.SHA256()))))
    point = key.public_key().public_numbers()
    return keccak(b"") + _words(r, s, point.x, point.y)


if __name__ == "__main__":
    main()
