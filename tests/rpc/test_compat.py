"""The player of the official suite: what it sees, and what it forgives."""

import json

import pytest

from protocol.errors import InvalidInput, Reject
from rpc.compat import Case, Exchange, Outcome, load_cases, load_exceptions, parse_case, play, play_suite, post_to

ANSWER = '{"result": "0x1"}'


def differences(expected, actual, *, spec_only=False):
    lines = f"// {'speconly:' if spec_only else ''}\n>> {{}}\n<< {expected}\n"
    return play(parse_case("x/y", lines), lambda _request: actual)


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ('{"result": {"a": "0x1"}}', '{"result": {"a": "0x1"}}', []),
        ('{"result": "0x1"}', '{"result": "0x2"}', ['.result: "0x2", expected "0x1"']),
        ('{"result": 1}', '{"result": true}', [".result: true, expected 1"]),
        ('{"result": {"a": 1}}', '{"result": {}}', [".result.a: missing, expected 1"]),
        ('{"result": {}}', '{"result": {"a": 1}}', [".result.a: unexpected 1"]),
        ('{"result": [1]}', '{"result": []}', [".result: 0 items, expected 1"]),
        ('{"error": {"code": 3, "message": "a"}}', '{"error": {"code": 3, "message": "b"}}', []),
        ('{"error": {"code": 3}}', '{"error": {"code": 4}}', [".error.code: 4, expected 3"]),
        ('{"error": {"message": "a"}}', '{"error": {"message": "b", "data": "0x"}}', ['.error.data: unexpected "0x"']),
    ],
)
def test_the_player_sees_every_kind_of_difference(expected, actual, found):
    assert differences(expected, actual) == found


def test_of_a_spec_only_case_the_shape_counts():
    assert differences('{"result": ["0x1"]}', '{"result": ["0x2", "0x3"]}', spec_only=True) == []
    assert differences('{"result": {"a": 1}}', '{"result": {}}', spec_only=True) == [".result.a: missing"]
    assert differences('{"result": "0x1"}', '{"result": 1}', spec_only=True) == [
        '.result: 1, expected something like "0x1"'
    ]


def test_a_case_is_its_exchanges_in_order():
    text = "// speconly: as it is\n>> a\n<< 1\n>> b\n<< 2\n"
    assert parse_case("m/n", text) == Case("m/n", True, (Exchange("a", 1), Exchange("b", 2)))
    with pytest.raises(InvalidInput, match="m/n: 1 requests, 0 responses"):
        parse_case("m/n", ">> a\n")


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="no cases"):
        load_cases(tmp_path)


def test_an_exception_needs_a_reason(tmp_path):
    file = tmp_path / "exceptions.txt"
    file.write_text("# comment\n\nm/n: needs a beacon chain: of its own\n")
    assert load_exceptions(file) == {"m/n": "needs a beacon chain: of its own"}
    assert load_exceptions(None) == {}
    file.write_text("m/n\n")
    with pytest.raises(InvalidInput, match="'m/n' has no reason"):
        load_exceptions(file)


def test_an_outcome_says_whether_it_was_expected():
    cases = [parse_case(name, f">> {name}\n<< {ANSWER}\n") for name in ("m/good", "m/bad")]
    answers = {"m/good": ANSWER, "m/bad": json.dumps({"result": None})}
    outcomes = list(play_suite(cases, answers.__getitem__, {"m/bad": "why"}))
    assert outcomes == [
        Outcome("m/good", (), None),
        Outcome("m/bad", ('.result: null, expected "0x1"',), "why"),
    ]
    assert [outcome.passed for outcome in outcomes] == [True, False]


def test_a_node_that_is_not_there_is_a_message(unused_tcp_port):
    with pytest.raises(Reject, match="does not answer"):
        post_to(f"http://127.0.0.1:{unused_tcp_port}")("{}")
