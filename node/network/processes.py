"""The processes of a running network: the embedded L1, each chain's roles, the relayer; watched, stopped in order."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from genesis.intent import Intent
from node.clock import Clock
from node.network.files import NetworkFolder, NetworkSettings
from node.network.launch import (
    challenger_arguments,
    has_challenger,
    l1_arguments,
    relayer_arguments,
    second_node,
    second_node_arguments,
    sequencer_arguments,
)
from node.operator_key import (
    CHALLENGER_KEY_VARIABLE,
    OPERATOR_KEY_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    RELAYER_KEY_VARIABLE,
)
from node.supervised import Condition, Supervised

KeyOf = Callable[[Intent, str], bytes]
"""The key of a chain's role on L1."""


class NetworkProcesses:
    """Each runs until `stop`, and is started again when it ends by itself. `tell` gets a subject and what came about.

    `on_l1_failed` hears that L1's process stays down: nothing works without it, while a chain may fail alone.
    """

    def __init__(
        self,
        folder: NetworkFolder,
        key_of: KeyOf,
        clock: Clock,
        tell: Callable[[str, str], None],
        on_l1_failed: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._key_of = key_of
        self._clock = clock
        self._tell = tell
        self._on_l1_failed = on_l1_failed
        self._l1: Supervised | None = None
        self._relayer: Supervised | None = None
        self._of_chains: list[Supervised] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def l1_failed(self) -> bool:
        """Whether L1's process stays down."""
        return self._l1 is not None and self._l1.condition is Condition.FAILED

    def start_l1(self, settings: NetworkSettings, deployer_key: bytes) -> None:
        """The embedded one, on which the deployer has ether."""
        variables = {OPERATOR_KEY_VARIABLE: deployer_key.hex()}
        self._l1 = self._start("l1", "L1", l1_arguments(self._folder, settings), variables)

    def start_sequencer(self, intent: Intent, settings: NetworkSettings) -> Supervised:
        """It imports while its chain is launched, and waits for `rollup.json`."""
        place = settings.place(intent.chain.name)
        variables = {OPERATOR_KEY_VARIABLE: self._key_of(intent, "operator").hex()}
        return self._start_role(
            intent, "sequencer", sequencer_arguments(intent, place, self._folder, settings), variables
        )

    def start_watchers(self, intent: Intent, settings: NetworkSettings) -> list[Supervised]:
        """Those that trust L1 alone: a proposer or a verifier, and a challenger where fraud proofs decide."""
        place, role, started = settings.place(intent.chain.name), second_node(intent), []
        if role is not None:
            arguments = second_node_arguments(intent, place, self._folder, settings)
            key = {PROPOSER_KEY_VARIABLE: self._key_of(intent, role).hex()} if role == "proposer" else {}
            started.append(self._start_role(intent, role, arguments, key))
        if has_challenger(intent):
            arguments = challenger_arguments(intent, place, self._folder, settings)
            key = {CHALLENGER_KEY_VARIABLE: self._key_of(intent, "challenger").hex()}
            started.append(self._start_role(intent, "challenger", arguments, key))
        return started

    async def restart_relayer(
        self, members: Sequence[Intent], urls: Mapping[str, str], settings: NetworkSettings, key: bytes
    ) -> None:
        """With every member that runs: one that runs already is told of new members by starting it anew."""
        if self._relayer is not None:
            await self._relayer.stop()
        if len(members) < 2:
            return
        arguments = relayer_arguments(members, urls, self._folder, settings)
        variables = {RELAYER_KEY_VARIABLE: key.hex()}
        self._relayer = self._start("relayer", "network", arguments, variables, command="relay")

    async def stop_those(self, processes: Iterable[Supervised]) -> None:
        """Of a chain that was not launched after all."""
        stopped = list(processes)
        await asyncio.gather(*(process.stop() for process in stopped))
        self._of_chains = [process for process in self._of_chains if process not in stopped]

    async def stop(self) -> None:
        """The relayer and every chain at once, then L1, so that the others can still finish with it."""
        processes = self._of_chains + ([] if self._relayer is None else [self._relayer])
        await asyncio.shield(asyncio.gather(*(process.stop() for process in processes)))
        if self._l1 is not None:
            await asyncio.shield(self._l1.stop())
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_role(self, intent: Intent, role: str, arguments: list[str], variables: dict[str, str]) -> Supervised:
        name = intent.chain.name
        process = self._start(f"{name}-{role}", name, arguments, variables)
        self._of_chains.append(process)
        return process

    def _start(
        self, name: str, subject: str, arguments: list[str], variables: dict[str, str], command: str = "node"
    ) -> Supervised:
        def tell(text: str) -> None:
            self._tell(subject, text)

        process = Supervised(name, self._folder.log(name), arguments, variables, self._clock, tell, command)
        task = asyncio.create_task(self._watched(process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return process

    async def _watched(self, process: Supervised) -> None:
        await process.run()
        if process is self._l1 and self.l1_failed:
            self._on_l1_failed()
