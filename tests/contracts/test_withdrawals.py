"""Withdrawals in two steps: proven against an output, finalised once it is confirmed."""

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.crypto import keccak
from protocol.output_root import output_root
from protocol.types import Address, Hash32
from protocol.withdrawal import MAX_WITHDRAWAL_DATA_BYTES, Withdrawal, sent_slot
from tests.contracts.conftest import (
    BLOCK_HASH,
    DELAY,
    ETHER,
    STATE_ROOT,
    WINDOW,
    OutboxTrie,
    Proof,
    Settlement,
    abi_tuple,
    hex_address,
    raw_address,
    withdrawal_of,
)

MOCKS = "tests/contracts/mocks"


@pytest.fixture
def alice() -> str:
    return str(boa.env.generate_address("alice"))


@pytest.fixture
def funded(settlement: Settlement) -> Settlement:
    """The portal holds ether of deposits."""
    boa.env.set_balance(str(settlement.portal.address), 1_000 * ETHER)
    return settlement


@pytest.fixture
def target(settlement: Settlement) -> VyperContract:
    return boa.load(f"{MOCKS}/target.vy", settlement.portal)


@pytest.fixture
def withdrawal(funded: Settlement, alice: str) -> Withdrawal:
    """Alice takes one ether home."""
    return funded.send(alice, alice, ETHER)


def finalise(settlement: Settlement, withdrawal: Withdrawal, prover: str) -> None:
    settlement.portal.finalise(abi_tuple(withdrawal), prover)


