"""LOG0 to LOG4. A log refers to its data in the memory it came from; nothing is copied."""

from prover.commitments.pages import NO_PAGES
from prover.commitments.structures import LogLink
from prover.machine import gas
from prover.machine.faults import StaticViolation
from prover.machine.frame import Frame
from prover.machine.gas import charge, expanded, expansion_cost
from prover.machine.vm import VM

LOG0 = 0xA0


def log(vm: VM, frame: Frame) -> None:
    """Emit a log with as many topics as the opcode says."""
    count = frame.code[frame.pc] - LOG0
    # Stack
    stack = frame.stack.items
    offset, length = stack.pop(), stack.pop()
    topics = [stack.pop() for _ in range(count)]
    # Gas
    if frame.static:
        raise StaticViolation
    words = expanded(frame, offset, length)
    charge(frame, gas.LOG + gas.LOG_TOPIC * count + gas.LOG_BYTE * length + expansion_cost(frame, words))
    # Operation
    frame.words = words
    first, second, third, fourth = topics + [0] * (4 - count)
    data = frame.memory.freeze() if length else NO_PAGES
    vm.logs = LogLink(
        vm.logs, frame.address, count, first, second, third, fourth, data, offset if length else 0, length
    )
    vm.logs_rlp_length += _rlp_length(count, _data_rlp_length(vm, frame, offset, length))
    # Program counter
    frame.pc += 1


def _data_rlp_length(vm: VM, frame: Frame, offset: int, length: int) -> int:
    """Bytes of the data as an RLP string; a single small byte is its own encoding."""
    if length == 1 and frame.memory.read(offset, 1, vm.recorder)[0] < 0x80:
        return 1
    return _header_length(length) + length


def _rlp_length(topic_count: int, data_length: int) -> int:
    """Bytes of the list of address, topics and data."""
    topics = 33 * topic_count
    payload = 21 + _header_length(topics) + topics + data_length
    return _header_length(payload) + payload


def _header_length(payload: int) -> int:
    return 1 if payload < 56 else 1 + (payload.bit_length() + 7) // 8
