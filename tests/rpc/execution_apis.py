"""Plays the cases of ethereum/execution-apis against a running node, by the suite's own rules of comparison.

    python -m tests.rpc.execution_apis URL SUITE_FOLDER [METHOD...]

One case is one `.io` file: `//` comments, `>>` requests, `<<` responses. With `speconly:` in a comment only the shape
of the result is compared. Otherwise the JSON has to match exactly, except for error messages when both sides have one.
"""

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the response it should get."""

    request: str
    response: Any


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite."""

    name: str
    spec_only: bool
    exchanges: tuple[Exchange, ...]

    @property
    def method(self) -> str:
        """The folder, which is named after the method."""
        return self.name.partition("/")[0]


def load_cases(suite: Path) -> list[Case]:
    """Every case of the suite."""
    return [parse_case(f"{path.parent.name}/{path.stem}", path.read_text()) for path in sorted(suite.glob("*/*.io"))]


def parse_case(name: str, text: str) -> Case:
    """One case from its file's text."""
    spec_only = False
    requests, responses = [], []
    for line in text.splitlines():
        if line.startswith("//"):
            spec_only = spec_only or "speconly:" in line
        elif line.startswith(">>"):
            requests.append(line[2:].strip())
        elif line.startswith("<<"):
            responses.append(json.loads(line[2:]))
    exchanges = tuple(Exchange(*pair) for pair in zip(requests, responses, strict=True))
    return Case(name, spec_only, exchanges)


def play(case: Case, post: Callable[[str], str]) -> list[str]:
    """Run one case; returns how the answers differ, nothing when it passes."""
    differences = []
    for exchange in case.exchanges:
        actual = json.loads(post(exchange.request))
        compare = _compare_shape if case.spec_only else _compare
        differences += list(compare(_without_message(exchange.response, actual), actual, ""))
    return differences


def _without_message(expected: Any, actual: Any) -> Any:
    """`expected` with the actual error message, if both have one."""
    if "message" in expected.get("error", {}) and isinstance(actual.get("error", {}).get("message"), str):
        return {**expected, "error": {**expected["error"], "message": actual["error"]["message"]}}
    return expected


def _compare(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() | actual.keys():
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


def _compare_shape(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() ^ actual.keys():
            yield f"{path}.{key}: {'missing' if key in expected else 'unexpected'}"
        for key in expected.keys() & actual.keys():
            yield from _compare_shape(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if expected:
            for index, entry in enumerate(actual):
                yield from _compare_shape(expected[min(index, len(expected) - 1)], entry, f"{path}[{index}]")
    elif _kind(expected) != _kind(actual):
        yield f"{path}: {_short(actual)}, expected something like {_short(expected)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "hex" if value.startswith("0x") else "text"
    return type(value).__name__


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:60]}… ({len(text)} characters)"


def post_to(url: str) -> Callable[[str], str]:
    """A function that posts a request body and returns the response body."""

    def post(body: str) -> str:
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(response.read().decode())

    return post


def main(url: str, suite: str, *methods: str) -> int:
    """Play the suite, print what fails and a summary; 1 if anything failed."""
    failed: dict[str, list[str]] = {}
    cases = [case for case in load_cases(Path(suite)) if not methods or case.method in methods]
    for case in cases:
        differences = play(case, post_to(url))
        if differences:
            failed[case.name] = differences
            print(f"FAIL {case.name}")
            for difference in differences[:5]:
                print(f"     {difference}")
    print(f"{len(cases) - len(failed)} of {len(cases)} cases pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
