"""How options are declared: each by its name, from which its environment variable follows, and its help."""

from collections.abc import Callable
from typing import Any

import typer


def option(
    name: str,
    what: str,
    *,
    unit: str | None = None,
    least: float | None = None,
    most: float | None = None,
    shown: str | bool = True,
    check: Callable[..., Any] | None = None,
    variable: str | bool = True,
    is_eager: bool = False,
    file_okay: bool = True,
) -> object:
    """One option, for `Annotated`. `--gas-limit` is TOMBOLO_GAS_LIMIT in the environment, unless `variable` says
    another name or none.

    `unit` stands for its value in the help, with the range from `least` to `most`; `shown` for its default there.
    `check` is a callback: it lets a value through, or raises BadParameter.
    """
    derived = "TOMBOLO_" + name.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return typer.Option(
        name,
        envvar=(derived if variable else None) if isinstance(variable, bool) else variable,
        metavar=unit,
        min=least,
        max=most,
        help=what,
        show_default=shown,
        callback=check,
        is_eager=is_eager,
        file_okay=file_okay,
    )


def folder(name: str, what: str, *, shown: str | bool = True, variable: str | bool = True) -> object:
    """An option for a folder, which need not be there yet."""
    return option(name, what, shown=shown, variable=variable, file_okay=False)


def flag(name: str, what: str, *, shown: str | bool = True, variable: str | bool = False) -> object:
    """An option that takes no value."""
    return option(name, what, unit="", shown=shown, variable=variable)


def port(name: str, what: str, *, least: int = 1, shown: str | bool = True, variable: str | bool = True) -> object:
    """An option for a TCP port; where `least` is 0, that lets the system choose."""
    return option(name, what, unit="PORT", least=least, most=65_535, shown=shown, variable=variable)
