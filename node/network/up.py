"""`tombolo up a.toml b.toml …`: one L1 and any number of rollups on it, each role a process, watched until the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from genesis.intent import Intent
from node.children import check_port, wait_for_rpc
from node.clock import Clock
from node.l1.client import L1Client
from node.network.files import NetworkFolder, NetworkSettings, with_places
from node.network.greeting import greet_newest
from node.network.launch import check_for_l1, second_node
from node.network.on_l1 import OPERATOR_WEI, RELAYER_WEI, NetworkOnL1
from node.network.page import Shown
from node.network.plan import Plan, make_plan
from node.network.processes import NetworkProcesses
from node.network.watch import Watched
from node.rollup import Rollup
from node.rollup_file import load_rollup
from node.supervised import Supervised
from protocol.errors import Halt, InvalidInput, Reject, Retry


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that has come about, for whoever watches. `subject` is a chain's name, "L1" or "network"."""

    subject: str
    text: str
    seconds: float
    """Since the command."""


@dataclass(slots=True)
class RunningChain:
    """A chain with its processes."""

    intent: Intent
    processes: list[Supervised] = field(default_factory=list)
    ready: bool = False
    rollup: Rollup | None = None
    """Once it is launched."""


Report = Callable[[Progress], None]
Serving = Callable[["NetworkUp"], AbstractAsyncContextManager[None]]


