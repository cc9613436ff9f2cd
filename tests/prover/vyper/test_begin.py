"""Transactions of all types, and bytes that are none, at their beginning: L1 begins and skips what the machine does."""

from dataclasses import dataclass, replace
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.rlp_codec import encode, uint_bytes
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import AccessEntry, Transaction, deposit_transaction
from protocol.types import Address, Hash32
from prover.calldata import step_calldata
from prover.commitments.structures import BlockContext, TxBoundary
from prover.machine.vm import ACCESS, DONE, FLUSH_SLOTS, VM
from prover.vyper_referee import VyperReferee
from prover.witness import witnessed_step
from tests.prover.vyper.conftest import init_code
from tests.prover.worlds import BLOCK, COINBASE, CONTRACT, KEY, OTHER, SENDER, machine, state_with
from vm.memory_state import Allocation, MemoryState

DELEGATING = b"\xef\x01\x00" + bytes(OTHER)


@pytest.fixture(scope="module")
def library():
    return VyperReferee.of_library(init_code, "l1/proof/begin")


@dataclass(frozen=True)
class Item:
    """What a batch may hold where a transaction belongs."""

    raw: bytes

    @property
    def hash(self) -> Hash32:
        return keccak(self.raw)


def before(raw: bytes, state: MemoryState, block: BlockContext = BLOCK, **boundary: int) -> VM:
    """The machine before the bytes."""
    vm = machine(state, cast(Transaction, Item(raw)), block)
    assert isinstance(vm.cursor, TxBoundary)
    vm.cursor = replace(vm.cursor, **boundary)  # type: ignore[arg-type]
    return vm


def begun(library, raw: bytes, state: MemoryState, block: BlockContext = BLOCK, **boundary: int) -> int:
    """Take the first step here and there; the phase that follows it."""
    vm = before(raw, state, block, **boundary)
    pre_hash = vm.digest()
    witness = witnessed_step(vm)
    assert library.judge(pre_hash, witness) == vm.digest()
    return vm.phase


STATE = state_with({CONTRACT: Allocation(10**6, 1, b"\x00"), OTHER: Allocation(50, 1)})

words = st.one_of(st.integers(0, 3), st.sampled_from([127, 128, 255, 256, 2**64 - 1, 2**64, 2**256 - 1]))
fees = st.one_of(st.just(100), words)
slots = st.lists(st.one_of(st.integers(0, 2), st.integers(0, 2**256 - 1)), max_size=4).map(tuple)
owners = st.one_of(
    st.sampled_from([CONTRACT, OTHER, SENDER, COINBASE]), st.binary(min_size=20, max_size=20).map(Address)
)
access_lists = st.lists(st.builds(AccessEntry, owners, slots), max_size=4).map(tuple)
datas = st.one_of(
    st.binary(max_size=70),
    st.builds(lambda count, piece: piece * count, st.integers(0, 400), st.binary(min_size=1, max_size=9)),
)
blob_hashes = st.lists(
    st.builds(
        lambda version, rest: bytes([version]) + rest,
        st.sampled_from([1, 1, 1, 2]),
        st.binary(min_size=31, max_size=31),
    ),
    max_size=7,
).map(tuple)


@st.composite
def unsigned(draw: st.DrawFn) -> UnsignedTransaction:
    kind = draw(st.sampled_from([0, 0, 1, 2, 2, 3, 4]))
    return UnsignedTransaction(
        type=kind,
        chain_id=draw(st.sampled_from([None, 1, 1, 2, 0] if kind == 0 else [1, 1, 1, 2, 0, 2**256 - 1])),
        nonce=draw(st.sampled_from([0, 0, 0, 1, 2**64 - 1])),
        gas_limit=draw(st.sampled_from([21_000, 60_000, 100_000, 2_000_000, 30_000_000, 30_000_001, 2**64 - 1])),
        to=draw(st.one_of(st.none(), owners)),
        value=draw(st.one_of(st.integers(0, 10), words)),
        data=draw(datas),
        max_fee_per_gas=draw(fees),
        max_priority_fee_per_gas=draw(st.sampled_from([0, 2, 100, 101, 2**256 - 1])),
        access_list=draw(access_lists) if kind else (),
        max_fee_per_blob_gas=draw(st.sampled_from([1, 100, 0, 2**256 - 1])),
        blob_hashes=draw(blob_hashes) if kind == 3 else (),
    )


@settings(max_examples=400)
@given(
    tx=unsigned(),
    nonce=st.sampled_from([0, 0, 0, 1]),
    balance=st.sampled_from([10**18, 10**18, 0, 2_100_000, 2**256 - 1]),
    code=st.sampled_from([b"", b"", b"\x00", DELEGATING, DELEGATING + b"\x00"]),
    used=st.sampled_from([0, 0, 29_900_000]),
    base_fee=st.sampled_from([7, 7, 0, 101, 2**256 - 1]),
    recipient=st.sampled_from([COINBASE, SENDER]),
)
def test_every_signed_transaction_begins_or_is_skipped_as_on_the_machine(
    library, tx, nonce, balance, code, used, base_fee, recipient
):
    state = state_with({SENDER: Allocation(balance, nonce, code), OTHER: Allocation(50, 1)})
    block = replace(BLOCK, base_fee=base_fee, fee_recipient=recipient)
    phase = begun(library, sign_transaction(tx, KEY).raw, state, block, gas_used=used, blob_gas_used=2**17)
    assert phase in (ACCESS, DONE)


def signed(**fields: object) -> Transaction:
    defaults: dict[str, object] = {
        "chain_id": 1,
        "nonce": 0,
        "gas_limit": 200_000,
        "to": CONTRACT,
        "max_fee_per_gas": 100,
    }
    return sign_transaction(UnsignedTransaction(**{**defaults, **fields}), KEY)  # type: ignore[arg-type]


