"""Putting a defect into one of L1's libraries for the proof, and telling what it does to one step."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from node.artifacts import SOURCES, load_artifact
from protocol.types import Hash32
from prover.commitments.tape import InvalidWitness, Witness
from prover.vyper_referee import VyperReferee

ANOTHER = "an honest step is judged to another state"
REFUSED = "an honest step is refused"
WITNESS_DECIDES = "a changed witness leads to another state"


def referee_of(name: str, sources: Path = SOURCES) -> VyperReferee:
    """The library alone, from the contracts as they are or from a copy of them."""
    cache = {} if sources == SOURCES else {"build": None}
    return VyperReferee.of_library(lambda each: load_artifact(each, sources, **cache).init_code, f"l1/proof/{name}")


def defective(folder: Path, library: str, file: str, right: str, wrong: str) -> VyperReferee:
    """The library with `wrong` in place of `right` in one of the files that it is made of."""
    shutil.copytree(SOURCES / "l1" / "proof", folder / "l1" / "proof")
    source = folder / "l1" / "proof" / f"{file}.vy"
    text = source.read_text()
    assert text.count(right) == 1, "the defect has nothing to replace"
    source.write_text(text.replace(right, wrong))
    return referee_of(library, folder)


def fault_of(
    library: VyperReferee, before: Hash32, witness: Witness, after: Hash32, attacks: Iterable[Witness]
) -> str | None:
    """What is wrong with how an honest step and attacks on its witness are judged; None when nothing is."""
    try:
        if library.judge(before, witness) != after:
            return ANOTHER
    except InvalidWitness:
        return REFUSED
    for attack in attacks:
        try:
            if library.judge(before, attack) != after:
                return WITNESS_DECIDES
        except (InvalidWitness, OverflowError):
            continue
    return None
