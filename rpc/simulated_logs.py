"""What eth_simulateV1 calls the logs of a call: its events and, if asked for, its transfers of ether as if by ERC-20.

Source: https://ethereum.github.io/execution-apis/docs/ethsimulatev1-notes
"""

from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.receipt import Log
from protocol.tracing import CallKind, EnteredCall, Tracer
from protocol.types import Address

TRANSFER_TOPIC = keccak(b"Transfer(address,address,uint256)")
ETHER = Address(b"\xee" * 20)
"""Where transfers of ether seem to be logged."""


@dataclass(frozen=True, slots=True)
class NumberedLog:
    """A log and its index in the block; logs of frames that failed have used up theirs."""

    index: int
    log: Log


class LogCollector(Tracer):
    """Collects the logs of the calls of one block, one call after the other."""

    def __init__(self, *, transfers: bool) -> None:
        self._transfers = transfers
        self._count = 0
        self._frames: list[list[NumberedLog]] = [[]]

    def take(self) -> list[NumberedLog]:
        """The logs of the call that has just ended."""
        (logs,), self._frames = self._frames, [[]]
        return logs

    def enter(self, call: EnteredCall) -> None:
        """Open a frame; ether that comes with it is logged first."""
        self._frames.append([])
        if self._transfers and call.value and call.kind is not CallKind.DELEGATECALL:
            topics = (TRANSFER_TOPIC, call.sender.rjust(32, b"\0"), call.to.rjust(32, b"\0"))
            self.log(Log(ETHER, topics, call.value.to_bytes(32, "big")))

    def leave(self, output: bytes, gas_used: int, error: str | None) -> None:
        """Close the frame; its logs are void when it failed."""
        logs = self._frames.pop()
        if error is None:
            self._frames[-1] += logs

    def log(self, log: Log) -> None:
        """Note an event."""
        self._frames[-1].append(NumberedLog(self._count, log))
        self._count += 1
