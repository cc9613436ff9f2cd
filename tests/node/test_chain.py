from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS, dev_genesis, rollup_genesis
from genesis.model import build_genesis
from node.chain import Chain, create_chain
from node.chain_setup import open_chain, reopen_chain
from node.store import Store
from protocol.block import Block, Header
from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.engine import ExecutedBlock
from protocol.errors import Halt, InvalidBlock, InvalidTransaction
from protocol.forks import Fork, ForkSchedule, constant_schedule
from protocol.payload import BlockAttributes
from protocol.rlp_codec import encode
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import ZERO_HASH, Address, Hash32
from rpc.backend import NewHead
from vm.pyevm.engine import PyEvmEngine

GENESIS = dev_genesis(1337, 1_000)
CONFIG = GENESIS.config
GWEI = 10**9
# Stores the block number under the caller's word: PUSH0 CALLDATALOAD NUMBER SWAP1 SSTORE.
KEEPER_INITCODE = bytes.fromhex("6005600c60003960056000f3" + "5f35439055")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "db") as opened:
        yield opened


@pytest.fixture
def chain(store: Store) -> Chain:
    return open_chain(store, GENESIS)


def signed(account: int, nonce: int, to: Address | None, value: int = 0, data: bytes = b"") -> Transaction:
    unsigned = UnsignedTransaction(1337, nonce, 200_000, to, value, data, 100 * GWEI, GWEI)
    return sign_transaction(unsigned, DEV_PRIVATE_KEYS[account])


def execute(chain: Chain, *transactions: Transaction, seed: bytes = b"") -> ExecutedBlock:
    """The next block, 2 s after its parent; `seed` tells apart blocks that are otherwise the same."""
    parent = chain.head()
    attributes = BlockAttributes(
        timestamp=parent.timestamp + 2,
        fee_recipient=Address(b"\xfe" * 20),
        gas_limit=30_000_000,
        prev_randao=keccak(seed),
        parent_beacon_block_root=keccak(seed + parent.hash),
    )
    engine = PyEvmEngine(chain.config)
    builder = engine.begin_block(
        parent, attributes, chain.head_state(), lambda number: chain.ancestor_hash(parent, number)
    )
    for tx in transactions:
        builder.add(tx)
    return builder.seal()


def extend(chain: Chain, *transactions: Transaction, seed: bytes = b"") -> Block:
    executed = execute(chain, *transactions, seed=seed)
    chain.append(executed)
    return executed.block


def content(store: Store) -> dict[bytes, bytes]:
    return dict(store._database.scan(b"", None))


# --- creating and opening ---


def test_genesis_is_every_head(chain):
    genesis = build_genesis(GENESIS).block
    assert chain.head() == chain.safe_head() == chain.finalized_head() == genesis.header
    assert chain.block(genesis.hash) == genesis
    assert chain.receipts(genesis.hash) == ()
    assert chain.head_state().root == genesis.header.state_root
    balances = [chain.head_state().account(address) for address in DEV_ACCOUNTS]
    assert [account and account.balance for account in balances] == [10**22] * 10


def test_an_empty_store_holds_no_chain(store):
    with pytest.raises(Halt, match="holds no genesis block"):
        Chain(store, PyEvmEngine(CONFIG), CONFIG)
    with pytest.raises(Halt, match="does not say which genesis"):
        reopen_chain(store)


def test_a_store_of_another_chain_is_refused(chain, store):
    other = dev_genesis(1337, 1_001)
    with pytest.raises(Halt) as caught:
        create_chain(store, build_genesis(other))
    mine, theirs = (build_genesis(genesis).block.hash.hex() for genesis in (GENESIS, other))
    assert str(caught.value) == (
        f"{store.path}: belongs to the chain with genesis 0x{mine}, this chain's is 0x{theirs}; "
        "choose another data directory"
    )


def test_the_same_genesis_with_other_rules_is_refused(chain, store):
    other = replace(GENESIS, config=replace(CONFIG, elasticity=4))
    assert build_genesis(other).block.hash == build_genesis(GENESIS).block.hash
    with pytest.raises(Halt, match="was created with another fork schedule or other fee rules"):
        open_chain(store, other)


def test_a_chain_goes_on_after_a_restart(tmp_path):
    genesis = rollup_genesis(901, 1_000)
    with Store(tmp_path / "db") as store:
        chain = open_chain(store, genesis)
        blocks = [extend(chain) for _ in range(3)]
        chain.set_safe(blocks[1].header)
        chain.set_finalized(blocks[0].header)
    with Store(tmp_path / "db") as store:
        chain = reopen_chain(store)
        assert chain.config == genesis.config
        heads = [chain.head(), chain.safe_head(), chain.finalized_head()]
        assert heads == [blocks[2].header, blocks[1].header, blocks[0].header]
        assert extend(chain).number == 4


