"""Calls to precompiles: pay, run, and return the output as pages.

The functions themselves are in `precompiled`; L1 has them all, so a contract calls its own.
"""

from protocol.rollup_limits import MODEXP, MODEXP_HEAD, PAIRING, exceeds_limits
from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import BlockContext, Return, TxBoundary
from prover.machine.digests import RIPEMD160, SHA256
from prover.machine.faults import OutOfGas
from prover.machine.gas import charge, words_of
from prover.machine.hashing import MAX_AT_ONCE, start_hashing
from prover.machine.precompiled import GAS_OF_HASH, PRECOMPILES, modexp_input
from prover.machine.vm import RETURN, VM, opened, running

IDENTITY = 4
GAS_IDENTITY = 15
GAS_IDENTITY_WORD = 3
LONG_HASHES = {0x02: SHA256, 0x03: RIPEMD160}
_HEADS = {MODEXP: MODEXP_HEAD, PAIRING: 0}
"""How much of the input a rollup's limits ask for, where that is less than the function does."""


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
    length = frame.calldata_length
    head = min(length, _HEADS.get(number, precompile.most))
    data = frame.calldata.read(frame.calldata_offset, head, vm.recorder)
    if exceeds_limits(number, data, length) and _is_rollup(vm):
        raise OutOfGas
    needed = min(length, modexp_input(data) if number == MODEXP else precompile.most)
    if needed > head:
        data = frame.calldata.read(frame.calldata_offset, needed, vm.recorder)
    charge(frame, precompile.gas(data))
    output = precompile.run(data)
    vm.go(RETURN, Return(True, pages_of(output) if output else NO_PAGES, 0, len(output)))


def _is_rollup(vm: VM) -> bool:
    boundary = opened(vm, vm.boundary, TxBoundary)
    return opened(vm, boundary.block, BlockContext).allow_deposits
