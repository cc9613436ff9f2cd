"""`contracts/l1/proof/layout.vy` from the layout table: `python -m prover.commitments.vyper` prints it.

For each structure: a struct, its digest, and a function that takes it from calldata where its digest is known. Numbers,
flags and addresses are `uint256`, so that arguments need no clamps and arithmetic no conversions; the limits of their
kinds are checked where a preimage is opened.
"""

import re

from prover.commitments import layout as table
from prover.commitments.layout import Field, Kind, Layout
from prover.commitments.pages import EMPTY_TREE
from prover.machine.vm import PHASE_NAMES

_HASHES = (Kind.BYTES32, Kind.COMMITMENT, Kind.PAGES)
_BOUNDS = {
    Kind.BOOL: "2",
    Kind.U8: "2**8",
    Kind.U64: "2**64",
    Kind.ADDRESS: "2**160",
}
WITHOUT_STRUCT = (table.STACK_ITEM, table.JOURNAL_NODE, table.PAGE, table.PAGE_NODE, table.RING_NODE)
"""Only ever hashed from their parts."""
NEVER_OPENED = (table.JOURNAL_KEY, table.JOURNAL_LEAF)

_HEAD = '''# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The proof's byte layouts
@license MIT
@notice Every structure that is hashed into a state: its fields, its digest, and how it is opened.
@dev Generated from `prover/commitments/layout.py`; do not edit. `python -m prover.commitments.vyper` prints this file.
     A digest is keccak256 of the tag and the fields, one word each. What is opened is hashed before a byte of it is
     used; a word above its kind is refused.
"""

'''

_STATE = '''
struct State:  # what every step opens: zeros where the VM's word for it is zero
    vm: VM
    globals: Globals
    frame: Frame
    stack_tail: bytes32  # digest of what lies below the stack items shown


struct Tape:  # where in calldata the next piece of each kind lies
    preimages: uint256
    siblings: uint256
    openings: uint256


@internal
@view
def _word(at: uint256) -> uint256:
    """
    @dev The word of calldata at a position; reverts past the end.
    """
    return convert(slice(msg.data, at, 32), uint256)


@internal
@pure
def _stack_digest(below: bytes32, item: uint256) -> bytes32:
    """
    @dev A stack item on top of others.
    """
    return keccak256(abi_encode(TAG_STACK_ITEM, below, item))


@internal
@pure
def _page_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of a page tree.
    """
    return keccak256(abi_encode(TAG_PAGE_NODE, left, right))


@internal
@pure
def _ring_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of the ring of block hashes.
    """
    return keccak256(abi_encode(TAG_RING_NODE, left, right))


@internal
@pure
def _journal_node(left: bytes32, right: bytes32) -> bytes32:
    """
    @dev An inner node of the journal.
    """
    return keccak256(abi_encode(TAG_JOURNAL_NODE, left, right))
'''


def render() -> str:
    """The module."""
    structs = [layout for layout in table.LAYOUTS if layout not in WITHOUT_STRUCT]
    parts = [_HEAD, _constants()]
    parts += [_struct(layout) for layout in structs]
    parts.append(_STATE)
    for layout in structs:
        parts.append(_digest(layout))
        if layout not in NEVER_OPENED:
            parts.append(_check(layout))
            parts.append(_opening(layout))
    return "".join(parts)


def _constants() -> str:
    lines = ["# Tags.\n"]
    lines += [f"{_tag(layout)}: constant(bytes32) = 0x{layout.tag.hex()}\n" for layout in table.LAYOUTS]
    lines.append("\n# Phases.\n")
    lines += [
        f"PHASE_{name.upper().replace(' ', '_')}: constant(uint256) = {index}\n"
        for index, name in enumerate(PHASE_NAMES)
    ]
    lines.append("\n# Page trees.\n")
    lines.append(f"PAGE_SIZE: constant(uint256) = {table.PAGE_SIZE}\n")
    lines.append(f"PAGE_DEPTH: constant(uint256) = {table.PAGE_DEPTH}\n")
    lines.append(f"EMPTY_TREE: constant(bytes32) = 0x{EMPTY_TREE.hex()}\n")
    lines.append(f"RING_DEPTH: constant(uint256) = {table.RING_DEPTH}\n")
    return "".join(lines)


def _struct(layout: Layout) -> str:
    fields = "".join(f"    {entry.name}: {_type(entry)}\n" for entry in layout.fields)
    return f"\n\nstruct {struct_name(layout)}:\n{fields}"


def _digest(layout: Layout) -> str:
    return f"""

@internal
@pure
def _{snake(struct_name(layout))}_digest(x: {struct_name(layout)}) -> bytes32:
    return keccak256(abi_encode({_tag(layout)}, x))
"""


def _check(layout: Layout) -> str:
    """One assertion: words of one kind are or-ed together, since their limits are powers of two."""
    conditions = []
    for kind, bound in _BOUNDS.items():
        names = [f"x.{entry.name}" for entry in layout.fields if entry.kind is kind]
        for start in range(0, len(names), 5):
            group = names[start : start + 5]
            conditions.append(f"({' | '.join(group)}) < {bound}" if len(group) > 1 else f"{group[0]} < {bound}")
    if not conditions:
        body = "    pass\n"
    elif len(conditions) == 1:
        body = f'    assert {conditions[0]}, "layout: word"\n'
    else:
        joined = "\n        and ".join(conditions)
        body = f'    assert (\n        {joined}\n    ), "layout: word"\n'
    return f'''

@internal
@pure
def _check_{snake(struct_name(layout))}(x: {struct_name(layout)}):
    """
    @dev Refuses words above their kind.
    """
{body}'''


def _opening(layout: Layout) -> str:
    name = snake(struct_name(layout))
    return f'''

@internal
@view
def _open_{name}(digest: bytes32, at: uint256) -> ({struct_name(layout)}, uint256):
    """
    @dev The preimage of `digest`, which lies at `at` in calldata, and where it ends.
    """
    preimage: Bytes[{layout.size}] = slice(msg.data, at, {layout.size})
    assert keccak256(preimage) == digest, "layout: preimage"
    tag: bytes32 = empty(bytes32)
    x: {struct_name(layout)} = empty({struct_name(layout)})
    tag, x = abi_decode(preimage, (bytes32, {struct_name(layout)}))
    assert tag == {_tag(layout)}, "layout: preimage"
    self._check_{name}(x)
    return x, at + {layout.size}
'''


def _type(entry: Field) -> str:
    return "bytes32" if entry.kind in _HASHES else "uint256"


def snake(name: str) -> str:
    """A structure's name inside function names."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _tag(layout: Layout) -> str:
    return f"TAG_{snake(layout.name).upper()}"


def struct_name(layout: Layout) -> str:
    """`Return` is a word of the language."""
    return "Outcome" if layout is table.RETURN else layout.name


if __name__ == "__main__":
    print(render(), end="")
