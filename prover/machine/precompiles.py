"""Calls to precompiles: pay, run, and return the output as pages.

The functions themselves are in `precompiled`; L1 has them all, so a contract calls its own.
"""

from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import Return
from prover.machine.gas import charge, words_of
from prover.machine.precompiled import PRECOMPILES
from prover.machine.vm import RETURN, VM, running

IDENTITY = 4
GAS_IDENTITY = 15
GAS_IDENTITY_WORD = 3


def precompile_step(vm: VM) -> None:
    """Run the precompile that the frame has called, in one step."""
    frame = running(vm)
    number = frame.code_address[19]
    if number == IDENTITY:
        # The output is the input where it lies, however long it is.
        charge(frame, GAS_IDENTITY + GAS_IDENTITY_WORD * words_of(frame.calldata_length))
        vm.go(RETURN, Return(True, frame.calldata, frame.calldata_offset, frame.calldata_length))
        return
    precompile = PRECOMPILES[number]
    length = min(frame.calldata_length, precompile.most)
    data = frame.calldata.read(frame.calldata_offset, length, vm.recorder)
    charge(frame, precompile.gas(data))
    output = precompile.run(data)
    vm.go(RETURN, Return(True, pages_of(output) if output else NO_PAGES, 0, len(output)))
