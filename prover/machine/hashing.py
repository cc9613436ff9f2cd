"""KECCAK256: in one step as long as its input can be shown at once, otherwise 7 blocks per micro-step."""

from protocol.crypto import keccak
from prover.commitments.structures import Sponge
from prover.machine import gas
from prover.machine.frame import Frame
from prover.machine.gas import charge, expanded, expansion_cost, words_of
from prover.machine.keccak_sponge import LANES, RATE, absorb, pad, squeeze
from prover.machine.vm import EXECUTE, SPONGE, VM, opened, running

MAX_AT_ONCE = 32 * 1024
"""Bytes: 33 pages with their paths are 48 kB of witness."""
BLOCKS_PER_STEP = 7


def keccak256(vm: VM, frame: Frame) -> None:
    """Push the hash of a range of memory."""
    # Stack
    stack = frame.stack.items
    offset, length = stack.pop(), stack.pop()
    # Gas
    words = expanded(frame, offset, length)
    charge(frame, gas.KECCAK + gas.KECCAK_WORD * words_of(length) + expansion_cost(frame, words))
    # Operation
    frame.words = words
    if length <= MAX_AT_ONCE:
        stack.append(int.from_bytes(keccak(frame.memory.read(offset, length, vm.recorder) if length else b""), "big"))
    else:
        vm.go(SPONGE, Sponge(offset, length, *((0,) * LANES)))
    # Program counter
    frame.pc += 1


def sponge_step(vm: VM) -> None:
    """Absorb up to 7 blocks; the one that ends the input pushes the hash."""
    frame = running(vm)
    cursor = opened(vm, vm.cursor, Sponge)
    count = min(cursor.remaining, BLOCKS_PER_STEP * RATE)
    data = frame.memory.read(cursor.offset, count, vm.recorder)
    lanes = cursor.lanes()
    whole = len(data) // RATE * RATE
    for start in range(0, whole, RATE):
        lanes = absorb(lanes, data[start : start + RATE])
    if count == BLOCKS_PER_STEP * RATE:
        vm.cursor = Sponge(cursor.offset + count, cursor.remaining - count, *lanes)
        return
    digest = squeeze(absorb(lanes, pad(data[whole:])))
    frame.stack.items.append(int.from_bytes(digest, "big"))
    vm.go(EXECUTE)