def test_heads_that_contradict_the_canonical_chain_are_a_halt(chain, store):
    extend(chain)
    with store.write_batch() as batch:
        batch.changes[b"c" + (1).to_bytes(8, "big")] = ZERO_HASH
    with pytest.raises(Halt, match="the unsafe head 1 is not canonical"):
        reopen_chain(store)


# --- appending ---


def test_a_block_is_there_with_all_that_belongs_to_it(chain):
    deploy = signed(0, 0, None, data=KEEPER_INITCODE)
    transfer = signed(1, 0, Address(b"\x77" * 20), value=5)
    block = extend(chain, deploy, transfer)
    receipts = chain.receipts(block.hash)
    assert chain.head() == block.header == chain.header(block.hash)
    assert chain.canonical_hash(1) == block.hash
    assert chain.block(block.hash) == block
    assert [receipt.succeeded for receipt in receipts] == [True, True]
    assert [(chain.locate(tx.hash).block_hash, chain.locate(tx.hash).index) for tx in (deploy, transfer)] == [
        (block.hash, 0),
        (block.hash, 1),
    ]
    keeper = receipts[0].contract_address
    extend(chain, signed(2, 0, keeper, data=(7).to_bytes(32, "big")))
    state = chain.head_state()
    assert state.storage(keeper, 7) == 2
    assert state.code(state.account(keeper).code_hash).hex() == "5f35439055"
    assert chain.state_at(block.header).storage(keeper, 7) == 0


def test_records_are_written_with_the_block(chain, store):
    block = execute(chain)
    chain.append(block, records=[(b"l1", b"1", b"record")])
    chain.set_safe(block.block.header, records=[(b"l1", b"2", b"more")])
    assert dict(store.records(b"l1")) == {b"1": b"record", b"2": b"more"}
    chain.set_finalized(block.block.header, records=[(b"l1", b"1", None)])
    assert dict(store.records(b"l1")) == {b"2": b"more"}


def test_only_a_child_of_the_head_joins(chain, store):
    first, other = execute(chain, seed=b"a"), execute(chain, seed=b"b")
    chain.append(first)
    before = content(store)
    for stranger in (first, other):
        with pytest.raises(InvalidBlock, match="UNKNOWN_PARENT: block 1 builds on 0x"):
            chain.append(stranger)
    assert content(store) == before
    assert chain.head() == first.block.header


# --- going back ---


def test_going_back_restores_every_byte_but_the_blocks_themselves(chain, store):
    keeper_block = extend(chain, signed(0, 0, None, data=KEEPER_INITCODE))
    keeper = chain.receipts(keeper_block.hash)[0].contract_address
    extend(chain, signed(0, 1, keeper, data=(1).to_bytes(32, "big")))
    before = content(store)
    blocks = [
        extend(chain, signed(0, 2 + step, keeper, data=step.to_bytes(32, "big")), signed(1, step, keeper))
        for step in range(3)
    ]
    target = chain.header(chain.canonical_hash(2))
    assert chain.rewind_to(target) == tuple(reversed(blocks))
    # What is addressed by its own hash may stay: blocks for those who ask by hash, nodes and code of old states.
    after = content(store)
    assert {key: value for key, value in after.items() if key[:1] not in b"hbrnk"} == {
        key: value for key, value in before.items() if key[:1] not in b"hbrnk"
    }
    assert before.items() <= after.items()
    assert chain.head() == target
    for block in blocks:
        assert chain.canonical_hash(block.number) is None
        assert all(chain.locate(tx.hash) is None for tx in block.transactions)
        assert chain.block(block.hash) == block
    assert chain.head_state().storage(keeper, 1) == 2


def test_a_fork_takes_the_place_of_what_was_left(chain):
    shared = signed(0, 0, Address(b"\x01" * 20), value=1)
    old = [extend(chain, shared, seed=b"old"), extend(chain, seed=b"old")]
    old_state = chain.head_state().root
    chain.rewind_to(chain.header(chain.canonical_hash(0)))
    new = [extend(chain, seed=b"new"), extend(chain, shared, seed=b"new"), extend(chain, seed=b"new")]
    assert [chain.canonical_hash(number) for number in (1, 2, 3)] == [block.hash for block in new]
    assert chain.locate(shared.hash).block_hash == new[1].hash
    assert chain.state_at(old[1].header).root == old_state
    assert [chain.ancestor_hash(old[1].header, number) for number in (0, 1, 2)] == [
        chain.canonical_hash(0),
        old[0].hash,
        old[1].hash,
    ]


