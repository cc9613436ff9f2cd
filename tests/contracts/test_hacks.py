"""Known hacks: each attack fails here, and works on the same contracts with the one defect of `vulnerable/`.

An attack returns whether it reached its end. That it does so on the variant shows that it would be noticed here.
"""

from collections.abc import Callable
from pathlib import Path

import boa
import pytest
from boa import BoaError
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_utils.address import to_checksum_address

from node.artifacts import SOURCES
from protocol.bridge import L2_BRIDGE_ADDRESS
from protocol.crypto import keccak
from protocol.deposit import aliased
from protocol.output_root import output_root
from protocol.rlp_codec import encode as rlp_encode
from protocol.types import Hash32
from protocol.withdrawal import Withdrawal, sent_slot
from tests.contracts.conftest import (
    BLOCK_HASH,
    BOND,
    DELAY,
    DEPOSIT_GAS_LIMIT,
    ETHER,
    STATE_ROOT,
    VULNERABLE,
    WINDOW,
    OutboxTrie,
    Proof,
    Settlement,
    abi_tuple,
    deploy,
    deployer,
    deposit_of,
    hex_address,
    raw_address,
    withdrawal_of,
)

# boa remarks that a proxy's code is not the code behind it.
pytestmark = pytest.mark.filterwarnings("ignore:casted bytecode does not match")

MOCKS = SOURCES.parent / "tests" / "contracts" / "mocks"
NOBODY = "0x" + "00" * 20

Attack = Callable[[Settlement, Path], bool]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    """Register an attack under its name, which is also that of the defect it needs."""
    ATTACKS[function.__name__] = function
    return function


def account(name: str) -> str:
    return to_checksum_address(keccak(name.encode())[12:])


def goes_through(call: Callable[[], object]) -> bool:
    try:
        call()
    except BoaError:
        return False
    return True


def forged(settlement: Settlement) -> Withdrawal:
    """All of the portal's ether, to Mallory, never sent on L2."""
    mallory = raw_address(account("mallory"))
    return Withdrawal(7, mallory, mallory, boa.env.get_balance(str(settlement.portal.address)), 0, b"")


def is_stolen(settlement: Settlement, withdrawal: Withdrawal, prover: str) -> bool:
    boa.env.time_travel(seconds=WINDOW + DELAY)
    return goes_through(lambda: settlement.portal.finalise(abi_tuple(withdrawal), prover))


def target_of(settlement: Settlement) -> VyperContract:
    return deployer(MOCKS / "target.vy").deploy(settlement.portal)


def odd_token(settlement: Settlement, owner: str, fee: int = 0) -> VyperContract:
    token = deployer(MOCKS / "odd_token.vy").deploy(fee, 1, b"", b"")
    token.give(owner, 1_000)
    with boa.env.prank(owner):
        token.approve(settlement.bridge, 2**255)
    return token


# --- proofs ----------------------------------------------------------------------------------------------------------


@attack
def unproven_is_final(settlement: Settlement, _sources: Path) -> bool:
    return is_stolen(settlement, forged(settlement), NOBODY)


@attack
def zero_root_at_genesis(settlement: Settlement, sources: Path) -> bool:
    source = deployer(sources / "l1" / "outputs.vy")
    return goes_through(lambda: source.deploy(settlement.config, settlement.game, BOND, WINDOW, False, bytes(32)))


@attack
def caller_supplies_the_root(settlement: Settlement, _sources: Path) -> bool:
    withdrawal = forged(settlement)
    trie = OutboxTrie(withdrawal.hash)
    proof = Proof(0, (STATE_ROOT, trie.root, BLOCK_HASH), trie)
    return goes_through(lambda: settlement.prove(withdrawal, proof, account("mallory")))


@attack
def absence_is_presence(settlement: Settlement, _sources: Path) -> bool:
    honest = settlement.assert_outbox(settlement.send(account("alice"), account("alice"), 1))
    return goes_through(lambda: settlement.prove(forged(settlement), honest, account("mallory")))


