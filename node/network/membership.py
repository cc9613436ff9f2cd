"""A network of chains: its contracts on L1, what a member's genesis holds for it, and how a chain joins.

In this order: `deploy_network` once per network; `member_accounts` into each chain's genesis, by way of
`LaunchOptions.predeploys`; launch the chain; `register_chain`. From then on its mailbox works with every other member:
routes need no enrolment of their own, because the predeploys are at the same addresses everywhere.
"""

from dataclasses import dataclass, fields

from genesis.model import GenesisAccount
from metalayer.message import Domain
from metalayer.predeploys import NOBODY_DECIDES, MemberCode, MemberOptions, NetworkAddresses, member_contracts
from metalayer.proofs import ACTIVE, PENDING, REMOVED
from node.account import Account
from node.artifacts import load_artifact
from node.clock import Clock
from node.deploy import Creation, created_address, deploy_all
from node.l1.client import L1Client
from protocol.abi import encode_call
from protocol.crypto import private_key_address
from protocol.errors import Reject
from protocol.types import Address, Hash32

MAX_MEMBERS = 256
"""How many entries of a registry are read."""


class NotAMember(Reject):
    """What cannot be, or is no longer, part of the network."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A chain as the registry has it: `instance_id` is its genesis block's hash; `status` as in `metalayer.proofs`."""

    domain: Domain
    chain_id: int
    instance_id: Hash32
    outputs: Address
    portal: Address
    status: int = PENDING


def domain_of(chain_id: int) -> Domain:
    """The domain that a chain asks for: its chain id.

    Raises:
        NotAMember: The chain id has more than 32 bits; the registry could give it another number, nobody does yet.
    """
    if not 0 < chain_id < 2**32:
        raise NotAMember(f"chain id {chain_id} has no room in a message's 32-bit domain; choose one below {2**32}")
    return Domain(chain_id)


async def deploy_network(
    client: L1Client, clock: Clock, private_key: bytes, owner: Address | None = None
) -> NetworkAddresses:
    """Put registry, ledger and ether hub on L1, once per network. `owner` admits chains: the deployer unless given.

    Raises:
        Retry: L1 does not answer, or does not mine.
        Reject: L1 refuses, or a creation failed.
    """
    deployer = private_key_address(private_key)
    nonce = await client.nonce(deployer)
    registry = created_address(deployer, nonce)
    creations = [
        Creation(load_artifact("metalayer/registry"), _word(owner or deployer)),
        Creation(load_artifact("metalayer/ledger"), _word(registry)),
        Creation(load_artifact("metalayer/ether_hub"), _word(registry)),
    ]
    deployments = await deploy_all(client, clock, private_key, creations, nonce=nonce)
    return NetworkAddresses(*(one.address for one in deployments))


def member_accounts(
    network: NetworkAddresses, domain: Domain, options: MemberOptions = NOBODY_DECIDES
) -> dict[Address, GenesisAccount]:
    """The network's predeploys, for a member's genesis: `LaunchOptions(predeploys=member_accounts(...))`."""
    code = MemberCode(
        **{field.name: load_artifact(f"metalayer/{field.name}").runtime_code for field in fields(MemberCode)}
    )
    contracts = member_contracts(code, network, domain, options)
    return {address: GenesisAccount(nonce=1, code=body) for address, body in contracts.items()}


async def register_chain(
    client: L1Client, clock: Clock, owner_key: bytes, network: NetworkAddresses, chain: Membership
) -> None:
    """Admit a launched chain and make it active. Again is no harm: what is done is left as it is.

    Raises:
        NotAMember: The domain belongs to another chain, or the chain was removed.
        Retry, Reject: As `Account.send`.
    """
    owner = Account(client, clock, owner_key)
    known = await read_member(client, network, chain.domain)
    if known is None:
        data = encode_call(
            "register(uint256,uint256,bytes32,address,address)",
            chain.domain,
            chain.chain_id,
            chain.instance_id,
            chain.outputs,
            chain.portal,
        )
        await owner.send(network.registry, data)
    elif known.instance_id != chain.instance_id or known.status == REMOVED:
        raise NotAMember(
            f"domain {chain.domain} is instance 0x{known.instance_id.hex()} with status {known.status}, "
            f"not 0x{chain.instance_id.hex()}"
        )
    if known is None or known.status != ACTIVE:
        await owner.send(network.registry, encode_call("activate(uint256)", chain.domain))


async def remove_chain(
    client: L1Client, clock: Clock, owner_key: bytes, network: NetworkAddresses, domain: Domain
) -> None:
    """Part with a chain for good; raises as `Account.send`. What it has not received by its last confirmed output can
    be refunded."""
    await Account(client, clock, owner_key).send(network.registry, encode_call("remove(uint256)", domain))


async def read_member(
    client: L1Client, network: NetworkAddresses, domain: Domain, at: int | None = None
) -> Membership | None:
    """What the registry says about a domain, at its head or at an L1 block; None if it was never registered."""

    async def word(signature: str) -> bytes:
        return await client.call(network.registry, encode_call(signature, domain), "latest" if at is None else at)

    status = int.from_bytes(await word("status(uint256)"), "big")
    if not status:
        return None
    return Membership(
        domain=domain,
        chain_id=int.from_bytes(await word("chain_id(uint256)"), "big"),
        instance_id=Hash32(await word("instance_id(uint256)")),
        outputs=Address((await word("outputs(uint256)"))[12:]),
        portal=Address((await word("portal(uint256)"))[12:]),
        status=status,
    )


async def read_members(client: L1Client, network: NetworkAddresses) -> list[Membership]:
    """Every chain that was ever registered, in that order; of more than `MAX_MEMBERS` the first."""
    count = int.from_bytes(await client.call(network.registry, encode_call("count()")), "big")
    members = []
    for index in range(min(count, MAX_MEMBERS)):
        domain = await client.call(network.registry, encode_call("domains(uint256)", index))
        member = await read_member(client, network, Domain(int.from_bytes(domain, "big")))
        if member is not None:
            members.append(member)
    return members


def _word(address: Address) -> bytes:
    return bytes(12) + address
