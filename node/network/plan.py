"""What would change: the chains as they are against the chains as they are wanted, knob by knob."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genesis.intent import Intent, places, value_of
from genesis.intent_text import toml_value
from genesis.knobs import Change


@dataclass(frozen=True, slots=True)
class Step:
    """One difference. `now` is empty for a chain that is new."""

    chain: str
    knob: str
    now: str
    wanted: str
    change: Change | None
    """What it takes; None for a new chain."""

    @property
    def verdict(self) -> str:
        """What happens, for people."""
        match self.change:
            case None:
                return "new: `tombolo up` or `tombolo add` launches it"
            case Change.NEVER:
                return "impossible: fixed at genesis; launch another chain instead"
            case Change.GOVERNANCE:
                return "not by `up`: governance changes it; `tombolo govern` announces and makes the change"
        return "at the next start"

    @property
    def possible(self) -> bool:
        """Whether `up` brings it about."""
        return self.change in (None, Change.RESTART)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from what is to what is wanted, and the chains that nothing is said about."""

    steps: tuple[Step, ...]
    untouched: tuple[str, ...] = ()

    @property
    def impossible(self) -> tuple[Step, ...]:
        """What `up` cannot do."""
        return tuple(step for step in self.steps if not step.possible)

    @property
    def new_chains(self) -> tuple[str, ...]:
        """To be launched."""
        return tuple(step.chain for step in self.steps if step.change is None)


def make_plan(applied: Mapping[str, Intent], wanted: Sequence[Intent]) -> Plan:
    """`applied` by name. A chain is known by its name: its folder is called so."""
    steps: list[Step] = []
    ids = {intent.chain.chain_id: name for name, intent in applied.items()}
    for intent in wanted:
        name = intent.chain.name
        other = ids.get(intent.chain.chain_id, name)
        if other != name:
            steps.append(Step(other, "chain.name", f'"{other}"', f'"{name}"', Change.NEVER))
        elif name in applied:
            steps += _differences(applied[name], intent)
        else:
            chain = intent.chain
            words = f"chain id {chain.chain_id}, {chain.block_time_seconds:g} s, data to {intent.da.layer}"
            words += f", {security_of(intent)}"
            steps.append(Step(name, "", "", words, None))
    named = {intent.chain.name for intent in wanted}
    return Plan(tuple(steps), tuple(name for name in applied if name not in named))


def security_of(intent: Intent) -> str:
    """Who says that an output is true, in words."""
    if intent.proof.system == "fraud":
        return f"fraud proofs decide, within {intent.proof.challenge_period_seconds} s"
    return "a guardian's account decides: users trust it"


def _differences(now: Intent, wanted: Intent) -> list[Step]:
    found = []
    for place in places():
        before, after = value_of(now, place), value_of(wanted, place)
        if before != after:
            was, will = toml_value(place, before), toml_value(place, after)
            found.append(Step(now.chain.name, f"{place.group}.{place.name}", was, will, place.knob.change))
    return found
