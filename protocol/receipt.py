"""Receipts and logs: what a transaction leaves behind, and the bloom that finds it.

Source: yellow paper 4.3.1; EIP-658 (status), EIP-2718 (typed receipts).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.rlp_codec import encode, rlp_list, rlp_string, uint_bytes
from protocol.transaction import LEGACY
from protocol.types import Address, Hash32

BLOOM_BITS = 2048

_NO_BLOOM = rlp_string(bytes(BLOOM_BITS // 8))
_NO_LOGS = encode([])
"""Of most receipts, made once."""


@dataclass(frozen=True, slots=True)
class Log:
    """One event: `topics` are 0 to 4 words of 32 bytes."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The consensus part of a receipt.

    `outcome` is the status byte's integer (1 success, 0 failure) from Byzantium on, the 32-byte state root before.
    `cumulative_gas_used` counts from the start of the block. `gas_used` and `contract_address` are not part of the
    encoding; they are kept so that JSON-RPC need not recompute them.
    """

    type: int
    outcome: int | Hash32
    cumulative_gas_used: int
    bloom: int
    logs: tuple[Log, ...]
    gas_used: int
    contract_address: Address | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the outermost call ended without a fault. Before Byzantium a receipt does not say: True."""
        return self.outcome != 0

    def encode(self) -> bytes:
        """The bytes that enter the receipts trie: type byte for typed transactions, then RLP."""
        outcome = self.outcome if isinstance(self.outcome, bytes) else uint_bytes(self.outcome)
        bloom, logs = _NO_BLOOM, _NO_LOGS
        if self.logs or self.bloom:
            bloom = rlp_string(bloom_bytes(self.bloom))
            logs = encode([[log.address, list(log.topics), log.data] for log in self.logs])
        body = rlp_list(rlp_string(outcome) + rlp_string(uint_bytes(self.cumulative_gas_used)) + bloom + logs)
        return body if self.type == LEGACY else bytes((self.type,)) + body


def logs_bloom(logs: Iterable[Log]) -> int:
    """The 2,048-bit bloom filter over each log's address and topics, as an integer."""
    bloom = 0
    for log in logs:
        for value in (log.address, *log.topics):
            bloom |= bloom_mask(value)
    return bloom


def bloom_mask(value: bytes) -> int:
    """The three bits that one address or topic sets."""
    digest = keccak(value)
    mask = 0
    for start in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[start : start + 2], "big") % BLOOM_BITS)
    return mask


def bloom_bytes(bloom: int) -> bytes:
    """256 bytes, as headers and receipts carry it."""
    return bloom.to_bytes(BLOOM_BITS // 8, "big")
