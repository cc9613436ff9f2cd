"""What contracts know of blobs, in pyrevm: the inbox takes the hashes of blobs that came with it, and no others; and
`proof/blob.vy` proves what stands in them."""

import random
from dataclasses import dataclass, field

import pyrevm
import pytest
from eth_abi.abi import decode, encode
from vyper import compile_code

from node.artifacts import load_artifact
from protocol.blobs import BLOB_BYTES, MAX_BLOBS, pack_blobs, unpack_blobs
from protocol.crypto import keccak
from protocol.inbox import append_calldata
from protocol.kzg import BLS_MODULUS, FIELD_ELEMENTS_PER_BLOB, commitment_of, opening, versioned_hash

CALLER = "0x" + "ca" * 20
ELEMENT = keccak(b"element(bytes32,uint256,bytes,bytes32,bytes)")[:4]
PLACE_OF = keccak(b"place_of(uint256)")[:4]
CONFIG = """
# pragma version 0.4.3
batcher: public(address)
@deploy
def __init__():
    self.batcher = msg.sender
"""


@dataclass
class World:
    """One EVM; `blobs` are the versioned hashes that the next transaction names."""

    evm: pyrevm.EVM = field(default_factory=lambda: pyrevm.EVM(gas_limit=2**40))

    def deploy(self, init_code: bytes) -> str:
        return str(self.evm.deploy(CALLER, init_code))

    def call(self, to: str, calldata: bytes, blobs: list[bytes] | None = None) -> bytes:
        self.evm.set_tx_env(pyrevm.TxEnv(caller=CALLER, blob_hashes=blobs or []))
        return bytes(self.evm.message_call(CALLER, to, calldata=calldata))

    def refuses(self, words: bytes, to: str, calldata: bytes, blobs: list[bytes] | None = None) -> bool:
        with pytest.raises(RuntimeError) as failure:
            self.call(to, calldata, blobs)
        return words.hex() in str(failure.value)


@pytest.fixture
def world() -> World:
    return World()


# --- the inbox -------------------------------------------------------------------------------------------------------

HASHES = [versioned_hash(bytes((n,)) * 48) for n in range(8)]


@pytest.fixture
def inbox(world: World) -> str:
    config = world.deploy(bytes.fromhex(compile_code(CONFIG, output_formats=["bytecode"])["bytecode"][2:]))
    return world.deploy(load_artifact("l1/inbox").init_code + encode(["address"], [config]))


def append(hashes: list[bytes]) -> bytes:
    return append_calldata(b"\x02" + b"".join(hashes))


def appended(world: World, inbox: str) -> int:
    """How many commitments the inbox has taken."""
    return int.from_bytes(world.call(inbox, keccak(b"count()")[:4]), "big")


@pytest.mark.parametrize("count", range(1, MAX_BLOBS + 1))
def test_the_hashes_of_the_blobs_carried_are_taken(world: World, inbox: str, count: int) -> None:
    world.call(inbox, append(HASHES[:count]), HASHES[:count])
    assert appended(world, inbox) == 1


@pytest.mark.parametrize(
    ("posted", "carried"),
    [
        (HASHES[:1], []),
        (HASHES[:1], HASHES[1:2]),
        (HASHES[:2], HASHES[:1]),
        ([HASHES[1], HASHES[0]], HASHES[:2]),
        ([HASHES[0], HASHES[0]], HASHES[:2]),
    ],
    ids=["none", "another", "fewer", "swapped", "one twice"],
)
def test_hashes_of_blobs_that_never_were_are_refused(
    world: World, inbox: str, posted: list[bytes], carried: list[bytes]
) -> None:
    assert world.refuses(b"inbox: not the blobs carried", inbox, append(posted), carried)


def test_no_blob_may_be_carried_beside(world: World, inbox: str) -> None:
    assert world.refuses(b"inbox: more blobs carried", inbox, append(HASHES[:1]), HASHES[:2])


def test_a_zero_hash_for_a_blob_not_carried_is_refused(world: World, inbox: str) -> None:
    # `blobhash` answers zero beyond the last one, so the words are equal.
    for count in range(MAX_BLOBS):
        posted = [*HASHES[:count], bytes(32)]
        assert world.refuses(b"inbox: fewer blobs carried", inbox, append(posted), HASHES[:count])


@pytest.mark.parametrize("tail", [b"", bytes(31), bytes(33), bytes(7 * 32)])
def test_what_is_no_list_of_one_to_six_hashes_is_refused(world: World, inbox: str, tail: bytes) -> None:
    with pytest.raises(RuntimeError):
        world.call(inbox, append_calldata(b"\x02" + tail), [bytes(32)] * 7)


