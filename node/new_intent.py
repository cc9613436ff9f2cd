"""What `tombolo new` writes, and the few things it asks for."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from genesis.intent import Intent, Place, places, value_of
from genesis.intent_file import load_preset, parse_intent, preset_names
from genesis.intent_text import intent_text, toml_value
from protocol.crypto import keccak
from protocol.errors import InvalidInput

DEFAULT_PRESET = "teaching"
FIRST_CHAIN_ID = 90_000
CHAIN_IDS = 9_000_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known about the chain to be. `settings` are GROUP.KNOB=VALUE."""

    file: Path
    preset: str | None = None
    chain_id: int | None = None
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The chain's, from its file's."""
        return self.file.name.split(".")[0].lower()


@dataclass(frozen=True, slots=True)
class Question:
    """One of the few knobs that most chains differ in."""

    key: str
    text: str

    def default(self, base: Intent) -> str:
        """What the preset says, as a person would type it."""
        place = _place(self.key)
        return toml_value(place, value_of(base, place)).strip('"')

    def problem(self, said: str) -> str | None:
        """Why this is no answer; None when it is one."""
        try:
            parse_intent(f"chain.chain_id = 1\n{self.key} = {_toml(said)}\n", "x", "x")
        except InvalidInput as error:
            return str(error).partition(f" = {_toml(said)}: ")[2] or str(error)
        return None


QUESTIONS = (
    Question("chain.block_time_seconds", "Seconds between blocks"),
    Question("chain.gas_limit", "Gas per block"),
    Question("da.layer", "Where batches go"),
    Question("proof.challenge_period_seconds", "Seconds in which an output can be challenged"),
)


def made_up_chain_id(name: str) -> int:
    """A chain id that another name hardly has."""
    return FIRST_CHAIN_ID + int.from_bytes(keccak(name.encode())[:8], "big") % CHAIN_IDS


def check_new_file(file: Path, *, force: bool) -> None:
    """Raise InvalidInput when the file is there, or is not called as intent files are."""
    if file.suffix != ".toml":
        raise InvalidInput(f"{file}: an intent file's name ends in .toml")
    if file.exists() and not force:
        raise InvalidInput(f"{file} is there already; --force replaces it")


def write_new_intent(answers: Answers, *, force: bool = False) -> Intent:
    """Write the file; returns the intent that is read from it.

    Raises:
        InvalidInput: A setting is wrong, or the file cannot be made.
    """
    check_new_file(answers.file, force=force)
    preset = answers.preset or DEFAULT_PRESET
    if preset not in preset_names():
        raise InvalidInput(f"no preset {preset}; there are: {', '.join(preset_names())}")
    chain_id = answers.chain_id or made_up_chain_id(answers.name)
    lines = [f'preset = "{preset}"', f"chain.chain_id = {chain_id}"]
    for setting in answers.settings:
        key, sign, value = setting.partition("=")
        if not sign or key.strip().count(".") != 1:
            raise InvalidInput(f"--set {setting}: expected GROUP.KNOB=VALUE")
        lines.append(f"{key.strip()} = {_toml(value.strip())}")
    intent = parse_intent("\n".join(lines) + "\n", f"--set, in {answers.file}", answers.name)
    text = intent_text(intent, preset, load_preset(preset))
    try:
        answers.file.write_text(text)
    except OSError as error:
        raise InvalidInput(f"{answers.file}: cannot be written ({error.strerror})") from error
    return intent


def _toml(value: str) -> str:
    """What a person typed, as TOML: text needs no quotes, nor does an address, which TOML would take for a number."""
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        return f'"{value}"'
    try:
        tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


def _place(key: str) -> Place:
    [found] = [place for place in places() if f"{place.group}.{place.name}" == key]
    return found
