"""How `tombolo add`, `down` and `status` talk to the `tombolo up` that runs: HTTP on the page's port, with a token.

`control.json` holds port and token, and only its owner may read it. A page of some website cannot send the token, so it
cannot command the network, although it could reach the port.
"""

import asyncio
import contextlib
import hmac
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from genesis.intent_file import parse_intent
from node.clock import Clock
from node.network.files import NetworkFolder
from node.network.up import NetworkUp, Progress
from protocol.errors import InvalidInput, Reject, Retry, TomboloError

MAX_BODY_BYTES = 1 << 20
ADD_SECONDS = 300.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1

Routes = Sequence[web.AbstractRouteDef]


@asynccontextmanager
async def control(network: NetworkUp, pages: Routes = ()) -> AsyncIterator[None]:
    """Serve `pages` and the commands while the block runs. Raises OSError when the port is taken."""
    token = secrets.token_hex(32)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    commands = _Commands(network, token)
    app.add_routes([*pages, web.post("/control/add", commands.add), web.post("/control/down", commands.down)])
    app.add_routes([web.post("/control/status", commands.status)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    file = network.folder.control_file
    try:
        site = web.TCPSite(runner, network.settings.host, network.settings.page_port)
        await site.start()
        _write_secret(file, {"host": network.settings.host, "port": network.settings.page_port, "token": token})
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()
        await runner.cleanup()


def _write_secret(file: Path, value: Mapping[str, object]) -> None:
    """For the eyes of its owner."""
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(value, out)


class _Commands:
    """What the token's holder may ask for."""

    def __init__(self, network: NetworkUp, token: str) -> None:
        self._network = network
        self._token = token

    async def add(self, request: web.Request) -> web.StreamResponse:
        """Launch chains; a line of JSON per step, the last with how it ended."""
        self._check(request)
        body = await request.json()
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines: asyncio.Queue[Mapping[str, object] | None] = asyncio.Queue()

        async def work() -> None:
            try:
                intents = [parse_intent(item["text"], item["file"], item["name"]) for item in body["files"]]
                plan = await self._network.add(intents, lambda progress: lines.put_nowait(asdict(progress)))
                lines.put_nowait({"done": list(plan.new_chains)})
            except TomboloError as error:
                lines.put_nowait({"error": str(error)})
            finally:
                lines.put_nowait(None)

        task = asyncio.create_task(work())
        while (line := await lines.get()) is not None:
            await response.write(json.dumps(line).encode() + b"\n")
        await task
        await response.write_eof()
        return response

    async def down(self, request: web.Request) -> web.StreamResponse:
        """Stop everything, after this answer."""
        self._check(request)
        asyncio.get_running_loop().call_later(POLL_SECONDS, self._network.stop.set)
        return web.json_response({"stopping": list(self._network.chains)})

    async def status(self, request: web.Request) -> web.StreamResponse:
        """Chains, endpoints, processes."""
        self._check(request)
        return web.json_response([asdict(chain) for chain in chain_lines(self._network)])

    def _check(self, request: web.Request) -> None:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._token}"):
            raise web.HTTPForbidden(text="commands need the token in control.json\n")


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """One process of a chain."""

    name: str
    condition: str
    restarts: int
    process_id: int | None


@dataclass(frozen=True, slots=True)
class ChainLine:
    """One chain of a running network."""

    name: str
    chain_id: int
    rpc_url: str
    ready: bool
    processes: tuple[ProcessLine, ...]


def chain_lines(network: NetworkUp) -> list[ChainLine]:
    """How each chain is."""
    return [
        ChainLine(
            name,
            chain.intent.chain.chain_id,
            network.rpc_url(name),
            chain.ready,
            tuple(ProcessLine(p.name, p.condition.value, p.restarts, p.process_id) for p in chain.processes),
        )
        for name, chain in network.chains.items()
    ]


async def ask_add(
    folder: NetworkFolder, files: Sequence[tuple[str, str, str]], report: Callable[[Progress], None]
) -> list[str]:
    """Have the running network launch these (file, default name, text); returns the names of the new chains.

    Raises:
        InvalidInput: No network runs here, or it refuses.
        Retry: It does not answer.
    """
    body = {"files": [{"file": file, "name": name, "text": text} for file, name, text in files]}
    async with _asking(folder, "add", body, ADD_SECONDS) as response:
        async for raw in response.content:
            line = json.loads(raw)
            if "error" in line:
                raise InvalidInput(line["error"])
            if "done" in line:
                return [str(name) for name in line["done"]]
            report(Progress(line["subject"], line["text"], line["seconds"]))
    raise Retry("the network stopped before the chain was launched; `tombolo up` goes on from there")


async def ask_down(folder: NetworkFolder, clock: Clock) -> list[str]:
    """Have the running network stop, and wait until it has; returns its chains. Raises as `ask_add`."""
    async with _asking(folder, "down", {}, 10.0) as response:
        names = [str(name) for name in (await response.json())["stopping"]]
    for _poll in range(int(STOP_SECONDS / POLL_SECONDS)):
        if not folder.is_running():
            return names
        await clock.sleep(POLL_SECONDS)
    raise Retry(f"the network in {folder.path} is still stopping after {STOP_SECONDS:.0f} s; its logs say why")


async def ask_status(folder: NetworkFolder) -> list[ChainLine]:
    """How the running network is. Raises as `ask_add`."""
    async with _asking(folder, "status", {}, 10.0) as response:
        return [
            ChainLine(**{**line, "processes": tuple(ProcessLine(**item) for item in line["processes"])})
            for line in await response.json()
        ]


@asynccontextmanager
async def _asking(
    folder: NetworkFolder, command: str, body: Mapping[str, object], seconds: float
) -> AsyncIterator[aiohttp.ClientResponse]:
    try:
        where = json.loads(folder.control_file.read_text())
        url, token = f"http://{where['host']}:{where['port']}/control/{command}", where["token"]
    except FileNotFoundError as error:
        raise InvalidInput(f"no network runs in {folder.path}: `tombolo up FILE…` starts one") from error
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            f"{folder.control_file}: damaged; stop `tombolo up` with Ctrl-C and start it again"
        ) from error
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={"Authorization": f"Bearer {token}"}) as session,
            session.post(url, json=body) as response,
        ):
            if response.status != 200:
                raise Reject(f"the network answers {response.status}: {(await response.text()).strip()}")
            yield response
    except (aiohttp.ClientError, TimeoutError) as error:
        if not folder.is_running():
            raise InvalidInput(f"no network runs in {folder.path}: `tombolo up FILE…` starts one") from error
        raise Retry(f"the network in {folder.path} does not answer: {error}") from error
