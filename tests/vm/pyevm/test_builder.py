from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from protocol.block import Withdrawal, decode_block, decode_header
from protocol.crypto import keccak
from protocol.engine import BlockBuilder, Engine
from protocol.errors import InvalidBlock, InvalidTransaction, TxError
from protocol.fees import GAS_PER_BLOB
from protocol.forks import Fork
from protocol.mpt import EMPTY_ROOT
from protocol.ordered_trie import ordered_root
from protocol.payload import BlockAttributes
from protocol.receipt import Log, logs_bloom
from protocol.rlp_codec import decode_list, encode, split_first
from protocol.state import Account
from protocol.transaction import BLOB, SET_CODE, AccessEntry, Authorization
from protocol.types import ZERO_HASH, Address, Hash32
from vm.memory_state import Allocation, MemoryState
from vm.pyevm import system
from vm.pyevm.engine import PyEvmEngine

if TYPE_CHECKING:
    from tests.vm.conftest import World

    WorldMaker = Callable[..., World]

MINER = Address(b"\xcc" * 20)
ALICE = Address(b"\xa1" * 20)
CONTRACT = Address(b"\xc0" * 20)
GWEI = 10**9
ETHER = 10**18

STORE_CALLVALUE = bytes.fromhex("3460005500")
"""sstore(0, callvalue())"""
LOG_ONE = bytes.fromhex("602a60005260076020 6000a1 00".replace(" ", ""))
"""log1(memory[0:32] = 42, topic 7)"""
REVERT = bytes.fromhex("60006000fd")
RETURN_BLOCKHASH_OF_PARENT = bytes.fromhex("6001430340600055 00".replace(" ", ""))
"""sstore(0, blockhash(number() - 1))"""


def test_the_engine_satisfies_the_seam(world: "WorldMaker") -> None:
    chain = world()
    engine: Engine = chain.engine
    builder: BlockBuilder = chain.begin()
    assert isinstance(engine, PyEvmEngine)
    assert (builder.gas_left, builder.transactions, builder.receipts) == (30_000_000, [], [])


def test_a_transfer_moves_value_burns_the_base_fee_and_pays_the_tip(world: "WorldMaker") -> None:
    chain = world()
    before = chain.state.account(chain.sign().sender)
    tx = chain.sign(to=ALICE, value=3, gas_limit=21_000)
    executed = chain.mine(tx)
    base_fee = executed.block.header.base_fee_per_gas
    after, alice, miner = (chain.state.account(address) for address in (tx.sender, ALICE, MINER))
    assert before is not None
    assert base_fee == 875_000_000
    assert after == Account(1, before.balance - 3 - 21_000 * (base_fee + GWEI), EMPTY_ROOT)
    assert alice == Account(0, 3, EMPTY_ROOT)
    assert miner == Account(0, 21_000 * GWEI, EMPTY_ROOT)


def test_the_header_commits_to_the_body(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=LOG_ONE)})
    transfer, call = chain.sign(0, to=ALICE), chain.sign(1, to=CONTRACT)
    withdrawal = Withdrawal(1, 2, ALICE, 5)
    executed = chain.mine(
        transfer,
        call,
        withdrawals=(withdrawal,),
        prev_randao=Hash32(b"\x11" * 32),
        parent_beacon_block_root=Hash32(b"\x22" * 32),
        extra_data=b"tombolo",
    )
    header, log = executed.block.header, Log(CONTRACT, ((7).to_bytes(32, "big"),), (42).to_bytes(32, "big"))
    assert [receipt.logs for receipt in executed.receipts] == [(), (log,)]
    assert header.bloom == logs_bloom([log]) == executed.receipts[1].bloom
    assert header.transactions_root == ordered_root([transfer.raw, call.raw])
    assert header.receipts_root == ordered_root([receipt.encode() for receipt in executed.receipts])
    assert header.withdrawals_root == ordered_root([encode(withdrawal.fields())])
    assert header.gas_used == sum(receipt.gas_used for receipt in executed.receipts)
    assert header.gas_used == executed.receipts[1].cumulative_gas_used
    assert (header.number, header.extra_data, header.prev_randao) == (1, b"tombolo", b"\x11" * 32)
    assert header.parent_beacon_block_root == b"\x22" * 32
    assert header.state_root == chain.state.root
    assert decode_header(decode_list(header.encode(), "header")) == header
    assert decode_block(executed.block.encode()) == executed.block


