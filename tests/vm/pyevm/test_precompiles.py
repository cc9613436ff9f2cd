import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from protocol.crypto import keccak, private_key_address, sign
from protocol.forks import Fork
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address
from vm.memory_state import Allocation, MemoryState
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.faults import fault_name
from vm.pyevm.frame import execute
from vm.pyevm.message import Message, TransactionContext
from vm.pyevm.modexp import ModexpSizes, price_eip198, price_eip2565, price_eip7883
from vm.pyevm.osaka import P256_FIELD, P256_ORDER
from vm.pyevm.precompiles import address_of, precompiles_of
from vm.pyevm.rules import rules_of

if TYPE_CHECKING:
    from tests.vm.conftest import World

    WorldMaker = Callable[..., World]

KEY = b"\x07" * 32
HASH = keccak(b"tombolo")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def run(number: int, data: bytes, fork: Fork = Fork.OSAKA, gas: int = 10_000_000) -> tuple[str | None, bytes, int]:
    """What a call of the precompile gives: fault, output and the gas it took."""
    environment = BlockEnvironment(fork, 1, ZERO_ADDRESS, 1, 1, gas, 0, ZERO_HASH, 0, 0, lambda number: None)
    state = BlockState(MemoryState(), environment)
    target = address_of(number)
    message = Message(gas, target, ZERO_ADDRESS, 0, data, b"", 0, target, target)
    frame = execute(state, rules_of(fork), message, TransactionContext(ZERO_ADDRESS, 0))
    return None if frame.error is None else fault_name(frame.error), frame.output, gas - frame.gas


@pytest.mark.parametrize(
    ("fork", "count"),
    [
        (Fork.FRONTIER, 4),
        (Fork.BYZANTIUM, 8),
        (Fork.ISTANBUL, 9),
        (Fork.BERLIN, 9),
        (Fork.CANCUN, 10),
        (Fork.PRAGUE, 17),
        (Fork.OSAKA, 18),
    ],
)
def test_each_fork_has_its_precompiles(fork: Fork, count: int) -> None:
    numbers = {int.from_bytes(address, "big") for address in precompiles_of(fork)}
    assert numbers == set(range(1, min(count, 17) + 1)) | ({0x100} if fork == Fork.OSAKA else set())


def test_ecrecover_names_the_signer() -> None:
    y_parity, r, s = sign(HASH, KEY)
    error, output, gas = run(1, HASH + word(27 + y_parity) + word(r) + word(s), Fork.CANCUN)
    assert (error, output, gas) == (None, bytes(12) + private_key_address(KEY), 3_000)


@pytest.mark.parametrize("data", [b"", HASH + word(29) + word(1) + word(1), HASH + word(27) + word(0) + word(1)])
def test_ecrecover_of_nonsense_is_empty_and_no_fault(data: bytes) -> None:
    assert run(1, data, Fork.CANCUN) == (None, b"", 3_000)


@given(st.binary(max_size=100))
def test_hashes_are_hashlibs(data: bytes) -> None:
    assert run(2, data, Fork.CANCUN)[1] == hashlib.sha256(data).digest()
    assert run(4, data, Fork.CANCUN)[1] == data


def test_ripemd160_matches_its_published_vector() -> None:
    error, output, gas = run(3, b"abc", Fork.CANCUN)
    assert (error, gas) == (None, 720)
    assert output == bytes(12) + bytes.fromhex("8eb208f7e05d987a9b044a8e98c6b087f15a0bfc")


operands = st.binary(max_size=40)


@given(operands, operands, operands)
def test_modexp_is_pow(base: bytes, exponent: bytes, modulus: bytes) -> None:
    data = word(len(base)) + word(len(exponent)) + word(len(modulus)) + base + exponent + modulus
    b, e, m = (int.from_bytes(operand, "big") for operand in (base, exponent, modulus))
    expected = (pow(b, e, m) if m else 0).to_bytes(len(modulus), "big")
    assert run(5, data)[:2] == (None, expected)


def test_zero_to_the_zeroth_is_one() -> None:
    assert run(5, word(0) + word(0) + word(1) + b"\x05", Fork.CANCUN)[1] == b"\x01"
    assert run(5, word(0) + word(0) + word(1) + b"\x01", Fork.CANCUN)[1] == b"\x00"


