"""Intent files: what they say is what is read, and each mistake is named with its place."""

import string
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.intent import Intent, Place, places, value_of
from genesis.intent_file import InvalidIntent, load_preset, parse_intent, preset_names, read_intent, read_intents
from genesis.intent_laws import broken_laws
from genesis.intent_text import intent_text, toml_value
from genesis.knob_table import knob_table
from genesis.knobs import AccountAddress, Balances, Knob, OneOf, Seconds, Settings, Several, Text, Truth, Whole
from genesis.toml_lines import MAX_LINES, parse_with_lines
from protocol.errors import InvalidInput
from tests.peers import REPOSITORY

ADDRESSES = st.binary(min_size=20, max_size=20).filter(any).map(lambda raw: "0x" + raw.hex())
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)


def allowed(knob: Knob) -> st.SearchStrategy[Any]:
    """Values that the knob takes today."""
    match knob.kind:
        case Whole(lowest, highest):
            return st.integers(lowest, highest)
        case Seconds(lowest, highest):
            return st.integers(round(lowest * 1000), round(highest * 1000)).map(lambda number: number / 1000)
        case OneOf(words):
            return st.sampled_from([word for word in words if word not in knob.values_not_yet])
        case Several(words):
            return st.lists(st.sampled_from(words), unique=True).map(tuple)
        case Truth():
            return st.booleans()
        case Text():
            return NAMES
        case AccountAddress(words):
            return st.one_of(ADDRESSES, st.sampled_from(words))
        case Balances():
            entries = st.dictionaries(ADDRESSES, st.integers(0, 10**30), max_size=4)
            return entries.map(lambda found: tuple(sorted(found.items())))
        case Settings():
            keys = st.from_regex(r"[a-z-]{1,8}\.[a-z-]{1,8}", fullmatch=True)
            texts = st.dictionaries(keys, st.from_regex(r"[a-z0-9:/.]{1,12}", fullmatch=True), max_size=4)
            return texts.map(lambda found: tuple(sorted(found.items())))
    raise AssertionError(f"no values for {knob.kind}")


def refused(knob: Knob) -> st.SearchStrategy[str]:
    """TOML values that the knob does not take."""
    kinds = {"true", "1979-05-27", "[1]", "{ a = 1 }", "nan", '"\\u0000"', "-1", "1e400"}
    match knob.kind:
        case Whole(lowest, highest):
            return st.one_of(st.integers(max_value=lowest - 1), st.integers(min_value=highest + 1)).map(str) | st.just(
                "1.0"
            )
        case Seconds(lowest, highest):
            outside = st.one_of(
                st.floats(max_value=lowest, exclude_max=True, allow_nan=False),
                st.floats(min_value=highest, exclude_min=True, allow_nan=False),
            )
            return outside.map(repr).filter(lambda text: "inf" not in text) | st.just("0.12345")
        case Truth():
            return st.sampled_from(sorted(kinds - {"true"}))
        case Several(words):
            return st.sampled_from(["3", f'["{words[0]}", "{words[0]}"]', '["pigeon"]', "[[]]"])
        case Balances():
            return st.sampled_from(
                ['{ "0x12" = 1 }', f'{{ "0x{"1" * 40}" = -1 }}', f'{{ "0x{"1" * 40}" = "0.{"1" * 19}" }}']
            )
        case Settings():
            return st.sampled_from(["3", "{ x = 1 }", '{ "a.b" = "c,d" }', '{ "a.b" = true }', '{ "a.b" = [] }'])
        case AccountAddress():
            return st.sampled_from(["0", f'"0x{"0" * 40}"', '"0x12"', '"somebody"'])
    return st.sampled_from([*sorted(kinds), '"No Such Thing"', '""'])


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    """Any that breaks no law."""
    groups: dict[str, dict[str, object]] = {}
    for place in places():
        if not place.knob.not_yet and draw(st.booleans()) | (place.name in ("chain_id", "name")):
            groups.setdefault(place.group, {})[place.name] = draw(allowed(place.knob))
    intent = Intent()
    for group, values in groups.items():
        intent = replace(intent, **{group: replace(getattr(intent, group), **values)})
    for _ in range(3):  # turned back, one law at a time: a law may come to be broken by that
        for place, _why in broken_laws(intent):
            safe = {"join": False, "min_base_fee_wei": int(intent.fees.mode == "legacy")}.get(place.name, place.default)
            intent = replace(intent, **{place.group: replace(getattr(intent, place.group), **{place.name: safe})})
        if ("[da]", "settings") in [(f"[{place.group}]", place.name) for place, _why in broken_laws(intent)]:
            intent = replace(intent, da=replace(intent.da, layer="calldata", fallback=()))
    return intent


@given(intents().filter(lambda intent: not list(broken_laws(intent))))
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_what_is_read(intent: Intent) -> None:
    assert parse_intent(intent_text(intent), "a.toml") == intent