def test_going_back_to_the_head_changes_nothing(chain, store):
    extend(chain)
    before = content(store)
    assert chain.rewind_to(chain.head()) == ()
    assert content(store) == before


def test_the_safe_head_moves_back_along(chain):
    blocks = [extend(chain) for _ in range(3)]
    chain.set_safe(blocks[2].header)
    chain.rewind_to(blocks[0].header)
    assert chain.safe_head() == blocks[0].header
    assert reopen_chain(chain.store).safe_head() == blocks[0].header


def test_what_is_final_or_elsewhere_is_not_left(chain):
    blocks = [extend(chain) for _ in range(3)]
    chain.set_finalized(blocks[1].header)
    with pytest.raises(Halt, match="cannot go back to block 1: block 2 is final"):
        chain.rewind_to(blocks[0].header)
    with pytest.raises(Halt, match=r"cannot go back to block 3 0x.*: it is not on this chain"):
        chain.rewind_to(replace(blocks[2].header, extra_data=b"other"))
    assert chain.head() == blocks[2].header


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=8))
def test_any_walk_forward_and_back_ends_in_the_state_of_its_head(tmp_path_factory, walk):
    with Store(tmp_path_factory.mktemp("chain")) as store:
        chain = open_chain(store, GENESIS, sync=False)
        states = {chain.head().hash: flat_state(store)}
        for step, (forward, back) in enumerate(walk):
            for _ in range(forward):
                account = chain.head_state().account(DEV_ACCOUNTS[0])
                assert account is not None
                recipient = Address(bytes([step]) * 20)
                extend(chain, signed(0, account.nonce, recipient, value=step), seed=bytes([step]))
                states[chain.head().hash] = flat_state(store)
            target = chain.header(chain.canonical_hash(max(chain.head().number - back, 0)) or ZERO_HASH)
            assert target is not None
            chain.rewind_to(target)
            assert flat_state(store) == states[target.hash]
            assert chain.head_state().root == target.state_root


def flat_state(store: Store) -> dict[bytes, bytes]:
    return dict([*store._database.scan_prefix(b"a"), *store._database.scan_prefix(b"s")])


# --- safe and finalized ---


def test_heads_stay_in_order(chain):
    blocks = [extend(chain) for _ in range(4)]
    chain.set_safe(blocks[2].header)
    chain.set_safe(blocks[0].header)
    assert chain.safe_head() == blocks[0].header
    chain.set_finalized(blocks[1].header)
    assert (chain.safe_head(), chain.finalized_head()) == (blocks[1].header, blocks[1].header)
    for move in (chain.set_safe, chain.set_finalized):
        with pytest.raises(Halt, match=r"block 1 cannot become .*: block 2 is final"):
            move(blocks[0].header)
        with pytest.raises(Halt, match="it is not on this chain"):
            move(replace(blocks[3].header, extra_data=b"other"))


def test_undo_records_end_at_finality(chain, store):
    blocks = [extend(chain) for _ in range(4)]
    chain.set_finalized(blocks[2].header)
    assert [key for key in content(store) if key.startswith(b"u")] == [b"u" + (4).to_bytes(8, "big")]


# --- listeners and ancestors ---


def test_listeners_hear_of_every_change_after_it_happened(chain):
    heard: list[tuple[NewHead, Header]] = []
    chain.on_head(lambda event: heard.append((event, chain.head())))
    genesis = chain.head()
    first, second = extend(chain), extend(chain)
    chain.set_safe(first.header)
    chain.rewind_to(genesis)
    assert heard == [
        (NewHead((), (first,)), first.header),
        (NewHead((), (second,)), second.header),
        (NewHead((second, first), ()), genesis),
    ]


def test_ancestors_of_stored_unstored_and_foreign_blocks(chain):
    blocks = [chain.block(chain.head().hash), *(extend(chain) for _ in range(5))]
    head = chain.head()
    hashes = [block.hash for block in blocks]
    assert [chain.ancestor_hash(head, number) for number in range(-1, 8)] == [None, *hashes, None, None]
    pending = execute(chain).block.header
    assert [chain.ancestor_hash(pending, number) for number in range(7)] == [*hashes, pending.hash]
    assert chain.ancestor_hash(replace(pending, parent_hash=Hash32(b"\x01" * 32)), 2) is None


