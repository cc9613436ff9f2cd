"""What `tombolo new` writes."""

from pathlib import Path

import pytest

from genesis.intent_file import load_preset, preset_names, read_intent
from node.new_intent import QUESTIONS, Answers, made_up_chain_id, write_new_intent
from protocol.errors import InvalidInput


@pytest.mark.parametrize("preset", preset_names())
def test_the_file_makes_the_chain_that_was_asked_for(tmp_path: Path, preset: str) -> None:
    file = tmp_path / "lagoon.toml"
    treasury = "0x" + "7e" * 20
    settings = (
        "da.layer = file",
        "chain.gas_limit=40000000",
        'node.log_level="debug"',
        f"governance.owner={treasury}",
    )
    written = write_new_intent(Answers(file, preset, 90_001, settings))
    assert read_intent(file) == written
    assert (written.chain.name, written.chain.chain_id, written.chain.gas_limit) == ("lagoon", 90_001, 40_000_000)
    assert (written.da.layer, written.node.log_level) == ("file", "debug")
    assert written.governance.owner == treasury
    assert written.fees == load_preset(preset).fees


def test_without_a_chain_id_one_is_made_up_that_depends_on_the_name(tmp_path: Path) -> None:
    names = ("a", "b", "lagoon")
    ids = {name: write_new_intent(Answers(tmp_path / f"{name}.toml")).chain.chain_id for name in names}
    assert ids == {name: made_up_chain_id(name) for name in names}
    assert len(set(ids.values())) == 3


@pytest.mark.parametrize(
    ("file", "preset", "settings", "words"),
    [
        ("a.txt", None, (), "a.txt: an intent file's name ends in .toml"),
        ("there.toml", None, (), "there.toml is there already; --force replaces it"),
        ("a.toml", "gamin", (), "no preset gamin; there are: defi, gaming, op-like, orbit-like, teaching"),
        ("a.toml", None, ("layer=file",), "--set layer=file: expected GROUP.KNOB=VALUE"),
        ("a.toml", None, ("da.layer=pigeon",), '[da] layer = "pigeon": expected one of "calldata", "file"'),
        ("a.toml", None, ("da.lajer=file",), "[da] lajer: no such knob; did you mean layer?"),
        ("a.toml", None, ("chain.chain_id=4",), "not TOML: Cannot overwrite a value"),
        ("1.toml", None, (), "[chain] name is missing, and the file's name '1' cannot stand in"),
        ("no/a.toml", None, (), "no/a.toml: cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_written_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    preset: str | None,
    settings: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.toml").write_text("mine")
    with pytest.raises(InvalidInput) as caught:
        write_new_intent(Answers(Path(file), preset, 5, settings))
    assert words in str(caught.value)
    assert Path("there.toml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.toml"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
@pytest.mark.parametrize("preset", preset_names())
def test_a_question_takes_its_default_and_refuses_nonsense(question, preset: str) -> None:
    assert question.problem(question.default(load_preset(preset))) is None
    problem = question.problem("nonsense")
    assert problem is not None
    assert problem.startswith("expected ")
