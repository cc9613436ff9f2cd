"""Keystores: other programs read ours, we read theirs, and nothing but the right password opens one."""

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.cli import main
from node.keystore import read_keystore, write_keystore
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput

KEY = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
KDF_PARAMS = {
    "c": 262144,
    "dklen": 32,
    "prf": "hmac-sha256",
    "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
}
CIPHER = {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf": "pbkdf2",
    "kdfparams": KDF_PARAMS,
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
}
"""The published example, of the password "testpassword"."""


def test_the_published_example_opens(tmp_path: Path):
    (tmp_path / "key").write_text(json.dumps({"version": 3, "crypto": CIPHER}))
    assert read_keystore(tmp_path / "key", "testpassword") == KEY


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_what_eth_account_writes_opens(kdf, tmp_path: Path):
    (tmp_path / "key").write_text(json.dumps(Account.encrypt(KEY, "pass wörd", kdf=kdf, iterations=2)))
    assert read_keystore(tmp_path / "key", "pass wörd") == KEY


def test_eth_account_opens_what_we_write_and_nobody_else_may_read_the_file(tmp_path: Path):
    write_keystore(tmp_path / "key", KEY, "pass wörd", scrypt_n=2)
    assert Account.decrypt((tmp_path / "key").read_text(), "pass wörd") == KEY
    assert read_keystore(tmp_path / "key", "pass wörd") == KEY
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(InvalidInput, match=r"cannot be made \(File exists\)"):
        write_keystore(tmp_path / "key", KEY, "other", scrypt_n=2)


def test_a_wrong_password_is_refused_in_words_that_hold_no_secret(tmp_path: Path):
    write_keystore(tmp_path / "key", KEY, "right", scrypt_n=2)
    with pytest.raises(InvalidInput) as found:
        read_keystore(tmp_path / "key", "wrong-guess")
    assert str(found.value) == f"{tmp_path / 'key'}: wrong password"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 1}, "version 1"),
        ({"crypto": {**CIPHER, "cipher": "des"}}, "cipher 'des'"),
        ({"crypto": {**CIPHER, "kdf": "md5"}}, "key derivation 'md5'"),
        ({"crypto": {**CIPHER, "kdfparams": {**KDF_PARAMS, "c": 10**12}}}, "takes too long"),
        (
            {"crypto": {**CIPHER, "kdf": "scrypt", "kdfparams": {"dklen": 32, "n": 2**40, "r": 8, "p": 1, "salt": ""}}},
            "takes too much",
        ),
        ({"crypto": None}, "an object is missing"),
    ],
)
def test_what_is_not_a_keystore_of_version_3_is_named(change, words, tmp_path: Path):
    (tmp_path / "key").write_text(json.dumps({"version": 3, "crypto": CIPHER, **change}))
    with pytest.raises(InvalidInput, match=words):
        read_keystore(tmp_path / "key", "testpassword")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.sampled_from(["version", "crypto", *CIPHER, "salt", "n", "r", "p"]), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_file_is_a_key_or_a_clear_refusal(tmp_path: Path, content):
    (tmp_path / "any").write_bytes(content)
    with pytest.raises(InvalidInput, match="any"):
        read_keystore(tmp_path / "any", "x")


def test_a_keystore_that_does_not_open_ends_the_command_in_one_line_without_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    for name in ("TOMBOLO_OPERATOR_KEY", "TOMBOLO_OPERATOR_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    keystore, password = tmp_path / "operator.json", tmp_path / "password"
    command = ["node", "--role", "sequencer", "--operator-keystore", str(keystore), "--data-dir", str(tmp_path / "x")]
    write_keystore(keystore, KEY, "right", scrypt_n=2)
    password.write_text("wrong-guess\n")
    assert main(command) == 1
    assert capsys.readouterr().err == (
        "tombolo: a keystore needs its password: set TOMBOLO_OPERATOR_PASSWORD_FILE to a file that holds it\n"
    )
    monkeypatch.setenv("TOMBOLO_OPERATOR_PASSWORD_FILE", str(password))
    assert main(command) == 1
    assert capsys.readouterr().err == f"tombolo: {keystore}: wrong password\n"
    monkeypatch.setenv("TOMBOLO_OPERATOR_KEY", KEY.hex())
    assert main(command) == 1
    assert capsys.readouterr().err == (
        f"tombolo: TOMBOLO_OPERATOR_KEY and the keystore {keystore} are both given: leave one out\n"
    )


def test_a_new_keystore_holds_the_key_of_the_address_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TOMBOLO_OPERATOR_KEY", raising=False)
    (tmp_path / "password").write_text("secret words\n")
    monkeypatch.setenv("TOMBOLO_OPERATOR_PASSWORD_FILE", str(tmp_path / "password"))
    assert main(["keystore", "new", str(tmp_path / "operator.json")]) == 0
    key = read_keystore(tmp_path / "operator.json", "secret words")
    assert capsys.readouterr().out == f"0x{private_key_address(key).hex()}\n"
