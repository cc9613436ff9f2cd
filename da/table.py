"""The data-availability layers there are: a row each, with the settings that it takes.

Adding one costs a file, a row in `LAYERS` and a row in the shared contract test.

A chain names its layers at launch, in the order in which its batcher tries them. Commitments of other layers are void
on every node alike, so a batcher cannot make readers wait for a layer that the chain never had. L1 calldata is always
among them: it needs nothing but L1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from da.adapter import BadCommitment, Commitment, DataAvailability
from da.alt_da import ALT_DA_LAYER, ALT_DA_MAX_BYTES, AltDa
from da.blob import BLOB_LAYER, Blobs
from da.calldata import CALLDATA_LAYER, Calldata
from da.celestia import CELESTIA_LAYER, Celestia
from da.fallback import FallBack
from da.file import FILE_LAYER, FILE_MAX_BYTES, FileStore
from da.mirrored import Mirrored, MirroredBlobs
from da.settings import LayerSettings, Setting
from protocol.blobs import MAX_BLOBS
from protocol.errors import InvalidInput
from protocol.l1 import L1BlockRef
from protocol.provable import MOST_HASHED_BYTES

CELESTIA_TOKEN_VARIABLE = "TOMBOLO_CELESTIA_TOKEN"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class Layer:
    """A row: the first byte of the layer's commitments, what it is, what it takes, and how it is made."""

    byte: int
    summary: str
    make: Callable[[LayerSettings], DataAvailability]
    settings: tuple[Setting, ...] = ()


def _alt_da(settings: LayerSettings) -> DataAvailability:
    is_generic = settings.choice("alt-da.commitments", "keccak", "generic") == "generic"
    most = settings.number("alt-da.max-bytes", ALT_DA_MAX_BYTES, 1, ALT_DA_MAX_BYTES)
    layer = AltDa(settings.url("alt-da.url"), most, generic=is_generic)
    if "alt-da.mirror" not in settings.values:
        return layer
    return Mirrored(layer, AltDa(settings.url("alt-da.mirror"), most))


def _file(settings: LayerSettings) -> FileStore:
    return FileStore(settings.directory, settings.number("file.max-bytes", FILE_MAX_BYTES, 1, FILE_MAX_BYTES))


def _blob(settings: LayerSettings) -> DataAvailability:
    layer = Blobs(
        settings.url("blob.beacon-url", settings.l1_url),
        max_blobs=settings.number("blob.max-blobs", MAX_BLOBS, 1, MAX_BLOBS),
        has_cell_proofs=settings.choice("blob.proofs", "cells", "blobs") == "cells",
    )
    if "blob.archive-url" not in settings.values:
        return layer
    return MirroredBlobs(layer, Blobs(settings.url("blob.archive-url")))


def _celestia(settings: LayerSettings) -> Celestia:
    price = settings.values.get("celestia.gas-price")
    try:
        namespace = bytes.fromhex(settings.text("celestia.namespace").removeprefix("0x"))
        namespace = bytes(29 - len(namespace)) + namespace if len(namespace) <= 10 else namespace
        return Celestia(
            settings.url("celestia.url"),
            namespace,
            token=_celestia_token(settings),
            gas_price=None if price is None else float(price),
        )
    except ValueError as error:
        raise InvalidInput(f"celestia: {error}") from error


def _celestia_token(settings: LayerSettings) -> str | None:
    """From the file that a setting names, or the environment; never from a setting itself, which logs may show."""
    path = settings.values.get("celestia.token-file")
    token = settings.environment.get(CELESTIA_TOKEN_VARIABLE, "")
    if path is not None:
        try:
            token = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"celestia.token-file: {path} cannot be read") from error
    token = token.strip()
    if token:
        settings.hide(token)
    return token or None


def _most_of(layer: str, most: int) -> Setting:
    text = f"the most that a batch holds; {most:,}, or {MOST_HASHED_BYTES:,} on a chain with fraud proofs"
    return Setting(f"{layer}.max-bytes", text, is_public=True, is_fixed=True)


LAYERS: Mapping[str, Layer] = {
    "calldata": Layer(CALLDATA_LAYER, "in the calldata of L1 transactions", lambda _settings: Calldata()),
    "file": Layer(FILE_LAYER, "in a folder (--da-dir)", _file, (_most_of("file", FILE_MAX_BYTES),)),
    "blob": Layer(
        BLOB_LAYER,
        "in EIP-4844 blobs on L1",
        _blob,
        (
            Setting("blob.beacon-url", "beacon API to read blobs from; the L1 endpoint itself by default"),
            Setting("blob.archive-url", "beacon API to read from what the first one no longer has"),
            Setting("blob.max-blobs", f"blobs in one transaction, 1 to {MAX_BLOBS} (the default)"),
            Setting("blob.proofs", "cells (the default: L1 with Osaka rules) or blobs (before)"),
        ),
    ),
    "alt-da": Layer(
        ALT_DA_LAYER,
        "on a server that speaks the OP Stack's alt-DA protocol, like tombolo da-server",
        _alt_da,
        (
            Setting(
                "alt-da.url", "the server; goes into rollup.json, so no keys in it", is_public=True, is_required=True
            ),
            _most_of("alt-da", ALT_DA_MAX_BYTES),
            Setting("alt-da.mirror", "another server, to read from what the first one does not serve"),
            Setting("alt-da.commitments", "keccak (the default) or generic: who names the data, we or the server"),
        ),
    ),
    "celestia": Layer(
        CELESTIA_LAYER,
        "on Celestia, through a celestia-node",
        _celestia,
        (
            Setting("celestia.url", "JSON-RPC of a celestia-node of yours", is_required=True),
            Setting(
                "celestia.namespace",
                "1 to 10 bytes of hex, the chain's own",
                is_public=True,
                is_fixed=True,
                is_required=True,
            ),
            Setting("celestia.token-file", f"file with the node's auth token; or set {CELESTIA_TOKEN_VARIABLE}"),
            Setting("celestia.gas-price", "utia per gas; the node's own estimate by default"),
        ),
    ),
}


