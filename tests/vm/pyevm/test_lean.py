"""Modules left out at a node's start: absent until used, then the real ones, whoever asks and however."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Barrier
from types import new_class

import pytest

from tests.peers import REPOSITORY
from vm.pyevm.lean import LEFT_OUT, leave_out

NAME = "a_module_left_out"
HEAVY = ("pydantic", "py_ecc", "py_arkworks_bls12381.py_arkworks_bls12381", "Crypto", "cffi")


def in_fresh_python(code: str) -> object:
    """What `code` prints as JSON, in an interpreter that has imported nothing of ours."""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture
def left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of two names, left out; the path is its file."""
    path = tmp_path / f"{NAME}.py"
    path.write_text("def double(value, times=2):\n    return times * value\n\nclass Kind:\n    word = 'real'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    leave_out({NAME: ("double", "Kind")})
    yield path
    sys.modules.pop(NAME, None)


def loaded() -> bool:
    return hasattr(sys.modules[NAME], "__file__")


def test_a_node_starts_without_what_is_left_out() -> None:
    code = (
        f"import sys, json, node.rollup_node\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    assert in_fresh_python(code) == []


def test_a_precompile_left_out_works_at_its_first_call() -> None:
    """BLS12_G1ADD of the generator and the point at infinity, on Prague: EIP-2537, 0x0b."""
    code = """
import sys, json
from protocol.forks import Fork
from vm.pyevm.precompiles import address_of, precompiles_of
precompile = precompiles_of(Fork.PRAGUE)[address_of(0x0B)]
library = "py_arkworks_bls12381.py_arkworks_bls12381"
before = library in sys.modules, "py_ecc" in sys.modules
from py_ecc.optimized_bls12_381 import G1, normalize
point = b"".join(bytes(16) + int(each).to_bytes(48, "big") for each in normalize(G1))
class Frame:
    class msg:
        data_as_bytes = data = point + bytes(128)
    output = b""
    def consume_gas(self, amount, reason=""): self.gas = amount
frame = Frame()
precompile(frame)
print(json.dumps([*before, library in sys.modules, frame.output == point, frame.gas]))
"""
    assert in_fresh_python(code) == [False, False, True, True, 375]


def test_every_name_left_out_is_in_the_real_module() -> None:
    code = (
        "import json, importlib, eth.precompiles, eth.consensus, eth_utils\n"
        f"print(json.dumps([n for m, ns in {dict(LEFT_OUT)!r}.items() for n in ns"
        " if not hasattr(importlib.import_module(m), n)]))\n"
    )
    assert in_fresh_python(code) == []


def test_a_function_is_loaded_by_its_call(left_out: Path) -> None:
    double = import_module(NAME).double

    assert not loaded()
    assert double(21) == 42
    assert loaded()
    assert sys.modules[NAME].__file__ == str(left_out)
    assert double(4) == 8, "it goes on working after that"


def test_threads_that_are_first_together_get_the_one_real_function(left_out: Path) -> None:
    double = import_module(NAME).double
    left_out.write_text("import time\ntime.sleep(0.05)\n" + left_out.read_text())
    together = Barrier(8)

    def use(value: int) -> int:
        together.wait()
        found: int = double(value)
        return found

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(8))) == [2 * value for value in range(8)]
    assert loaded()


def test_a_class_can_be_subclassed_and_asked_for_instances_and_attributes(left_out: Path) -> None:
    Kind = import_module(NAME).Kind

    assert not loaded()

    Mine = new_class("Mine", (Kind,))

    assert loaded()
    assert Mine.__mro__[1] is sys.modules[NAME].Kind
    assert isinstance(Mine(), Kind)
    assert not isinstance(3, Kind)
    assert Kind.word == Mine().word == "real"


def test_it_has_a_place_in_an_annotation(left_out: Path) -> None:
    Kind = import_module(NAME).Kind

    assert (dict[str, int] | Kind) is object, "eth-utils writes this at import"
    assert not loaded()


def test_a_price_alone_is_no_use_yet(left_out: Path) -> None:
    double = import_module(NAME).double

    tripled = double(times=3)

    assert not loaded(), "py-evm's forks do this at import"
    assert tripled(7) == 21
    assert loaded()


def test_what_is_loaded_already_stays(left_out: Path) -> None:
    double = import_module(NAME).double

    double(1)
    real = sys.modules[NAME]
    leave_out({NAME: ("double", "Kind")})
    assert sys.modules[NAME] is real
