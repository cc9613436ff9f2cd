"""What was said on the command line, and what is a default."""

from typing import TypeVar

import typer

T = TypeVar("T")


def given(context: typer.Context, name: str, value: T) -> T | None:
    """The option's value unless it is the default."""
    source = context.get_parameter_source(name)
    return None if source is None or source.name == "DEFAULT" else value


def from_command_line(context: typer.Context, name: str) -> bool:
    """Whether the option stands there, and not in the environment or a file."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
