"""The embedded L1 takes blobs only with everything that a real L1 asks for, and serves what it took."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from da.blob import Blobs, make_sidecar
from genesis.dev import DEV_PRIVATE_KEYS
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from protocol.blobs import BlobSidecar, pack_blobs, wrap
from protocol.kzg import blob_proof, commitment_of, versioned_hash
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import BLOB, Transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH
from tests.e2e.network import L1_CHAIN_ID, embedded_l1

DATA = bytes(range(256)) * 1_000


@pytest.fixture(scope="module")
def sidecar() -> BlobSidecar:
    made = make_sidecar(DATA, True)
    assert len(made.blobs) == 3
    return made


@pytest.fixture
async def l1(tmp_path: Path) -> AsyncIterator[L1Client]:
    async with (
        embedded_l1(tmp_path, block_time_seconds=0.2) as node,
        L1Client(f"http://127.0.0.1:{node.port}", timeout_seconds=120) as client,  # the trusted setup takes a while
    ):
        yield client


def signed(sidecar: BlobSidecar, nonce: int = 0) -> Transaction:
    unsigned = UnsignedTransaction(
        chain_id=L1_CHAIN_ID,
        nonce=nonce,
        gas_limit=100_000,
        to=ZERO_ADDRESS,
        max_fee_per_gas=10**10,
        max_priority_fee_per_gas=1,
        type=BLOB,
        max_fee_per_blob_gas=10**9,
        blob_hashes=sidecar.versioned_hashes,
    )
    return sign_transaction(unsigned, DEV_PRIVATE_KEYS[0])


async def mined_in(l1: L1Client, tx: Transaction) -> int:
    while (receipt := await l1.receipt(tx.hash)) is None:
        pass
    assert receipt.succeeded
    return receipt.block_number


@pytest.mark.parametrize("has_cell_proofs", [True, False])
async def test_blobs_with_either_kind_of_proof_are_taken_and_served(l1: L1Client, has_cell_proofs: bool) -> None:
    carried = make_sidecar(DATA, has_cell_proofs)
    tx = signed(carried)
    await l1.send_raw(wrap(tx.raw, carried), tx.hash)
    block = await l1.block(await mined_in(l1, tx))
    assert block is not None
    layer = Blobs(l1.url, has_cell_proofs=has_cell_proofs)
    commitment = await layer.submit(DATA)
    assert await layer.fetch(commitment, block) == DATA


async def test_what_a_real_l1_would_refuse_is_refused(l1: L1Client, sidecar: BlobSidecar) -> None:
    raw = signed(sidecar).raw
    (other,) = pack_blobs(b"other")
    committed = commitment_of(other)
    proofs = sidecar.proofs
    wrong = {
        "none": raw,
        "another blob": wrap(raw, replace(sidecar, blobs=(other, *sidecar.blobs[1:]))),
        "another commitment": wrap(raw, replace(sidecar, commitments=(committed, *sidecar.commitments[1:]))),
        "another order": wrap(raw, replace(sidecar, blobs=sidecar.blobs[::-1])),
        "another cell's proof": wrap(raw, replace(sidecar, proofs=(proofs[1], proofs[0], *proofs[2:]))),
        "a blob less": wrap(
            raw, replace(sidecar, blobs=sidecar.blobs[1:], commitments=sidecar.commitments[1:], proofs=proofs[128:])
        ),
        "blobs outside the field": wrap(raw, replace(sidecar, blobs=(b"\xff" * len(other), *sidecar.blobs[1:]))),
    }
    alone = BlobSidecar((other,), (committed,), (blob_proof(other, committed),), (versioned_hash(committed),))
    wrong["a proof that is no point"] = wrap(signed(alone).raw, replace(alone, proofs=(b"\xff" * 48,)))
    for name, sent in wrong.items():
        with pytest.raises(L1Refused):
            print(name, await l1.request("eth_sendRawTransaction", ["0x" + sent.hex()]))
    assert await l1.nonce(signed(sidecar).sender, "pending") == 0


async def test_the_beacon_endpoints_answer_as_anvils_do(l1: L1Client, sidecar: BlobSidecar) -> None:
    tx = signed(sidecar)
    await l1.send_raw(wrap(tx.raw, sidecar), tx.hash)
    number = await mined_in(l1, tx)
    one, other = "0x" + sidecar.versioned_hashes[1].hex(), "0x" + ZERO_HASH.hex()
    expected = {
        f"/eth/v1/beacon/blobs/{number}": (200, ["0x" + blob.hex() for blob in sidecar.blobs]),
        f"/eth/v1/beacon/blobs/{number}?versioned_hashes={one}": (200, ["0x" + sidecar.blobs[1].hex()]),
        f"/eth/v1/beacon/blobs/{number}?versioned_hashes={other}": (200, []),
        "/eth/v1/beacon/blobs/0": (200, []),
        "/eth/v1/beacon/blobs/999999": (404, None),
        "/eth/v1/beacon/blobs/" + "9" * 40: (404, None),
        "/eth/v1/beacon/blobs/head": (404, None),
        f"/eth/v1/beacon/blob_sidecars/{number}": (410, None),
    }
    async with aiohttp.ClientSession() as session:
        for path, (status, data) in expected.items():
            async with session.get(l1.url + path) as response:
                assert (response.status, (await response.json()).get("data")) == (status, data), path
        async with session.get(l1.url + "/eth/v1/config/spec") as response:
            assert response.status == 404
        async with session.get(l1.url + "/eth/v1/beacon/genesis") as response:
            assert response.status == 200
