import gzip
import json
from pathlib import Path

import pytest

from node.chain_file import Progress, export_chain, import_chain, read_blocks
from node.chain_setup import database_path, reopen_chain
from node.store import Store
from protocol.errors import Halt, InvalidInput
from protocol.types import Address, Hash32
from rpc.backend import TransactionLocation

HEAD_HASH = "0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7"


@pytest.fixture(scope="session")
def official(vectors: Path) -> Path:
    return vectors / "execution-apis"


@pytest.fixture(scope="session")
def imported(official: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that holds the official chain."""
    data_dir = tmp_path_factory.mktemp("imported")
    head = import_chain(official / "genesis.json", official / "chain.rlp", data_dir)
    assert head.number == 54
    return data_dir


def test_the_official_chain_ends_at_its_head(official, imported):
    with Store(database_path(imported), create=False) as store:
        chain = reopen_chain(store)
        heads = (chain.head(), chain.safe_head(), chain.finalized_head())
    wanted = json.loads((official / "headfcu.json").read_text())["params"][0]["headBlockHash"]
    assert wanted == HEAD_HASH
    assert [f"0x{head.hash.hex()}" for head in heads] == [wanted] * 3


def test_every_account_of_the_official_head_state_matches(official, imported):
    expected = json.loads((official / "headstate.json").read_text())
    with Store(database_path(imported), create=False) as store:
        chain = reopen_chain(store)
        flat = chain.head_state()
        # The same state through its trie, as if the head had moved on since.
        walked = store.state(chain.head().state_root)
        walked._flat = None
        assert flat.root.hex() == expected["root"]
        assert len(expected["accounts"]) == 114
        for key, entry in expected["accounts"].items():
            address = Address(bytes.fromhex(key[2:]))
            for state in (flat, walked):
                account = state.account(address)
                assert account is not None
                assert account.balance == int(entry["balance"])
                assert account.nonce == entry["nonce"]
                assert f"0x{account.storage_root.hex()}" == entry["root"]
                assert f"0x{account.code_hash.hex()}" == entry["codeHash"]
                assert f"0x{state.code(account.code_hash).hex()}" == entry.get("code", "0x")
                for slot, word in entry.get("storage", {}).items():
                    assert state.storage(address, int(slot, 16)) == int(word, 16)


def test_every_historical_state_has_the_root_of_its_header(imported):
    with Store(database_path(imported), create=False) as store:
        chain = reopen_chain(store)
        funded = Address(bytes.fromhex("7435ed30a8b4aeb0877cef0c6e8cffe834eb865f"))
        blocks = [chain.canonical_block(number) for number in range(55)]
        accounts = [chain.state_at(block.header).account(funded) for block in blocks]
        sent = [sum(tx.sender == funded for tx in block.transactions) for block in blocks]
    nonces = [account.nonce for account in accounts if account is not None]
    assert nonces[-1] > 0
    assert nonces == [sum(sent[: number + 1]) for number in range(55)]


def test_export_writes_the_file_that_was_imported(official, imported, tmp_path):
    reports: list[Progress] = []
    count = export_chain(imported, tmp_path / "out.rlp", first=1, report=reports.append)
    assert count == 54
    assert (tmp_path / "out.rlp").read_bytes() == (official / "chain.rlp").read_bytes()
    assert reports[-1] == Progress(54, 54, 54)
    assert [path.name for path in tmp_path.iterdir()] == ["out.rlp"]


def test_export_with_genesis_and_compressed_is_imported_again(official, imported, tmp_path):
    assert export_chain(imported, tmp_path / "out.rlp.gz", last=20) == 21
    assert gzip.decompress((tmp_path / "out.rlp.gz").read_bytes())[:1] == b"\xf9"
    reports: list[Progress] = []
    head = import_chain(official / "genesis.json", tmp_path / "out.rlp.gz", tmp_path / "data", reports.append)
    size = (tmp_path / "out.rlp.gz").stat().st_size
    assert (head.number, reports[-1]) == (20, Progress(20, size, size))


def test_an_interrupted_import_goes_on(official, imported, tmp_path):
    export_chain(imported, tmp_path / "half.rlp", first=1, last=30)
    assert import_chain(official / "genesis.json", tmp_path / "half.rlp", tmp_path / "data").number == 30
    assert import_chain(official / "genesis.json", official / "chain.rlp", tmp_path / "data").number == 54


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (4, 3), (0, 55), (55, None)])
def test_export_refuses_a_range_that_is_not_there(imported, tmp_path, first, last):
    with pytest.raises(InvalidInput, match="the chain has 0 to 54"):
        export_chain(imported, tmp_path / "out.rlp", first, last)
    assert list(tmp_path.iterdir()) == []


def test_export_needs_a_database(tmp_path):
    with pytest.raises(InvalidInput, match="there is no database here"):
        export_chain(tmp_path, tmp_path / "out.rlp")


def test_a_failed_export_leaves_no_file(imported, tmp_path, monkeypatch):
    with pytest.raises(RuntimeError, match="stop here"):
        export_chain(imported, tmp_path / "out.rlp", report=failing_report)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInput, match="No such file or directory"):
        export_chain(imported, tmp_path / "nowhere" / "out.rlp")


def failing_report(progress: Progress) -> None:
    raise RuntimeError("stop here")


def test_missing_files_are_named(official, tmp_path):
    with pytest.raises(InvalidInput, match=r"none\.rlp: there is no such file"):
        import_chain(official / "genesis.json", tmp_path / "none.rlp", tmp_path / "data")
    with pytest.raises(InvalidInput, match=r"none\.json: No such file or directory"):
        import_chain(tmp_path / "none.json", official / "chain.rlp", tmp_path / "data")


def test_a_damaged_file_is_named_with_the_place(official, tmp_path):
    data = (official / "chain.rlp").read_bytes()
    path = tmp_path / "bad.rlp"
    first = next(read_blocks(official / "chain.rlp"))[1]
    for content, message in (
        (data[:-7], "the file ends 7 bytes before the block does"),
        (data[:first] + b"\x05" + data[first:], f"at byte {first}: expected a block, found 0x05"),
        (data[:first] + b"\xc1\x80", f"at byte {first}: block: expected 3 or 4 fields, got 1"),
        (b"\xff" * 9, "at most"),
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match=message):
            list(read_blocks(path))
    (tmp_path / "bad.gz").write_bytes(gzip.compress(data)[:-20])
    with pytest.raises(InvalidInput, match=r"bad\.gz"):
        list(read_blocks(tmp_path / "bad.gz"))


def test_small_reads_see_the_same_blocks(official, monkeypatch):
    whole = [block.hash for block, _done in read_blocks(official / "chain.rlp")]
    monkeypatch.setattr("node.chain_file.CHUNK_BYTES", 17)
    assert [block.hash for block, _done in read_blocks(official / "chain.rlp")] == whole


def test_a_block_for_another_chain_is_named_and_the_ones_before_stay(official, tmp_path):
    blocks = list(read_blocks(official / "chain.rlp"))
    path = tmp_path / "gap.rlp"
    path.write_bytes(b"".join(block.encode() for block, _ in [*blocks[:4], *blocks[5:]]))
    with pytest.raises(InvalidInput, match=r"gap\.rlp: block 6 is invalid: UNKNOWN_PARENT"):
        import_chain(official / "genesis.json", path, tmp_path / "data")
    with Store(database_path(tmp_path / "data")) as store:
        assert reopen_chain(store).head().number == 4


def test_another_genesis_is_refused(official, imported, tmp_path):
    genesis = json.loads((official / "genesis.json").read_text())
    genesis["timestamp"] = "0x5"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(genesis))
    with pytest.raises(Halt, match="belongs to the chain with genesis 0x"):
        import_chain(other, official / "chain.rlp", imported)
    export_chain(imported, tmp_path / "all.rlp")
    with pytest.raises(InvalidInput, match="is not the one of the genesis file"):
        import_chain(other, tmp_path / "all.rlp", tmp_path / "data")
    genesis["timestamp"], genesis["config"]["bpo2Time"] = "0x0", 541
    other.write_text(json.dumps(genesis))
    with pytest.raises(Halt, match="was created with another fork schedule"):
        import_chain(other, official / "chain.rlp", imported)


def test_a_stored_block_reads_back_as_it_was(official, imported):
    with Store(database_path(imported), create=False) as store:
        for block, _done in read_blocks(official / "chain.rlp"):
            assert store.block(block.hash) == block
            assert len(store.receipts(block.hash) or ()) == len(block.transactions)
            for index, tx in enumerate(block.transactions):
                assert store.locate(tx.hash) == TransactionLocation(block.hash, index)
        assert store.block(Hash32(b"\x01" * 32)) is None
