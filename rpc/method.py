"""What a row of the method table is: a function, the codecs of its parameters, and where it runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from protocol.tracing import Deadline
from rpc.backend import Backend
from rpc.codec import BlockTag, block_id
from rpc.errors import InvalidParams, Json
from rpc.filters import Filters
from rpc.limits import Limits
from rpc.spool import Spool

Answer: TypeAlias = "Json | Spool | Awaitable[Json]"
"""What a handler returns: JSON, the same from a coroutine, or its text in a spool when it may be very long."""

Codec: TypeAlias = Callable[[Json], object]


class Subscriber(Protocol):
    """The connection a request came over, when it is one that can receive notifications."""

    def subscribe(self, kind: str, options: Json) -> str:
        """Start sending; returns the subscription's id."""

    def unsubscribe(self, subscription_id: str) -> bool:
        """Stop sending; False when there is no such subscription."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may use besides its parameters."""

    backend: Backend
    limits: Limits
    filters: Filters
    subscriber: Subscriber | None = None
    deadline: Deadline | None = None
    """Expires when a slow method has used up its time; its answer is an error then, whatever it returns."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One positional parameter. `default` is used when it is absent or null, unless it is `required`."""

    codec: Codec
    default: object = None
    required: bool = True


def optional(codec: Codec, default: object = None) -> Parameter:
    """A parameter that may be absent or null."""
    return Parameter(codec, default, required=False)


LATEST_IF_ABSENT = optional(block_id, BlockTag.LATEST)
"""The block parameter as almost every method has it."""


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the table.

    `handler` takes a Context and then the parsed parameters. `slow` ones run
    on a thread, so that the event loop stays free; they must not touch what belongs to the loop. `long` ones have the
    time of a trace instead of that of a call.
    """

    handler: Callable[..., Answer]
    parameters: tuple[Parameter | Codec, ...] = ()
    slow: bool = False
    long: bool = False

    def parse(self, params: list[Json]) -> list[object]:
        """The handler's arguments; raises InvalidParams."""
        parameters = self.parameters
        if len(params) > len(parameters):
            raise InvalidParams(f"too many arguments, want at most {len(parameters)}")
        arguments: list[object] = []
        for index, parameter in enumerate(parameters):
            value = params[index] if index < len(params) else None
            if isinstance(parameter, Parameter):
                if value is None and not parameter.required:
                    arguments.append(parameter.default)
                    continue
                codec = parameter.codec
            else:
                codec = parameter
            if value is None:
                raise InvalidParams(f"missing value for required argument {index}")
            try:
                arguments.append(codec(value))
            except InvalidParams as error:
                raise InvalidParams(f"invalid argument {index}: {error.message}") from error
        return arguments


MethodTable: TypeAlias = Mapping[str, Method]