def test_a_withdrawal_is_credited_in_gwei(world: "WorldMaker") -> None:
    chain = world()
    chain.mine(withdrawals=(Withdrawal(0, 0, ALICE, 5), Withdrawal(1, 0, MINER, 0)))
    assert chain.state.account(ALICE) == Account(0, 5 * GWEI, EMPTY_ROOT)
    assert chain.state.account(MINER) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"nonce": 1}, TxError.NONCE_MISMATCH_TOO_HIGH),
        ({"gas_limit": 30_000_001}, TxError.GAS_ALLOWANCE_EXCEEDED),
        ({"gas_limit": 20_000}, TxError.INTRINSIC_GAS_TOO_LOW),
        ({"value": 10**20}, TxError.INSUFFICIENT_ACCOUNT_FUNDS),
        ({"max_fee_per_gas": GWEI // 2, "max_priority_fee_per_gas": 0}, TxError.INSUFFICIENT_MAX_FEE_PER_GAS),
        ({"max_priority_fee_per_gas": 11 * GWEI}, TxError.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS),
        ({"chain_id": 1}, TxError.INVALID_CHAINID),
        ({"to": None, "data": bytes(49_153)}, TxError.INITCODE_SIZE_EXCEEDED),
        ({"type": BLOB}, TxError.TYPE_3_TX_ZERO_BLOBS),
        (
            {"type": BLOB, "blob_hashes": (b"\x01" * 32,) * 7, "max_fee_per_blob_gas": 1},
            TxError.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED,
        ),
        ({"type": BLOB, "blob_hashes": (b"\x01" * 32,)}, TxError.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS),
    ],
)
def test_a_refused_transaction_leaves_builder_and_state_alone(
    world: "WorldMaker", fields: dict[str, object], reason: TxError
) -> None:
    chain, twin = world(), world()
    builder = chain.begin()
    with pytest.raises(InvalidTransaction) as refused:
        builder.add(chain.sign(**fields))
    assert refused.value.reason is reason
    assert (builder.gas_left, builder.transactions, builder.receipts) == (30_000_000, [], [])
    builder.add(chain.sign(to=ALICE, value=1))
    assert builder.seal() == twin.mine(twin.sign(to=ALICE, value=1))


def test_a_contract_cannot_send(world: "WorldMaker") -> None:
    sender = world().sign().sender
    chain = world(accounts={sender: Allocation(10**20, code=b"\x00")})
    with pytest.raises(InvalidTransaction, match="sender not an eoa"):
        chain.begin().add(chain.sign())


def test_the_block_refuses_what_exceeds_the_gas_that_is_left(world: "WorldMaker") -> None:
    chain = world()
    builder = chain.begin(gas_limit=50_000)
    builder.add(chain.sign(0, gas_limit=21_000))
    assert builder.gas_left == 29_000
    with pytest.raises(InvalidTransaction, match="gas limit reached: left 29000, tx 29001"):
        builder.add(chain.sign(1, gas_limit=29_001))
    builder.add(chain.sign(1, gas_limit=29_000))
    assert builder.gas_left == 8_000


def test_a_revert_keeps_nonce_and_fees_only(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=STORE_CALLVALUE[:-1] + REVERT)})
    tx = chain.sign(to=CONTRACT, value=9)
    (receipt,) = chain.mine(tx).receipts
    sender, contract = chain.state.account(tx.sender), chain.state.account(CONTRACT)
    assert (receipt.succeeded, receipt.logs) == (False, ())
    assert sender is not None
    assert contract is not None
    assert (sender.nonce, contract.balance, contract.storage_root) == (1, 0, EMPTY_ROOT)
    assert sender.balance == 10**20 - receipt.gas_used * (875_000_000 + GWEI)


def test_a_create_installs_code_at_the_address_the_receipt_names(world: "WorldMaker") -> None:
    chain = world()
    initcode = bytes.fromhex("600460 0c600039 60046000f3".replace(" ", "")) + b"\x60\x01\x50\x00"
    (receipt,) = chain.mine(chain.sign(to=None, data=initcode)).receipts
    address = receipt.contract_address
    assert address == keccak(encode([chain.sign().sender, b""]))[12:]
    account = chain.state.account(Address(address))
    assert account is not None
    assert (account.nonce, chain.state.code(account.code_hash)) == (1, b"\x60\x01\x50\x00")