class UnknownLayer(BadCommitment):
    """A commitment of a layer that this chain does not have. Every node passes over it alike."""


class DataLayers:
    """Fetches from whichever layer a commitment names, so that a chain may fall back with any batch."""

    def __init__(self, adapters: Iterable[DataAvailability]) -> None:
        self._by_layer: dict[int, DataAvailability] = {}
        for adapter in adapters:
            if adapter.layer in self._by_layer:
                raise ValueError(f"two data-availability layers share the byte 0x{adapter.layer:02x}")
            self._by_layer[adapter.layer] = adapter

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """Return the committed bytes.

        Raises:
            Retry: The layer has not served them yet, or not the right ones.
            Reject: The commitment is malformed, or names no layer of the chain (`UnknownLayer`).
        """
        return await self._adapter(commitment).fetch(commitment, posted)

    async def contents(self, commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        """What the commitment is made from, which a dispute opens: the blobs, or the data. Raises as `fetch`."""
        adapter = self._adapter(commitment)
        if isinstance(adapter, Blobs | MirroredBlobs):
            return await adapter.fetch_blobs(commitment, posted)
        return (await adapter.fetch(commitment, posted),)

    def _adapter(self, commitment: Commitment) -> DataAvailability:
        adapter = self._by_layer.get(commitment[0]) if commitment else None
        if adapter is None:
            raise UnknownLayer(f"no data-availability layer for commitment 0x{commitment[:33].hex()}")
        return adapter


def layer_names(text: str) -> tuple[str, ...]:
    """Names in order, separated by commas.

    Raises:
        InvalidInput: There is none, one is unknown, or stands there twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in LAYERS:
            raise InvalidInput(f"unknown data-availability layer {name!r}; there are: {', '.join(sorted(LAYERS))}")
    if len(set(names)) != len(names):
        raise InvalidInput(f"a data-availability layer stands twice in {text!r}")
    return names


def parse_settings(text: str) -> dict[str, str]:
    """`layer.key=value`, separated by commas, as `--da-set` takes it; raises InvalidInput."""
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return check_settings({key.strip(): value.strip() for key, _equals, value in pairs})


def check_settings(values: Mapping[str, str]) -> dict[str, str]:
    """Let through what some layer takes; raises InvalidInput with the keys there are."""
    known = [setting.key for layer in LAYERS.values() for setting in layer.settings]
    for key, value in values.items():
        if key not in known or not value:
            raise InvalidInput(f"{key}={value} is no setting of a data layer; there are: {', '.join(known)}")
    return dict(values)


def require_settings(names: Sequence[str], values: Mapping[str, str]) -> None:
    """Raise InvalidInput, which names what is missing, unless these layers have all that they cannot do without."""
    for name in names:
        for setting in LAYERS[name].settings:
            if setting.is_required and setting.key not in values:
                raise InvalidInput(
                    f"the data layer {name} needs --da-set {setting.key}=…: {setting.help.partition(';')[0]}"
                )


def layer_bits(names: Iterable[str]) -> int:
    """Which layers' commitments count on a chain with these and calldata: bit n, where they begin with byte n."""
    return 1 << CALLDATA_LAYER | sum(1 << LAYERS[name].byte for name in names if name != "calldata")


def provable_settings(names: Iterable[str]) -> dict[str, str]:
    """What bounds the batches of a chain with fraud proofs: data that a hash names must fit into one L1 transaction."""
    return {f"{name}.max-bytes": str(MOST_HASHED_BYTES) for name in names if name in ("file", "alt-da")}


def public_settings(values: Mapping[str, str]) -> dict[str, str]:
    """Those that go into the rollup's file."""
    public = {setting.key for layer in LAYERS.values() for setting in layer.settings if setting.is_public}
    return {key: value for key, value in values.items() if key in public}


def effective_settings(of_chain: Mapping[str, str], of_node: Mapping[str, str]) -> dict[str, str]:
    """The chain's public settings under the node's own; raises InvalidInput when a node changes a fixed one."""
    fixed = {setting.key for layer in LAYERS.values() for setting in layer.settings if setting.is_fixed}
    for key in fixed & of_chain.keys() & of_node.keys():
        if of_chain[key] != of_node[key]:
            raise InvalidInput(f"{key} is {of_chain[key]} on this chain, not {of_node[key]}: leave the setting out")
    return {**of_chain, **of_node}


def make_publisher(names: Sequence[str], settings: LayerSettings) -> FallBack:
    """Where a batcher publishes: the first of the layers that takes the data. Raises InvalidInput."""
    return FallBack([(name, LAYERS[name].make(settings)) for name in names])


def chain_layers(names: Sequence[str], settings: LayerSettings) -> DataLayers:
    """What a chain's batches are read from: its layers, and L1 calldata. Raises InvalidInput."""
    return DataLayers(LAYERS[name].make(settings) for name in {**dict.fromkeys(names), "calldata": None})