@given(intents().filter(lambda intent: not list(broken_laws(intent))), st.sampled_from(preset_names()))
@settings(max_examples=40, deadline=None)
def test_a_file_on_a_preset_says_only_what_differs(intent: Intent, preset: str) -> None:
    base = load_preset(preset)
    text = intent_text(intent, preset, base)
    assert parse_intent(text, "a.toml") == intent
    said = {line.split(" = ")[0] for line in text.splitlines() if line and line[0] in string.ascii_lowercase}
    assert said == {"preset"} | {p.name for p in places() if value_of(intent, p) != value_of(base, p)}


@pytest.mark.parametrize("place", places(), ids=lambda place: f"{place.group}.{place.name}")
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_value_out_of_range_is_refused_with_its_place(place: Place, data: st.DataObject) -> None:
    value = data.draw(refused(place.knob))
    above = data.draw(st.integers(0, 5))
    chain_id = "" if place.name == "chain_id" else "chain.chain_id = 5\n"
    text = chain_id + "# nothing\n" * above + f"{place.group}.{place.name} = {value}\n"
    with pytest.raises(InvalidIntent) as caught:
        parse_intent(text, "mine.toml", "mine")
    words = str(caught.value).splitlines()[0]
    line = above + 1 + bool(chain_id)
    assert words.startswith(f"mine.toml, line {line}: {place.key} = ")
    assert "expected" in words


@pytest.mark.parametrize("place", [p for p in places() if p.knob.not_yet], ids=lambda p: f"{p.group}.{p.name}")
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_a_knob_that_the_node_cannot_honour_says_not_yet(place: Place, data: st.DataObject) -> None:
    value = data.draw(allowed(place.knob).filter(lambda value: value != place.default))
    text = f"[chain]\nchain_id = 5\n[{place.group}]\n" if place.group != "chain" else "[chain]\nchain_id = 5\n"
    with pytest.raises(InvalidIntent) as caught:
        parse_intent(f"{text}{place.name} = {toml_value(place, value)}\n", "mine.toml", "mine")
    assert f"{place.key} = " in str(caught.value)
    assert f"not yet: {place.knob.not_yet}" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "word"), [(p, word) for p in places() for word in p.knob.values_not_yet], ids=lambda v: str(v)[:20]
)
def test_a_value_that_the_node_cannot_honour_says_not_yet(place: Place, word: str) -> None:
    with pytest.raises(InvalidIntent) as caught:
        parse_intent(f'chain.chain_id = 5\n{place.group}.{place.name} = "{word}"\n', "mine.toml", "mine")
    assert str(caught.value).startswith(f'mine.toml, line 2: {place.key} = "{word}": not yet: ')


def test_every_default_is_a_value_that_the_knob_takes() -> None:
    for place in places():
        if place.name in ("chain_id", "name"):
            continue  # these have none
        default = {} if isinstance(place.knob.kind, Balances | Settings) else place.default
        assert place.knob.kind.read(default) == place.default, place.key
        assert place.default not in place.knob.values_not_yet, place.key


def test_every_value_that_makes_a_chain_unsafe_is_called_dangerous() -> None:
    (proof,) = [place for place in places() if place.key == "[proof] system"]
    assert isinstance(proof.knob.kind, OneOf)
    assert [word for word in proof.knob.kind.words if "none" in word] == ["dangerous_none"]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_and_a_chain_id_make_a_chain(name: str) -> None:
    intent = parse_intent(f'preset = "{name}"\n[chain]\nchain_id = 9\n', "x.toml", "mine")
    base = load_preset(name)
    assert intent == replace(base, chain=replace(base.chain, chain_id=9, name="mine"))
    assert [other for other in preset_names() if load_preset(other) == base] == [name]


def test_the_presets_are_those_of_the_design() -> None:
    assert set(preset_names()) == {"op-like", "orbit-like", "gaming", "defi", "teaching"}


MISTAKEN = """\
preset = "gameing"
colour = 3

[chain]
chain_id = 90001
block_time_secnds = 0.5
gas_limit = 1
accounts = { "0x1111111111111111111111111111111111111111" = 5 }

[fees]
block_time_seconds = 3
elasticity = [
  1,
]

[dna]
layer = "file"
"""


def test_all_mistakes_are_told_at_once_each_on_a_line_with_its_place() -> None:
    with pytest.raises(InvalidIntent) as caught:
        parse_intent(MISTAKEN, "a.toml")
    assert str(caught.value).splitlines() == [
        'a.toml, line 1: preset = "gameing": no such preset; did you mean gaming?',
        "a.toml, line 2: colour: no such setting; there are: chain, fees, sequencing, da, proof, governance, "
        "metalayer, node, preset",
        "a.toml, line 6: [chain] block_time_secnds: no such knob; did you mean block_time_seconds?",
        "a.toml, line 7: [chain] gas_limit = 1: expected a whole number from 5,000,000 to 200,000,000 gas",
        "a.toml, line 11: [fees] block_time_seconds: no such knob; did you mean [chain] block_time_seconds?",
        "a.toml, line 12: [fees] elasticity = [1]: expected a whole number from 1 to 1,000",
        "a.toml, line 16: there is no table [dna]; did you mean da?",
    ]