# --- importing ---


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Chain]:
    """Another node's chain, still at genesis."""
    with Store(tmp_path / "copy") as store:
        yield open_chain(store, GENESIS)


def test_an_honest_block_is_imported(chain, copy):
    for nonce in range(3):
        block = extend(chain, signed(0, nonce, Address(b"\x01" * 20), value=1))
        assert copy.import_block(block).block == block
    assert copy.head() == chain.head()


def corrupted(block: Block, **changes: object) -> Block:
    return replace(block, header=replace(block.header, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parent_hash": ZERO_HASH}, "UNKNOWN_PARENT: block 1 builds on 0x0000"),
        ({"number": 2}, "INVALID_BLOCK_NUMBER: number is 2, expected 1"),
        ({"timestamp": 1_000}, "INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT: timestamp 1000, parent 1000"),
        ({"extra_data": b"x" * 33}, "EXTRA_DATA_TOO_BIG: 33 bytes, at most 32"),
        ({"gas_limit": 30_029_296}, "INVALID_GASLIMIT: gas limit 30029296 is too far from 30000000"),
        ({"gas_limit": 29_970_704}, "INVALID_GASLIMIT: gas limit 29970704 is too far from 30000000"),
        ({"gas_used": 30_000_001}, "INVALID_GAS_USED_ABOVE_LIMIT: gas used 30000001, limit 30000000"),
        ({"base_fee_per_gas": 1}, "INVALID_BASEFEE_PER_GAS: base fee is 1, expected 875000000"),
        ({"difficulty": 1}, "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS: difficulty is 1, expected 0"),
        ({"nonce": b"\1" * 8}, "INVALID_NONCE: nonce is 0x0101010101010101, expected 0x0000000000000000"),
        ({"ommers_hash": ZERO_HASH}, "IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS: ommers hash is 0x00"),
        ({"withdrawals_root": ZERO_HASH}, "INVALID_WITHDRAWALS_ROOT: withdrawals root is 0x0000"),
        ({"withdrawals_root": None}, "INCORRECT_BLOCK_FORMAT: header lacks withdrawals_root under CANCUN"),
        ({"requests_hash": ZERO_HASH}, "INCORRECT_BLOCK_FORMAT: header has requests_hash under CANCUN"),
        ({"blob_gas_used": 131_072}, "INCORRECT_BLOB_GAS_USED: blob gas used is 131072, expected 0"),
        ({"excess_blob_gas": 1}, "INCORRECT_EXCESS_BLOB_GAS: excess blob gas is 1, expected 0"),
        ({"transactions_root": ZERO_HASH}, "INVALID_TRANSACTIONS_ROOT: block 1: transactions_root is 0x0000"),
        ({"receipts_root": ZERO_HASH}, "INVALID_RECEIPTS_ROOT: block 1: receipts_root is 0x0000"),
        ({"bloom": 1}, "INVALID_LOG_BLOOM: block 1: bloom is 1, execution gives 0"),
        ({"gas_used": 21_001}, "INVALID_GAS_USED: block 1: gas_used is 21001, execution gives 21000"),
        ({"state_root": ZERO_HASH}, "INVALID_STATE_ROOT: block 1: state_root is 0x0000"),
    ],
)
def test_a_wrong_header_field_is_named_with_both_values(chain, copy, changes, message):
    block = extend(chain, signed(0, 0, Address(b"\x01" * 20), value=1))
    before = content(copy.store)
    with pytest.raises(InvalidBlock) as caught:
        copy.import_block(corrupted(block, **changes))
    assert str(caught.value).startswith(message)
    assert content(copy.store) == before
    assert copy.import_block(block).block == block


def test_a_body_that_does_not_fit_is_refused(chain, copy):
    block = extend(chain, signed(0, 0, Address(b"\x01" * 20), value=1))
    with pytest.raises(InvalidBlock, match="INVALID_TRANSACTIONS_ROOT"):
        copy.import_block(replace(block, transactions=()))
    with pytest.raises(InvalidBlock, match="INVALID_WITHDRAWALS_ROOT: block 1: no withdrawals list"):
        copy.import_block(replace(block, withdrawals=None))
    with pytest.raises(InvalidBlock, match="INVALID_UNCLES_HASH"):
        copy.import_block(replace(block, ommers=(block.header,)))
    with pytest.raises(InvalidTransaction, match="nonce too high"):
        copy.import_block(replace(block, transactions=(signed(0, 5, None),)))


# --- proof of work ---


def proof_of_work_chain(store: Store, schedule: ForkSchedule) -> Chain:
    genesis = replace(GENESIS, config=ChainConfig(1337, schedule), difficulty=131_072 * 4)
    return open_chain(store, genesis)