# --- the outbox ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    messages=st.lists(
        st.tuples(
            st.binary(min_size=20, max_size=20),
            st.integers(0, 10**18),
            st.integers(0, 10_000_000),
            st.binary(max_size=200),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_outbox_records_each_withdrawal_where_python_looks_for_it(
    settlement: Settlement, alice: str, messages
) -> None:
    with boa.env.anchor():
        for nonce, (target, value, gas_limit, data) in enumerate(messages):
            withdrawal = settlement.send(alice, hex_address(target), value, data, gas_limit)
            assert withdrawal == Withdrawal(nonce, raw_address(alice), Address(target), value, gas_limit, data)
            slot = int.from_bytes(sent_slot(withdrawal.hash), "big")
            assert boa.env.get_storage(settlement.outbox.address, slot) == 1
            assert settlement.outbox.sent(withdrawal.hash)
        assert settlement.outbox.nonce() == len(messages)
        assert boa.env.get_storage(settlement.outbox.address, 1) == len(messages)


def test_the_hash_is_the_op_stacks(withdrawal: Withdrawal) -> None:
    fields = encode(["uint256", "address", "address", "uint256", "uint256", "bytes"], abi_tuple(withdrawal))
    assert withdrawal.hash == keccak(fields)


def test_ether_sent_to_the_outbox_goes_to_the_senders_own_address(settlement: Settlement, alice: str) -> None:
    boa.env.set_balance(alice, ETHER)
    settlement.outbox._computation = boa.env.execute_code(settlement.outbox.address, sender=alice, value=ETHER)
    assert withdrawal_of(settlement.outbox) == Withdrawal(
        0, raw_address(alice), raw_address(alice), ETHER, 100_000, b""
    )
    assert boa.env.get_balance(str(settlement.outbox.address)) == ETHER


def test_a_contract_must_say_who_gets_its_ether_on_l1(settlement: Settlement, alice: str) -> None:
    boa.env.set_balance(alice, ETHER)
    depositor = boa.load(f"{MOCKS}/depositor.vy")
    with boa.env.prank(alice), boa.reverts("outbox: a contract must name the receiver"):
        depositor.pay(settlement.outbox, value=1)


def test_a_gas_limit_that_l1_cannot_have_is_refused(settlement: Settlement, alice: str) -> None:
    settlement.send(alice, alice, gas_limit=10_000_000)
    with boa.reverts("outbox: gas limit over what L1 has"):
        settlement.send(alice, alice, gas_limit=10_000_001)


# --- the way of a withdrawal -----------------------------------------------------------------------------------------


def test_a_withdrawal_is_proven_and_after_its_window_paid(
    funded: Settlement, withdrawal: Withdrawal, alice: str
) -> None:
    prover = funded.prove_and_wait(withdrawal)
    proven = funded.portal.proven(withdrawal.hash, prover)
    assert (proven.at, proven.assertion_id) == (boa.env.evm.patch.timestamp - DELAY, 1)
    finalise(funded, withdrawal, prover)
    assert boa.env.get_balance(alice) == ETHER
    assert funded.portal.finalised(withdrawal.hash)
    assert boa.env.get_balance(str(funded.portal.address)) == 999 * ETHER


def test_a_withdrawal_may_be_proven_while_its_output_is_pending(
    funded: Settlement, withdrawal: Withdrawal, alice: str
) -> None:
    proof = funded.assert_outbox(withdrawal, confirm=False)
    prover = funded.prove(withdrawal, proof)
    boa.env.time_travel(seconds=WINDOW)
    with boa.reverts("portal: output is not confirmed"):
        finalise(funded, withdrawal, prover)
    funded.outputs.confirm(proof.assertion_id)
    finalise(funded, withdrawal, prover)
    assert boa.env.get_balance(alice) == ETHER


def test_the_delay_ends_at_its_second(funded: Settlement, withdrawal: Withdrawal) -> None:
    prover = funded.prove(withdrawal, funded.assert_outbox(withdrawal))
    boa.env.time_travel(seconds=DELAY - 1)
    with boa.reverts("portal: too early"):
        finalise(funded, withdrawal, prover)
    boa.env.time_travel(seconds=1)
    finalise(funded, withdrawal, prover)


def test_anyone_may_prove_and_anyone_may_finalise(funded: Settlement, withdrawal: Withdrawal, alice: str) -> None:
    proof = funded.assert_outbox(withdrawal)
    prover = funded.prove(withdrawal, proof, prover=str(boa.env.generate_address("helper")))
    boa.env.time_travel(seconds=DELAY)
    with boa.env.prank(str(boa.env.generate_address("stranger"))):
        finalise(funded, withdrawal, prover)
    assert boa.env.get_balance(alice) == ETHER


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 30), pick=st.integers(0, 29), data=st.binary(max_size=300))
def test_each_of_many_withdrawals_is_proven_under_one_output(
    funded: Settlement, alice: str, count: int, pick: int, data: bytes
) -> None:
    with boa.env.anchor():
        withdrawals = [funded.send(alice, alice, index, data) for index in range(count)]
        proof = funded.assert_outbox(*withdrawals)
        chosen = withdrawals[pick % count]
        prover = funded.prove(chosen, proof)
        boa.env.time_travel(seconds=DELAY)
        before = boa.env.get_balance(alice)
        finalise(funded, chosen, prover)
        assert boa.env.get_balance(alice) == before + chosen.value


def test_the_target_is_called_with_the_senders_name(funded: Settlement, target: VyperContract, alice: str) -> None:
    assert funded.portal.l2_sender() == "0x" + "00" * 20
    withdrawal = funded.send(alice, str(target.address), 5, target.record.prepare_calldata())
    finalise(funded, withdrawal, funded.prove_and_wait(withdrawal))
    assert (target.calls(), target.sender_seen(), boa.env.get_balance(str(target.address))) == (1, alice, 5)
    assert funded.portal.l2_sender() == "0x" + "00" * 20


def test_the_largest_message_is_delivered(funded: Settlement, target: VyperContract, alice: str) -> None:
    data = target.record.prepare_calldata()
    withdrawal = funded.send(alice, str(target.address), 0, data + bytes(MAX_WITHDRAWAL_DATA_BYTES - len(data)))
    finalise(funded, withdrawal, funded.prove_and_wait(withdrawal))
    assert target.calls() == 1


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_paid_once(funded: Settlement, withdrawal: Withdrawal, alice: str) -> None:
    prover = funded.prove_and_wait(withdrawal)
    finalise(funded, withdrawal, prover)
    with boa.reverts("portal: already finalised"):
        finalise(funded, withdrawal, prover)
    with boa.reverts("portal: already finalised"):
        funded.prove(withdrawal, funded.assert_outbox(withdrawal, parent=funded.outputs.latest_confirmed()))
    assert boa.env.get_balance(alice) == ETHER