class NetworkUp:
    """A running network. Made once per start; `run` returns when `stop` is set and everything is down."""

    def __init__(
        self,
        folder: NetworkFolder,
        settings: NetworkSettings,
        deployer_key: bytes,
        clock: Clock,
        report: Report,
        *,
        operator_wei: int = OPERATOR_WEI,
        relayer_wei: int = RELAYER_WEI,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.stop = asyncio.Event()
        self.chains: dict[str, RunningChain] = {}
        self._deployer_key = deployer_key
        self._clock = clock
        self._report = report
        self._started_at = clock.monotonic()
        self._on_l1 = NetworkOnL1(
            folder, deployer_key, clock, self._tell, operator_wei=operator_wei, relayer_wei=relayer_wei
        )
        self._processes = NetworkProcesses(folder, self._on_l1.key, clock, self._tell, on_l1_failed=self.stop.set)
        self._failure: BaseException | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._adding = asyncio.Lock()

    async def run(self, intents: Sequence[Intent], serving: Serving | None = None) -> None:
        """Bring the network to what `intents` say, keep it up until `stop` is set, then stop it in order.

        `serving` makes an asynchronous context in which the network answers (its page, `add` and `down`).

        Raises:
            InvalidInput: A change that is not possible, a port that is taken, another `up` that holds the folder.
            Retry, Reject: A launch failed; what was launched before stays, and the next `up` goes on from there.
            Halt: L1's process has ended too often.
        """
        with self.folder.held():
            intents = self._prepare(intents)
            try:
                async with serving(self) if serving is not None else _nothing():
                    if serving is not None:
                        self._tell("network", f"its page is at http://{self.settings.host}:{self.settings.page_port}")
                    await self._unless_stopped(self._bring_up(intents))
                    await self.stop.wait()
            finally:
                await self._stop_all()
        self._raise_failure()

    async def add(self, intents: Sequence[Intent], report: Report) -> Plan:
        """Launch what is new while everything runs; one `add` after another. Returns what was to be done.

        Raises:
            InvalidInput: It would change a chain that runs.
        """
        async with self._adding:
            plan = make_plan(self.folder.applied(), intents)
            for step in plan.steps:
                if step.change is not None:
                    raise InvalidInput(
                        f"{step.chain}: {step.knob} is {step.now}, not {step.wanted}: {step.verdict}; "
                        "a running network takes new chains only"
                    )
            new = [intent for intent in intents if intent.chain.name in plan.new_chains]
            if new:
                before, self._report = self._report, _both(self._report, report)
                try:
                    self._place(new)
                    await self._bring_up_chains(new)
                except (Retry, Reject):
                    await self._forget_unlaunched(new)
                    raise
                finally:
                    self._report = before
            return plan

    async def _forget_unlaunched(self, intents: Sequence[Intent]) -> None:
        """What waits for a launch that failed waits for nothing."""
        for intent in intents:
            chain = self.chains.get(intent.chain.name)
            if chain is not None and chain.rollup is None:
                await self._processes.stop_those(chain.processes)
                del self.chains[intent.chain.name]

    def _prepare(self, intents: Sequence[Intent]) -> list[Intent]:
        """Everything that can be refused is refused before anything starts."""
        applied = self.folder.applied()
        plan = make_plan(applied, intents)
        if plan.impossible:
            lines = [f"{s.chain}: {s.knob} is {s.now}, not {s.wanted}: {s.verdict}" for s in plan.impossible]
            raise InvalidInput("\n".join(lines))
        wanted = [*intents, *(applied[name] for name in plan.untouched)]
        for port in [self.settings.page_port] + ([self.settings.l1_port] if self.settings.l1_url is None else []):
            check_port(self.settings.host, port)
        self._place(wanted)
        for intent in wanted:
            if self.folder.chain(intent.chain.name).rollup.exists():
                self.folder.chain(intent.chain.name).save_intent(intent)
        return wanted

    def _place(self, intents: Sequence[Intent]) -> None:
        settings = with_places(self.settings, list(intents))
        ports = []
        for intent in intents:
            check_for_l1(intent, settings)
            place = settings.place(intent.chain.name)
            ports += [place.rpc_port] + ([place.verifier_port] if second_node(intent) else [])
        for port in ports:
            check_port(settings.host, port)
        self.settings = settings
        self.folder.save(settings)

    async def _bring_up(self, intents: Sequence[Intent]) -> None:
        if self.settings.l1_url is None:
            self._processes.start_l1(self.settings, self._deployer_key)
        async with L1Client(self.settings.l1_endpoint, self._clock, attempts=1) as l1:
            await wait_for_rpc(l1, self._clock)
            self._tell("L1", f"answers at {l1.name}, chain id {await l1.chain_id()}")
        await self._bring_up_chains(intents)

    async def _bring_up_chains(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            chain = self.chains.setdefault(intent.chain.name, RunningChain(intent))
            chain.processes.append(self._processes.start_sequencer(intent, self.settings))
        async with L1Client(self.settings.l1_endpoint, self._clock) as l1:
            await self._on_l1.launch_new(l1, intents)
            ready = asyncio.gather(*(self._until_ready(intent) for intent in intents))
            _, joined = await asyncio.gather(ready, self._on_l1.join(l1, self._launched(intents)))
        for intent in intents:
            self.chains[intent.chain.name].processes += self._processes.start_watchers(intent, self.settings)
        await self._start_relayer()
        if joined:
            self._in_background(self._greet(joined))

    def _launched(self, intents: Sequence[Intent]) -> list[tuple[Intent, Rollup]]:
        """Their descriptions, kept for whoever watches."""
        chains = [(intent, load_rollup(self.folder.chain(intent.chain.name).rollup)) for intent in intents]
        for intent, rollup in chains:
            self.chains[intent.chain.name].rollup = rollup
        return chains

    def _members(self) -> list[Intent]:
        return [chain.intent for chain in self.chains.values() if chain.intent.metalayer.join]

    async def _start_relayer(self) -> None:
        members = self._members()
        urls = {intent.chain.name: self.rpc_url(intent.chain.name) for intent in members}
        await self._processes.restart_relayer(members, urls, self.settings, self._on_l1.network_key("relayer"))

    async def _greet(self, joined: Sequence[str]) -> None:
        urls = {name: self.rpc_url(name) for name in self.chains}
        key = self._on_l1.network_key("greeter")
        await greet_newest(self._members(), joined, urls, self._clock, key, lambda text: self._tell("network", text))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        """Until it is done, or everything stops; a bug in it ends the network with its traceback."""
        task = asyncio.create_task(work)
        self._beside.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._beside.discard(done)
            if not done.cancelled() and done.exception() is not None:
                self.fail(done.exception())

        task.add_done_callback(ended)

    async def _until_ready(self, intent: Intent) -> None:
        name = intent.chain.name
        async with L1Client(self.rpc_url(name), self._clock, who=name, attempts=1) as node:
            await wait_for_rpc(node, self._clock)
        self.chains[name].ready = True
        self._tell(name, f"answers at {self.rpc_url(name)}, chain id {intent.chain.chain_id}")

    def watched(self) -> list[Watched]:
        """The chains that were launched, for whoever watches them."""
        return [shown.watched for shown in self.shown()]

    def shown(self) -> list[Shown]:
        """The same, with how each is."""
        return [
            Shown(
                Watched(
                    name,
                    chain.intent.chain.chain_id,
                    self.rpc_url(name),
                    chain.rollup.config.settlement,
                    chain.intent.proof.proposal_interval_seconds,
                ),
                chain.intent,
                ", ".join(f"{process.name} {process.condition.value}" for process in chain.processes),
            )
            for name, chain in self.chains.items()
            if chain.rollup is not None
        ]

    def rpc_url(self, name: str) -> str:
        """The sequencer's endpoint."""
        return f"http://{self.settings.host}:{self.settings.place(name).rpc_port}"

    def fail(self, error: BaseException | None) -> None:
        """Stop because of a bug in what runs beside the processes; `run` raises it."""
        self._failure = error
        self.stop.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._processes.l1_failed:
            raise Halt(f"the L1 process does not stay up; {self.folder.log('l1')} says why")

    async def _unless_stopped(self, work: Coroutine[None, None, None]) -> None:
        task, stopped = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            task.cancel()
            stopped.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)

    async def _stop_all(self) -> None:
        for task in list(self._beside):
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._processes.stop()

    def _tell(self, subject: str, text: str) -> None:
        self._report(Progress(subject, text, self._clock.monotonic() - self._started_at))


def _both(first: Report, second: Report) -> Report:
    def report(progress: Progress) -> None:
        first(progress)
        second(progress)

    return report


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
