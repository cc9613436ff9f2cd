"""Defects put into what charges fees and follows settings: honest steps and changed witnesses notice each."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.config_changes import ConfigChange, Knob, next_change_accumulator
from protocol.types import ZERO_HASH
from prover.chain import start_chain
from prover.commitments.tape import Witness
from prover.machine.vm import BEGIN, CONFIG_WALK, END, ORIGIN, PHASE_NAMES, PRICE, SEAL, TERMS, VM
from prover.vyper_referee import VyperReferee
from tests.prover.chains import KEYS, LOGGER, fresh_chain, transfer
from tests.prover.machine.test_charges import EVERY_FEE
from tests.prover.test_defects import attacks
from tests.prover.vyper.put_in import WITNESS_DECIDES, defective, fault_of, referee_of
from tests.prover.vyper.test_chains import Step, steps_of

HONEST = "an honest step is"
"""Either of the two: what is paid differs, and so does what has to be opened for it."""

OWN = {
    "terms": (CONFIG_WALK, TERMS, PRICE),
    "transactions": (END,),
    "begin": (BEGIN,),
    "derivation": (ORIGIN,),
    "block_end": (SEAL,),
}
UNCHECKED = "tag: bytes32 = empty(bytes32)\n"
CHECKED = 'assert keccak256(preimage) == digest, "layout: preimage"\n    ' + UNCHECKED
DEFECTS = {
    "any bytes are priced": (
        "terms",
        "terms",
        'assert keccak256(code) == boundary.item, "proof: transaction"',
        "pass",
        WITNESS_DECIDES,
    ),
    "changes are not hashed": (
        "terms",
        "terms",
        'assert keccak256(preimage) == boot.next, "proof: not of this chain"',
        "pass",
        WITNESS_DECIDES,
    ),
    "charges are not hashed": (
        "transactions",
        "layout",
        CHECKED + "    x: Charges =",
        UNCHECKED + "    x: Charges =",
        WITNESS_DECIDES,
    ),
    "settings are not hashed": (
        "derivation",
        "layout",
        CHECKED + "    x: Settings =",
        UNCHECKED + "    x: Settings =",
        WITNESS_DECIDES,
    ),
    "changes from before the chain count": ("terms", "terms", "if entry[3] > rules.l1_genesis:", "if True:", HONEST),
    "changes hold before their origin": ("terms", "terms", " or change.l1_number > boot.origin:", ":", HONEST),
    "L1's base fee has another weight": ("terms", "terms", "            BASE_FEE_WEIGHT * chosen.", "chosen.", HONEST),
    "blobs are free": ("terms", "terms", "term = term * excess // (index * fraction)", "term = 0", HONEST),
    "zero bytes cost like others": ("terms", "terms", "GAS_ZERO_BYTE * zeros", "GAS_BYTE * zeros", HONEST),
    "the operator keeps what was not used": (
        "transactions",
        "transactions",
        "back += self._operator_fee(boundary.operator_fee, context.gas_limit) - owed",
        "pass",
        HONEST,
    ),
    "the operator gets L1's fee": (
        "transactions",
        "transactions",
        "charges.l1_fee_recipient, boundary.l1_fee",
        "charges.operator_fee_recipient, boundary.l1_fee",
        HONEST,
    ),
    "the base fee burns": ("transactions", "transactions", "if charges.base_fee_recipient != 0:", "if False:", HONEST),
    "terms take gas": ("transactions", "transactions", "            used = 0", "            pass", HONEST),
    "charges are not taken": (
        "begin",
        "begin",
        "            + self._charged(boundary, context)\n",
        "",
        HONEST,
    ),
    "who cannot pay is let in": (
        "begin",
        "begin",
        "if balance < charged or balance - charged < context.value:\n        return False\n"
        "    left: uint256 = balance - charged - context.value",
        "if balance < context.value:\n        return False\n    left: uint256 = balance - context.value",
        HONEST,
    ),
    "changes are passed over": (
        "derivation",
        "derivation",
        "plan.settings = settings._changed(chosen, change)",
        "pass",
        HONEST,
    ),
    "a change moves the base fee at once": (
        "derivation",
        "derivation",
        "self._next_base_fee(parent, before,",
        "self._next_base_fee(parent, chosen,",
        HONEST,
    ),
    "changed rules are not said": (
        "block_end",
        "block_end",
        "and chosen.min_base_fee == launched.min_base_fee",
        "",
        HONEST,
    ),
    "charging blocks are plain": ("block_end", "block_end", "boundary.charges == empty(bytes32)", "True", HONEST),
}
QUICK = ("any bytes are priced",)
"""Each takes seconds to compile, so the others are for the slow run."""


def charging() -> VM:
    """Every fee, and one who cannot pay them; a change of settings later."""
    chain = fresh_chain(fees=replace(EVERY_FEE, operator_fee_constant=10**19))
    chain.prices = (10**9, 10**7)
    for changes in ([], [(Knob.MIN_BASE_FEE, 3 * 10**9)]):
        paying, poor = (transfer(chain, key, LOGGER, data=b"\0\1", value=value) for key, value in PAYMENTS)
        claim = BlockClaim(chain.tip.timestamp + 1, 2**60, (paying, poor))
        chain.feed(batches=[encode_batch(Batch(chain.tip.number + 1, (claim,)))], changes=changes)
    return chain.machine()


PAYMENTS = ((KEYS[0], 1), (KEYS[1], 10**20 - 10**18))


def plain() -> VM:
    """No fees; settings that were changed before the chain began, and after it."""
    chain = fresh_chain()
    genesis = chain.l1[0].header.number
    early = ConfigChange(len(Knob), Knob.GAS_LIMIT, 7_000_000)
    chain.accumulators[2] = next_change_accumulator(ZERO_HASH, early.knob, early.setting, genesis)
    for _ in range(2):
        batch = encode_batch(Batch(chain.tip.number + 1, (BlockClaim(chain.tip.timestamp + 1, 2**60),)))
        chain.feed(batches=[batch], changes=[(Knob.MIN_BASE_FEE, 3 * 10**9 + chain.tip.number)])
    claim = replace(chain.claim(), changes_before=[(genesis, early)])
    return start_chain(claim, chain.genesis_state.code, chain.genesis_state.node)


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    wanted = {phase for phases in OWN.values() for phase in phases}
    return [step for vm in (charging(), plain()) for step in steps_of(vm) if step[0] in wanted]


def within(witness: Witness) -> Iterator[Witness]:
    """Other transactions, and structures with one of their words zeroed."""
    yield replace(witness, codes=tuple(bytes(len(code)) for code in witness.codes))
    for index, preimage in enumerate(witness.preimages):
        for at in range(32, len(preimage) if len(preimage) < 400 else 0, 32):
            other = preimage[:at] + bytes(32) + preimage[at + 32 :]
            yield replace(witness, preimages=(*witness.preimages[:index], other, *witness.preimages[index + 1 :]))


def notices(library: VyperReferee, own: tuple[int, ...], steps: list[Step]) -> str:
    """The first thing that goes wrong; empty if nothing does."""
    attacked = set()
    for phase, before, witness, after in steps:
        if phase not in own:
            continue
        shape = phase, len(witness.preimages), len(witness.codes)
        changed = () if shape in attacked else (*attacks(witness), *within(witness))
        attacked.add(shape)
        fault = fault_of(library, before, witness, after, changed)
        if fault is not None:
            return f"{PHASE_NAMES[phase]}: {fault}"
    return ""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in DEFECTS]
)
def test_a_library_with_the_defect_is_noticed(tmp_path, steps, name):
    library, file, right, wrong, words = DEFECTS[name]
    assert words in notices(defective(tmp_path, library, file, right, wrong), OWN[library], steps)


@pytest.mark.parametrize("library", OWN)
def test_without_a_defect_there_is_nothing_to_notice(steps, library):
    assert notices(referee_of(library), OWN[library], steps) == ""