def test_two_provers_do_not_make_two_claims(funded: Settlement, withdrawal: Withdrawal, alice: str) -> None:
    proof = funded.assert_outbox(withdrawal)
    provers = [funded.prove(withdrawal, proof, str(boa.env.generate_address(name))) for name in ("one", "two")]
    boa.env.time_travel(seconds=DELAY)
    finalise(funded, withdrawal, provers[0])
    with boa.reverts("portal: already finalised"):
        finalise(funded, withdrawal, provers[1])
    assert boa.env.get_balance(alice) == ETHER


def test_what_was_never_proven_is_not_finalised(funded: Settlement, withdrawal: Withdrawal, alice: str) -> None:
    funded.assert_outbox(withdrawal)
    boa.env.time_travel(seconds=DELAY)
    with boa.reverts("portal: not proven"):
        finalise(funded, withdrawal, alice)


@pytest.mark.parametrize("field", range(6))
def test_a_withdrawal_with_any_field_changed_is_another_one(
    funded: Settlement, withdrawal: Withdrawal, alice: str, field: int
) -> None:
    proof = funded.assert_outbox(withdrawal)
    other = str(boa.env.generate_address("mallory"))
    changed = list(abi_tuple(withdrawal))
    changed[field] = [withdrawal.nonce + 1, other, other, 2 * ETHER, 1, b"\1"][field]
    with boa.reverts("portal: not in the outbox"):
        funded.portal.prove(
            tuple(changed), proof.assertion_id, proof.preimage, proof.outbox.proof(_hash(tuple(changed)))
        )
    with boa.reverts():
        funded.portal.prove(tuple(changed), proof.assertion_id, proof.preimage, proof.outbox.proof(withdrawal.hash))


def _hash(fields: tuple[object, ...]) -> Hash32:
    return keccak(encode(["uint256", "address", "address", "uint256", "uint256", "bytes"], fields))


def test_an_output_without_the_withdrawal_proves_nothing(funded: Settlement, withdrawal: Withdrawal) -> None:
    stale = funded.assert_outbox()
    with boa.reverts("portal: not in the outbox"):
        funded.prove(withdrawal, stale)


def test_the_index_of_another_output_is_refused(funded: Settlement, withdrawal: Withdrawal) -> None:
    stale = funded.assert_outbox()
    fresh = funded.assert_outbox(withdrawal, parent=stale.assertion_id)
    with boa.reverts("portal: not the output's preimage"):
        funded.prove(withdrawal, fresh.under(stale.assertion_id))
    for unknown in (fresh.assertion_id + 1, 2**256 - 1):
        with boa.reverts("portal: output does not stand"):
            funded.prove(withdrawal, fresh.under(unknown))


@pytest.mark.parametrize("part", range(3))
def test_every_part_of_the_preimage_counts(funded: Settlement, withdrawal: Withdrawal, part: int) -> None:
    proof = funded.assert_outbox(withdrawal)
    parts = list(proof.preimage)
    parts[part] = keccak(parts[part])
    with boa.reverts("portal: not the output's preimage"):
        funded.prove(withdrawal, Proof(proof.assertion_id, (parts[0], parts[1], parts[2]), proof.outbox))


def test_a_rejected_output_proves_nothing(funded: Settlement, withdrawal: Withdrawal) -> None:
    proof = funded.assert_outbox(withdrawal, confirm=False)
    reject(funded, proof.assertion_id)
    with boa.reverts("portal: output does not stand"):
        funded.prove(withdrawal, proof)