def test_a_create_over_storage_fails_and_takes_all_gas(world: "WorldMaker") -> None:
    address = Address(keccak(encode([world().sign().sender, b""]))[12:])
    chain = world(accounts={address: Allocation(balance=1, storage={1: 1})})
    (receipt,) = chain.mine(chain.sign(to=None)).receipts
    assert (receipt.succeeded, receipt.gas_used) == (False, 1_000_000)


def test_pending_state_shows_what_was_added_so_far(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=STORE_CALLVALUE)})
    builder = chain.begin()
    builder.add(chain.sign(to=CONTRACT, value=9))
    assert builder.state.storage(CONTRACT, 0) == 9
    assert builder.state.root == chain.state.root
    assert chain.state.storage(CONTRACT, 0) == 0


def test_blockhash_asks_for_ancestors(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=RETURN_BLOCKHASH_OF_PARENT)})
    parent = chain.head.hash
    chain.mine(chain.sign(to=CONTRACT))
    assert chain.state.storage(CONTRACT, 0).to_bytes(32, "big") == parent


def test_storage_persists_from_block_to_block(world: "WorldMaker") -> None:
    chain = world(accounts={CONTRACT: Allocation(code=STORE_CALLVALUE)})
    chain.mine(chain.sign(to=CONTRACT, value=9))
    chain.mine(chain.sign(to=CONTRACT, value=0))
    account = chain.state.account(CONTRACT)
    assert account is not None
    assert (account.balance, account.storage_root, chain.head.number) == (9, EMPTY_ROOT, 2)


def test_an_attribute_may_override_the_base_fee(world: "WorldMaker") -> None:
    assert world().mine(base_fee_per_gas=7).block.header.base_fee_per_gas == 7


def test_blobs_are_paid_for_and_counted(world: "WorldMaker") -> None:
    chain = world()
    tx = chain.sign(type=BLOB, to=ALICE, blob_hashes=(b"\x01" * 32,) * 4, max_fee_per_blob_gas=1, gas_limit=21_000)
    header = chain.mine(tx).block.header
    assert (header.blob_gas_used, header.excess_blob_gas) == (4 * GAS_PER_BLOB, 0)
    sender = chain.state.account(tx.sender)
    assert sender is not None
    assert sender.balance == 10**20 - 21_000 * (875_000_000 + GWEI) - 4 * GAS_PER_BLOB
    assert chain.mine().block.header.excess_blob_gas == GAS_PER_BLOB


def test_a_block_holds_six_blobs_in_all(world: "WorldMaker") -> None:
    chain = world()
    builder = chain.begin()
    builder.add(chain.sign(0, type=BLOB, blob_hashes=(b"\x01" * 32,) * 5, max_fee_per_blob_gas=1))
    with pytest.raises(InvalidTransaction, match="blob gas limit of the block exceeded: left 131072, tx 262144"):
        builder.add(chain.sign(1, type=BLOB, blob_hashes=(b"\x01" * 32,) * 2, max_fee_per_blob_gas=1))


BEACON_ROOTS_CODE = bytes.fromhex("5f3560005500")
"""sstore(0, calldataload(0)): enough to see that it was called."""


def test_the_beacon_root_contract_is_called_first_and_missing_it_is_fine(world: "WorldMaker") -> None:
    chain = world(accounts={system.BEACON_ROOTS: Allocation(code=BEACON_ROOTS_CODE)})
    executed = chain.mine(parent_beacon_block_root=Hash32(b"\x22" * 32))
    assert chain.state.storage(system.BEACON_ROOTS, 0).to_bytes(32, "big") == b"\x22" * 32
    assert (executed.block.header.gas_used, executed.receipts) == (0, ())
    assert chain.state.account(system.SYSTEM_ADDRESS) is None
    assert world().mine().block.header.number == 1


def test_a_failing_opening_call_changes_nothing(world: "WorldMaker") -> None:
    chain = world(accounts={system.BEACON_ROOTS: Allocation(code=BEACON_ROOTS_CODE[:-1] + REVERT)})
    chain.mine()
    assert chain.state.storage(system.BEACON_ROOTS, 0) == 0