@attack
def nodes_are_not_hashed(settlement: Settlement, _sources: Path) -> bool:
    withdrawal = forged(settlement)
    honest = settlement.assert_outbox(settlement.send(account("alice"), account("alice"), 1))
    leaf = rlp_encode([b"\x20" + keccak(sent_slot(withdrawal.hash)), b"\x01"])
    return goes_through(
        lambda: settlement.portal.prove(abi_tuple(withdrawal), honest.assertion_id, honest.preimage, leaf)
    )


# --- payments --------------------------------------------------------------------------------------------------------


@attack
def paid_twice(settlement: Settlement, _sources: Path) -> bool:
    mallory = account("mallory")
    withdrawal = settlement.send(mallory, mallory, ETHER)
    prover = settlement.prove_and_wait(withdrawal)
    settlement.portal.finalise(abi_tuple(withdrawal), prover)
    return is_stolen(settlement, withdrawal, prover)


@attack
def reentrant_finalise(settlement: Settlement, _sources: Path) -> bool:
    target = target_of(settlement)
    withdrawal = settlement.send(account("mallory"), str(target.address), ETHER)
    prover = settlement.prove_and_wait(withdrawal)
    target.reenter_with(settlement.portal.finalise.prepare_calldata(abi_tuple(withdrawal), prover))
    settlement.portal.finalise(abi_tuple(withdrawal), prover)
    return boa.env.get_balance(str(target.address)) > ETHER


@attack
def rejected_output_pays(settlement: Settlement, _sources: Path) -> bool:
    withdrawal = forged(settlement)
    trie = OutboxTrie(withdrawal.hash)
    lie = settlement.propose(output_root(STATE_ROOT, trie.root, BLOCK_HASH), 10, proposer=account("mallory"))
    prover = settlement.prove(withdrawal, Proof(lie, (STATE_ROOT, trie.root, BLOCK_HASH), trie), account("mallory"))
    with boa.env.prank(settlement.game):
        settlement.outputs.open_challenge(lie)
        settlement.outputs.reject(lie, account("challenger"))
    return is_stolen(settlement, withdrawal, prover)


@attack
def failed_call_is_final(settlement: Settlement, _sources: Path) -> bool:
    target = target_of(settlement)
    withdrawal = settlement.send(account("alice"), str(target.address), ETHER)
    prover = settlement.prove_and_wait(withdrawal)
    target.refuse(True)
    goes_through(lambda: settlement.portal.finalise(abi_tuple(withdrawal), prover))
    target.refuse(False)
    goes_through(lambda: settlement.portal.finalise(abi_tuple(withdrawal), prover))
    return boa.env.get_balance(str(target.address)) == 0


@attack
def starved_call(settlement: Settlement, _sources: Path) -> bool:
    target = target_of(settlement)
    withdrawal = settlement.send(
        account("alice"), str(target.address), 0, target.swallow.prepare_calldata(), gas_limit=400_000
    )
    prover = settlement.prove_and_wait(withdrawal)
    calldata = settlement.portal.finalise.prepare_calldata(abi_tuple(withdrawal), prover)
    for gas in range(100_000, 300_000, 5_000):
        boa.env.execute_code(settlement.portal.address, data=calldata, gas=gas)
        if settlement.portal.finalised(withdrawal.hash):
            break
    return bool(target.inner_failures() == 1)


@attack
def one_proof_for_all(settlement: Settlement, _sources: Path) -> bool:
    """Mallory proves again, just before Alice may finalise."""
    alice = account("alice")
    withdrawal = settlement.send(alice, alice, ETHER)
    proof = settlement.assert_outbox(withdrawal)
    settlement.prove(withdrawal, proof, alice)
    boa.env.time_travel(seconds=DELAY - 1)
    settlement.prove(withdrawal, proof, account("mallory"))
    boa.env.time_travel(seconds=1)
    return not goes_through(lambda: settlement.portal.finalise(abi_tuple(withdrawal), alice))


# --- deposits --------------------------------------------------------------------------------------------------------


@attack
def no_alias(settlement: Settlement, _sources: Path) -> bool:
    """A contract on L1, at an address that someone else has on the rollup, takes that account's ether there."""
    contract = deployer(MOCKS / "depositor.vy").deploy()
    calldata = settlement.portal.deposit.prepare_calldata(account("mallory"), ETHER, 100_000, False, b"")
    contract.forward(settlement.portal, calldata)
    return deposit_of(contract).sender == raw_address(contract.address)