def test_other_layers_do_not_care_what_is_carried(world: World, inbox: str) -> None:
    for number, layer in enumerate((0, 1, 3, 4, 255), 1):
        world.call(inbox, append_calldata(bytes((layer,)) + HASHES[0]), HASHES[1:2])
        assert appended(world, inbox) == number


# --- openings --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prover() -> tuple[World, str]:
    world = World()
    return world, world.deploy(load_artifact("l1/proof/blob").init_code)


@dataclass(frozen=True)
class Posted:
    data: bytes
    blob: bytes
    commitment: bytes
    hash: bytes


@pytest.fixture(scope="module")
def posted() -> Posted:
    data = random.Random(4844).randbytes(100_000)
    (blob,) = pack_blobs(data)
    commitment = commitment_of(blob)
    return Posted(data, blob, commitment, versioned_hash(commitment))


def element_call(posted: Posted, index: int, value: bytes, proof: bytes, **changes: bytes) -> bytes:
    values = [changes.get("hash", posted.hash), index, changes.get("commitment", posted.commitment), value, proof]
    return ELEMENT + encode(["bytes32", "uint256", "bytes", "bytes32", "bytes"], values)


@pytest.mark.parametrize("index", [0, 1, 2, 31, 1024, 2047, 3000, 4095])
def test_every_element_of_a_posted_blob_is_proven(prover: tuple[World, str], posted: Posted, index: int) -> None:
    world, address = prover
    value, proof = opening(posted.blob, index)
    assert value == posted.blob[32 * index : 32 * index + 32]
    assert world.call(address, element_call(posted, index, value, proof)) == value


def test_a_batchs_bytes_are_where_the_contract_says(prover: tuple[World, str], posted: Posted) -> None:
    world, address = prover
    chance = random.Random(31)
    for position in [0, 26, 27, len(posted.data) - 1, *(chance.randrange(len(posted.data)) for _ in range(8))]:
        answer = world.call(address, PLACE_OF + encode(["uint256"], [position]))
        blob, index, byte = decode(["uint256"] * 3, answer)
        assert blob == 0
        value, proof = opening(posted.blob, index)
        proven = world.call(address, element_call(posted, index, value, proof))
        assert proven[byte] == posted.data[position]


def test_places_in_later_blobs_agree_with_the_packing(prover: tuple[World, str]) -> None:
    world, address = prover
    data = random.Random(2).randbytes(300_000)
    blobs = pack_blobs(data)
    assert len(blobs) == 3
    assert unpack_blobs(blobs) == data
    for position in range(0, len(data), 997):
        blob, index, byte = decode(["uint256"] * 3, world.call(address, PLACE_OF + encode(["uint256"], [position])))
        assert blobs[blob][32 * index + byte] == data[position]


def test_nothing_else_is_proven(prover: tuple[World, str], posted: Posted) -> None:
    world, address = prover
    value, proof = opening(posted.blob, 5)
    other = bytes(31) + b"\1"
    others_commitment = commitment_of(bytes(BLOB_BYTES))
    beyond = (int.from_bytes(value, "big") + BLS_MODULUS).to_bytes(32, "big")
    wrong = {
        "another value": element_call(posted, 5, other, proof),
        "another element": element_call(posted, 6, value, proof),
        "another element's proof": element_call(posted, 5, value, opening(posted.blob, 6)[1]),
        "another blob": element_call(posted, 5, value, proof, hash=versioned_hash(others_commitment)),
        "another commitment": element_call(posted, 5, value, proof, commitment=others_commitment),
        "a value beyond the modulus": element_call(posted, 5, beyond, proof),
        "a proof that is no point": element_call(posted, 5, value, b"\xff" * 48),
        "a zero hash": element_call(posted, 5, value, proof, hash=bytes(32)),
    }
    refused = {name: world.refuses(b"blob: not proven", address, calldata) for name, calldata in wrong.items()}
    assert refused == dict.fromkeys(wrong, True)


def test_malformed_arguments_are_refused(prover: tuple[World, str], posted: Posted) -> None:
    world, address = prover
    value, proof = opening(posted.blob, 5)
    beyond = element_call(posted, FIELD_ELEMENTS_PER_BLOB, value, proof)
    assert world.refuses(b"blob: no such element", address, beyond)
    for short in (
        element_call(posted, 5, value, proof[:-1]),
        element_call(posted, 5, value, proof, commitment=posted.commitment[:-1]),
    ):
        assert world.refuses(b"blob: not 48 bytes", address, short)