RETURN_ONE_BYTE = bytes.fromhex("60aa60005360016000f3")
REQUEST_CONTRACTS = {
    system.WITHDRAWAL_REQUESTS: Allocation(code=RETURN_ONE_BYTE),
    system.CONSOLIDATION_REQUESTS: Allocation(code=b"\x00"),
}


def test_prague_collects_requests_and_leaves_empty_ones_out(world: "WorldMaker") -> None:
    header = world(Fork.PRAGUE, REQUEST_CONTRACTS).mine().block.header
    assert header.requests_hash == system.requests_hash([b"\x01\xaa"])


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ({}, "SYSTEM_CONTRACT_EMPTY"),
        ({**REQUEST_CONTRACTS, system.CONSOLIDATION_REQUESTS: Allocation(code=REVERT)}, "SYSTEM_CONTRACT_CALL_FAILED"),
    ],
)
def test_a_request_contract_that_is_missing_or_fails_invalidates_the_block(
    world: "WorldMaker", accounts: dict[Address, Allocation], reason: str
) -> None:
    with pytest.raises(InvalidBlock) as invalid:
        world(Fork.PRAGUE, accounts).mine()
    assert invalid.value.reason == reason


def test_the_protocols_own_calls_follow_delegations_too(world: "WorldMaker") -> None:
    accounts = {
        CONTRACT: Allocation(code=RETURN_ONE_BYTE),
        system.WITHDRAWAL_REQUESTS: Allocation(code=b"\xef\x01\x00" + CONTRACT),
        # To a precompile: then nothing runs, and nothing fails.
        system.CONSOLIDATION_REQUESTS: Allocation(code=b"\xef\x01\x00" + bytes(19) + b"\x04"),
    }
    header = world(Fork.PRAGUE, accounts).mine().block.header
    assert header.requests_hash == system.requests_hash([b"\x01\xaa"])


def test_a_rollup_makes_no_requests(world: "WorldMaker") -> None:
    header = world(Fork.PRAGUE, allow_deposits=True).mine().block.header
    assert header.requests_hash == system.requests_hash([])


def test_prague_delegates_an_account_to_code(world: "WorldMaker") -> None:
    chain = world(Fork.PRAGUE, {**REQUEST_CONTRACTS, CONTRACT: Allocation(code=STORE_CALLVALUE)})
    authority = chain.sign(1)
    authorization = signed_authorization(chain, 1)
    tx = chain.sign(0, type=SET_CODE, to=authority.sender, value=9, authorizations=(authorization,))
    (receipt,) = chain.mine(tx).receipts
    account = chain.state.account(authority.sender)
    assert account is not None
    assert receipt.succeeded
    assert (account.nonce, chain.state.code(account.code_hash)) == (1, b"\xef\x01\x00" + CONTRACT)
    assert chain.state.storage(authority.sender, 0) == 9
    chain.mine(chain.sign(1, to=ALICE, value=1))
    assert chain.state.account(ALICE) == Account(0, 1, EMPTY_ROOT)


def signed_authorization(chain: "World", signer: int) -> Authorization:
    from protocol.crypto import sign
    from protocol.rlp_codec import uint_bytes

    key = bytes(31) + bytes((signer + 1,))
    fields = [uint_bytes(chain.config.chain_id), CONTRACT, b""]
    return Authorization(chain.config.chain_id, CONTRACT, 0, *sign(keccak(b"\x05" + encode(fields)), key))


@pytest.mark.parametrize("fork", list(Fork))
def test_every_fork_runs_a_transfer_and_a_call(world: "WorldMaker", fork: Fork) -> None:
    chain = world(fork, {**REQUEST_CONTRACTS, CONTRACT: Allocation(code=STORE_CALLVALUE)})
    builder = chain.begin()
    kind = {"type": 0, "chain_id": None} if fork < Fork.LONDON else {}
    builder.add(chain.sign(0, to=ALICE, value=1, **kind))
    builder.add(chain.sign(1, to=CONTRACT, value=2, **kind))
    chain.adopt(builder.seal())
    assert chain.state.storage(CONTRACT, 0) == 2
    assert chain.state.account(ALICE) == Account(0, 1, EMPTY_ROOT)
    header = chain.head
    assert [
        header.base_fee_per_gas is not None,
        header.withdrawals_root is not None,
        header.excess_blob_gas is not None,
        header.requests_hash is not None,
    ] == [fork >= Fork.LONDON, fork >= Fork.SHANGHAI, fork >= Fork.CANCUN, fork >= Fork.PRAGUE]
    assert decode_header(decode_list(header.encode(), "header")) == header


