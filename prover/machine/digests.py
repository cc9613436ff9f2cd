"""Hash functions in pieces, for inputs too long to be shown to a referee at once: keccak256, SHA-256, RIPEMD-160.

Between two blocks a function's whole memory is up to 25 numbers, its lanes; they are part of the machine's state. L1
has no such interface to its own functions, so a contract computes these too.
"""

from collections.abc import Callable
from typing import NamedTuple

from prover.machine import keccak_sponge, ripemd160, sha256

LANES = 25
Lanes = tuple[int, ...]


class Digest(NamedTuple):
    """One function: its lanes before the first block, a block's bytes and how many a micro-step takes."""

    initial: Lanes
    rate: int
    blocks_per_step: int
    absorb: Callable[[Lanes, bytes], Lanes]
    padding: Callable[[int], bytes]
    """What follows an input of so many bytes: up to a whole number of blocks."""
    squeeze: Callable[[Lanes], bytes]

    def absorb_blocks(self, lanes: Lanes, data: bytes) -> Lanes:
        """The lanes after a whole number of blocks."""
        for start in range(0, len(data), self.rate):
            lanes = self.absorb(lanes, data[start : start + self.rate])
        return lanes


def _filled(lanes: Lanes) -> Lanes:
    return lanes + (0,) * (LANES - len(lanes))


def _of_words(compress: Callable[[Lanes, bytes], Lanes]) -> Callable[[Lanes, bytes], Lanes]:
    """A compression function over the lanes that it uses."""
    return lambda lanes, block: _filled(compress(lanes, block))


def merkle_damgard_padding(length: int, byteorder: str) -> bytes:
    """A one bit, zeros, and the length in bits as 8 bytes, up to a multiple of 64."""
    bits = (8 * length).to_bytes(8, "big" if byteorder == "big" else "little")
    return b"\x80" + bytes(-(length + 9) % 64) + bits


KECCAK256, SHA256, RIPEMD160 = range(3)
DIGESTS = (
    Digest(
        _filled(()),
        keccak_sponge.RATE,
        7,
        keccak_sponge.absorb,
        lambda length: keccak_sponge.pad(bytes(length % keccak_sponge.RATE))[length % keccak_sponge.RATE :],
        keccak_sponge.squeeze,
    ),
    Digest(
        _filled(sha256.INITIAL),
        64,
        16,
        _of_words(sha256.compress),
        lambda length: merkle_damgard_padding(length, "big"),
        sha256.squeeze,
    ),
    Digest(
        _filled(ripemd160.INITIAL),
        64,
        16,
        _of_words(ripemd160.compress),
        lambda length: merkle_damgard_padding(length, "little"),
        ripemd160.squeeze,
    ),
)
