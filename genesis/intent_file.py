"""Intent files: TOML read into an `Intent`, every mistake at once and each with its place, and written again.

    preset = "gaming"

    [chain]
    chain_id = 90001

What the file says goes before its preset, the preset before the default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from genesis.intent import REQUIRED_CHAIN_ID, Intent, Place, places, value_of
from genesis.intent_laws import broken_laws
from genesis.intent_text import shown, toml_value
from genesis.toml_lines import parse_with_lines
from protocol.errors import InvalidInput

PRESETS = Path(__file__).resolve().parent / "presets"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the file, the line (None: not in the file), and what is wrong."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.text}" if self.line is not None else f"{self.file}: {self.text}"


class InvalidIntent(InvalidInput):
    """Intent files that cannot be used, with everything that is wrong in them, one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def read_intent(path: Path) -> Intent:
    """The intent in a file.

    Raises:
        InvalidIntent: Names file, line, knob, value and range of every mistake in it.
        InvalidInput: The file is missing or not TOML.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); `tombolo new` makes one") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not TOML: {error}") from error
    return parse_intent(text, str(path), default_name=path.name.split(".")[0].lower())


def parse_intent(text: str, file: str, default_name: str = "") -> Intent:
    """The intent in a text; `file` stands for it in errors."""
    document, lines = parse_with_lines(text, file)
    problems: list[Problem] = []
    base = Intent()
    preset = document.pop("preset", None)
    if preset is not None:
        if isinstance(preset, str) and preset in preset_names():
            base = load_preset(preset)
        else:
            words = _near(str(preset), preset_names())
            problems.append(Problem(file, lines[("preset",)], f"preset = {shown(preset)}: no such preset{words}"))
    given = dict(_given(document, lines, file, problems))
    intent = _with(base, given)
    if not any(place.name == "chain_id" for place in given) and intent.chain.chain_id == REQUIRED_CHAIN_ID:
        problems.append(Problem(file, None, "[chain] chain_id is missing: every chain needs one of its own"))
    if not intent.chain.name:
        intent = replace(intent, chain=replace(intent.chain, name=default_name or f"chain-{intent.chain.chain_id}"))
        problems += _name_problem(intent.chain.name, file)
    if not problems:
        for place, words in broken_laws(intent):
            line = lines.get((place.group, place.name))
            where = "" if line is not None or preset is None else f" (from preset {preset}, or the default)"
            value = toml_value(place, value_of(intent, place))
            problems.append(Problem(file, line, f"{place.key} = {value}{where}: {words}"))
    if problems:
        raise InvalidIntent(problems)
    return intent


def read_intents(paths: Iterable[Path]) -> tuple[Intent, ...]:
    """Several chains for one network, whose names, chain ids and ports differ.

    Raises:
        InvalidIntent: The mistakes of all files.
    """
    problems: list[Problem] = []
    found: list[tuple[str, Intent]] = []
    for path in paths:
        try:
            found.append((str(path), read_intent(path)))
        except InvalidIntent as error:
            problems += error.problems
    problems += _clashes(found)
    if problems:
        raise InvalidIntent(problems)
    return tuple(intent for _, intent in found)


def preset_names() -> tuple[str, ...]:
    """The presets there are."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


def load_preset(name: str) -> Intent:
    """An intent without a chain id, for files to build on."""
    file = PRESETS / f"{name}.toml"
    document, lines = parse_with_lines(file.read_text(), str(file))
    problems: list[Problem] = []
    intent = _with(Intent(), dict(_given(document, lines, str(file), problems)))
    if problems:
        raise InvalidIntent(problems)
    return intent


def _given(
    document: Mapping[str, object], lines: Mapping[tuple[str, ...], int], file: str, problems: list[Problem]
) -> Iterator[tuple[Place, object]]:
    """Each knob that the document sets, with its value; what is wrong goes to `problems`."""
    groups: dict[str, dict[str, Place]] = {}
    for place in places():
        groups.setdefault(place.group, {})[place.name] = place
    for group, table in document.items():
        line = lines[(group,)]
        if group not in groups:
            kind = f"there is no table [{group}]" if isinstance(table, dict) else f"{group}: no such setting"
            problems.append(Problem(file, line, kind + _near(group, (*groups, "preset"))))
        elif not isinstance(table, dict):
            problems.append(Problem(file, line, f"{group} = {shown(table)}: expected a table [{group}]"))
        else:
            for name, value in table.items():
                line = lines[(group, name)]
                if name not in groups[group]:
                    words = _near(name, groups[group], _elsewhere(name))
                    problems.append(Problem(file, line, f"[{group}] {name}: no such knob{words}"))
                    continue
                place = groups[group][name]
                try:
                    yield place, _read(place, value)
                except ValueError as error:
                    problems.append(Problem(file, line, f"{place.key} = {shown(value)}: {error}"))


def _read(place: Place, value: object) -> object:
    """The value to keep; raises ValueError for one that the knob does not take, or not yet."""
    read = place.knob.kind.read(value)
    if place.knob.not_yet and read != place.default:
        raise ValueError(f"not yet: {place.knob.not_yet}; leave it at {shown(place.default)}")
    why = place.knob.values_not_yet.get(read) if isinstance(read, str) else None
    if why is not None:
        raise ValueError(f"not yet: {why}; leave it at {shown(place.default)}")
    return read


def _with(base: Intent, given: Mapping[Place, object]) -> Intent:
    groups: dict[str, Any] = {}
    for item in fields(Intent):
        values = {place.name: value for place, value in given.items() if place.group == item.name}
        groups[item.name] = replace(getattr(base, item.name), **values)
    return Intent(**groups)


def _near(word: str, known: Iterable[str], elsewhere: str = "") -> str:
    names = list(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return elsewhere or f"; there are: {', '.join(names)}"


def _elsewhere(name: str) -> str:
    found = [place.key for place in places() if place.name == name]
    return f"; did you mean {found[0]}?" if found else ""


def _name_problem(name: str, file: str) -> list[Problem]:
    (place,) = [place for place in places() if place.key == "[chain] name"]
    try:
        place.knob.kind.read(name)
    except ValueError as error:
        return [Problem(file, None, f"[chain] name is missing, and the file's name {name!r} cannot stand in: {error}")]
    return []


def _clashes(found: Sequence[tuple[str, Intent]]) -> Iterator[Problem]:
    """What two chains of one network may not share."""
    seen: dict[tuple[str, object], str] = {}
    files = [file for file, _ in found]
    for at, (file, intent) in enumerate(found):
        if file in files[:at]:
            yield Problem(file, None, "is named twice")
            continue
        shared = [("chain id", intent.chain.chain_id), ("name", intent.chain.name)]
        shared += [("port", port) for port in (intent.node.rpc_port, intent.node.verifier_port) if port]
        for what, value in shared:
            other = seen.setdefault((what, value), file)
            if other != file:
                yield Problem(file, None, f"{what} {value} is that of {other} too")
            elif what == "port" and intent.node.rpc_port == intent.node.verifier_port:
                yield Problem(file, None, f"port {value} is both the sequencer's and the verifier's")
                return