def test_what_was_proven_under_an_output_that_is_then_rejected_is_proven_again(
    funded: Settlement, withdrawal: Withdrawal, alice: str
) -> None:
    prover = funded.prove(withdrawal, funded.assert_outbox(withdrawal, confirm=False))
    reject(funded, 1)
    boa.env.time_travel(seconds=WINDOW + DELAY)
    with boa.reverts("portal: output is not confirmed"):
        finalise(funded, withdrawal, prover)
    honest = str(boa.env.generate_address("honest"))
    trie = OutboxTrie(withdrawal.hash)
    again = funded.propose(output_root(STATE_ROOT, trie.root, BLOCK_HASH), 10, proposer=honest)
    funded.prove(withdrawal, Proof(again, (STATE_ROOT, trie.root, BLOCK_HASH), trie), prover)
    funded.confirm(again)
    finalise(funded, withdrawal, prover)
    assert boa.env.get_balance(alice) == ETHER


def test_an_output_in_dispute_pays_nothing(funded: Settlement, withdrawal: Withdrawal) -> None:
    proof = funded.assert_outbox(withdrawal, confirm=False)
    prover = funded.prove(withdrawal, proof)
    with boa.env.prank(funded.game):
        funded.outputs.open_challenge(proof.assertion_id)
    boa.env.time_travel(seconds=WINDOW + DELAY)
    with boa.reverts("outputs: a game is open"):
        funded.outputs.confirm(proof.assertion_id)
    with boa.reverts("portal: output is not confirmed"):
        finalise(funded, withdrawal, prover)


def reject(settlement: Settlement, assertion_id: int) -> None:
    with boa.env.prank(settlement.game):
        settlement.outputs.open_challenge(assertion_id)
        settlement.outputs.reject(assertion_id, str(boa.env.generate_address("challenger")))


def test_the_portal_itself_is_no_target(funded: Settlement, alice: str) -> None:
    withdrawal = funded.send(alice, str(funded.portal.address), 1)
    with boa.reverts("portal: target is the portal"):
        funded.prove(withdrawal, funded.assert_outbox(withdrawal))


def test_the_deposited_ether_of_others_is_all_there_is(settlement: Settlement, alice: str) -> None:
    boa.env.set_balance(str(settlement.portal.address), ETHER - 1)
    withdrawal = settlement.send(alice, alice, ETHER)
    prover = settlement.prove_and_wait(withdrawal)
    with boa.reverts("portal: call failed"):
        finalise(settlement, withdrawal, prover)
    boa.env.set_balance(str(settlement.portal.address), ETHER)
    finalise(settlement, withdrawal, prover)


# --- calls that fail, calls that come back ---------------------------------------------------------------------------


def test_a_call_that_fails_is_not_lost_and_can_be_tried_again(
    funded: Settlement, target: VyperContract, alice: str
) -> None:
    withdrawal = funded.send(alice, str(target.address), ETHER)
    prover = funded.prove_and_wait(withdrawal)
    target.refuse(True)
    for _ in range(2):
        with boa.reverts("portal: call failed"):
            finalise(funded, withdrawal, prover)
    assert not funded.portal.finalised(withdrawal.hash)
    target.refuse(False)
    finalise(funded, withdrawal, prover)
    assert boa.env.get_balance(str(target.address)) == ETHER


def test_reentering_finalise_from_the_call_pays_nothing_more(
    funded: Settlement, target: VyperContract, alice: str
) -> None:
    first = funded.send(alice, str(target.address), ETHER)
    second = funded.send(alice, str(target.address), ETHER)
    proof = funded.assert_outbox(first, second)
    prover = funded.prove(first, proof)
    funded.prove(second, proof, prover)
    boa.env.time_travel(seconds=DELAY)
    for again in (first, second):
        with boa.env.anchor():
            target.reenter_with(funded.portal.finalise.prepare_calldata(abi_tuple(again), prover))
            finalise(funded, first, prover)
            assert not target.reentry_succeeded()
            assert boa.env.get_balance(str(target.address)) == ETHER


def test_a_target_may_deposit_from_within_its_call(funded: Settlement, target: VyperContract, alice: str) -> None:
    withdrawal = funded.send(alice, str(target.address))
    target.reenter_with(funded.portal.deposit.prepare_calldata(alice, 0, 100_000, False, b""))
    finalise(funded, withdrawal, funded.prove_and_wait(withdrawal))
    assert target.reentry_succeeded()
    assert funded.portal.deposit_count() == 1


