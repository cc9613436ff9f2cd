import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.dev import rollup_genesis
from genesis.geth_format import genesis_json, load_geth_genesis, parse_geth_genesis
from genesis.model import Genesis, GenesisAccount, build_genesis
from protocol.chain_config import ChainConfig
from protocol.errors import InvalidInput
from protocol.forks import BlobSchedule, Fork, ForkSchedule, constant_schedule
from protocol.types import Address

MINIMAL: dict[str, Any] = {
    "config": {"chainId": 7, "homesteadBlock": 0},
    "gasLimit": "0x1388",
    "difficulty": 131072,
    "alloc": {},
}


def parse(**changes: object) -> Genesis:
    document = copy.deepcopy(MINIMAL)
    for path, value in changes.items():
        target = document
        *parents, last = path.split("__")
        for name in parents:
            target = target[name]
        target[last] = value
    return parse_geth_genesis(json.dumps(document).encode(), "g.json")


def test_the_official_chain_begins_with_its_block_0(vectors):
    folder = vectors / "execution-apis"
    genesis = load_geth_genesis(folder / "genesis.json")
    response = (folder / "eth_getBlockByNumber" / "get-genesis.io").read_text().split("<< ")[1]
    assert f"0x{build_genesis(genesis).block.hash.hex()}" == json.loads(response)["result"]["hash"]


def test_the_official_chain_has_a_fork_every_three_blocks(vectors):
    genesis = load_geth_genesis(vectors / "execution-apis" / "genesis.json")
    forks = genesis.config.forks
    assert genesis.config.chain_id == 3503995874084926
    followed = [Fork.HOMESTEAD, *list(Fork)[2:], Fork.OSAKA, Fork.OSAKA]
    assert [forks.at(number, number * 10) for number in range(0, 55, 3)] == followed
    assert forks.blobs_at(419) is None
    blobs = [forks.blobs_at(time) for time in (420, 450, 480, 510, 540)]
    assert [schedule and schedule.maximum for schedule in blobs] == [6, 9, 9, 15, 21]


@pytest.mark.parametrize("value", [17, "17", "0x11", "0X11", "0x011"])
def test_integers_in_every_notation(value):
    assert parse(timestamp=value).timestamp == 17


def test_alloc_with_and_without_prefix():
    address = "ab" * 20
    entry = {"balance": "5", "nonce": 1, "code": "0x60", "storage": {"0x01": "02", "03": "0x0000"}}
    expected = {Address(b"\xab" * 20): GenesisAccount(5, 1, b"\x60", {1: 2, 3: 0})}
    assert parse(alloc={address: entry}).accounts == parse(alloc={f"0x{address.upper()}": entry}).accounts == expected


def test_null_means_absent():
    genesis = parse(baseFeePerGas=None, excessBlobGas=None, coinbase=None, config__londonBlock=None)
    assert genesis == parse()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gasLimit": None}, "g.json: gasLimit: is missing"),
        ({"gasLimit": "0xzz"}, 'g.json: gasLimit: expected an unsigned integer (17, "17" or "0x11"), got "0xzz"'),
        ({"gasLimit": -1}, 'g.json: gasLimit: expected an unsigned integer (17, "17" or "0x11"), got -1'),
        ({"gasLimit": True}, 'g.json: gasLimit: expected an unsigned integer (17, "17" or "0x11"), got true'),
        ({"gasLimit": "1_0"}, 'g.json: gasLimit: expected an unsigned integer (17, "17" or "0x11"), got "1_0"'),
        ({"gasLimit": 2**64}, "g.json: gasLimit: over 64 bits: 18446744073709551616"),
        ({"coinbase": "0x12"}, "g.json: coinbase: expected 20 bytes, got 1"),
        ({"extraData": "0x1"}, 'g.json: extraData: expected bytes in hexadecimal, got "0x1"'),
        ({"number": 3}, "g.json: number: must be 0: a chain starts at block 0"),
        ({"config": []}, "g.json: config: expected an object"),
        ({"config": None}, "g.json: config: is missing"),
        ({"config__chainId": 0}, "g.json: config.chainId: must be from 1 to 2^53 - 1, got 0"),
        ({"config__chainId": 2**53}, f"g.json: config.chainId: must be from 1 to 2^53 - 1, got {2**53}"),
        ({"config__clique": {"period": 5}}, "g.json: config.clique: this consensus is not supported"),
        (
            {"config__byzantiumBlock": 9, "config__istanbulBlock": 3},
            "g.json: config.istanbulBlock: 3 is before the fork that precedes it (9)",
        ),
        (
            {"config__shanghaiTime": 9},
            "g.json: config.mergeNetsplitBlock: is missing: forks by timestamp need the block of the merge",
        ),
        (
            {"config__mergeNetsplitBlock": 0, "config__cancunTime": 0, "config__bpo1Time": 4},
            "g.json: config.blobSchedule.bpo1: is missing, but bpo1Time is set",
        ),
        (
            {"config__eip155Block": 1, "config__eip158Block": 2},
            "g.json: config.eip155Block: must be the same as eip158Block: together they are Spurious Dragon",
        ),
        (
            {"config__daoForkBlock": 0, "config__daoForkSupport": True},
            "g.json: config.daoForkSupport: chains that move the DAO's balances are not supported",
        ),
        ({"config__verkleTime": 0}, "g.json: config.verkleTime: this fork is not supported; the latest is Osaka"),
        ({"alloc": {"0x12": {}}}, "g.json: alloc.0x12: expected an address of 40 hexadecimal digits"),
        ({"alloc": {"ab" * 20: {}, "0x" + "AB" * 20: {}}}, f"g.json: alloc.0x{'AB' * 20}: is listed twice"),
        (
            {"alloc": {"ab" * 20: {"storage": {"0x1": "0x" + "11" * 33}}}},
            f"g.json: alloc.{'ab' * 20}.storage.0x1: expected a slot and a word of at most 32 bytes in hexadecimal",
        ),
    ],
)
def test_a_bad_field_is_named(changes, message):
    with pytest.raises(InvalidInput) as caught:
        parse(**changes)
    assert str(caught.value) == message


