"""Whole disputes on chains whose batches are not in calldata: L1 opens blobs, or is shown what a hash names."""

import pytest

from node.dispute import DisputeOptions, DisputeResult, run_dispute
from node.dispute_stage import BOND, GAME_BOND
from protocol.errors import InvalidInput
from prover.game import Status, place_of
from prover.machine.vm import BATCH_DATA, BEGIN, NEXT_ITEM
from tests.e2e.test_disputes import check
from tests.peers import run_anvil

PHASES = {"data": BATCH_DATA, "batch": NEXT_ITEM, "skipped": BEGIN}


def check_phase(result: DisputeResult, kind: str) -> None:
    """The step that L1 executed was of the phase that the lie is about."""
    block, item, step = place_of(result.game.game.position)
    trace = result.honest
    before = trace.machine_at(result.game.game.position)
    assert (before.phase == PHASES[kind]) != (step == 0), (block, item, step)


async def dispute(kind: str, layer: str, liar: str, url: str | None = None) -> None:
    result = await run_dispute(DisputeOptions(kind, da=layer, liar=liar, l1_url=url), lambda _line: None)
    check(result, liar)
    check_phase(result, kind)


async def test_a_proposer_that_lies_about_what_a_blob_holds_is_found_out() -> None:
    await dispute("data", "blob", "proposer")


@pytest.mark.slow
@pytest.mark.parametrize("liar", ["proposer", "challenger"])
@pytest.mark.parametrize("layer", ["blob", "alt-da", "file"])
@pytest.mark.parametrize("kind", PHASES)
async def test_a_lie_about_a_batch_in_any_layer_is_found_out(kind: str, layer: str, liar: str) -> None:
    await dispute(kind, layer, liar)


@pytest.mark.slow
@pytest.mark.parametrize("liar", ["proposer", "challenger"])
@pytest.mark.parametrize("layer", ["blob", "alt-da"])
@pytest.mark.parametrize("kind", PHASES)
async def test_the_same_on_anvil(kind: str, layer: str, liar: str) -> None:
    with run_anvil() as anvil:
        await dispute(kind, layer, liar, anvil.url)


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["alt-da", "file"])
async def test_a_liar_who_keeps_the_batch_back_shows_it_to_one_and_loses_to_another(layer: str) -> None:
    result = await run_dispute(DisputeOptions("storage", da=layer, kept_back=True), lambda _line: None)
    assert result.truth_won
    assert result.shown is not None
    assert (result.shown.id, result.shown.game.status, result.game.id) == (0, Status.DEFENDED, 1)
    assert result.honest.machine_at(result.shown.game.position).phase == BATCH_DATA
    block, item, step = place_of(result.game.game.position)
    assert (block, item, step) == (result.lie.block, result.lie.item, result.lie.change[0] - 1)
    assert result.balances == {
        "proposer": (BOND, GAME_BOND // 2),
        "challenger": (GAME_BOND, GAME_BOND + BOND // 2),
        "blind": (GAME_BOND, 0),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "layer", "reason"), [("storage", "calldata", "L1 has"), ("l1", "file", "before")])
async def test_what_cannot_be_kept_back_is_refused(kind: str, layer: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await run_dispute(DisputeOptions(kind, da=layer, kept_back=True), lambda _line: None)