def test_modexp_input_goes_on_with_zeros() -> None:
    assert run(5, word(1) + word(1) + word(2) + b"\x03\x02\x01", Fork.CANCUN)[1] == word(3**2 % 0x100)[-2:]
    assert run(5, b"", Fork.CANCUN) == (None, b"", 200)


def test_huge_operands_that_are_not_paid_for_run_out_of_gas() -> None:
    assert run(5, word(2**255) + word(2**255) + word(2**255), Fork.CANCUN)[0] == "out of gas"
    assert run(5, word(0) + word(2**255) + word(0), Fork.CANCUN) == (None, b"", 200)


@pytest.mark.parametrize("length_at", [0, 1, 2])
def test_osaka_bounds_each_operand(length_at: int) -> None:
    lengths = [0, 0, 0]
    lengths[length_at] = 1025
    error, output, _ = run(5, b"".join(map(word, lengths)))
    assert (error is None, output) == (False, b"")
    lengths[length_at] = 1024
    assert run(5, b"".join(map(word, lengths)))[0] is None


@pytest.mark.parametrize(
    ("sizes", "prices"),
    [
        # From the tables of EIP-2565 (nagydani-1-qube, nagydani-5-pow0x10001) and EIP-7883.
        (ModexpSizes(64, 1, 64, 3), (204, 200, 500)),
        (ModexpSizes(1024, 3, 1024, 0x10001), (285_900, 87_381, 524_288)),
        (ModexpSizes(32, 32, 32, 2**256 - 1), (13_056, 1_360, 4_080)),
        (ModexpSizes(1, 33, 1, 0), (0, 200, 500)),
    ],
)
def test_modexp_prices(sizes: ModexpSizes, prices: tuple[int, int, int]) -> None:
    assert (price_eip198(sizes), price_eip2565(sizes), price_eip7883(sizes)) == prices


def p256_input(message_hash: bytes = HASH) -> bytes:
    key = ec.derive_private_key(12345, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message_hash, ec.ECDSA(Prehashed(hashes.SHA256()))))
    point = key.public_key().public_numbers()
    return message_hash + word(r) + word(s) + word(point.x) + word(point.y)


def test_p256_accepts_a_signature_that_holds() -> None:
    assert run(0x100, p256_input()) == (None, word(1), 6_900)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: bytes(32) + data[32:],
        lambda data: data[:32] + word(0) + data[64:],
        lambda data: data[:64] + word(P256_ORDER) + data[96:],
        lambda data: data[:96] + bytes(64),
        lambda data: data[:96] + word(P256_FIELD) + data[128:],
        lambda data: data[:128] + word(1),
        lambda data: b"",
    ],
)
def test_p256_answers_nothing_to_anything_else(spoil: Callable[[bytes], bytes]) -> None:
    assert run(0x100, spoil(p256_input())) == (None, b"", 6_900)


def test_p256_is_an_empty_account_before_osaka() -> None:
    assert run(0x100, p256_input(), Fork.PRAGUE) == (None, b"", 0)


@pytest.mark.parametrize(("value", "zeros"), [(0, 256), (1, 255), (2**255, 0), (2**256 - 1, 0), (0x0F << 240, 12)])
def test_clz_counts_leading_zeros(world: "WorldMaker", value: int, zeros: int) -> None:
    contract = Address(b"\xc0" * 20)
    body = b"\x7f" + word(value) + bytes.fromhex("1e600052 60206000f3".replace(" ", ""))
    result = world(Fork.OSAKA, {contract: Allocation(code=body)}).call(to=contract)
    assert int.from_bytes(result.output, "big") == zeros
    assert world(Fork.PRAGUE, {contract: Allocation(code=body)}).call(to=contract).error is not None


def test_a_delegation_to_a_precompile_runs_nothing(world: "WorldMaker") -> None:
    account = Address(b"\xc0" * 20)
    accounts = {account: Allocation(code=b"\xef\x01\x00" + address_of(4))}
    result = world(Fork.PRAGUE, accounts).call(to=account, data=b"echo")
    assert (result.error, result.output) == (None, b"")
