"""Whole rollups whose batches go to each data layer; how they got there is asserted too."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import decode, encode

from da.adapter import Commitment
from da.alt_da_server import make_alt_da_server
from da.blob import Blobs
from da.file import FileStore
from genesis.dev import DEV_PRIVATE_KEYS
from node.artifacts import load_artifact
from node.clock import SystemClock
from node.deploy import deploy
from node.l1.client import L1Client
from node.l1.transport import L1Refused
from node.l1.wire import Json, as_quantity, as_record
from node.launch import LaunchOptions
from node.rollup_file import load_rollup
from node.rollup_node import RollupNode
from node.settlement import SettlementOptions
from node.verify import VerifyOptions, verify
from protocol.blobs import pack_blobs
from protocol.crypto import keccak, private_key_address
from protocol.errors import InvalidInput
from protocol.inbox import posted_commitment
from protocol.kzg import commitment_of, opening, versioned_hash
from protocol.types import ZERO_ADDRESS, Hash32
from tests.da.celestia_node import TOKEN, CelestiaNode
from tests.da.server import Mood, Moody, served
from tests.da.worlds import NAMESPACE
from tests.e2e.conftest import L1
from tests.e2e.network import L2_CHAIN_ID, Network, as_sequencer, launch, rollup_on, running, send, until_mined
from tests.e2e.wallet import Wallet

TRANSFERS = 10
ELEMENT = keccak(b"element(bytes32,uint256,bytes,bytes32,bytes)")[:4]
PLACE_OF = keccak(b"place_of(uint256)")[:4]


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


async def prove_bytes(l1: L1Client, key: bytes, data: bytes, blob_hash: bytes) -> None:
    """Some bytes of a batch of one blob, each proven to the contract on this L1 by the point-evaluation precompile."""
    (blob,) = pack_blobs(data)
    assert versioned_hash(commitment_of(blob)) == blob_hash
    contract = (await deploy(l1, SystemClock(), key, load_artifact("l1/proof/blob"))).address
    for position in (0, 12, len(data) // 2, len(data) - 1):
        place = await l1.call(contract, PLACE_OF + encode(["uint256"], [position]))
        _blob, index, byte = decode(["uint256"] * 3, place)
        value, proof = opening(blob, index)
        values = [blob_hash, index, commitment_of(blob), value, proof]
        calldata = ELEMENT + encode(["bytes32", "uint256", "bytes", "bytes32", "bytes"], values)
        assert (await l1.call(contract, calldata))[byte] == data[position]
        lie = calldata[:4] + encode(
            ["bytes32", "uint256", "bytes", "bytes32", "bytes"],
            [*values[:3], (int.from_bytes(value, "big") ^ 1).to_bytes(32, "big"), proof],
        )
        with pytest.raises(L1Refused, match="blob: not proven"):
            await l1.call(contract, lie)


async def test_batches_in_blobs_are_posted_and_read_back(l1: L1, tmp_path: Path) -> None:
    launched = LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=500, da_layer="blob")
    async with rollup_on(l1.url, tmp_path, l1.operator_key, launched) as network, L1Client(network.url) as client:
        last = await until_mined(network, await send(client, Wallet(0).transfers(TRANSFERS)))
        await network.until_verified(last)
        options = VerifyOptions(
            load_rollup(network.verifier_options.rollup), l1.url, tmp_path / "no such folder", network.url
        )
        assert (await verify(options, SystemClock())).number >= last
        posted = await batches_of(network)
        async with L1Client(l1.url) as l1_client:
            for commitment, tx in posted:
                assert tx["type"] == "0x3"
                hashes = tx["blobVersionedHashes"]
                assert isinstance(hashes, list)
                assert commitment[1:].hex() == "".join(str(blob_hash)[2:] for blob_hash in hashes)
            commitment, tx = posted[-1]
            block = await l1_client.block(as_quantity(tx["blockNumber"], "block number"))
            assert block is not None
            data = await Blobs(l1.url).fetch(Commitment(commitment), block)
            await prove_bytes(l1_client, DEV_PRIVATE_KEYS[5], data, commitment[1:33])
    assert posted
    assert {commitment[0] for commitment, _tx in posted} == {0x02}


async def test_batches_go_to_the_data_server_and_to_calldata_while_it_takes_none(
    embedded: L1, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("da.fallback.REST_SECONDS", 1.0)
    moody = Moody(only="POST")  # what it has it still serves: falling back is about what is to be written
    app = make_alt_da_server(FileStore(tmp_path / "server"))
    app.middlewares.append(moody.middleware)
    with served(app) as url:
        launched = LaunchOptions(
            L2_CHAIN_ID, block_time_milliseconds=500, da_layer="alt-da,calldata", da_settings={"alt-da.url": url}
        )
        wallet = Wallet(0)
        async with (
            rollup_on(embedded.url, tmp_path, embedded.operator_key, launched) as network,
            L1Client(network.url) as client,
        ):
            await network.until_verified(await until_mined(network, await send(client, wallet.transfers(10))))
            assert await layers_used(network) == {0x03}
            moody.mood = Mood.REFUSING
            away = await until_mined(network, await send(client, wallet.transfers(10)))
            await network.until_verified(away)
            assert await layers_used(network) == {0x00, 0x03}
            moody.mood = Mood.HONEST
            count = len(await batches_of(network))
            await network.until_verified(await until_mined(network, await send(client, wallet.transfers(10))))
            async with asyncio.timeout(60):  # it is left alone for a second after its last refusal
                while 0x03 not in [commitment[0] for commitment, _tx in (await batches_of(network))[count:]]:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)


async def test_batches_in_celestia_are_posted_and_read_back(
    embedded: L1, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMBOLO_CELESTIA_TOKEN", TOKEN)
    node = CelestiaNode()
    with served(node.app()) as url:
        namespace = "0x" + NAMESPACE[19:].hex()
        settings = {"celestia.url": url, "celestia.namespace": namespace}
        launched = LaunchOptions(L2_CHAIN_ID, block_time_milliseconds=500, da_layer="celestia", da_settings=settings)
        verifier = await launch(embedded.url, tmp_path, embedded.operator_key, launched)
        rollup = load_rollup(verifier.rollup)
        assert rollup.da_settings == {"celestia.namespace": namespace}, "each node has a Celestia node of its own"
        verifier = replace(verifier, da_settings={"celestia.url": url})
        sequencer = as_sequencer(verifier, embedded.operator_key)
        roles = RollupNode(sequencer, SystemClock()), RollupNode(verifier, SystemClock())
        async with running(roles[0]), running(roles[1]):
            network = Network(embedded.url, tmp_path, sequencer, verifier, *roles)
            async with L1Client(network.url) as client:
                await network.until_verified(await until_mined(network, await send(client, Wallet(0).transfers(10))))
            posted = [commitment for commitment, _tx in await batches_of(network)]
    assert {commitment[0] for commitment in posted} == {0x04}
    assert {int.from_bytes(commitment[1:9], "little") for commitment in posted} <= node.blobs.keys()
    assert node.complaints == []


async def test_a_verifier_without_its_celestia_node_does_not_start(embedded: L1, tmp_path: Path) -> None:
    settings = {"celestia.url": "http://127.0.0.1:1", "celestia.namespace": "0x01"}
    launched = LaunchOptions(L2_CHAIN_ID, da_layer="celestia", da_settings=settings)
    verifier = await launch(embedded.url, tmp_path, embedded.operator_key, launched)
    with pytest.raises(InvalidInput, match=r"needs the setting celestia\.url"):
        async with running(RollupNode(verifier, SystemClock())):
            pass


@pytest.mark.parametrize("layers", ["celestia", "calldata,celestia"])
async def test_a_chain_that_the_game_would_judge_wrongly_is_not_launched(
    embedded: L1, tmp_path: Path, layers: str
) -> None:
    settlement = SettlementOptions(game=ZERO_ADDRESS)
    settings = {"celestia.url": "http://127.0.0.1:1", "celestia.namespace": "0x01"}
    launched = LaunchOptions(L2_CHAIN_ID, da_layer=layers, settlement=settlement, da_settings=settings)
    with pytest.raises(InvalidInput, match="fraud proofs read batches in calldata, file, blob, alt-da alone"):
        await launch(embedded.url, tmp_path, embedded.operator_key, launched)


async def test_a_launch_without_what_a_layer_needs_costs_nothing(embedded: L1, tmp_path: Path) -> None:
    launched = LaunchOptions(L2_CHAIN_ID, da_layer="calldata,alt-da")
    with pytest.raises(InvalidInput, match=r"needs --da-set alt-da\.url"):
        await launch(embedded.url, tmp_path, embedded.operator_key, launched)
    async with L1Client(embedded.url) as client:
        assert await client.nonce(private_key_address(embedded.operator_key)) == 0
