"""What a start of a network does on L1: pays the roles' accounts, launches what is new, and joins it with the rest."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from genesis.intent import Intent
from node.clock import Clock
from node.governance import check_owner
from node.l1.client import L1Client
from node.launch import launch_rollup
from node.network.files import NetworkFolder
from node.network.funding import funding_calls, send_calls
from node.network.greeting import GREETER_WEI
from node.network.launch import challenger_wei, has_challenger, launch_options, proposer_wei, role_key
from node.network.mesh import Mesh
from node.network.plan import security_of
from node.proof_contracts import deploy_verifier, find_verifier
from node.rollup import Rollup
from node.rollup_file import load_rollup
from protocol.crypto import private_key_address
from protocol.types import Address

OPERATOR_WEI = 100 * 10**18
"""What each chain's operator gets on the embedded L1, to deploy, to post batches and to bond outputs."""
RELAYER_WEI = 200 * 10**18
"""Deposited to the relayer's account on each chain of the embedded L1: for gas, and to stand behind what leaves."""


class NetworkOnL1:
    """Acts for the deployer and for the roles' accounts, whose keys follow from his.

    `tell` gets a subject (a chain's name, or "network") and what has come about.
    """

    def __init__(
        self,
        folder: NetworkFolder,
        deployer_key: bytes,
        clock: Clock,
        tell: Callable[[str, str], None],
        *,
        operator_wei: int = OPERATOR_WEI,
        relayer_wei: int = RELAYER_WEI,
    ) -> None:
        self._folder = folder
        self._deployer_key = deployer_key
        self._clock = clock
        self._tell = tell
        self._operator_wei = operator_wei
        self._relayer_wei = relayer_wei

    def network_key(self, role: str) -> bytes:
        """Of an account that serves all chains: the relayer's, the greeter's."""
        return role_key(self._deployer_key, 0, role)

    def key(self, intent: Intent, role: str) -> bytes:
        """Of a role's account of one chain."""
        return role_key(self._deployer_key, intent.chain.chain_id, role)

    async def launch_new(self, l1: L1Client, intents: Sequence[Intent]) -> None:
        """Pay the accounts, deploy what joins them if it is the first time, then launch all side by side.

        Raises:
            Retry, Reject: As `launch_rollup`; what was launched before stays.
        """
        new = [intent for intent in intents if not self._folder.chain(intent.chain.name).rollup.exists()]
        if not new:
            return
        for intent in new:
            await check_owner(l1, intent)
        keys = {intent.chain.name: self.key(intent, "operator") for intent in new}
        owed = {private_key_address(key): self._operator_wei for key in keys.values()}
        owed[private_key_address(self.network_key("relayer"))] = self._operator_wei
        for intent in new:
            if intent.node.proposer:
                proposer = private_key_address(self.key(intent, "proposer"))
                owed[proposer] = proposer_wei(intent, self._operator_wei // 10)
            if has_challenger(intent):
                challenger = private_key_address(self.key(intent, "challenger"))
                owed[challenger] = challenger_wei(intent, self._operator_wei // 10)
        calls = await funding_calls(l1, owed)
        await send_calls(l1, self._clock, self._deployer_key, calls)
        mesh = await self._open_mesh(l1)
        verifier = await self._shared_verifier(l1, new)
        await asyncio.gather(*(self._launch(l1, intent, keys[intent.chain.name], mesh, verifier) for intent in new))

    async def _shared_verifier(self, l1: L1Client, new: Sequence[Intent]) -> Address | None:
        """One serves any number of chains, those that come later too; the first that is alone brings its own."""
        wanting = sum(intent.proof.system == "fraud" for intent in new)
        found = await find_verifier(l1, self._games()) if wanting else None
        if found is not None:
            self._tell("network", f"the verifier of disputed steps, on L1 at 0x{found.hex()}, is shared")
            return found
        if wanting < 2:
            return None
        verifier = await deploy_verifier(l1, self._clock, self._deployer_key)
        self._tell("network", f"the verifier of disputed steps is on L1 at 0x{verifier.hex()}")
        return verifier

    def _games(self) -> list[Address]:
        """Of the chains that were launched under one."""
        proved = [name for name, intent in self._folder.applied().items() if intent.proof.system == "fraud"]
        settled = [load_rollup(self._folder.chain(name).rollup).config.settlement for name in proved]
        return [contracts.game for contracts in settled if contracts is not None]

    async def _open_mesh(self, l1: L1Client) -> Mesh:
        return await Mesh.open(self._folder.mesh_file, l1, self._clock, self._deployer_key)

    async def _launch(self, l1: L1Client, intent: Intent, key: bytes, mesh: Mesh, verifier: Address | None) -> None:
        folder = self._folder.chain(intent.chain.name)
        folder.save_intent(intent)
        proposer = private_key_address(self.key(intent, "proposer"))
        operator = private_key_address(self._deployer_key)
        options = launch_options(intent, mesh.beside(intent, operator), proposer, operator)
        proofs = options.settlement.proofs
        if proofs is not None:
            shared = replace(options.settlement, proofs=replace(proofs, verifier=verifier))
            options = replace(options, settlement=shared)
        rollup = await launch_rollup(l1, self._clock, key, options, folder.rollup)
        self._tell(intent.chain.name, f"launched: its inbox on L1 is 0x{rollup.config.inbox_address.hex()}")
        self._tell(intent.chain.name, security_of(intent))

    async def join(self, l1: L1Client, chains: Sequence[tuple[Intent, Rollup]]) -> list[str]:
        """Mesh launched chains with the rest; returns those that are new members. Raises as `Mesh.join`."""
        deposits = {
            private_key_address(self.network_key("relayer")): self._relayer_wei,
            private_key_address(self.network_key("greeter")): GREETER_WEI,
        }
        mesh = await self._open_mesh(l1)
        joined = await mesh.join(l1, self._clock, self._deployer_key, chains, deposits)
        if joined:
            self._tell("network", f"meshed: {', '.join(joined)} in the registry 0x{mesh.addresses.registry.hex()}")
        return joined
