"""Where the batch of a staged dispute lies: any layer that the game can open, with all that it needs here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from da.settings import LayerSettings
from da.table import chain_layers, effective_settings, make_publisher
from node.account import Account
from node.batch_plan import BatcherConfig
from node.batch_sender import BatchSender
from node.claims import Contents
from node.clock import Clock
from node.da_server import DaServer, DaServerOptions
from node.deploy import wait_until_mined
from node.l1.client import L1Client
from node.l1.wire import L1Receipt
from node.rollup import Rollup
from protocol.errors import InvalidInput, Retry
from protocol.inbox import append_calldata
from protocol.provable import PROVABLE_LAYERS


@dataclass(frozen=True, slots=True)
class StagedLayer:
    """One layer by name, its settings, and a folder for what it keeps."""

    name: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def contents(self, client: L1Client, rollup: Rollup) -> Contents:
        """What the chain's commitments stand for, asked of the layer."""
        return chain_layers((self.name,), self._of(client, rollup)).contents

    async def post(self, client: L1Client, clock: Clock, rollup: Rollup, key: bytes, data: bytes) -> L1Receipt:
        """Publish a batch, and have the inbox take its commitment.

        Raises:
            Retry: The layer or L1 does not take it.
        """
        publisher = make_publisher((self.name,), self._of(client, rollup))
        commitment = await publisher.submit(data)
        inbox = rollup.config.inbox_address
        sidecar = publisher.sidecar(commitment)
        if sidecar is None:
            return await Account(client, clock, key).send(inbox, append_calldata(commitment))
        refusals: list[str] = []
        sender = BatchSender(client, inbox, key, BatcherConfig(), refusals.append)
        head = (await client.head()).ref.number
        if await sender.add(1, 1, commitment, head, await client.nonce(sender.address), sidecar):
            await sender.send(0)
        if refusals:
            raise Retry("; ".join(refusals))
        return await wait_until_mined(client, clock, sender.submissions[0].attempts[-1].hash)

    def _of(self, client: L1Client, rollup: Rollup) -> LayerSettings:
        values = effective_settings(rollup.da_settings, self.settings)
        return LayerSettings(self.folder, client.url, values)


@asynccontextmanager
async def staged_layer(name: str, folder: Path) -> AsyncIterator[StagedLayer]:
    """A layer that is there while the block runs: for `alt-da` with a server of its own.

    Raises:
        InvalidInput: No game can open this layer's batches.
    """
    if name not in PROVABLE_LAYERS:
        raise InvalidInput(f"a game opens batches in {', '.join(PROVABLE_LAYERS)}, not in {name!r}")
    if name != "alt-da":
        yield StagedLayer(name, folder)
        return
    urls: list[str] = []
    server = DaServer(DaServerOptions(folder, port=0), urls.append)
    await server.start()
    try:
        yield StagedLayer(name, folder, {"alt-da.url": urls[0]})
    finally:
        await server.close()