def test_a_file_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[chain]\nchain_id = \n")
    with pytest.raises(InvalidInput, match=rf"{path}: not TOML: .*at line 2, column 12"):
        read_intent(path)
    path.write_text("\n" * MAX_LINES)
    with pytest.raises(InvalidInput, match=r"letters in 1001 lines; at most"):
        read_intent(path)
    with pytest.raises(InvalidInput, match=r"cannot be read \(No such file or directory\); `tombolo new` makes one"):
        read_intent(tmp_path / "b.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("da.batch_interval_seconds = 300\nsequencing.window_l1_blocks = 25", "line 2: [da] batch_interval_seconds"),
        ('da.layer = "alt-da"', '[da] settings = {}: must have "alt-da.url" for the layer alt-da'),
        ('fees.mode = "legacy"', "[fees] min_base_fee_wei = 0: is the price of gas in this mode"),
        ('fees.mode = "zero_gas"\nfees.min_base_fee_wei = 1', "line 3: [fees] min_base_fee_wei = 1: must be 0"),
        ('governance.mode = "multisig"', '[governance] owner = "operator": must be the address of the multisig on L1'),
        (
            f'governance.mode = "immutable"\ngovernance.owner = "0x{"1" * 40}"',
            f'[governance] owner = "0x{"1" * 40}": must be left out where nobody decides',
        ),
        (f'fees.gas_token = "0x{"1" * 40}"', "[metalayer] join = true: is for chains whose gas is ether"),
        ("da.max_batch_bytes = 999", "line 2: [da] max_batch_bytes = 999: must be 0 or at least 1000"),
        ("fees.elasticity = 1000\nchain.gas_limit = 5000000", "line 2: [fees] elasticity = 1000: leaves a gas target"),
        ('proof.system = "fraud"\nchain.fork = "osaka"', 'line 2: [proof] system = "fraud": fraud proofs know Cancun'),
        ('proof.system = "fraud"\nchain.fork = "osaka"', "the chain starts with OSAKA (chain.fork)"),
        ('proof.system = "fraud"\nchain.gas_limit = 40000000', "not 40,000,000 (chain.gas_limit)"),
        ('proof.system = "fraud"\nda.fallback = ["celestia"]', "(da.layer)"),
        (
            'proof.system = "fraud"\nproof.challenge_period_seconds = 59',
            "line 3: [proof] challenge_period_seconds = 59: must be at least 60 where fraud proofs decide",
        ),
        (
            'proof.system = "fraud"\nnode.retention_blocks = 1000',
            "line 3: [node] retention_blocks = 1000: must be 0 or",
        ),
        ('preset = "gaming"\nsequencing.window_l1_blocks = 10\nda.batch_interval_seconds = 120', "line 4: [da] batch"),
    ],
)
def test_knobs_that_do_not_fit_together_are_told(text: str, words: str) -> None:
    with pytest.raises(InvalidIntent) as caught:
        parse_intent(f"chain.chain_id = 5\n{text}\n", "a.toml")
    assert words in str(caught.value)


def test_a_member_of_the_network_has_a_chain_id_that_fits_into_messages() -> None:
    with pytest.raises(InvalidIntent, match=r"\[metalayer\] join = true: needs a chain id below 2\^32"):
        parse_intent("chain.chain_id = 4294967296\n", "a.toml")
    assert parse_intent("chain.chain_id = 4294967296\nmetalayer.join = false\n", "a.toml").chain.chain_id == 2**32


def test_chains_of_one_network_share_no_id_name_or_port(tmp_path: Path) -> None:
    for name, port in (("a", 9000), ("b", 9000)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "chain.toml").write_text(f"[chain]\nchain_id = 5\n[node]\nrpc_port = {port}\n")
    paths = [tmp_path / name / "chain.toml" for name in "ab"]
    with pytest.raises(InvalidIntent) as caught:
        read_intents(paths)
    assert str(caught.value).splitlines() == [
        f"{paths[1]}: {what} is that of {paths[0]} too" for what in ("chain id 5", "name chain", "port 9000")
    ]


def test_a_file_that_is_named_twice_is_no_second_chain(tmp_path: Path) -> None:
    path = tmp_path / "chain.toml"
    path.write_text("[chain]\nchain_id = 5\n")
    with pytest.raises(InvalidIntent) as caught:
        read_intents([path, path])
    assert str(caught.value) == f"{path}: is named twice"


@given(
    st.dictionaries(st.text(string.ascii_letters + "é\u2028 ", min_size=1, max_size=6), st.integers(0, 3), max_size=6)
)
def test_the_line_of_a_key_is_where_it_is_written(keys: dict[str, int]) -> None:
    text, expected, line = "", {}, 1
    for key, gap in keys.items():
        text += "\n" * gap + f'"{key}" = """\n[x]\n# {key}"""\n'
        expected[(key,)] = line + gap
        line += gap + 3
    assert parse_with_lines(text, "x")[1] == expected


def test_the_table_in_the_docs_is_that_of_the_validator() -> None:
    assert knob_table() in (REPOSITORY / "docs" / "toolkit.md").read_text(), (
        "docs/toolkit.md: put in what `python -m genesis.knob_table` prints"
    )


def test_the_table_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genesis.knob_table"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout == knob_table()