@attack
def unmetered_deposits(settlement: Settlement, _sources: Path) -> bool:
    def deposit() -> None:
        settlement.portal.deposit(NOBODY, 0, DEPOSIT_GAS_LIMIT - 10_000, False, b"")

    deposit()
    return goes_through(deposit)


@attack
def free_deposit_gas(settlement: Settlement, _sources: Path) -> bool:
    for _ in range(40):
        settlement.portal.deposit(NOBODY, 0, DEPOSIT_GAS_LIMIT, False, b"")
        boa.env.time_travel(blocks=1)
    settlement.portal.deposit(NOBODY, 0, DEPOSIT_GAS_LIMIT, False, b"")
    return bool(settlement.portal._computation.get_gas_used() < 30_000_000)


# --- bridge ----------------------------------------------------------------------------------------------------------


@attack
def fee_credited(settlement: Settlement, _sources: Path) -> bool:
    alice = account("alice")
    token = odd_token(settlement, alice, fee=10)
    with boa.env.prank(alice):
        settlement.bridge.deposit(token, alice, 100)
    return bool(settlement.bridge.locked(token) > token.balanceOf(settlement.bridge))


@attack
def reentrant_bridge(settlement: Settlement, _sources: Path) -> bool:
    mallory = account("mallory")
    token = odd_token(settlement, mallory)
    token.give(token.address, 500)
    boa.env.execute_code(
        str(token.address),
        sender=str(token.address),
        data=token.approve.prepare_calldata(settlement.bridge.address, 2**255),
    )
    inner = settlement.bridge.deposit.prepare_calldata(token.address, mallory, 500)
    token.call_on_transfer(settlement.bridge, inner)
    with boa.env.prank(mallory):
        settlement.bridge.deposit(token, mallory, 100)
    return bool(settlement.bridge.locked(token) > token.balanceOf(settlement.bridge))


def _release(settlement: Settlement, sender: str, amount: int) -> bool:
    """Have the portal call the bridge for `sender`, of whose tokens 100 are locked and 50 more are there."""
    alice, mallory = account("alice"), account("mallory")
    token = odd_token(settlement, alice)
    with boa.env.prank(alice):
        settlement.bridge.deposit(token, alice, 100)
    token.give(settlement.bridge, 50)
    calldata = settlement.bridge.finalise_withdrawal.prepare_calldata(token.address, alice, mallory, amount)
    withdrawal = settlement.send(sender, str(settlement.bridge.address), 0, calldata)
    prover = settlement.prove_and_wait(withdrawal)
    goes_through(lambda: settlement.portal.finalise(abi_tuple(withdrawal), prover))
    return bool(token.balanceOf(mallory) == amount)


@attack
def any_sender_releases(settlement: Settlement, _sources: Path) -> bool:
    return _release(settlement, account("mallory"), 100)


@attack
def unbounded_release(settlement: Settlement, _sources: Path) -> bool:
    return _release(settlement, hex_address(L2_BRIDGE_ADDRESS), 150)


@attack
def any_caller_mints(settlement: Settlement, _sources: Path) -> bool:
    mallory = account("mallory")
    arguments = (account("token"), mallory, mallory, 10**30, bytes(32), bytes(32), 18)
    with boa.env.prank(hex_address(aliased(raw_address(mallory)))):
        return goes_through(lambda: settlement.l2_bridge.finalise_deposit(*arguments))


# --- outputs and settings --------------------------------------------------------------------------------------------


@attack
def free_self_challenge(settlement: Settlement, _sources: Path) -> bool:
    mallory = account("mallory")
    assertion_id = settlement.propose(keccak(b"a lie"), 10, proposer=mallory)
    with boa.env.prank(settlement.game):
        settlement.outputs.open_challenge(assertion_id)
        settlement.outputs.reject(assertion_id, mallory)
    return bool(settlement.outputs.credits(mallory) == BOND)


