"""What joins a network's chains: contracts on L1 made once, each chain in the registry, ether in its portal.

Every step looks first at what is there, so that a start that was interrupted goes on.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from genesis.intent import Intent
from metalayer.predeploys import NetworkAddresses
from metalayer.proofs import ACTIVE, REMOVED
from node.clock import Clock
from node.l1.client import L1Client
from node.network.funding import Call, send_calls
from node.network.launch import Beside, member_options
from node.network.membership import deploy_network, domain_of, member_accounts, read_member
from node.rollup import Rollup
from node.whole_file import write_whole
from protocol.abi import encode_call
from protocol.errors import InvalidInput
from protocol.portal import deposit_call
from protocol.types import Address

REGISTER_GAS = 400_000
ACTIVATE_GAS = 150_000
DEPOSIT_GAS = 600_000
"""Limits on L1, several times what the calls take: a deposit burns gas where many come at once."""
DEPOSIT_L2_GAS = 50_000


class Mesh:
    """The network's contracts on L1, and what they make of a chain."""

    def __init__(self, addresses: NetworkAddresses) -> None:
        self.addresses = addresses

    @classmethod
    async def open(cls, path: Path, l1: L1Client, clock: Clock, deployer_key: bytes) -> "Mesh":
        """The network that `path` describes; without it the contracts are deployed and `path` written.

        Raises:
            InvalidInput: The file is damaged.
            Retry, Reject: As `deploy_network`.
        """
        if path.exists():  # noqa: ASYNC240 - a local stat, nothing to wait for
            return cls(read_addresses(path))
        found = await deploy_network(l1, clock, deployer_key)
        _save(path, found)
        return cls(found)

    def beside(self, intent: Intent, operator: Address) -> Beside:
        """What the chain's genesis holds for the network: nothing, if it does not join. `operator` has a say where the
        intent says so."""
        if not intent.metalayer.join:
            return Beside()
        options = member_options(intent, operator)
        return Beside(predeploys=member_accounts(self.addresses, domain_of(intent.chain.chain_id), options))

    async def join(
        self,
        l1: L1Client,
        clock: Clock,
        deployer_key: bytes,
        chains: Iterable[tuple[Intent, Rollup]],
        deposits: Mapping[Address, int],
    ) -> list[str]:
        """Register and activate what is not registered yet; returns the names of the chains that are new members.

        A new member's portal gets `deposits`, in wei by account: for the relayer, which pays for gas there. It is also
        ether that the chain's other accounts can send out although genesis made theirs from nothing.
        """
        calls: list[Call] = []
        joined: list[str] = []
        for intent, rollup in chains:
            settlement = rollup.config.settlement
            if not intent.metalayer.join or settlement is None:
                continue
            domain = domain_of(intent.chain.chain_id)
            member = await read_member(l1, self.addresses, domain)
            if member is not None and (member.instance_id != rollup.config.genesis_hash or member.status == REMOVED):
                raise InvalidInput(
                    f"{intent.chain.name}: chain id {intent.chain.chain_id} is that of another member of this network, "
                    "or of one that was removed"
                )
            if member is None:
                arguments = (domain, intent.chain.chain_id, rollup.config.genesis_hash, settlement.outputs)
                data = encode_call("register(uint256,uint256,bytes32,address,address)", *arguments, settlement.portal)
                calls.append(Call(self.addresses.registry, data, gas=REGISTER_GAS))
            if member is None or member.status != ACTIVE:
                calls.append(Call(self.addresses.registry, encode_call("activate(uint256)", domain), gas=ACTIVATE_GAS))
                calls += [
                    Call(settlement.portal, deposit_call(account, wei, DEPOSIT_L2_GAS), wei, DEPOSIT_GAS)
                    for account, wei in deposits.items()
                ]
                joined.append(intent.chain.name)
        await send_calls(l1, clock, deployer_key, calls)
        return joined


def read_addresses(path: Path) -> NetworkAddresses:
    """The network's contracts from their file; raises InvalidInput."""
    try:
        fields = json.loads(path.read_text())
        return NetworkAddresses(
            **{name: Address(bytes.fromhex(text.removeprefix("0x"))) for name, text in fields.items()}
        )
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); `tombolo up FILE…` makes it") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{path}: not a network's contracts ({error})") from error


def _save(path: Path, addresses: NetworkAddresses) -> None:
    write_whole(path, json.dumps({name: f"0x{value.hex()}" for name, value in asdict(addresses).items()}) + "\n")
