"""TOML with the line of every key, which `tomllib` does not tell."""

import tomllib
from collections.abc import Iterator, Mapping

from protocol.errors import InvalidInput

MAX_BYTES = 40_000
MAX_LINES = 1_000
"""Of a file: lines are found by reading its beginnings again and again."""

Path = tuple[str, ...]


def parse_with_lines(text: str, name: str) -> tuple[dict[str, object], dict[Path, int]]:
    """The document, and the line (from 1) on which each key at each depth begins.

    Every beginning of the file that is TOML by itself is read: a key begins on the line after the last beginning that
    did not have it. So no form of TOML needs a rule here, however the key is written.

    Raises:
        InvalidInput: Not TOML; `name` stands for the file, and the message has line and column.
    """
    rows = [row + "\n" for row in text.split("\n")]
    if len(text) > MAX_BYTES or len(rows) > MAX_LINES:
        raise InvalidInput(f"{name}: {len(text)} letters in {len(rows)} lines; at most {MAX_BYTES} in {MAX_LINES}")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{name}: not TOML: {error}") from error
    lines: dict[Path, int] = {}
    beginning, start = "", 1
    for number, row in enumerate(rows, start=1):
        beginning += row
        try:
            known = tomllib.loads(beginning)
        except tomllib.TOMLDecodeError:
            continue
        for path in _paths(known):
            lines.setdefault(path, start)
        start = number + 1
    return document, lines


def _paths(table: Mapping[str, object], above: Path = ()) -> Iterator[Path]:
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