def mine(chain: Chain, seconds: int, difficulty: int, ommers: tuple[Header, ...] = ()) -> Block:
    """An empty proof-of-work block, as an engine makes it from these attributes."""
    parent = chain.head()
    attributes = BlockAttributes(
        timestamp=parent.timestamp + seconds,
        fee_recipient=Address(b"\xfe" * 20),
        gas_limit=parent.gas_limit,
        difficulty=difficulty,
        nonce=b"\1" * 8,
        ommers=ommers,
        ommers_hash=keccak(encode([ommer.fields() for ommer in ommers])),
    )
    builder = PyEvmEngine(chain.config).begin_block(
        parent, attributes, chain.head_state(), lambda number: chain.ancestor_hash(parent, number)
    )
    return builder.seal().block


@pytest.mark.parametrize(
    ("fork", "seconds", "difficulty"),
    [
        (Fork.FRONTIER, 12, 524_288 + 256),
        (Fork.FRONTIER, 13, 524_288 - 256),
        (Fork.HOMESTEAD, 9, 524_288 + 256),
        (Fork.HOMESTEAD, 25, 524_288 - 256),
        (Fork.HOMESTEAD, 5_000, 524_288 - 99 * 256),
        (Fork.BYZANTIUM, 8, 524_288 + 256),
        (Fork.BYZANTIUM, 18, 524_288 - 256),
        (Fork.LONDON, 8, 524_288 + 256),
    ],
)
def test_difficulty_follows_from_the_time_between_blocks(store, fork, seconds, difficulty):
    chain = proof_of_work_chain(store, constant_schedule(fork))
    with pytest.raises(
        InvalidBlock, match=f"INVALID_DIFFICULTY: difficulty is {difficulty + 1}, expected {difficulty}"
    ):
        chain.import_block(mine(chain, seconds, difficulty + 1))
    chain.import_block(mine(chain, seconds, difficulty))
    assert chain.head().number == 1


def test_an_ommer_is_a_recent_cousin_and_counted_once(store):
    chain = proof_of_work_chain(store, constant_schedule(Fork.BYZANTIUM))
    genesis = chain.head()
    cousin = mine(chain, 9, 524_288).header
    chain.import_block(mine(chain, 8, 524_288 + 256))
    unrelated = replace(cousin, parent_hash=Hash32(b"\x01" * 32))
    wrong = replace(cousin, difficulty=5)
    for ommers, message in (
        ((cousin, cousin), "UNCLE_IN_CHAIN"),
        ((chain.head(),), "UNCLE_IN_CHAIN"),
        ((genesis,), "UNCLE_IN_CHAIN"),
        ((unrelated,), "UNCLE_UNKNOWN_PARENT"),
        ((wrong,), "INVALID_DIFFICULTY: difficulty is 5"),
        ((cousin, wrong, unrelated), "TOO_MANY_UNCLES: 3 ommers, at most 2"),
    ):
        with pytest.raises(InvalidBlock, match=message):
            chain.import_block(mine(chain, 8, 524_800, ommers))
    chain.import_block(mine(chain, 8, 524_800, (cousin,)))
    # The parent had an ommer, so difficulty aims at two blocks in the same time.
    with pytest.raises(InvalidBlock, match="UNCLE_IN_CHAIN"):
        chain.import_block(mine(chain, 8, 524_800 + 2 * 256, (cousin,)))
    chain.import_block(mine(chain, 8, 524_800 + 2 * 256))


def test_the_first_london_block_doubles_its_gas_limit(store):
    chain = proof_of_work_chain(store, ForkSchedule(((0, Fork.BERLIN), (1, Fork.LONDON))))
    with pytest.raises(InvalidBlock, match="INVALID_GASLIMIT: gas limit 30000000 is too far from 60000000"):
        chain.import_block(mine(chain, 8, 524_288 + 256))


def test_blooms_are_those_of_the_canonical_blocks_that_have_logs(chain):
    extend(chain, signed(0, 0, DEV_ACCOUNTS[1], 1))
    logging = extend(chain, signed(0, 1, None, data=bytes.fromhex("5f5fa0")))  # LOG0 of nothing
    extend(chain)
    assert logging.header.bloom
    assert list(chain.blooms(0, 3)) == [(2, logging.header.bloom)]
    assert list(chain.blooms(3, 3)) == list(chain.blooms(0, 1)) == []
    chain.rewind_to(chain.header(chain.canonical_hash(1)))
    assert list(chain.blooms(0, 3)) == []
