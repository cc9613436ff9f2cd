"""The contracts of disputes: the one-step verifier, which serves any chain, and the game of one rollup that asks it."""

from collections.abc import Iterable
from dataclasses import dataclass

from node.artifacts import load_artifact
from node.clock import Clock
from node.deploy import Creation, created_address, deploy_all
from node.l1.client import L1Client
from protocol.abi import address_of, encode_call, words_of
from protocol.crypto import private_key_address
from protocol.types import ZERO_ADDRESS, Address, Hash32
from prover.verifier import DISPATCHER, LIBRARIES, ROOM

DAY = 86_400


@dataclass(frozen=True, slots=True)
class ProofOptions:
    """What is chosen once about disputes."""

    challenger_bond_wei: int = 10**18
    """What a challenger puts behind each game; it covers what answering costs at worst."""
    clock_seconds: int = 302_400
    """Each side's time for its moves, in all."""
    extension_seconds: int = 10_800
    """Left to both sides at least, whenever another kind of thing begins to be disputed."""
    verifier: Address | None = None
    """One that is there already; None: the launch deploys one."""


DEV_PROOFS = ProofOptions(challenger_bond_wei=10**16, clock_seconds=600, extension_seconds=120)
"""To develop on."""

CONTRACTS = (*(name for name in LIBRARIES if name), DISPATCHER, "l1/game")
"""By name: what a launch with fraud proofs needs compiled, beside what every launch does."""


def verifier_creations(deployer: Address, first_nonce: int) -> list[Creation]:
    """Its libraries, then its dispatcher, to be created in this order from `first_nonce` on."""
    libraries = [Creation(load_artifact(name)) for name in LIBRARIES if name]
    made = iter(range(first_nonce, first_nonce + len(libraries)))
    table = [created_address(deployer, next(made)) if name else ZERO_ADDRESS for name in LIBRARIES]
    table += [ZERO_ADDRESS] * (ROOM - len(table))
    return [*libraries, Creation(load_artifact(DISPATCHER), b"".join(word.rjust(32, b"\0") for word in table))]


def game_creation(outputs: Address, verifier: Address, chain_rules: Hash32, options: ProofOptions) -> Creation:
    """The game about one rollup; the verifier must be there before it, the outputs may follow."""
    numbers = (options.challenger_bond_wei, options.clock_seconds, options.extension_seconds)
    words = [outputs.rjust(32, b"\0"), verifier.rjust(32, b"\0"), chain_rules]
    return Creation(load_artifact("l1/game"), b"".join([*words, *(number.to_bytes(32, "big") for number in numbers)]))


async def find_verifier(l1: L1Client, games: Iterable[Address]) -> Address | None:
    """The verifier of one of these games, if it has the code that we would deploy: it may serve others too.

    Raises:
        Retry, L1Refused: L1 does not answer, or what is at a game's address answers otherwise.
    """
    for game in games:
        words = words_of(await l1.call(game, encode_call("verifier()")))
        if len(words) == 1 and await is_verifier(l1, address_of(words[0])):
            return address_of(words[0])
    return None


async def is_verifier(l1: L1Client, address: Address) -> bool:
    """Whether the dispatcher there, and each library that its code names, is byte for byte ours."""
    code, ours = await l1.code(address), load_artifact(DISPATCHER).runtime_code
    table = code[len(ours) :]  # immutables lie behind the code
    if code[: len(ours)] != ours or len(table) != 32 * ROOM:
        return False
    named = [address_of(word) for word in words_of(table)]
    wanted = [load_artifact(name).runtime_code if name else b"" for name in LIBRARIES]
    wanted += [b""] * (ROOM - len(wanted))
    for library, runtime in zip(named, wanted, strict=True):
        if await l1.code(library) != runtime:
            return False
    return True


async def deploy_verifier(l1: L1Client, clock: Clock, private_key: bytes) -> Address:
    """A verifier by itself, for several launches to share; raises as `deploy_all`."""
    sender = private_key_address(private_key)
    nonce = await l1.nonce(sender)
    return (await deploy_all(l1, clock, private_key, verifier_creations(sender, nonce), nonce=nonce))[-1].address
