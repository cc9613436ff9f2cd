"""Logs are for people or for programs, and hold no secrets."""

import io
import json
import logging
import sys

import pytest

from node import logs
from node.logs import JsonLines, TextLines

SECRET = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


def written(formatter: logging.Formatter, message: str, *arguments: object, with_error: bool = False) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    error = None
    if with_error:
        try:
            raise ValueError(f"a bug that shows 0x{SECRET.upper()}")
        except ValueError:
            error = sys.exc_info()
    handler.handle(logging.LogRecord("node.driver", logging.WARNING, "x.py", 1, message, arguments, error))
    return stream.getvalue()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", set())
    logs.hide(SECRET)


def test_a_json_line_is_one_object_whatever_the_message_holds():
    line = written(JsonLines(), "odd %s", 'quotes " and\nlines ☃')
    assert line.count("\n") == 1
    fields = json.loads(line)
    assert fields.keys() == {"time", "level", "logger", "message"}
    assert (fields["level"], fields["logger"]) == ("warning", "node.driver")
    assert fields["message"] == 'odd quotes " and\nlines ☃'
    assert fields["time"].endswith("+00:00")


def test_a_json_line_carries_the_traceback():
    fields = json.loads(written(JsonLines(), "failed", with_error=True))
    assert "Traceback" in fields["error"]
    assert "a bug that shows" in fields["error"]


@pytest.mark.parametrize("formatter", [TextLines(), JsonLines()])
def test_a_hidden_secret_never_appears_however_it_came_in(formatter: logging.Formatter, hidden: None):
    line = written(formatter, "key %s", SECRET, with_error=True)
    assert SECRET not in line.lower()
    assert line.count("***") == 2
