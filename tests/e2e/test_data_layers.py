"""Whole rollups whose batches go to each data layer; how they got there is asserted too."""

from pathlib import Path

from node.l1_client import L1Client
from node.l1_wire import Json, as_quantity, as_record
from node.launch import LaunchOptions
from node.rollup_file import load_rollup
from protocol.inbox import posted_commitment
from protocol.types import Hash32
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, rollup_on, send, until_mined
from tests.e2e.wallet import Wallet

TRANSFERS = 10


async def layers_used(network: Network) -> set[int]:
    """The layer bytes of all commitments in the inbox, as L1 has them."""
    return {commitment[0] for commitment, _transaction in await batches_of(network)}


async def batches_of(network: Network) -> list[tuple[bytes, dict[str, Json]]]:
    """Each commitment that counts, with the L1 transaction that posted it."""
    inbox = load_rollup(network.verifier_options.rollup).config.inbox_address
    found = []
    async with L1Client(network.l1_url) as client:
        logs = await client.request("eth_getLogs", [{"address": "0x" + inbox.hex(), "fromBlock": "0x0"}])
        assert isinstance(logs, list)
        for log in logs:
            fields = as_record(log, "log")
            tx = as_record(await client.request("eth_getTransactionByHash", [fields["transactionHash"]]), "tx")
            digest = Hash32(bytes.fromhex(str(fields["data"])[2:66]))
            calldata = bytes.fromhex(str(tx["input"])[2:])
            commitment = posted_commitment(inbox, calldata, inbox, digest)
            assert commitment is not None
            found.append((commitment, dict(tx)))
    return found


async def test_batches_in_blobs_are_posted_and_read_back(l1: L1, tmp_path: Path) -> None:
    launched = LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=500, da_layer="blob")
    async with rollup_on(l1.url, tmp_path, l1.operator_key, launched) as network, L1Client(network.url) as client:
        last = await until_mined(network, await send(client, Wallet(0).transfers(TRANSFERS)))
        await network.until_verified(last)
        posted = await batches_of(network)
        async with L1Client(l1.url) as l1_client:
            for commitment, tx in posted:
                assert tx["type"] == "0x3"
                hashes = tx["blobVersionedHashes"]
                assert isinstance(hashes, list)
                assert commitment[1:].hex() == "".join(str(blob_hash)[2:] for blob_hash in hashes)
            assert as_quantity(await l1_client.request("eth_blobBaseFee", []), "blob base fee") >= 1
    assert posted
    assert {commitment[0] for commitment, _tx in posted} == {0x02}