GOOD: dict[str, dict[str, object]] = {
    "legacy": {"type": 0, "data": b"\1\0\2" * 30},
    "legacy without replay protection": {"type": 0, "chain_id": None, "value": 5},
    "a list of slots": {"type": 1, "access_list": (AccessEntry(OTHER, (1, 2)), AccessEntry(CONTRACT, ()))},
    "dynamic fee": {"max_priority_fee_per_gas": 2},
    "a create": {"to": None, "data": b"\x5b" * 300},
    "blobs": {"type": 3, "max_fee_per_blob_gas": 5, "blob_hashes": (b"\1" * 32, b"\1" + bytes(31))},
    "data of 9,000 bytes": {"data": bytes(range(1, 91)) * 100},
    "fifty addresses": {"access_list": tuple(AccessEntry(Address(bytes([i]) * 20), (i,)) for i in range(50))},
    "an access list and data of 60 kB": {
        "gas_limit": 20_000_000,
        "data": b"\1\0" * 10_000,
        "access_list": tuple(AccessEntry(Address(bytes([i]) * 20), tuple(range(24))) for i in range(50)),
    },
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_transaction_begins(library, name):
    gas_limit = {"gas_limit": 400_000} if "gas_limit" not in GOOD[name] else {}
    assert begun(library, signed(**GOOD[name], **gas_limit).raw, STATE) == ACCESS
    assert library.gas_used < 12_000_000


@settings(max_examples=600)
@given(name=st.sampled_from(sorted(set(GOOD) - {"an access list and data of 60 kB"})), data=st.data())
def test_changed_bytes_are_skipped_or_begin_as_on_the_machine(library, name, data):
    raw = bytearray(signed(**GOOD[name]).raw)
    how = data.draw(st.sampled_from(["change", "change", "drop", "insert", "cut", "extend"]))
    at = data.draw(st.one_of(st.integers(0, len(raw) - 1), st.integers(0, min(60, len(raw) - 1))))
    byte = data.draw(
        st.one_of(st.integers(0, 255), st.sampled_from([0, 0x7F, 0x80, 0x81, 0xB8, 0xBF, 0xC0, 0xF8, 0xFF]))
    )
    if how == "change":
        raw[at] = byte
    elif how == "drop":
        del raw[at]
    elif how == "insert":
        raw.insert(at, byte)
    elif how == "cut":
        del raw[at:]
    else:
        raw.append(byte)
    assert begun(library, bytes(raw), STATE) in (ACCESS, DONE)


rlp_trees = st.recursive(
    st.one_of(st.just(b""), words.map(uint_bytes), st.binary(max_size=40), st.just(bytes(OTHER)), st.just(b"\0")),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=30,
)
shapes = st.sampled_from([(b"", 9), (b"\1", 11), (b"\2", 12), (b"\3", 14), (b"\4", 13), (b"\x7e", 7), (b"\x05", 9)])


@settings(max_examples=400)
@given(shape=shapes, fields=st.lists(rlp_trees, min_size=14, max_size=14), one_off=st.integers(-1, 1))
@example(shape=(b"", 0), fields=[], one_off=0)
def test_lists_of_anything_are_skipped_as_on_the_machine(library, shape, fields, one_off):
    prefix, count = shape
    raw = prefix + encode(fields[: count + one_off] if count else [])
    assert begun(library, raw, STATE) in (ACCESS, DONE, FLUSH_SLOTS)


@settings(max_examples=300)
@given(raw=st.binary(max_size=300))
@example(raw=b"")
@example(raw=b"\xf8")
@example(raw=b"\xff" * 9)
@example(raw=b"\x02")
@example(raw=b"\x7e\xc0")
def test_rubbish_is_skipped(library, raw):
    assert begun(library, raw, STATE) == DONE


@settings(max_examples=200)
@given(
    sender=owners,
    to=st.one_of(st.none(), owners),
    mint=words,
    value=words,
    gas_limit=st.sampled_from([0, 20_999, 21_000, 60_000, 2**40, 30_000_000]),
    data=datas,
    used=st.sampled_from([0, 29_979_000, 30_000_000]),
    allowed=st.sampled_from([True, True, True, False]),
)
def test_deposits_begin_or_use_their_gas_as_on_the_machine(
    library, sender, to, mint, value, gas_limit, data, used, allowed
):
    tx = deposit_transaction(Hash32(b"\x11" * 32), sender, to, mint, value, gas_limit, data)
    phase = begun(library, tx.raw, STATE, replace(BLOCK, allow_deposits=allowed), gas_used=used)
    assert phase in ((ACCESS, FLUSH_SLOTS) if allowed else (DONE,))


def test_too_little_gas_for_the_signature_is_no_wrong_signature(library):
    """Whoever calls the library with too little gas gets nothing, not a skipped transaction."""
    vm = before(signed().raw, STATE)
    pre_hash = vm.digest()
    witness = witnessed_step(vm)
    assert library.judge(pre_hash, witness) == vm.digest()
    answers = {judged_with(library, step_calldata(pre_hash, witness), gas) for gas in range(20_000, 700_000, 2_000)}
    assert answers == {None, vm.digest()}


def judged_with(library, calldata: bytes, gas: int) -> bytes | None:
    """The verdict when the call gets so much gas; None if it reverts."""
    try:
        return bytes(
            library._evm.message_call("0x" + "ca" * 20, library._address, calldata=calldata, gas=gas, is_static=True)
        )
    except RuntimeError:
        return None
