"""Why something between two chains is not there yet: each case says what it waits for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.stages import Pending, Sent, Standing, progress_of
from web.network import Progress

SENT = Sent(block_number=10, expiry=2000, is_ether=False, destination="bb")
YOUNG = Standing(safe=9, confirmed=5, proposal_seconds=600)


@pytest.mark.parametrize(
    ("sent", "standing", "answers", "now", "expected"),
    [
        (SENT, YOUNG, True, 0, (Progress.DISPATCHED, "waits for its batch on L1")),
        (
            SENT,
            replace(YOUNG, safe=10),
            True,
            0,
            (Progress.DISPATCHED, "its batch is on L1; waits for an output, proposed every 10 minutes"),
        ),
        (
            SENT,
            replace(YOUNG, safe=10, pending=(Pending(9, 50), Pending(12, 100))),
            True,
            40,
            (Progress.DISPATCHED, "its output is on L1 and can be challenged for 60 s more"),
        ),
        (
            SENT,
            replace(YOUNG, pending=(Pending(10, 100),)),
            True,
            100,
            (Progress.DISPATCHED, "its output is on L1 and can be challenged no longer, and waits to be confirmed"),
        ),
        (
            SENT,
            replace(YOUNG, safe=None),
            True,
            0,
            (Progress.DISPATCHED, "its chain does not answer, so nobody here knows more"),
        ),
        (
            SENT,
            replace(YOUNG, confirmed=10),
            True,
            0,
            (Progress.SETTLED, "final on L1; waits for a relayer, and for bb to see that L1 block"),
        ),
        (
            SENT,
            replace(YOUNG, confirmed=10),
            False,
            0,
            (Progress.SETTLED, "bb does not answer; until it expires anyone can deliver it through L1"),
        ),
        (
            replace(SENT, fee="1 ETH", asked="2 ETH"),
            replace(YOUNG, confirmed=10),
            True,
            0,
            (
                Progress.SETTLED,
                "final on L1; offers 1 ETH for its delivery where 2 ETH is asked, so relayers may leave it "
                "until it offers that",
            ),
        ),
        (
            replace(SENT, is_ether=True),
            replace(YOUNG, confirmed=10),
            True,
            0,
            (Progress.SETTLED, "final on L1; waits to be proven and paid out there"),
        ),
        (
            replace(SENT, is_ether=True, paid_on_l1=True),
            YOUNG,
            False,
            3000,
            (
                Progress.SETTLED,
                "L1 has moved it to bb, which does not answer; it arrives with its next L1 block",
            ),
        ),
        (
            SENT,
            YOUNG,
            True,
            2000,
            (Progress.EXPIRED, "not delivered in time; a proof that it never arrived sends it back"),
        ),
        (
            replace(SENT, is_ether=True),
            YOUNG,
            True,
            2000,
            (Progress.EXPIRED, "not delivered in time; L1 sends it back"),
        ),
        (replace(SENT, delivered=True), YOUNG, True, 3000, (Progress.DELIVERED, "arrived on bb")),
        (
            replace(SENT, refunded=True),
            YOUNG,
            True,
            3000,
            (Progress.REFUNDED, "it did not arrive in time, and is with its sender again"),
        ),
    ],
)
def test_the_stage_and_what_it_waits_for(
    sent: Sent, standing: Standing, answers: bool, now: float, expected: tuple[Progress, str]
) -> None:
    assert progress_of(sent, standing, answers, now) == expected


@given(
    st.builds(Sent, st.integers(0, 20), st.integers(0, 20), st.booleans(), st.just("bb"), st.booleans(), st.booleans()),
    st.builds(Standing, st.none() | st.integers(0, 20), st.integers(0, 20)),
    st.booleans(),
    st.integers(0, 20),
)
def test_only_what_has_ended_is_called_so_and_the_rest_says_why_not(
    sent: Sent, standing: Standing, answers: bool, now: int
) -> None:
    progress, why = progress_of(sent, standing, answers, now)
    assert (progress is Progress.DELIVERED) == sent.delivered
    assert (progress is Progress.REFUNDED) == (sent.refunded and not sent.delivered)
    assert why
    assert why[-1] != "."
