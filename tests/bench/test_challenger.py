"""What a challenger needs: blocks that are what they are called, and rows that say whether the target is met."""

import pytest

from bench import heavy_blocks
from bench.challenger import BLOCK, measure
from bench.heavy_blocks import GAS, block_of
from bench.measures.proof import challenger_rows
from protocol.crypto import private_key_address
from prover.game import ROUNDS
from prover.trajectory import Trajectory
from tests.prover.chains import KEYS


def test_a_block_of_storage_is_disputed_at_five_of_its_steps_and_every_move_is_timed():
    needs = measure("storage")
    assert 0.97 * GAS < needs.gas <= GAS
    assert needs.transactions == 10
    assert needs.steps > 1_000 * needs.transactions
    assert needs.moves == 5 * (ROUNDS + 1), "ten rounds and the step"
    assert needs.slowest_move_seconds > 0
    assert needs.peak_mb >= needs.of_it_before_mb > 10


def test_a_mixed_block_has_hundreds_of_transactions_that_all_do_what_they_are_for():
    chain = block_of("mixed")
    assert len(chain.headers) == BLOCK + 1
    assert chain.headers[BLOCK].gas_used > 0.97 * GAS
    assert sum(chain.nonces.values()) > 500
    signers = [chain.state.account(private_key_address(key)) for key in KEYS]
    assert sum(account.nonce for account in signers if account) == sum(chain.nonces.values()), "none was skipped"


@pytest.mark.parametrize(("kind", "gas_of_a_call"), [("pairing", 79_000), ("blake2", 12), ("power", 2_730)])
def test_a_block_of_precompiles_is_of_calls_that_succeed(
    kind: str, gas_of_a_call: int, monkeypatch: pytest.MonkeyPatch
):
    gas = 1_000_000
    monkeypatch.setattr(heavy_blocks, "GAS", gas)
    monkeypatch.setattr(heavy_blocks, "BYSTANDERS", 10)
    trace = Trajectory(block_of(kind).machine())
    steps = sum(trace.steps(BLOCK, item) for item in range(trace.items(BLOCK)))
    # One that fails would take all gas that it got, and leave too little for many more steps.
    assert steps > 10 * (gas - 100_000) // (gas_of_a_call + 800)


def test_rows_are_judged_by_the_target_and_memory_by_the_greediest_kind():
    needs = {
        "slow": {"prepare_seconds": 12.0, "slowest_move_seconds": 4.0, "peak_mb": 90.0},
        "large": {"prepare_seconds": 1.0, "slowest_move_seconds": 10.5, "peak_mb": 800.0},
    }
    rows = {row.name: row for row in challenger_rows(needs)}
    assert {name: row.met for name, row in rows.items()} == {
        "challenge_trace_seconds_slow": False,
        "challenge_move_seconds_slow": True,
        "challenge_trace_seconds_large": True,
        "challenge_move_seconds_large": False,
        "challenge_memory_mb": True,
    }
    assert (rows["challenge_memory_mb"].ours, rows["challenge_memory_mb"].unit) == (800.0, "MB")


def test_a_block_that_is_not_what_it_should_be_is_no_measure():
    with pytest.raises(KeyError):
        block_of("empty")