@pytest.mark.parametrize("gas_limit", [0, 21_000, 100_000, 1_000_000, 10_000_000])
def test_the_call_always_has_the_gas_it_was_promised(
    funded: Settlement, target: VyperContract, alice: str, gas_limit: int
) -> None:
    """With value, to a cold account, at every amount of gas near the least that is let through."""
    withdrawal = funded.send(alice, str(target.address), 1, target.record.prepare_calldata(), gas_limit)
    prover = funded.prove_and_wait(withdrawal)
    calldata = funded.portal.finalise.prepare_calldata(abi_tuple(withdrawal), prover)
    tried = 0
    for gas in range(gas_limit + gas_limit // 63 + 60_000, gas_limit + gas_limit // 63 + 400_000, 2_000):
        with boa.env.anchor():
            if not boa.env.execute_code(funded.portal.address, data=calldata, gas=gas).is_error:
                assert target.gas_seen() + 1_000 >= gas_limit  # the entry of the call has cost a little already
                tried += 1
        if tried == 5:
            break
    assert tried == 5


def test_a_finaliser_cannot_starve_the_call(funded: Settlement, target: VyperContract, alice: str) -> None:
    withdrawal = funded.send(alice, str(target.address), 0, target.swallow.prepare_calldata(), 400_000)
    prover = funded.prove_and_wait(withdrawal)
    calldata = funded.portal.finalise.prepare_calldata(abi_tuple(withdrawal), prover)
    for gas in range(100_000, 600_000, 10_000):
        with boa.env.anchor():
            boa.env.execute_code(funded.portal.address, data=calldata, gas=gas)
            assert target.inner_failures() == 0


def test_another_encoding_of_a_withdrawal_is_not_another_claim(
    funded: Settlement, withdrawal: Withdrawal, alice: str
) -> None:
    prover = funded.prove_and_wait(withdrawal)
    calldata = funded.portal.finalise.prepare_calldata(abi_tuple(withdrawal), prover)
    finalise(funded, withdrawal, prover)
    for other in (calldata + bytes(32), calldata + b"\1" * 64, calldata[:100] + b"\1" + calldata[101:]):
        assert boa.env.execute_code(funded.portal.address, data=other).is_error
    assert boa.env.get_balance(alice) == ETHER


def test_a_proof_in_the_mempool_is_worth_nothing_to_who_copies_it(
    funded: Settlement, withdrawal: Withdrawal, alice: str
) -> None:
    """Front-running: whoever proves or finalises first, the ether goes where the withdrawal says, and at no delay."""
    proof = funded.assert_outbox(withdrawal)
    mallory = str(boa.env.generate_address("mallory"))
    funded.prove(withdrawal, proof, mallory)
    prover = funded.prove(withdrawal, proof)
    boa.env.time_travel(seconds=DELAY - 1)
    funded.prove(withdrawal, proof, mallory)
    boa.env.time_travel(seconds=1)
    with boa.env.prank(mallory):
        finalise(funded, withdrawal, prover)
    assert (boa.env.get_balance(alice), boa.env.get_balance(mallory)) == (ETHER, 0)


def test_proving_and_finalising_cost_what_they_should(funded: Settlement, withdrawal: Withdrawal) -> None:
    prover = funded.prove_and_wait(withdrawal)
    assert funded.portal._computation.get_gas_used() < 80_000
    finalise(funded, withdrawal, prover)
    assert funded.portal._computation.get_gas_used() < 75_000


@pytest.mark.parametrize(("field", "message"), [(0, "portal: no outputs"), (1, "portal: no delay")])
def test_a_portal_without_a_part_is_not_deployed(settlement: Settlement, field: int, message: str) -> None:
    arguments = [settlement.outputs, DELAY, 8_000_000]
    arguments[field] = ["0x" + "00" * 20, 0][field]
    with boa.reverts(message):
        boa.load("contracts/l1/portal.vy", *arguments)
