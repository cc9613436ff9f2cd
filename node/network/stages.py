"""How far something between two chains is, and what it waits for: a plain function of what is known of both chains."""

from dataclasses import dataclass

from web.network import Progress


@dataclass(frozen=True, slots=True)
class Pending:
    """An output that is proposed and not confirmed: up to which block, and from when on it can be (seconds)."""

    l2_block_number: int
    confirmable_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an origin. `safe` of None: its node does not answer."""

    safe: int | None
    confirmed: int
    pending: tuple[Pending, ...] = ()
    proposal_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, and what has become of it so far."""

    block_number: int
    expiry: int
    is_ether: bool
    destination: str
    delivered: bool = False
    refunded: bool = False
    paid_on_l1: bool = False
    """Of ether: L1 has moved it from one portal to the other."""
    fee: str = ""
    asked: str = ""
    """Readable, with their units: what is offered for its delivery; what relayers asked for, if that is more."""


def progress_of(sent: Sent, origin: Standing, destination_answers: bool, now: float) -> tuple[Progress, str]:
    """The stage, and why it is not further."""
    if sent.delivered:
        return Progress.DELIVERED, f"arrived on {sent.destination}"
    if sent.refunded:
        return Progress.REFUNDED, "it did not arrive in time, and is with its sender again"
    if sent.paid_on_l1:
        silent = "" if destination_answers else ", which does not answer"
        return Progress.SETTLED, f"L1 has moved it to {sent.destination}{silent}; it arrives with its next L1 block"
    if now >= sent.expiry:
        proof = "L1 sends it back" if sent.is_ether else "a proof that it never arrived sends it back"
        return Progress.EXPIRED, f"not delivered in time; {proof}"
    if origin.confirmed >= sent.block_number:
        return Progress.SETTLED, _why_not_delivered(sent, destination_answers)
    return Progress.DISPATCHED, _why_not_settled(sent, origin, now)


def _why_not_delivered(sent: Sent, destination_answers: bool) -> str:
    if sent.is_ether:
        return "final on L1; waits to be proven and paid out there"
    if not destination_answers:
        return f"{sent.destination} does not answer; until it expires anyone can deliver it through L1"
    if sent.asked:
        offer = f"offers {sent.fee} for its delivery where {sent.asked} is asked"
        return f"final on L1; {offer}, so relayers may leave it until it offers that"
    return f"final on L1; waits for a relayer, and for {sent.destination} to see that L1 block"


def _why_not_settled(sent: Sent, origin: Standing, now: float) -> str:
    for output in origin.pending:
        if output.l2_block_number >= sent.block_number:
            left = max(0, round(output.confirmable_at - now))
            when = f"for {_seconds(left)} more" if left else "no longer, and waits to be confirmed"
            return f"its output is on L1 and can be challenged {when}"
    if origin.safe is None:
        return "its chain does not answer, so nobody here knows more"
    if origin.safe >= sent.block_number:
        return f"its batch is on L1; waits for an output, proposed every {_seconds(origin.proposal_seconds)}"
    return "waits for its batch on L1"


def _seconds(count: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if count >= 2 * length:
            return f"{count // length} {unit}"
    return f"{count} s"
