"""`tombolo.toml`: flags before environment before file before defaults, and a mistake is named with its place."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import node.run
from node.cli import main
from node.config import read_config
from node.l1_node import L1Options
from protocol.errors import InvalidInput


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TOMBOLO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[L1Options]:
    """The options of each L1 that `node` would have run."""
    found: list[L1Options] = []
    monkeypatch.setattr(node.run, "run_l1", lambda options, with_parent: found.append(options))
    return found


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(
    started: list[L1Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tombolo.toml").write_text('[node]\nrole = "l1"\nrpc-port = 1111\nblock-time = 2\nretention = "7"\n')
    monkeypatch.setenv("TOMBOLO_BLOCK_TIME", "3")
    monkeypatch.setenv("TOMBOLO_RETENTION", "8")
    assert main(["node", "--retention", "9"]) == 0
    (options,) = started
    assert (options.rpc_port, options.block_time_seconds, options.keep_states) == (1111, 3.0, 9)
    assert options.chain_id == 71716


def test_a_file_by_another_name_is_used_only_when_named(started: list[L1Options]) -> None:
    Path("other.toml").write_text("[node]\nrpc-port = 1111\n\n[up]\nrpc-port = 2222\n")
    assert main(["node", "--role", "l1"]) == 0
    assert main(["node", "--role", "l1", "--config", "other.toml"]) == 0
    assert main(["node", "--role", "l1", "--config", os.devnull]) == 0
    assert [options.rpc_port for options in started] == [8544, 1111, 8544]


def test_check_shows_each_setting_and_who_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tombolo.toml").write_text("# mine\n[up]\nblock-time = 0.5\nempty-blocks = false\n")
    monkeypatch.setenv("TOMBOLO_GAS_LIMIT", "2000000")
    assert main(["config", "check"]) == 0
    lines = [re.sub(" +", " ", line).strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "[up]"
    assert "block-time 0.5 line 3" in lines
    assert "empty-blocks false line 4" in lines
    assert "gas-limit 2000000 environment variable TOMBOLO_GAS_LIMIT" in lines
    assert "retention archive default" in lines
    assert "[node]" not in lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[up]\n\nblock-time = 100\n",
            "tombolo.toml, line 3: [up] block-time = 100: "
            "Input should be less than or equal to 60 (allowed: 0.1 to 60.0)",
        ),
        ('[up]\nfork = "london"\n', "tombolo.toml, line 2: [up] fork = london: 'london' is not one of"),
        ("[up]\nblok-time = 1\n", "tombolo.toml, line 2: [up] blok-time: no such setting; did you mean block-time?"),
        ("[up]\nrpc-port = 1.5\n", "tombolo.toml, line 2: [up] rpc-port = 1.5: Input should be a valid integer"),
        ("[up]\nrpc-port = true\n", "tombolo.toml, line 2: [up] rpc-port = true: expected a value, not true or false"),
        ("[up]\nempty-blocks = 1\n", "tombolo.toml, line 2: [up] empty-blocks = 1: expected true or false"),
        ('[up]\nl1 = "localhost"\n', "tombolo.toml, line 2: [up] l1 = localhost: 'localhost' is not a URL like"),
        ('[up]\nretention = "0"\n', "tombolo.toml, line 2: [up] retention = 0: '0' is neither archive nor a number"),
        ("[up]\nl1 = []\n", "tombolo.toml, line 2: [up] l1: expected text, a number, true or false"),
        ("[down]\n", "tombolo.toml: there is no table [down]; there are: up, node"),
        ("block-time = 1\n", "tombolo.toml, line 1: block-time stands outside the tables of commands"),
        ("[up\n", "tombolo.toml: not TOML: "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [["config", "check"], ["up", "--data-dir", "x"]])
def test_a_mistake_is_one_line_with_file_line_key_value_and_what_would_do(
    command: list[str], text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("tombolo.toml").write_text(text)
    assert main(command) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"tombolo: {message}")
    assert error.count("\n") == 1
    assert not Path("x").exists()


def test_a_mistake_in_the_environment_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tombolo.toml").write_text("[up]\n")
    monkeypatch.setenv("TOMBOLO_GAS_LIMIT", "lots")
    assert main(["config", "check"]) == 1
    assert capsys.readouterr().err == (
        "tombolo: environment variable TOMBOLO_GAS_LIMIT: Input should be a valid integer, unable to parse string as "
        "an integer (allowed: 1000000 to 200000000)\n"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.from_regex(r"(\[(up|node|a\.b)\]\n)?([a-z.-]{1,5} = [0-9\"a-z\[\]]{1,5}\n){0,3}"))
def test_any_file_is_read_or_refused_by_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.toml"
    path.write_text(text)
    try:
        tables = read_config(path)
    except InvalidInput as refusal:
        said = str(refusal)
    else:
        said, lines = str(path), [setting.line for settings_ in tables.values() for setting in settings_.values()]
        assert all(1 <= line <= text.count("\n") + 1 for line in lines)
    assert said.startswith(str(path))
