"""`docs/proof/layouts.md` from the layout table: `python -m prover.commitments.document > docs/proof/layouts.md`."""

from prover.commitments import layout as table
from prover.commitments.layout import Layout
from prover.machine.vm import PHASE_NAMES

_SECTIONS = (
    ("The state of the machine", table.STATE),
    ("Contexts", table.CONTEXTS),
    ("Cursors", table.CURSORS),
    ("The journal and the chains", table.JOURNAL),
    ("The chain between blocks", table.CHAIN),
    ("Trees", table.TREES),
)

_CURSOR_OF_PHASE = {
    "begin": "TxBoundary",
    "access": "AccessEntry, zero after the last",
    "enter": "Enter",
    "copy": "Copy",
    "hash": "Hashing",
    "return": "Return",
    "create finish": "Return",
    "end": "End",
    "flush slots": "Flush",
    "flush accounts": "Flush",
    "done": "TxBoundary",
    "next item": "TxBoundary",
    "item hash": "ItemHashing",
    "seal": "Sealing",
    "block done": "ChainBlock",
    "next block": "ChainBlock",
    "origin": "BlockPlan",
    "system write": "TxBoundary",
    "output": "Output",
    "start": "Start",
    "ring walk": "Boot",
    "l1 walk": "Boot",
    "batch walk": "Boot",
    "batch data": "BatchData",
    "deposit walk": "Boot",
    "receipt logs": "ReceiptLogs",
    "receipt hash": "ReceiptHashing",
    "fill": "Filling",
}

_HEAD = """# Byte layouts of the proof

Generated from `prover/commitments/layout.py`; do not edit. `python -m prover.commitments.document` prints this page.

A structure is its tag, then its fields, each one 32-byte big-endian word; its commitment is keccak256 of that. The tag
is keccak256 of `tombolo.proof.` and the name. There are no optional fields. A word above what its kind allows is
refused: `bool` 0 or 1, `uint8`, `uint64`, `uint256`, `address` 20 bytes; `bytes32` anything; `commitment` the digest of
another structure or zero; `pages` the root of a page tree or zero.

The first three preimages of a witness are VM, Globals (unless zero) and Frame (unless zero).
"""

_TREES = """
## How trees are hashed
- **Pages**: depth {depth}. A leaf is keccak256(Page tag ‖ {size} bytes), an inner node is PageNode. What was never
  written is zero, so empty subtrees have fixed digests. A view is a root, an offset and a length.
- **Journal**: a compact sparse Merkle tree over the digests of JournalKey, most significant bit first. An empty
  subtree is zero, a subtree with one record is its JournalLeaf, any other is a JournalNode.
- **Ring**: depth {ring}; leaf n mod {leaves} is the hash of block n, unhashed; inner nodes are RingNode.
- **Chains** (`below`): zero below the first link.
- **State tries and codes** are hashed as Ethereum does, without tags.
"""


def render() -> str:
    """The page."""
    parts = [_HEAD, "\n## Phases\n", "| number | phase | cursor |\n| --- | --- | --- |\n"]
    parts += [
        f"| {index} | {name} | {_CURSOR_OF_PHASE.get(name, 'zero')} |\n" for index, name in enumerate(PHASE_NAMES)
    ]
    parts.append(
        _TREES.format(depth=table.PAGE_DEPTH, size=table.PAGE_SIZE, ring=table.RING_DEPTH, leaves=1 << table.RING_DEPTH)
    )
    for title, layouts in _SECTIONS:
        parts.append(f"\n## {title}\n")
        parts += [_structure(layout) for layout in layouts]
    return "".join(parts)


def _structure(layout: Layout) -> str:
    lines = [f"\n### {layout.name}", layout.meaning, "", f"Tag `0x{layout.tag.hex()}`."]
    if layout.fields:
        lines[-1] += f" {layout.size} bytes."
        lines += ["", "| byte | field | kind | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {32 * (index + 1)} | {entry.name} | {entry.kind.value} | {entry.meaning} |"
            for index, entry in enumerate(layout.fields)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render(), end="")
