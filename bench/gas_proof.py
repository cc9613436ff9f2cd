"""What L1 pays to judge one step, by opcode and phase: `python -m bench.gas_proof`.

Exact and repeatable: the verifier's contracts in pyrevm, over the corpus of every opcode and phase and over the dearest
steps known. "gas" is that of a transaction of its own on a Cancun L1: 21,000, the calldata, and the execution.
"""

from collections.abc import Iterable, Iterator
from statistics import median

from rich.console import Console
from rich.table import Table

from node.artifacts import load_artifact
from prover.calldata import step_calldata
from prover.machine.opcodes import table_of
from prover.machine.vm import DONE
from prover.prove_statetest import step_name
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.corpus import Example, examples
from tests.prover.worst_cases import worst_cases

CLASSES = (
    ("stop, arithmetic, bits", range(0x20)),
    ("KECCAK256", range(0x20, 0x21)),
    ("environment", range(0x30, 0x40)),
    ("block", range(0x40, 0x4B)),
    ("POP, PC, MSIZE, GAS, JUMPDEST", (0x50, 0x58, 0x59, 0x5A, 0x5B)),
    ("MLOAD, MSTORE, MSTORE8", range(0x51, 0x54)),
    ("MCOPY", range(0x5E, 0x5F)),
    ("SLOAD, SSTORE", range(0x54, 0x56)),
    ("TLOAD, TSTORE", range(0x5C, 0x5E)),
    ("JUMP, JUMPI", range(0x56, 0x58)),
    ("PUSH", range(0x5F, 0x80)),
    ("DUP", range(0x80, 0x90)),
    ("SWAP", range(0x90, 0xA0)),
    ("LOG", range(0xA0, 0xA5)),
    ("calls", (0xF1, 0xF2, 0xF4, 0xFA)),
    ("CREATE, CREATE2", (0xF0, 0xF5)),
    ("RETURN, REVERT, INVALID", (0xF3, 0xFD, 0xFE)),
    ("SELFDESTRUCT", range(0xFF, 0x100)),
)


def main() -> None:
    """Print gas by class and phase, the corpus's median and the maximum of everything, and the dearest steps."""
    referee = VyperReferee(lambda name: load_artifact(name).init_code)
    usual = list(measured(referee, examples()))
    dear = list(measured(referee, worst_cases()))
    console = Console()
    table = Table("step", "steps", "median gas", "max gas", "max bytes", title="one step on L1")
    groups: dict[str, list[tuple[int, int]]] = {}
    for name, gas, size, _where in usual:
        groups.setdefault(class_of(name), []).append((gas, size))
    for group in sorted(groups):
        entries = groups[group]
        most = max([gas for gas, _ in entries] + [gas for name, gas, _, _ in dear if class_of(name) == group])
        size = max([size for _, size in entries] + [size for name, _, size, _ in dear if class_of(name) == group])
        table.add_row(group, f"{len(entries):,}", f"{median(gas for gas, _ in entries):,.0f}", f"{most:,}", f"{size:,}")
    console.print(table)
    table = Table("the dearest", "step", "gas", "bytes")
    for name, gas, size, where in sorted(dear + usual, key=lambda entry: -entry[1])[:10]:
        table.add_row(where, name, f"{gas:,}", f"{size:,}")
    console.print(table)
    everything = [gas for _, gas, _, _ in usual]
    console.print(f"all steps of the corpus: median {median(everything):,.0f}, dearest {max(everything):,}")


def measured(referee: VyperReferee, cases: Iterable[Example]) -> Iterator[tuple[str, int, int, str]]:
    """(step, gas, bytes of calldata, example), each step judged and compared."""
    for example in cases:
        vm = example.begin()
        while vm.phase != DONE:
            before, name = vm.digest(), step_name(vm)
            calldata = step_calldata(before, witnessed_step(vm))
            if referee.call(calldata) != vm.digest():
                raise AssertionError(f"{example.name}, {name}: judged to another state")
            yield name, referee.gas_used, len(calldata), example.name


def class_of(name: str) -> str:
    """The class of an opcode; undefined ones go with arithmetic's library."""
    if not name.startswith("opcode"):
        return f"phase {name}"
    opcode = int(name[-4:], 16)
    if table_of(15)[opcode] is None:
        return "undefined"
    return next(group for group, members in CLASSES if opcode in members)


if __name__ == "__main__":
    main()
