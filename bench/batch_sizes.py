"""What compression would save: `python -m bench.batch_sizes`. Exact and repeatable: nothing here depends on time.

Batches of 20 blocks of 25 signed transactions, by kind and mixed. "Bytes" is what blobs, Celestia and servers are paid
for; "gas" what L1 calldata costs (16 a byte, 4 a zero byte; EIP-7623's floor has the same proportion). A dictionary is
made from another batch of the same kind, by the same ten senders, which flatters it.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from genesis.dev import DEV_PRIVATE_KEYS
from node.artifacts import load_artifact
from protocol.batch import Batch, BlockClaim, encode_batch, split_items
from protocol.crypto import keccak
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address

BLOCKS, PER_BLOCK = 20, 25
MIXES = {
    "transfers": ["transfer"],
    "ERC-20 transfers": ["erc20"],
    "swaps": ["swap"],
    "mixed": ["transfer"] * 45 + ["erc20"] * 30 + ["approve"] * 5 + ["swap"] * 19 + ["deploy"],
}


@dataclass(frozen=True)
class Size:
    """Bytes, and gas as calldata."""

    length: int
    gas: int


def main() -> None:
    """Print the table."""
    table = Table("batch", "scheme", "bytes", "of plain", "gas", "of plain", title="one batch, 500 transactions")
    for mix, kinds in MIXES.items():
        plain = size_of([batch_of(kinds, 2)])
        for scheme, size in measure(kinds).items():
            shares = f"{size.length / plain.length:.1%}", f"{size.gas / plain.gas:.1%}"
            table.add_row(mix, scheme, f"{size.length:,}", shares[0], f"{size.gas:,}", shares[1])
    Console().print(table)


def measure(kinds: Sequence[str]) -> dict[str, Size]:
    """Each scheme's size of one batch; those per item leave header and table as they are, and what would grow."""
    data = batch_of(kinds, 2)
    items = split_items(data)[1]
    head = data[: len(data) - sum(map(len, items))]
    dictionary = b"".join(split_items(batch_of(kinds, 1))[1])[-32_768:]

    def per_item(squeeze: Callable[[bytes], bytes]) -> Size:
        return size_of([head, *(min(squeeze(item), item, key=len) for item in items)])

    return {
        "plain": size_of([data]),
        "zero runs, per item": per_item(zero_runs),
        "deflate, per item": per_item(deflate),
        "deflate with a dictionary, per item": per_item(lambda item: deflate(item, dictionary)),
        "deflate, whole batch": size_of([deflate(data)]),
    }


def size_of(parts: Sequence[bytes]) -> Size:
    """Of the parts one after another."""
    joined = b"".join(parts)
    zeros = joined.count(0)
    return Size(len(joined), 4 * zeros + 16 * (len(joined) - zeros))


def zero_runs(data: bytes) -> bytes:
    """A zero byte and how many more follow, for each run of zeros."""
    out, at = bytearray(), 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] == 0 and end - at < 256:
            end += 1
        out += bytes((0, end - at - 1)) if end > at else data[at : at + 1]
        at = max(end, at + 1)
    return bytes(out)


def deflate(data: bytes, dictionary: bytes = b"") -> bytes:
    """Without zlib's header."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return squeezer.compress(data) + squeezer.flush()


def batch_of(kinds: Sequence[str], seed: int) -> bytes:
    """A batch of these kinds of transactions, drawn with the seed."""
    chance = random.Random(seed)
    blocks = []
    for block in range(BLOCKS):
        raws = tuple(
            transaction(block * PER_BLOCK + number, chance.choice(kinds), chance) for number in range(PER_BLOCK)
        )
        blocks.append(BlockClaim(1_700_000_000 + block, 20_000_000 + block // 6, raws))
    return encode_batch(Batch(1_000, tuple(blocks)))


def transaction(number: int, kind: str, chance: random.Random) -> bytes:
    """One signed transaction as wallets make them: its amounts, fees and addresses are random."""
    other = chance.randbytes(20)
    token = keccak(b"token %d" % chance.randrange(20))[12:]
    amount = chance.choice([10**18 * chance.randrange(1, 1_000), chance.randrange(10**21)])
    tip = chance.choice([10**9, 10**6 * chance.randrange(1, 1_000)])
    to: bytes | None = token
    value = 0
    match kind:
        case "transfer":
            to, value, gas, data = other, amount, 21_000, b""
        case "erc20":
            gas, data = chance.randrange(45_000, 65_000), bytes.fromhex("a9059cbb") + words(other, amount)
        case "approve":
            gas, data = 46_000, bytes.fromhex("095ea7b3") + words(other, 2**256 - 1)
        case "swap":
            path = [keccak(b"wrapped")[12:], keccak(b"dollar")[12:], token]
            call = words(amount, chance.randrange(10**21), 160, other, 1_700_000_000 + number, 3, *path)
            to, gas, data = keccak(b"router")[12:], 180_000, bytes.fromhex("38ed1739") + call
        case _:
            to, gas, data = None, 1_500_000, load_artifact("l1/bridge").init_code
    unsigned = UnsignedTransaction(
        chain_id=71_717,
        nonce=chance.randrange(3_000),
        gas_limit=gas,
        to=None if to is None else Address(to),
        value=value,
        data=data,
        max_fee_per_gas=1_500_000_000 + chance.randrange(10**8),
        max_priority_fee_per_gas=tip,
    )
    return sign_transaction(unsigned, DEV_PRIVATE_KEYS[number % 10]).raw


def words(*values: int | bytes) -> bytes:
    """ABI words."""
    return b"".join(value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32) for value in values)


if __name__ == "__main__":
    main()
