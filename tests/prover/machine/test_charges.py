"""Chains that charge more than gas, and whose settings change: the machine makes the chain that everybody derives."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.config_changes import Knob, change_preimage, next_change_accumulator
from protocol.crypto import private_key_address
from protocol.deposit import Deposit
from protocol.extra_data import is_plain
from protocol.fee_terms import L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT, FeeKnobs
from protocol.types import ZERO_HASH
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.chain import settings_of, start_chain
from prover.commitments.chain_structures import ChangeLink
from prover.commitments.structures import NOTHING, Receipt, TxBoundary
from prover.machine.chain_settings import changed
from prover.machine.step import resume, step
from prover.machine.vm import BEGIN, BLOCK_DONE, DONE, NEXT_ITEM, OUTPUT, PHASE_NAMES
from tests.prover.chains import (
    KEYS,
    LOGGER,
    RECEIVER,
    Chain,
    fresh_chain,
    random_change,
    random_fee_chain,
    transfer,
)
from tests.prover.machine.test_blocks import blocks_of, check

EVERY_FEE = FeeKnobs(RECEIVER, 2_000_000, 10**12, 1_000_000, 3_000_000)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_machine_makes_the_chain_that_is_derived_whatever_it_charges(seed):
    check(random_fee_chain(Random(seed)))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_machine_makes_the_chain_that_is_derived_whatever_governance_changes(seed):
    check(random_fee_chain(Random(seed), changing=0.4))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_step_of_a_chain_with_fees_and_changes_is_judged_alike(seed):
    check(random_fee_chain(Random(seed), l1_blocks=6, changing=0.4), judged=True)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 11))
def test_a_trace_that_begins_in_the_middle_knows_the_settings_that_held_there(seed, cut):
    """Changes before the agreed block's origin, after it, and in it; in force already or not yet."""
    whole = random_fee_chain(Random(seed), changing=0.5)
    first = random_fee_chain(Random(seed), l1_blocks=cut, changing=0.5)
    assert whole.headers[: len(first.headers)] == first.headers
    state = first.state
    outbox = state.account(OUTBOX_ADDRESS)
    assert outbox is not None
    claim = replace(
        whole.claim(),
        ancestors=first.headers[-256:],
        outbox_root=outbox.storage_root,
        parent_l1_hash=first.l1[-1].header.hash,
    )
    blocks, output = blocks_of(start_chain(claim, state.code, state.node))
    assert [block.hash for block in blocks] == [header.hash for header in whole.headers[first.tip.number :]]
    assert (output.number, output.root) == whole.output()


def test_random_chains_hold_every_kind_of_charge_and_change():
    seen: Counter[str] = Counter()
    for seed in range(20):
        chain = random_fee_chain(Random(seed), changing=0.4)
        vm = chain.machine()
        seen["changed while empty"] += not is_plain(chain.tip.extra_data)
        while vm.phase != OUTPUT:
            resume(vm)
            while vm.phase not in (DONE, OUTPUT) and vm.phase != BLOCK_DONE:
                before, phase = vm.cursor, vm.phase
                step(vm)
                seen[f"{PHASE_NAMES[phase]} to {PHASE_NAMES[vm.phase]}"] += 1
                if isinstance(before, TxBoundary) and phase == BEGIN and before.l1_fee:
                    seen["skipped" if vm.phase == DONE else "paid"] += 1
    wanted = ["config walk to config walk", "terms to system write", "next item to price", "item hash to price"]
    wanted += ["price to begin", "origin to terms", "origin to system write", "skipped", "paid", "changed while empty"]
    assert all(seen[name] > 2 for name in wanted), seen


# --- a chain where it is known who gets what -------------------------------------------------------------------------


def charging_chain(**fields: object) -> Chain:
    """Two transfers under every fee, with a deposit in the same block."""
    chain = fresh_chain(fees=EVERY_FEE, **fields)  # type: ignore[arg-type]
    chain.prices = (10**9, 10**7)
    transactions = tuple(transfer(chain, KEYS[0], LOGGER, data=b"\0\1\2") for _ in range(2))
    forced = Deposit(0, private_key_address(KEYS[1]), LOGGER, 0, 0, 100_000, b"")
    chain.feed([forced], [encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 2**60, transactions),)))])
    return chain


