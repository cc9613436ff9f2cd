"""What settlement costs on L1: `python -m bench.gas_settlement`. Exact and repeatable: nothing here depends on time.

Contracts are warm (each call is measured the second time), the rules Cancun's; "transaction" adds the 21,000 and the
calldata, as a wallet would pay them. Beside our execution stand the OP Stack's published figures, which are execution
too: packages/contracts-bedrock/.gas-snapshot of ethereum-optimism/optimism at 9ae0a5661eea (its `benchmark` tests, the
second call where there are two; its proof and its trie are its own).
"""

import warnings
from dataclasses import dataclass

import boa
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_utils.address import to_checksum_address
from rich.console import Console
from rich.table import Table

from node.artifacts import SOURCES
from protocol.crypto import keccak
from tests.contracts.conftest import DELAY, ETHER, Settlement, abi_tuple, deploy, deployer

ALICE = to_checksum_address(keccak(b"alice")[12:])
SLOTS = 2_000
OP_STACK = {
    "deposit of ether": 36_396,
    "ERC-20 deposit": 112_955,
    "withdrawal started (on L2)": 75_896,
    "output proposed": 88_513,
    f"withdrawal proven among {SLOTS:,}": 169_229,
}
"""test_depositTransaction_benchmark_1, test_depositERC20_benchmark_1, test_initiateWithdrawal_fromEOA_succeeds (a whole
test), test_proposeL2Output_benchmark, test_proveWithdrawalTransaction_benchmark."""


@dataclass(frozen=True)
class Cost:
    what: str
    execution: int
    calldata: bytes

    @property
    def transaction(self) -> int:
        return self.execution + 21_000 + sum(16 if byte else 4 for byte in self.calldata)


def main() -> None:
    with warnings.catch_warnings(action="ignore"), boa.env.anchor():
        costs = measure(deploy())
    table = Table("what", "execution", "OP Stack's", "transaction", title="gas on L1")
    for cost in costs:
        published = OP_STACK.get(cost.what)
        shown = "" if published is None else f"{published:,}"
        table.add_row(cost.what, f"{cost.execution:,}", shown, f"{cost.transaction:,}")
    Console().print(table)


def measure(settlement: Settlement) -> list[Cost]:
    for owner in (str(settlement.portal.address), ALICE):
        boa.env.set_balance(owner, 1_000 * ETHER)
    with boa.env.prank(ALICE):
        return [*_deposits(settlement), *_withdrawal(settlement)]


def _deposits(settlement: Settlement) -> list[Cost]:
    portal, bridge = settlement.portal, settlement.bridge
    token = deployer(SOURCES / "examples" / "token.vy").deploy(10**30)
    token.approve(bridge, 2**256 - 1)
    return [
        _second(portal, "deposit", "deposit of ether", ALICE, ETHER, 100_000, False, b"", value=ETHER),
        _second(portal, "deposit", "deposit with 1,000 bytes", ALICE, 0, 100_000, False, b"\1" * 1_000),
        _second(bridge, "deposit", "ERC-20 deposit", token.address, ALICE, 5),
    ]


def _withdrawal(settlement: Settlement) -> list[Cost]:
    portal, outputs = settlement.portal, settlement.outputs
    withdrawals = [settlement.send(ALICE, ALICE, index) for index in range(SLOTS)]
    sent = _cost(settlement.outbox, "withdrawal started (on L2)", "send", ALICE, 100_000, b"")
    settlement.assert_outbox(withdrawals[0])
    proof = settlement.assert_outbox(*withdrawals, parent=1, confirm=False)
    proposed = _cost(outputs, "output proposed", "propose", 1, 20, keccak(b"a"), 1_000, keccak(b"b"))
    settlement.confirm(proof.assertion_id)
    confirmed = _cost(outputs, "output confirmed", "confirm", proof.assertion_id)
    costs = []
    for withdrawal in withdrawals[:2]:
        prover = settlement.prove(withdrawal, proof)
        nodes = proof.outbox.proof(withdrawal.hash)
        arguments = (abi_tuple(withdrawal), proof.assertion_id, proof.preimage, nodes)
        proven = _cost(portal, f"withdrawal proven among {SLOTS:,}", "prove", *arguments)
        boa.env.time_travel(seconds=DELAY)
        portal.finalise(abi_tuple(withdrawal), prover)
        finalised = _cost(portal, "withdrawal of ether finalised", "finalise", abi_tuple(withdrawal), prover)
        costs = [proven, finalised]
    return [sent, proposed, confirmed, *costs]


def _second(contract: VyperContract, method: str, what: str, *arguments: object, value: int = 0) -> Cost:
    for _ in range(2):
        getattr(contract, method)(*arguments, value=value)
    return _cost(contract, what, method, *arguments)


def _cost(contract: VyperContract, what: str, method: str, *arguments: object) -> Cost:
    """Of the last call made, whose calldata these arguments make."""
    calldata = getattr(contract, method).prepare_calldata(*arguments)
    return Cost(what, contract._computation.get_gas_used(), calldata)


if __name__ == "__main__":
    main()
