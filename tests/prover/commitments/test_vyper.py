"""The Vyper side of the layout table: the module is current, and agrees with Python on every structure."""

from functools import cache
from pathlib import Path

import boa
import pytest
from boa import BoaError
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.commitments import layout as table
from prover.commitments import vyper
from prover.commitments.layout import Kind, Layout, digest
from prover.machine.opcodes import table_of
from tests.prover.commitments.test_layout import words_of

CONTRACTS = Path(__file__).parents[3] / "contracts"
STRUCTS = [layout for layout in table.LAYOUTS if layout not in vyper.WITHOUT_STRUCT]
LIMITS = {Kind.BOOL: 2, Kind.U8: 2**8, Kind.U64: 2**64, Kind.ADDRESS: 2**160}
GROUP = 8
"""Structures that fit into one contract."""


@cache
def deployer(group: int):
    """The module's functions for some structures as external ones."""
    parts = ["from l1.proof import layout\nfrom l1.proof import machine\n"]
    for each in STRUCTS[GROUP * group : GROUP * (group + 1)]:
        name, snake = vyper.struct_name(each), vyper.snake(vyper.struct_name(each))
        check = "" if each in vyper.NEVER_OPENED else f"    layout._check_{snake}(x)\n"
        parts.append(
            f"@external\n@pure\ndef digest_{snake}(x: layout.{name}) -> bytes32:\n"
            f"{check}    return layout._{snake}_digest(x)\n"
        )
    parts.append("@external\n@view\ndef row(op: uint256) -> (uint256, uint256):\n    return machine._row(op)\n")
    boa.interpret.set_search_paths([str(CONTRACTS)])
    return boa.loads_partial("".join(parts))


def digest_on_l1(layout: Layout, words):
    snake = vyper.snake(vyper.struct_name(layout))
    arguments = [
        int.from_bytes(word, "big") if isinstance(word, bytes) and field.kind is Kind.ADDRESS else word
        for field, word in zip(layout.fields, words, strict=True)
    ]
    return getattr(deployer(STRUCTS.index(layout) // GROUP).deploy(), f"digest_{snake}")(tuple(arguments))


def test_the_module_is_current():
    text = (CONTRACTS / "l1" / "proof" / "layout.vy").read_text()
    assert text == vyper.render(), "run: python -m prover.commitments.vyper > contracts/l1/proof/layout.vy"


@pytest.mark.parametrize("layout", STRUCTS, ids=lambda each: each.name)
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_both_sides_give_a_structure_the_same_digest(layout, data):
    words = data.draw(words_of(layout))
    assert digest_on_l1(layout, words) == digest(layout, words)


@pytest.mark.parametrize("layout", STRUCTS, ids=lambda each: each.name)
def test_a_word_above_its_kind_is_refused_on_l1_too(layout):
    if layout in vyper.NEVER_OPENED:
        return
    zeros = [0 if field.kind in LIMITS or field.kind is Kind.U256 else bytes(32) for field in layout.fields]
    for index, field in enumerate(layout.fields):
        if field.kind in LIMITS:
            with pytest.raises(BoaError, match="layout: word"):
                digest_on_l1(layout, [*zeros[:index], LIMITS[field.kind], *zeros[index + 1 :]])


def test_both_sides_have_the_same_row_for_every_opcode():
    contract = deployer(0).deploy()
    for opcode, row in enumerate(table_of(15)):
        expected = (127, 0) if row is None else (row.takes, max(row.grows, 0))
        assert contract.row(opcode) == expected
