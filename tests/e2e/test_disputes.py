"""Whole disputes on a real L1, judged by the contracts: the liar loses by the one step that he lied about."""

import json

import pytest

from node.cli import main
from node.dispute import DisputeOptions, DisputeResult, run_dispute
from node.dispute_stage import BOND, GAME_BOND
from protocol.outputs import Status as AssertionStatus
from prover.fee_lies import FEE_KINDS
from prover.game import ROUNDS, Status, place_of
from prover.lies import KINDS
from tests.e2e.disputes import Lying, lying_challenger, lying_proposer
from tests.peers import run_anvil

__all__ = ["lying_challenger", "lying_proposer"]


def check(result: DisputeResult, liar: str) -> None:
    """By the step that was lied about, and by nothing else; the bonds where they belong, no wei lost but what burns."""
    game = result.game.game
    assert place_of(game.position) == (result.lie.block, result.lie.item, result.lie.change[0] - 1)
    assert [move.what for move in result.moves] == ["open", *["post", "pick"] * ROUNDS, "prove"]
    assert result.computed == result.honest.state_hash(game.position + 1) != result.lying.state_hash(game.position + 1)
    if liar == "proposer":
        assert (game.status, result.assertion.status) == (Status.REFUTED, AssertionStatus.REJECTED)
        assert result.balances == {"proposer": (BOND, 0), "challenger": (GAME_BOND, GAME_BOND + BOND // 2)}
    else:
        assert (game.status, result.assertion.status) == (Status.DEFENDED, AssertionStatus.PENDING)
        assert result.balances == {"proposer": (BOND, BOND + GAME_BOND // 2), "challenger": (GAME_BOND, 0)}
    assert result.assertion.open_games == 0
    assert result.truth_won


async def test_a_lying_proposer_is_found_out_though_both_sides_crash_before_every_move(lying_proposer: Lying):
    check(await lying_proposer("storage", restarts=True), "proposer")


@pytest.mark.slow
async def test_a_lying_challenger_gains_nothing(lying_challenger: Lying):
    check(await lying_challenger("gas", seed=3), "challenger")


def test_the_command_says_all_of_it(capsys):
    assert main(["dispute", "--lie", "receipt", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["lie"], shown["liar"], shown["truthWon"], shown["status"]) == ("receipt", "proposer", True, "refuted")
    assert shown["computed"] != shown["claimed"]
    assert shown["gas"] == sum(move["gas"] for move in shown["moves"])
    assert len(shown["moves"]) == 2 * ROUNDS + 2


def test_a_lie_that_there_is_not_is_refused_with_those_that_there_are(capsys):
    assert main(["dispute", "--lie", "nonsense"]) == 1
    assert "there are: opcode, gas, storage" in capsys.readouterr().err


async def test_a_change_by_governance_that_is_ignored_is_found_out(lying_proposer: Lying):
    check(await lying_proposer("settings"), "proposer")


@pytest.mark.slow
@pytest.mark.parametrize("kind", FEE_KINDS)
async def test_every_lie_about_fees_is_found_out(lying_proposer: Lying, lying_challenger: Lying, kind: str):
    check(await lying_proposer(kind), "proposer")
    check(await lying_challenger(kind), "challenger")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["operator-fee", "settings"])
async def test_lies_about_fees_on_anvil(kind: str):
    with run_anvil() as anvil:
        result = await run_dispute(DisputeOptions(kind, l1_url=anvil.url), lambda _line: None)
    check(result, "proposer")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_lie_by_the_proposer_is_found_out(lying_proposer: Lying, kind: str, seed: int):
    check(await lying_proposer(kind, seed=seed), "proposer")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_no_kind_of_lie_by_a_challenger_gains_anything(lying_challenger: Lying, kind: str):
    check(await lying_challenger(kind), "challenger")


@pytest.mark.slow
@pytest.mark.parametrize("liar", ["proposer", "challenger"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_on_anvil(kind: str, liar: str):
    with run_anvil() as anvil:
        result = await run_dispute(DisputeOptions(kind, liar=liar, l1_url=anvil.url), lambda _line: None)
    check(result, liar)
