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
from node.network.greeting import Side, greet
from node.network.launch import (
    challenger_arguments,
    check_for_l1,
    has_challenger,
    l1_arguments,
    relayer_arguments,
    second_node,
    second_node_arguments,
    sequencer_arguments,
)
from node.network.membership import domain_of
from node.network.on_l1 import OPERATOR_WEI, RELAYER_WEI, NetworkOnL1
from node.network.page import Shown
from node.network.plan import Plan, make_plan
from node.network.watch import Watched
from node.operator_key import (
    CHALLENGER_KEY_VARIABLE,
    OPERATOR_KEY_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    RELAYER_KEY_VARIABLE,
)
from node.rollup import Rollup
from node.rollup_file import load_rollup
from node.supervised import Condition, Supervised
from protocol.errors import Halt, InvalidInput, Reject, Retry

LONGEST_GREETING_SECONDS = 120
"""A first message that takes longer is not waited for."""


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
        self._failure: BaseException | None = None
        self._l1: Supervised | None = None
        self._relayer: Supervised | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
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
                await asyncio.gather(*(process.stop() for process in chain.processes))
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
            key = {OPERATOR_KEY_VARIABLE: self._deployer_key.hex()}
            self._l1 = self._supervise("l1", "L1", l1_arguments(self.folder, self.settings), key)
        async with L1Client(self.settings.l1_endpoint, self._clock, attempts=1) as l1:
            await wait_for_rpc(l1, self._clock)
            self._tell("L1", f"answers at {l1.name}, chain id {await l1.chain_id()}")
        await self._bring_up_chains(intents)

    async def _bring_up_chains(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            self._start_sequencer(intent)  # it imports while its chain is launched, and waits for rollup.json
        async with L1Client(self.settings.l1_endpoint, self._clock) as l1:
            await self._on_l1.launch_new(l1, intents)
            ready = asyncio.gather(*(self._until_ready(intent) for intent in intents))
            _, joined = await asyncio.gather(ready, self._on_l1.join(l1, self._launched(intents)))
        for intent in intents:
            self._start_second_node(intent)
            self._start_challenger(intent)
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
        """With every member that runs; one that runs already is told of new members by starting it anew."""
        if self._relayer is not None:
            await self._relayer.stop()
        members = self._members()
        if len(members) < 2:
            return
        urls = {intent.chain.name: self.rpc_url(intent.chain.name) for intent in members}
        arguments = relayer_arguments(members, urls, self.folder, self.settings)
        key = {RELAYER_KEY_VARIABLE: self._on_l1.network_key("relayer").hex()}
        self._relayer = self._supervise("relayer", "network", arguments, key, command="relay")

    async def _greet(self, joined: Sequence[str]) -> None:
        """A first message and a first transfer, from the first member to the newest that is new."""
        members = self._members()
        if len(members) < 2:
            return
        newest = [intent for intent in members if intent.chain.name in joined and intent is not members[0]]
        origin, destination = members[0], newest[-1] if newest else members[1]
        seconds = origin.proof.challenge_period_seconds + origin.proof.finalisation_delay_seconds
        if seconds > LONGEST_GREETING_SECONDS:
            name, period = origin.chain.name, origin.proof.challenge_period_seconds
            self._tell(
                "network", f"what leaves {name} can be challenged for {period} s, so no first message is awaited"
            )
            return
        async with (
            L1Client(self.rpc_url(origin.chain.name), self._clock, who=origin.chain.name) as here,
            L1Client(self.rpc_url(destination.chain.name), self._clock, who=destination.chain.name) as there,
        ):
            one, other = _side(origin, here), _side(destination, there)
            try:
                key = self._on_l1.network_key("greeter")
                await greet(one, other, self._clock, key, lambda text: self._tell("network", text))
            except (Retry, Reject) as error:
                self._tell("network", f"the first message: {error}")

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        """Until it is done, or everything stops; a bug in it ends the network with its traceback."""
        task = asyncio.create_task(work)
        self._beside.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._beside.discard(done)
            if not done.cancelled() and done.exception() is not None:
                self.fail(done.exception())

        task.add_done_callback(ended)

    def _start_sequencer(self, intent: Intent) -> None:
        name, place = intent.chain.name, self.settings.place(intent.chain.name)
        key = self._on_l1.key(intent, "operator")
        arguments = sequencer_arguments(intent, place, self.folder, self.settings)
        chain = self.chains.setdefault(name, RunningChain(intent))
        chain.processes.append(
            self._supervise(f"{name}-sequencer", name, arguments, {OPERATOR_KEY_VARIABLE: key.hex()})
        )

    def _start_second_node(self, intent: Intent) -> None:
        role = second_node(intent)
        if role is None:
            return
        name, place = intent.chain.name, self.settings.place(intent.chain.name)
        arguments = second_node_arguments(intent, place, self.folder, self.settings)
        keys = {PROPOSER_KEY_VARIABLE: self._on_l1.key(intent, role).hex()} if role == "proposer" else {}
        self.chains[name].processes.append(self._supervise(f"{name}-{role}", name, arguments, keys))

    def _start_challenger(self, intent: Intent) -> None:
        if not has_challenger(intent):
            return
        name, place = intent.chain.name, self.settings.place(intent.chain.name)
        arguments = challenger_arguments(intent, place, self.folder, self.settings)
        keys = {CHALLENGER_KEY_VARIABLE: self._on_l1.key(intent, "challenger").hex()}
        self.chains[name].processes.append(self._supervise(f"{name}-challenger", name, arguments, keys))

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

    def _supervise(
        self, name: str, subject: str, arguments: list[str], environment: dict[str, str], command: str = "node"
    ) -> Supervised:
        def tell(text: str) -> None:
            self._tell(subject, text)

        log = self.folder.log(name)
        process = Supervised(name, log, arguments, environment, self._clock, tell, command)
        task = asyncio.create_task(self._watched(process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return process

    async def _watched(self, process: Supervised) -> None:
        await process.run()
        if process is self._l1 and process.condition is Condition.FAILED:
            self.stop.set()  # nothing works without L1; a chain, though, may fail alone

    def fail(self, error: BaseException | None) -> None:
        """Stop because of a bug in what runs beside the processes; `run` raises it."""
        self._failure = error
        self.stop.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._l1 is not None and self._l1.condition is Condition.FAILED:
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
        """The relayer and every chain at once, then L1, so that the others can still finish with it."""
        for task in list(self._beside):
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        processes = [process for chain in self.chains.values() for process in chain.processes]
        processes += [] if self._relayer is None else [self._relayer]
        await asyncio.shield(asyncio.gather(*(process.stop() for process in processes)))
        if self._l1 is not None:
            await asyncio.shield(self._l1.stop())
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, subject: str, text: str) -> None:
        self._report(Progress(subject, text, self._clock.monotonic() - self._started_at))


def _side(intent: Intent, client: L1Client) -> Side:
    return Side(intent.chain.name, domain_of(intent.chain.chain_id), client)


def _both(first: Report, second: Report) -> Report:
    def report(progress: Progress) -> None:
        first(progress)
        second(progress)

    return report


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