def test_each_fee_goes_to_who_receives_it_and_the_terms_take_no_gas():
    chain = charging_chain()
    check(chain, judged=True)
    header = chain.tip
    assert header.number == 1
    # The blob base fee at an excess of 10^7 is e^2 of a wei, rounded down.
    l1_price = 16 * 1_000_000 * 10**9 + 3_000_000 * 7
    raws = [transfer(chain, KEYS[0], LOGGER, data=b"\0\1\2", nonce=nonce) for nonce in range(2)]
    l1_fees = sum((4 * raw.count(0) + 16 * (len(raw) - raw.count(0))) * l1_price // 16_000_000 for raw in raws)
    assert balance(chain, L1_FEE_RECIPIENT) == l1_fees
    paid_gas, rest = divmod(balance(chain, RECEIVER), header.base_fee_per_gas)
    assert rest == 0
    assert balance(chain, OPERATOR_FEE_RECIPIENT) == sum(2 * gas + 10**12 for gas in (paid_gas // 2,) * 2)
    [terms, forced, *paid] = receipts_of(chain)
    assert (terms.cumulative_gas_used, terms.status) == (0, True)
    assert paid[-1].cumulative_gas_used == header.gas_used == forced.cumulative_gas_used + paid_gas


def balance(chain: Chain, address):
    account = chain.state.account(address)
    return 0 if account is None else account.balance


def receipts_of(chain: Chain) -> list[Receipt]:
    vm = chain.machine()
    link = None
    while vm.phase != OUTPUT:
        resume(vm)
        while vm.phase not in (DONE, OUTPUT) and vm.phase != BLOCK_DONE:
            step(vm)
            if vm.phase == NEXT_ITEM or vm.phase == DONE:
                assert isinstance(vm.cursor, TxBoundary)
                link = vm.cursor.receipts
    found = []
    while isinstance(link, Receipt):
        found.append(link)
        link = link.below
    return found[::-1]


def test_who_cannot_pay_the_charges_is_skipped():
    chain = fresh_chain(fees=FeeKnobs(operator_fee_constant=2**64 - 1))
    rich, poor = KEYS[0], KEYS[1]
    # The balance is 10^20 wei, the fee 1.8 * 10^19.
    transactions = (
        transfer(chain, poor, LOGGER, value=10**20 - 2**64),
        transfer(chain, rich, LOGGER),
    )
    chain.feed(batches=[encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 2**60, transactions),)))])
    check(chain, judged=True)
    accounts = [chain.state.account(private_key_address(key)) for key in (poor, rich)]
    assert [account and account.nonce for account in accounts] == [0, 1]
    assert balance(chain, OPERATOR_FEE_RECIPIENT) == 2**64 - 1


def test_free_gas_is_free_and_a_fixed_base_fee_stays():
    for minimum in (0, 5):
        chain = fresh_chain(min_base_fee=minimum, is_fixed=True)
        tx = transfer(chain, KEYS[0], LOGGER, max_fee_per_gas=minimum + 1)
        chain.feed(batches=[encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0, (tx,)),)))])
        check(chain, judged=True)
        assert (chain.tip.base_fee_per_gas, chain.tip.gas_used > 21_000) == (minimum, True)


def test_a_change_holds_from_the_first_block_of_its_origin_and_moves_the_base_fee_of_the_next():
    chain = fresh_chain()
    for changes in ([], [(Knob.MIN_BASE_FEE, 3 * 10**9), (Knob.GAS_LIMIT, 3_000_000)], []):
        claim = BlockClaim(chain.tip.timestamp + 1, 2**60)
        chain.feed(batches=[encode_batch(Batch(chain.tip.number + 1, (claim,)))], changes=changes)
    check(chain, judged=True)
    assert [is_plain(header.extra_data) for header in chain.headers] == [True, True, False, False]
    assert [header.gas_limit for header in chain.headers] == [2_000_000, 2_000_000, 3_000_000, 3_000_000]
    assert [header.base_fee_per_gas == 3 * 10**9 for header in chain.headers] == [False, False, False, True]


def test_changes_at_or_before_the_chains_own_beginning_are_the_launchs_business():
    chain = fresh_chain()
    genesis = chain.l1[0].header.number
    chain.accumulators[2] = next_change_accumulator(ZERO_HASH, Knob.GAS_LIMIT, 7_000_000, genesis)
    chain.l1_nodes[chain.accumulators[2]] = change_preimage(ZERO_HASH, Knob.GAS_LIMIT, 7_000_000, genesis)
    chain.feed(batches=[encode_batch(Batch(1, (BlockClaim(chain.tip.timestamp + 1, 0),)))])
    assert chain.tip.gas_limit == 2_000_000
    check(chain, judged=True)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_change_does_to_the_machines_settings_what_it_does_to_the_nodes(seed):
    random = Random(seed)
    chain = fresh_chain()
    node = chain.config.settings
    machine = settings_of(node)
    for index in range(6):
        knob, setting = random_change(random)
        chain.feed(changes=[(knob, setting)])
        [change] = chain.l1[-1].changes
        machine = changed(machine, ChangeLink(NOTHING, index, change.knob, change.setting))
        assert chain.settings is not None
        assert machine == settings_of(chain.settings)
