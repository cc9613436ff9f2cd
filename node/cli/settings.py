"""Settings from `tombolo.toml` as defaults of a command's options, each checked as if it had been typed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from node.config import CONFIG_FILE, Setting, read_config
from protocol.errors import InvalidInput

TABLES = ("up", "node")
"""The commands that take settings from the file."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What an option is, once file and environment are read, and which of the three said so."""

    table: str
    key: str
    value: str
    source: str


def use_config(context: typer.Context, path: Path | None) -> Path | None:
    """The callback of `--config`: what the file says becomes this command's defaults."""
    if path is None and CONFIG_FILE.is_file():
        path = CONFIG_FILE
    if path is not None and path.name != "":
        command = context.command
        tables = _checked(path, context.find_root().command)
        context.default_map = {
            option.name: tables[str(context.info_name)][key].value
            for key, option in _options(command).items()
            if key in tables.get(str(context.info_name), {})
        }
    return path


def effective_settings(path: Path, group: object) -> list[Effective]:
    """Every setting of each command of `group` that the file has a table for, as it would be used now.

    Raises:
        InvalidInput: As `use_config`; or an environment variable holds what its option does not take.
    """
    tables = _checked(path, group)
    return [
        setting
        for name in TABLES
        if name in tables
        for setting in _effective(name, tables[name], _command(group, name))
    ]


def _effective(table: str, settings: Mapping[str, Setting], command: TyperCommand) -> Iterator[Effective]:
    context = typer.Context(command, info_name=table)
    for key, option in _options(command).items():
        variable = option.value_from_envvar(context)
        if variable is not None:
            try:
                value = option.process_value(context, variable)
            except typer.BadParameter as error:
                raise InvalidInput(f"environment variable {option.envvar}: {_why(option, error)}") from error
            yield Effective(table, key, _shown(value), f"environment variable {option.envvar}")
        elif key in settings:
            yield Effective(table, key, _shown(settings[key].value), f"line {settings[key].line}")
        elif option.required:
            yield Effective(table, key, "must be given", "")
        else:
            default = option.show_default if isinstance(option.show_default, str) else option.get_default(context)
            yield Effective(table, key, _shown(default), "default")


def _checked(path: Path, group: object) -> Mapping[str, Mapping[str, Setting]]:
    """The file's settings; raises InvalidInput for the first that no command takes as it is."""
    tables = read_config(path)
    for table, settings in tables.items():
        if table not in TABLES:
            raise InvalidInput(f"{path}: there is no table [{table}]; there are: {', '.join(TABLES)}")
        command = _command(group, table)
        options, context = _options(command), typer.Context(command, info_name=table)
        for key, setting in settings.items():
            where = f"{path}, line {setting.line}: [{table}] {key}"
            if key not in options:
                near = get_close_matches(key, options, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(options)}"
                raise InvalidInput(f"{where}: no such setting{hint}")
            if bool(options[key].is_flag) != isinstance(setting.value, bool):
                kind = "true or false" if options[key].is_flag else "a value, not true or false"
                raise InvalidInput(f"{where} = {_shown(setting.value)}: expected {kind}")
            try:
                options[key].process_value(context, setting.value if options[key].is_flag else str(setting.value))
            except typer.BadParameter as error:
                raise InvalidInput(f"{where} = {_shown(setting.value)}: {_why(options[key], error)}") from error
    return tables


def _command(group: object, name: str) -> TyperCommand:
    command = group.commands[name] if isinstance(group, TyperGroup) else None
    if not isinstance(command, TyperCommand):
        raise TypeError(f"{name} is no command")
    return command


def _options(command: object) -> dict[str, TyperOption]:
    """The options that a file may set, by their key."""
    params = command.params if isinstance(command, TyperCommand) else []
    options = [param for param in params if isinstance(param, TyperOption)]
    return {
        option.opts[0].removeprefix("--"): option
        for option in options
        if not option.hidden and option.name not in ("config", "help")
    }


def _why(option: TyperOption, error: typer.BadParameter) -> str:
    message = error.message.removeprefix("Value error, ").rstrip(".")
    bounds = option.min is not None or option.max is not None
    return f"{message} (allowed: {_shown(option.min)} to {_shown(option.max)})" if bounds else message


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
