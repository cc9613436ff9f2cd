"""Carrying out what a plan says only governance changes: announced in the chain's config contract on L1, made when its
delay is over, and from there derived by every node alike.

Each step looks first at what L1 says, so a run that was interrupted, or that came before the delay was over, goes on
when it is started again. The contract is `contracts/l1/chain_config.vy`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from genesis.intent import Intent, places, value_of
from genesis.knobs import Change
from node.account import Account
from node.clock import Clock
from node.l1.client import L1Client
from node.network.launch import fee_options
from node.network.plan import Step, make_plan
from protocol.abi import encode_call, words_of
from protocol.config_changes import ChainSettings, Knob, settings_of_knobs
from protocol.errors import InvalidInput, Reject, Retry
from protocol.types import ZERO_ADDRESS, Address

POLL_SECONDS = 1.0
KEYS = (Knob.BATCHER, Knob.PROPOSER)
"""Not in intents: they follow from the operator's key."""


class NotTheOwner(Reject):
    """The changes are another's to announce."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting on L1 that is not what the intent wants; as the contract counts it."""

    knob: Knob
    now: int
    wanted: int

    @property
    def name(self) -> str:
        """For people."""
        return self.knob.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Standing:
    """What was announced for a knob: `ready_at` in seconds, 0 when nothing is."""

    setting: int
    ready_at: int


async def check_owner(l1: L1Client, intent: Intent) -> None:
    """Raise InvalidInput where a contract is to decide about a chain and there is none at its address on L1."""
    governance = intent.governance
    if governance.mode in ("multisig", "governor"):
        owner = Address(bytes.fromhex(governance.owner.removeprefix("0x")))
        if not await l1.code(owner):
            raise InvalidInput(
                f"{intent.chain.name}: [governance] owner = {governance.owner} has no code on L1, so it is no "
                f"{governance.mode}: nobody could ever change a setting"
            )


def check_governable(now: Intent, wanted: Intent) -> None:
    """Raise InvalidInput, naming each knob, when the intent asks for what no governance can change."""
    steps = make_plan({now.chain.name: now}, [wanted]).steps
    fixed = [step for step in steps if step.change is Change.NEVER]
    if fixed:
        raise InvalidInput("\n".join(map(_refusal, fixed)))


def governed_part(now: Intent, wanted: Intent) -> Intent:
    """The intent as it is, with what governance changes taken from the one that is wanted."""
    for place in places():
        if place.knob.change is Change.GOVERNANCE:
            group = replace(getattr(now, place.group), **{place.name: value_of(wanted, place)})
            now = replace(now, **{place.group: group})
    return now


def _refusal(step: Step) -> str:
    return f"{step.chain}: {step.knob} is {step.now}, not {step.wanted}: {step.verdict}"


def wanted_settings(intent: Intent) -> ChainSettings:
    """What the intent wants of the config contract; keys are not its to say."""
    chain, fees = intent.chain, fee_options(intent)
    return ChainSettings(
        chain.gas_limit,
        intent.fees.base_fee_change_denominator,
        intent.fees.elasticity,
        fees.min_base_fee_wei,
        fees.knobs,
    )


class Governance:
    """One chain's config contract, at `config` on L1. `tell` hears of each thing done.

    Methods raise Retry when L1 does not answer, and L1Refused with the contract's reason when it will not.
    """

    def __init__(self, l1: L1Client, clock: Clock, config: Address, tell: Callable[[str], None]) -> None:
        self._l1 = l1
        self._clock = clock
        self._config = config
        self._tell = tell

    async def differences(self, wanted: ChainSettings) -> list[Difference]:
        """What L1 has otherwise, in the contract's order."""
        found = []
        for knob, value in zip(Knob, settings_of_knobs(wanted), strict=True):
            if knob not in KEYS:
                now = await self._word("settings(uint256)", knob)
                if now != value:
                    found.append(Difference(knob, now, value))
        return found

    async def carry_out(self, differences: Sequence[Difference], key: bytes, patience_seconds: float) -> int:
        """Announce what is not announced, and make each change whose time comes within `patience_seconds`.

        Returns when (seconds since 1970) the rest can be made; 0 when everything is.

        Raises:
            NotTheOwner: Something is still to be announced, and `key` may not.
        """
        account = Account(self._l1, self._clock, key)
        open_ones = [one for one in differences if not await self._is_announced(one)]
        if open_ones:
            await self._check_owner(account.address, open_ones)
        for one in open_ones:
            await account.send(self._config, encode_call("schedule(uint256,uint256)", one.knob, one.wanted))
            self._tell(f"{one.name}: announced: {one.now} becomes {one.wanted}")
        standings = [(one, await self._standing(one.knob)) for one in differences]
        last = max((standing.ready_at for _one, standing in standings), default=0)
        now = await self._l1_time()
        if last > now + patience_seconds:
            return last
        for one, standing in standings:
            await self._until(standing.ready_at)
            receipt = await account.send(self._config, encode_call("apply(uint256)", one.knob))
            self._tell(
                f"{one.name}: changed to {one.wanted} in L1 block {receipt.block_number}; it holds from the first "
                "block that builds on that one"
            )
        return 0

    async def delay(self) -> int:
        """Seconds from an announcement to its effect, at least."""
        return await self._word("delay()")

    async def _check_owner(self, caller: Address, changes: Sequence[Difference]) -> None:
        owner = Address((await self._word("owner()")).to_bytes(20, "big"))
        if owner == caller:
            return
        if owner == ZERO_ADDRESS:
            raise NotTheOwner("nobody decides about this chain any more: its settings are fixed for good")
        calls = "\n".join(
            f"  {one.name}: 0x{encode_call('schedule(uint256,uint256)', one.knob, one.wanted).hex()}" for one in changes
        )
        raise NotTheOwner(
            f"0x{owner.hex()} decides about this chain, not 0x{caller.hex()}; let it call 0x{self._config.hex()} on L1 "
            f"with these, then run this again:\n{calls}"
        )

    async def _is_announced(self, one: Difference) -> bool:
        standing = await self._standing(one.knob)
        return standing.ready_at != 0 and standing.setting == one.wanted

    async def _standing(self, knob: Knob) -> Standing:
        setting, ready_at = words_of(await self._l1.call(self._config, encode_call("scheduled(uint256)", knob)))
        return Standing(setting, ready_at)

    async def _until(self, ready_at: int) -> None:
        """Until L1's own clock says so: it is what the contract reads."""
        patience = max(0, ready_at - await self._l1_time()) + 120
        deadline = self._clock.monotonic() + patience
        while await self._l1_time() < ready_at:
            if self._clock.monotonic() > deadline:
                raise Retry(f"L1's newest block is not from {ready_at} yet; run this again later")
            await self._clock.sleep(POLL_SECONDS)

    async def _l1_time(self) -> int:
        return (await self._l1.head()).ref.timestamp

    async def _word(self, signature: str, *arguments: int) -> int:
        return words_of(await self._l1.call(self._config, encode_call(signature, *arguments)))[0]