@attack
def confirmed_in_dispute(settlement: Settlement, _sources: Path) -> bool:
    assertion_id = settlement.propose(keccak(b"a lie"), 10)
    with boa.env.prank(settlement.game):
        settlement.outputs.open_challenge(assertion_id)
    return goes_through(lambda: settlement.confirm(assertion_id))


@attack
def bonded_twice(settlement: Settlement, _sources: Path) -> bool:
    settlement.propose(keccak(b"root"), 10)
    return goes_through(lambda: settlement.propose(keccak(b"root"), 10))


@attack
def reorganised_l1(settlement: Settlement, _sources: Path) -> bool:
    boa.env.set_balance(settlement.proposer, BOND)
    number = boa.env.evm.patch.block_number - 1
    with boa.env.prank(settlement.proposer):
        return goes_through(
            lambda: settlement.outputs.propose(0, 10, keccak(b"root"), number, keccak(b"orphan"), value=BOND)
        )


@attack
def zero_key(settlement: Settlement, _sources: Path) -> bool:
    with boa.env.prank(settlement.owner):
        return goes_through(lambda: settlement.config.schedule(0, 0))


@attack
def instant_change(settlement: Settlement, _sources: Path) -> bool:
    with boa.env.prank(settlement.owner):
        settlement.config.schedule(0, int(account("mallory"), 16))
    goes_through(lambda: settlement.config.apply(0))
    return bool(settlement.config.batcher() == account("mallory"))


# --- the tests -------------------------------------------------------------------------------------------------------


def run(name: str, sources: Path) -> bool:
    with boa.env.anchor():
        settlement = deploy(sources)
        boa.env.set_balance(str(settlement.portal.address), 100 * ETHER)
        return ATTACKS[name](settlement, sources)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_fails(name: str) -> None:
    assert not run(name, SOURCES)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_works_on_the_vulnerable_variant(name: str, defective: Callable[[str], Path]) -> None:
    assert run(name, defective(name))


def test_every_vulnerable_variant_has_its_attack() -> None:
    assert {path.stem for path in VULNERABLE.iterdir()} == set(ATTACKS)


def test_a_withdrawal_of_one_chain_is_nothing_to_another_chains_portal(settlement: Settlement) -> None:
    """Replay across chains: same contracts, same predeploys, other outputs."""
    boa.env.set_balance(str(settlement.portal.address), ETHER)
    alice = account("alice")
    withdrawal = settlement.send(alice, alice, ETHER)
    proof = settlement.assert_outbox(withdrawal)
    outputs = deployer(SOURCES / "l1" / "outputs.vy").deploy(
        settlement.config,
        settlement.game,
        BOND,
        WINDOW,
        False,
        output_root(STATE_ROOT, Hash32(keccak(b"")), BLOCK_HASH),
    )
    portal = deployer(SOURCES / "l1" / "portal.vy").deploy(outputs, DELAY, DEPOSIT_GAS_LIMIT)
    for assertion_id in (0, proof.assertion_id):
        with boa.reverts():
            portal.prove(abi_tuple(withdrawal), assertion_id, proof.preimage, proof.outbox.proof(withdrawal.hash))
    prover = settlement.prove(withdrawal, proof)
    boa.env.time_travel(seconds=DELAY)
    with boa.reverts("portal: not proven"):
        portal.finalise(abi_tuple(withdrawal), prover)


def test_a_bridge_withdrawal_cannot_be_claimed_under_another_bridges_name(settlement: Settlement) -> None:
    """The L2 sender is part of the hash: what another contract sent does not speak for the L2 end."""
    alice = account("alice")
    token = odd_token(settlement, alice)
    with boa.env.prank(alice):
        settlement.bridge.deposit(token, alice, 100)
    assert settlement.run_deposit(deposit_of(settlement.bridge))
    with boa.env.prank(alice):
        settlement.l2_bridge.withdraw(settlement.l2_bridge.image_of(token), alice, 100)
    genuine = withdrawal_of(settlement.l2_bridge)
    proof = settlement.assert_outbox(genuine)
    changed = list(abi_tuple(genuine))
    changed[1] = account("mallory")
    with boa.reverts():
        settlement.portal.prove(tuple(changed), proof.assertion_id, proof.preimage, proof.outbox.proof(genuine.hash))
