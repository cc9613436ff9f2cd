"""What a rollup leaves out of Ethereum, so that L1 can execute every step of it: decision 109.

A step that L1 cannot execute cannot be proved, and then a dispute about it would be lost by whoever is right. So every
engine keeps these rules on chains with deposits, and none elsewhere: Ethereum's own tests are as they were.
The contracts have the same numbers: `batch_items.vy`, `begin.vy`, `precompiles.vy`.
"""

MAX_TX_BYTES = 120 * 1024
"""Of a transaction: a longer one is invalid. BEGIN and FILL show it whole in one L1 transaction of 128 KiB."""
MAX_PRECOMPILE_GAS = 10_000_000
"""What one call of MODEXP, of the pairing or of BLAKE2 may cost: L1 pays as much for the step. MODEXP at its price in
Osaka (EIP-7883), which is never less, since L1 may have that."""
MAX_MODEXP_OPERAND = 1024
"""Bytes of base, exponent and modulus (EIP-7823, which Ethereum has from Osaka on)."""
MODEXP_HEAD = 96 + 3 * MAX_MODEXP_OPERAND
"""How much of its input MODEXP looks at within these limits, in bytes."""

MODEXP, PAIRING, BLAKE2 = 0x05, 0x08, 0x09
_BLAKE2_INPUT = 213


def exceeds_limits(number: int, data: bytes, length: int) -> bool:
    """Whether a rollup refuses this call of a precompile, which is then out of gas.

    `length` is the input's, in bytes; `data` its beginning: MODEXP_HEAD of it for MODEXP, 4 for BLAKE2.
    """
    if number == MODEXP:
        operands = [int.from_bytes(data[at : at + 32].ljust(32, b"\0"), "big") for at in (0, 32, 64)]
        return max(operands) > MAX_MODEXP_OPERAND or _modexp_gas_in_osaka(data, *operands) > MAX_PRECOMPILE_GAS
    if number == PAIRING:
        return 45_000 + 34_000 * (length // 192) > MAX_PRECOMPILE_GAS
    return number == BLAKE2 and length == _BLAKE2_INPUT and int.from_bytes(data[:4], "big") > MAX_PRECOMPILE_GAS


def _modexp_gas_in_osaka(data: bytes, base: int, exponent: int, modulus: int) -> int:
    """EIP-7883."""
    size = min(exponent, 32)
    head = int.from_bytes(data[96 + base : 96 + base + size].ljust(size, b"\0"), "big")
    longest = max(base, modulus)
    complexity = 16 if longest <= 32 else 2 * ((longest + 7) // 8) ** 2
    return complexity * max(max(head.bit_length() - 1, 0) + 16 * max(exponent - 32, 0), 1)
