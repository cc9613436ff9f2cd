"""Plays the cases of ethereum/execution-apis against a running node, by the suite's own rules of comparison.

One case is one `.io` file: `//` comments, `>>` requests, `<<` responses. With `speconly:` in a comment only the shape
of the result is compared. Otherwise the JSON has to match exactly, except for error messages when both sides have one.
Source: https://github.com/ethereum/execution-apis (tests/README.md)
"""

import http.client
import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import InvalidInput, Reject
from rpc.errors import Json

TIMEOUT_SECONDS = 120

Post = Callable[[str], str]
"""Sends a request body and returns the response body."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the response it should get."""

    request: str
    response: Json


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite, named after its folder, which is the method, and itself."""

    name: str
    spec_only: bool
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case went: where the answers differ, and why that is expected if it is."""

    name: str
    differences: tuple[str, ...]
    excuse: str | None

    @property
    def passed(self) -> bool:
        """Whether all answers were right."""
        return not self.differences


def load_cases(suite: Path) -> list[Case]:
    """Every case of the suite; raises InvalidInput when the folder holds none."""
    cases = [parse_case(f"{path.parent.name}/{path.stem}", path.read_text()) for path in sorted(suite.glob("*/*.io"))]
    if not cases:
        raise InvalidInput(f"{suite}: no cases (METHOD/NAME.io) here")
    return cases


def parse_case(name: str, text: str) -> Case:
    """One case from its file's text."""
    spec_only = False
    requests: list[str] = []
    responses: list[Json] = []
    for line in text.splitlines():
        if line.startswith("//"):
            spec_only = spec_only or "speconly:" in line
        elif line.startswith(">>"):
            requests.append(line[2:].strip())
        elif line.startswith("<<"):
            responses.append(json.loads(line[2:]))
    if len(requests) != len(responses):
        raise InvalidInput(f"{name}: {len(requests)} requests, {len(responses)} responses")
    return Case(name, spec_only, tuple(Exchange(*pair) for pair in zip(requests, responses, strict=True)))


def load_exceptions(path: Path | None) -> dict[str, str]:
    """The cases that need not pass, each with its reason: lines of `METHOD/NAME: reason`, `#` starts a comment."""
    exceptions: dict[str, str] = {}
    for line in path.read_text().splitlines() if path is not None else ():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = line.partition(":")
        if not reason.strip():
            raise InvalidInput(f"{path}: {name.strip()!r} has no reason")
        exceptions[name.strip()] = reason.strip()
    return exceptions


def play_suite(cases: Iterable[Case], post: Post, exceptions: Mapping[str, str]) -> Iterator[Outcome]:
    """Play each case; raises Reject when the node does not answer."""
    for case in cases:
        yield Outcome(case.name, tuple(play(case, post)), exceptions.get(case.name))


def play(case: Case, post: Post) -> list[str]:
    """Run one case; returns how the answers differ, nothing when it passes."""
    compare = _compare_shape if case.spec_only else _compare
    differences: list[str] = []
    for exchange in case.exchanges:
        actual: Json = json.loads(post(exchange.request))
        differences += compare(_without_message(exchange.response, actual), actual, "")
    return differences


def post_to(url: str) -> Post:
    """A function that posts to this endpoint; raises Reject when that fails."""

    def post(body: str) -> str:
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - a URL given to us
                return str(response.read().decode())
        except (OSError, http.client.HTTPException) as error:
            raise Reject(f"{url} does not answer: {error}") from error

    return post


def _without_message(expected: Json, actual: Json) -> Json:
    """`expected` with the actual error message, if both have one."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        wanted, found = expected.get("error"), actual.get("error")
        if isinstance(wanted, dict) and isinstance(found, dict) and "message" in wanted:
            message = found.get("message")
            if isinstance(message, str):
                return {**expected, "error": {**wanted, "message": message}}
    return expected


def _compare(expected: Json, actual: Json, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual:
                yield f"{path}.{key}: missing, expected {_short(expected[key])}"
            elif key not in expected:
                yield f"{path}.{key}: unexpected {_short(actual[key])}"
            else:
                yield from _compare(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: {len(actual)} items, expected {len(expected)}"
        for index, pair in enumerate(zip(expected, actual, strict=False)):
            yield from _compare(*pair, f"{path}[{index}]")
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{path}: {_short(actual)}, expected {_short(expected)}"


def _compare_shape(expected: Json, actual: Json, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() ^ actual.keys()):
            yield f"{path}.{key}: {'missing' if key in expected else 'unexpected'}"
        for key in sorted(expected.keys() & actual.keys()):
            yield from _compare_shape(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if expected:
            for index, entry in enumerate(actual):
                yield from _compare_shape(expected[min(index, len(expected) - 1)], entry, f"{path}[{index}]")
    elif _kind(expected) != _kind(actual):
        yield f"{path}: {_short(actual)}, expected something like {_short(expected)}"


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "hex" if value.startswith("0x") else "text"
    return type(value).__name__


def _short(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:60]}… ({len(text)} characters)"