def test_a_bad_file_is_named(tmp_path):
    missing = tmp_path / "none.json"
    with pytest.raises(InvalidInput, match=r"none\.json: No such file or directory"):
        load_geth_genesis(missing)
    for content, problem in ((b"{", "not JSON"), (b"\xff", "not JSON"), (b"[]", "expected a JSON object")):
        missing.write_bytes(content)
        with pytest.raises(InvalidInput, match=rf"none\.json: {problem}"):
            load_geth_genesis(missing)


def test_petersburg_comes_with_constantinople_unless_it_has_its_own_block():
    assert parse(config__constantinopleBlock=4).config.forks.at(4, 0) == Fork.PETERSBURG
    assert parse(config__constantinopleBlock=4, config__petersburgBlock=5).config.forks.at(4, 0) == Fork.CONSTANTINOPLE


def test_a_total_difficulty_reached_at_genesis_means_proof_of_stake():
    forks = parse(config__londonBlock=0, config__terminalTotalDifficulty=0, difficulty=0).config.forks
    assert forks.at(1, 0) == Fork.PARIS
    forks = parse(config__londonBlock=0, config__terminalTotalDifficulty="58750000000000000000000").config.forks
    assert forks.at(1, 0) == Fork.LONDON


words = st.integers(0, 2**256 - 1)
accounts = st.dictionaries(
    st.binary(min_size=20, max_size=20).map(Address),
    st.builds(GenesisAccount, words, st.integers(0, 2**64 - 1), st.binary(max_size=40), st.dictionaries(words, words)),
    max_size=5,
)


@st.composite
def schedules(draw: st.DrawFn) -> ForkSchedule:
    # Constantinople without Petersburg has no form in geth's fields.
    block_forks = [
        Fork.FRONTIER,
        *draw(st.lists(st.sampled_from([*list(Fork)[1:5], *list(Fork)[6:13]]), unique=True).map(sorted)),
    ]
    starts = draw(st.lists(st.integers(1, 99), unique=True, min_size=len(block_forks), max_size=len(block_forks)))
    by_block = list(zip([0, *sorted(starts)], block_forks, strict=False))
    time_forks = draw(st.lists(st.sampled_from(list(Fork)[14:]), unique=True).map(sorted))
    if not time_forks:
        return ForkSchedule(tuple(by_block))
    by_block.append((100, Fork.PARIS))
    times = draw(st.lists(st.integers(0, 99), unique=True, min_size=len(time_forks), max_size=len(time_forks)))
    by_time = tuple(zip(sorted(times), time_forks, strict=True))
    # Every fork with blobs has its schedule, at its own time or with the later fork that brings it in.
    blobs = {start: draw(blob_schedules) for start, fork in by_time if fork >= Fork.CANCUN}
    if blobs:
        for start in draw(st.lists(st.integers(100, 200), unique=True, max_size=5).map(sorted)):
            blobs[start] = draw(blob_schedules)
    return ForkSchedule(tuple(by_block), by_time, tuple(blobs.items()))


blob_schedules = st.builds(BlobSchedule, st.integers(0, 99), st.integers(0, 99), st.integers(1, 2**40))


@given(schedules(), accounts, st.integers(1, 2**53 - 1), st.integers(1, 50), st.booleans())
def test_a_genesis_is_read_back_as_it_was_written(forks, alloc, chain_id, elasticity, flag):
    config = ChainConfig(
        chain_id,
        forks,
        elasticity,
        elasticity + 1,
        allow_deposits=flag,
        allow_blobs=not flag,
        min_base_fee=elasticity,
        fixed_base_fee=flag,
        l1_fee_recipient=Address(b"\x01" * 20),
        operator_fee_recipient=Address(b"\x02" * 20),
    )
    genesis = Genesis(config, alloc, 5, 10**7, difficulty=131072, base_fee_per_gas=elasticity)
    assert parse_geth_genesis(genesis_json(genesis), "g") == genesis


@pytest.mark.parametrize("fork", [fork for fork in Fork if fork != Fork.CONSTANTINOPLE])
def test_a_constant_schedule_is_read_back_as_it_was_written(fork):
    genesis = rollup_genesis(901, 5, fork=fork)
    assert genesis.config.forks == constant_schedule(fork)
    assert parse_geth_genesis(genesis_json(genesis), "g") == genesis
