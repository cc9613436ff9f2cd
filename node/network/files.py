"""Where a network keeps its things: one folder, a folder in it per chain, and `network.json` with what starts share.

network.json            the L1, the ports, the chains
up.lock, control.json   while it runs: who runs it, and how to talk to them
l1/                     the embedded L1's database
chains/NAME/            intent.toml, rollup.json, a database per role, da/
logs/                   a file per process
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from genesis.intent import Intent
from genesis.intent_file import read_intent
from genesis.intent_text import intent_text
from node.whole_file import write_whole
from protocol.errors import InvalidInput

FIRST_RPC_PORT = 8545
PORTS_APART = 10
MAX_CHAINS = 20
"""Of one machine's network: each takes a handful of processes."""


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """A chain's ports on this machine, the same at every start; 0 for a verifier that is not wanted."""

    name: str
    chain_id: int
    rpc_port: int
    verifier_port: int


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What is chosen at a network's first start. `l1_url` None means the embedded L1."""

    l1_url: str | None = None
    l1_port: int = 8544
    l1_chain_id: int = 71716
    l1_block_time_seconds: float = 1.0
    page_port: int = 8540
    host: str = "127.0.0.1"
    chains: tuple[ChainPlace, ...] = ()

    @property
    def l1_endpoint(self) -> str:
        """Where L1 answers."""
        return self.l1_url or f"http://{self.host}:{self.l1_port}"

    def place(self, name: str) -> ChainPlace:
        """The ports of a chain of this network."""
        [found] = [place for place in self.chains if place.name == name]
        return found


@dataclass(frozen=True, slots=True)
class ChainFolder:
    """What belongs to one chain."""

    path: Path

    @property
    def intent(self) -> Path:
        """What was asked for last, in full."""
        return self.path / "intent.toml"

    @property
    def rollup(self) -> Path:
        """What was launched."""
        return self.path / "rollup.json"

    @property
    def da(self) -> Path:
        """Batches of layers that keep them on this machine."""
        return self.path / "da"

    def save_intent(self, intent: Intent) -> None:
        """Every knob is written out, so that a default that changes later changes no chain."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.intent, intent_text(intent, everything=True))


@dataclass(frozen=True, slots=True)
class NetworkFolder:
    """The folder of a network."""

    path: Path

    @property
    def settings_file(self) -> Path:
        """Written at the first start."""
        return self.path / "network.json"

    @property
    def control_file(self) -> Path:
        """Port and token of the running network; only its owner may read it."""
        return self.path / "control.json"

    @property
    def mesh_file(self) -> Path:
        """The network's contracts on L1."""
        return self.path / "mesh.json"

    def log(self, name: str) -> Path:
        """Of one process."""
        return self.path / "logs" / f"{name}.log"

    def chain(self, name: str) -> ChainFolder:
        """Whether it is there yet or not."""
        return ChainFolder(self.path / "chains" / name)

    def applied(self) -> Mapping[str, Intent]:
        """The chains that were launched, as they were asked for last."""
        settings = self.load()
        if settings is None:
            return {}
        folders = {place.name: self.chain(place.name) for place in settings.chains}
        return {name: read_intent(folder.intent) for name, folder in folders.items() if folder.rollup.exists()}

    def load(self) -> NetworkSettings | None:
        """What was chosen at the first start; None before it.

        Raises:
            InvalidInput: The file is damaged.
        """
        try:
            fields = json.loads(self.settings_file.read_text())
            chains = tuple(ChainPlace(**place) for place in fields.pop("chains"))
            return NetworkSettings(**fields, chains=chains)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput(f"{self.settings_file}: not a network's settings ({error})") from error

    def save(self, settings: NetworkSettings) -> None:
        """In one step."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.settings_file, json.dumps(asdict(settings), indent=2) + "\n")

    def is_running(self) -> bool:
        """Whether a `tombolo up` holds this network."""
        try:
            with self._locked():
                return False
        except BlockingIOError:
            return True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the network; raises InvalidInput when another `tombolo up` does. The system lets go when we die."""
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with self._locked():
                yield
        except BlockingIOError as error:
            raise InvalidInput(
                f"the network in {self.path} is running already; `tombolo add FILE` adds a chain, `tombolo down` stops"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self.path.is_dir():
            yield
            return
        with (self.path / "up.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield


def with_places(settings: NetworkSettings, intents: list[Intent]) -> NetworkSettings:
    """The settings with a place for each of these chains; one that has a place keeps it.

    Raises:
        InvalidInput: Too many chains, or a port that another chain has.
    """
    named = {
        port: intent.chain.name for intent in intents for port in (intent.node.rpc_port, intent.node.verifier_port)
    }
    for intent in intents:
        name, wanted = intent.chain.name, (intent.node.rpc_port, intent.node.verifier_port)
        old = [place for place in settings.chains if place.name == name]
        others = tuple(place for place in settings.chains if place.name != name)
        taken = {port for place in others for port in (place.rpc_port, place.verifier_port) if port}
        taken |= {settings.page_port} | ({settings.l1_port} if settings.l1_url is None else set())
        for port in wanted:
            if port in taken:
                raise InvalidInput(f"[node] port {port} of {name} is another's in this network")
        taken |= {port for port, owner in named.items() if port and owner != name}
        rpc = wanted[0] or (old[0].rpc_port if old else _free(taken | {wanted[1]}, FIRST_RPC_PORT))
        verifier = wanted[1] or (old[0].verifier_port if old else 0)
        if (intent.node.verifier or intent.node.proposer) and not verifier:
            verifier = _free(taken | {rpc}, rpc + 1)
        place = ChainPlace(name, intent.chain.chain_id, rpc, verifier)
        order = [place if other.name == name else other for other in settings.chains]
        settings = replace(settings, chains=tuple(order) if old else (*settings.chains, place))
    if len(settings.chains) > MAX_CHAINS:
        raise InvalidInput(f"{len(settings.chains)} chains on one machine; at most {MAX_CHAINS}")
    return settings


def _free(taken: set[int], first: int) -> int:
    return next(port for port in range(first, 65_536, PORTS_APART) if port not in taken and port + 1 not in taken)