@pytest.mark.parametrize(
    ("fork", "reward"), [(Fork.HOMESTEAD, 5), (Fork.BYZANTIUM, 3), (Fork.PETERSBURG, 2), (Fork.PARIS, 0)]
)
def test_miners_are_paid_until_paris(world: "WorldMaker", fork: Fork, reward: int) -> None:
    chain = world(fork)
    chain.mine()
    miner = chain.state.account(MINER)
    assert (0 if miner is None else miner.balance) == reward * ETHER


def test_an_ommer_pays_its_miner_and_the_block_that_names_it(world: "WorldMaker") -> None:
    chain = world(Fork.PETERSBURG)
    chain.mine()
    ommer = chain.mine(fee_recipient=ALICE).block.header
    chain.mine(ommers=(ommer,), fee_recipient=Address(b"\xdd" * 20))
    miner, alice = chain.state.account(Address(b"\xdd" * 20)), chain.state.account(ALICE)
    assert miner is not None
    assert alice is not None
    assert miner.balance == 2 * ETHER + 2 * ETHER // 32
    assert alice.balance == 2 * ETHER + 2 * ETHER * 7 // 8


def test_before_byzantium_a_receipt_holds_the_state_root_after_it(world: "WorldMaker") -> None:
    chain, shorter = world(Fork.HOMESTEAD), world(Fork.HOMESTEAD)
    legacy = {"type": 0, "chain_id": None, "to": ALICE, "value": 1}
    first, second = chain.mine(chain.sign(0, **legacy), chain.sign(1, **legacy)).receipts
    (only,) = shorter.mine(shorter.sign(0, **legacy)).receipts
    assert first.outcome == only.outcome != second.outcome
    assert [len(receipt.outcome) for receipt in (first, second) if isinstance(receipt.outcome, bytes)] == [32, 32]


def test_an_access_list_warms_what_it_names(world: "WorldMaker") -> None:
    load_slot_one = bytes.fromhex("60015450 00".replace(" ", ""))
    chain = world(accounts={CONTRACT: Allocation(code=load_slot_one)})
    plain, listed = chain.mine(
        chain.sign(0, to=CONTRACT), chain.sign(1, to=CONTRACT, access_list=(AccessEntry(CONTRACT, (1,)),))
    ).receipts
    assert (plain.gas_used, listed.gas_used) == (21_000 + 5 + 2_100, 21_000 + 5 + 100 + 2_400 + 1_900)


def test_the_chain_of_execution_apis_imports_through_every_fork(vectors: Path) -> None:
    """54 blocks, a fork every three; its head hash is published in the suite."""
    from genesis.geth_format import load_geth_genesis
    from genesis.model import build_genesis

    genesis = load_geth_genesis(vectors / "execution-apis" / "genesis.json")
    first = build_genesis(genesis)
    state = MemoryState().applied(first.block.header.state_root, first.changes)
    engine, parent = PyEvmEngine(genesis.config), first.block.header
    hashes = {0: parent.hash}
    rest = (vectors / "execution-apis" / "chain.rlp").read_bytes()
    while rest:
        item, rest = split_first(rest)
        block = decode_block(item)
        header = block.header
        attributes = BlockAttributes(
            header.timestamp,
            header.fee_recipient,
            header.gas_limit,
            header.prev_randao,
            header.extra_data,
            header.parent_beacon_block_root or ZERO_HASH,
            block.withdrawals or (),
            header.difficulty,
            header.nonce,
            header.ommers_hash,
            block.ommers,
        )
        builder = engine.begin_block(parent, attributes, state, hashes.get)
        for tx in block.transactions:
            builder.add(tx)
        executed = builder.seal()
        assert executed.block == block
        state, parent = state.applied(header.state_root, executed.changes), header
        hashes[header.number] = header.hash
    assert parent.number == 54
    assert parent.hash.hex().startswith("d226371d")
