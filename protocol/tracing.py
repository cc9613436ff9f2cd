"""Watching an execution: what an engine tells a tracer, in the order in which it happens.

A tracer never changes what it watches. Engines report only what a tracer of theirs is there for, so that an execution
nobody watches pays nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from protocol.receipt import Log
from protocol.state import StateReader
from protocol.types import Address


class CallKind(Enum):
    """How a frame came about, by the opcode's name. The outermost frame is a CALL or a CREATE."""

    CALL = "CALL"
    CALLCODE = "CALLCODE"
    DELEGATECALL = "DELEGATECALL"
    STATICCALL = "STATICCALL"
    CREATE = "CREATE"
    CREATE2 = "CREATE2"
    SELFDESTRUCT = "SELFDESTRUCT"

    @property
    def creates(self) -> bool:
        """Whether the frame makes a contract."""
        return self in (CallKind.CREATE, CallKind.CREATE2)


@dataclass(frozen=True, slots=True)
class EnteredCall:
    """A frame that begins. `to` is the account whose code runs, the new contract, or who inherits.

    `gas` is what the frame may use. `value` in wei is None where the opcode has none (STATICCALL).
    """

    kind: CallKind
    sender: Address
    to: Address
    gas: int
    value: int | None
    data: bytes


class Tracer:
    """Gets everything below of one transaction or call, and does nothing with it: a tracer overrides what it needs."""

    @property
    def steps(self) -> bool:
        """Whether `look` and `step` are wanted: they are what makes tracing slow."""
        return False

    def begin(self, state: StateReader) -> None:
        """The transaction starts. `state` shows the state as it is whenever it is read, until the transaction ends."""

    def touch(self, address: Address, slot: int | None) -> None:
        """An account, or one of its slots, is about to be read or written, maybe for the first time."""

    def enter(self, call: EnteredCall) -> None:
        """A frame begins."""

    def leave(self, output: bytes, gas_used: int, error: str | None) -> None:
        """The frame that was entered last ends; `error` is in geth's words, None when it ended well."""

    def log(self, log: Log) -> None:
        """The current frame emits an event; it is void if the frame or one around it fails."""

    def look(
        self,
        opcode: int,
        address: Address,
        stack: Sequence[int],
        memory: bytearray,
        return_data: bytes,
        refund: int,
    ) -> object:
        """An opcode is about to run in the storage context of `address`, with the refund counter at `refund`.

        Returns what to remember of this for `step`.
        """
        return None

    def step(
        self, position: int, opcode: int, gas: int, cost: int, depth: int, seen: object, error: str | None
    ) -> None:
        """An opcode has been paid: `gas` before it, its whole `cost` with what it hands to a child. Called before the
        child's own steps. `seen` comes from `look`; `error` is None unless the opcode could not even start."""

    def end(self, gas_used: int) -> None:
        """The transaction has ended with everything that it does to the state; `gas_used` after refunds."""


class Deadline:
    """A moment from which on an execution may stop at its next opcode, with whatever result.

    Someone else's clock calls `expire`, from any thread; who asked for the execution then throws its result away.
    """

    __slots__ = ("_callbacks", "expired")

    def __init__(self) -> None:
        self.expired = False
        self._callbacks: list[Callable[[], None]] = []

    def expire(self) -> None:
        """Stop whatever watches this."""
        self.expired = True
        for callback in self._callbacks:
            callback()

    def on_expiry(self, callback: Callable[[], None]) -> None:
        """Call back when time is up. It may be called twice."""
        self._callbacks.append(callback)
        if self.expired:
            callback()
