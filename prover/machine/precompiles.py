"""Calls to precompiles: pay, run, and return the output as pages.

The functions themselves are in `precompiled`; L1 has them all, so a contract calls its own.
"""

from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import Return
from prover.machine.digests import RIPEMD160, SHA256
from prover.machine.gas import charge, words_of
from prover.machine.hashing import MAX_AT_ONCE, start_hashing
from prover.machine.precompiled import GAS_OF_HASH, PRECOMPILES
from prover.machine.vm import RETURN, VM, running

IDENTITY = 4
GAS_IDENTITY = 15
GAS_IDENTITY_WORD = 3
LONG_HASHES = {0x02: SHA256, 0x03: RIPEMD160}


def precompile_step(vm: VM) -> None:
    """Run the precompile that the frame has called, in one step; a hash of a long input takes more."""
    frame = running(vm)
    number = frame.code_address[19]
    if number == IDENTITY:
        # The output is the input where it lies, however long it is.
        charge(frame, GAS_IDENTITY + GAS_IDENTITY_WORD * words_of(frame.calldata_length))
        vm.go(RETURN, Return(True, frame.calldata, frame.calldata_offset, frame.calldata_length))
        return
    precompile = PRECOMPILES[number]
    if number in LONG_HASHES and frame.calldata_length > MAX_AT_ONCE:
        charge(frame, GAS_OF_HASH[number](frame.calldata_length))
        start_hashing(vm, LONG_HASHES[number], frame.calldata, frame.calldata_offset, frame.calldata_length)
        return
    length = min(frame.calldata_length, precompile.most)
    data = frame.calldata.read(frame.calldata_offset, length, vm.recorder)
    charge(frame, precompile.gas(data))
    output = precompile.run(data)
    vm.go(RETURN, Return(True, pages_of(output) if output else NO_PAGES, 0, len(output)))
