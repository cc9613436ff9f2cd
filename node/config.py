"""`tombolo.toml`: settings of commands in a file, one table per command, each key an option's name without dashes.

    [up]
    block-time = 0.5
    retention = "1000"

What is given on the command line goes before the environment, the environment before the file, the file before the
default. Keys and passwords have no place in it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import InvalidInput

CONFIG_FILE = Path("tombolo.toml")
"""Read from the working directory when it is there and no other file is named."""

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Setting:
    """One value, and the line of the file that holds it (counted from 1)."""

    value: Value
    line: int


def read_config(path: Path) -> Mapping[str, Mapping[str, Setting]]:
    """Settings by command and key.

    Raises:
        InvalidInput: The file is missing, not TOML, or holds something else than tables of plain values. Which
            commands and keys there are is for the caller to know.
    """
    try:
        text = path.read_text()
        tables = tomllib.loads(text)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not TOML: {error}") from error
    found: dict[str, dict[str, Setting]] = {}
    for table, values in tables.items():
        if not isinstance(values, dict):
            raise InvalidInput(f"{path}, line {_line(text, '', table)}: {table} stands outside the tables of commands")
        found[table] = {}
        for key, value in values.items():
            line = _line(text, table, key)
            if not isinstance(value, Value):
                raise InvalidInput(f"{path}, line {line}: [{table}] {key}: expected text, a number, true or false")
            found[table][key] = Setting(value, line)
    return found


def _line(text: str, table: str, key: str) -> int:
    """Where `key` of `table` is set; the table's own line when it is written in some other way than usual."""
    current, fallback = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line)
        if header is not None:
            current = header[1]
            fallback = number if current == table else fallback
        elif current == table and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
    return fallback
