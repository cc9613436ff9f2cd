"""A result: one figure of ours beside one of a peer's, and what issue and design ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is ours / peer_value; whether that should be large or small, `lower_is_better` says."""

    name: str
    ours: float
    peer: str
    peer_value: float
    ratio: float
    unit: str
    lower_is_better: bool = False
    target: float | None = None
    """What the ratio should reach or stay under; for the names in `ABSOLUTE_TARGETS`, what `ours` should."""

    met: bool | None = None
    """Whether it does; None without a target."""

    samples: Sequence[float] = ()
    """Ours, run by run: how far to trust the figure."""

    peer_samples: Sequence[float] = ()

    @property
    def ratio_is_judged(self) -> bool:
        """Whether `target` is about the ratio, not about our figure itself."""
        return self.name not in ABSOLUTE_TARGETS


RATIO_TARGETS: Mapping[tuple[str, str], float] = {
    ("transfers", "anvil"): 1.0,
    ("transfers", "hardhat"): 2.0,
    ("transfers", "eth-tester"): 10.0,
    ("erc20", "hardhat"): 1.0,
    ("erc20", "eth-tester"): 10.0,
    ("balance_rps", "bare aiohttp"): 0.3,
    ("derive", "its own sequencer"): 2.0,
    ("accounts_1m_over_1k", "at 1,000 accounts"): 2.0,
}
ABSOLUTE_TARGETS: Mapping[str, float] = {"rss_mb": 400.0, "balance_p99_loaded_ms": 50.0, "restart_seconds": 3.0}


def compare(
    name: str,
    unit: str,
    ours: Sequence[float],
    peers: Mapping[str, Sequence[float]],
    *,
    lower_is_better: bool = False,
) -> list[Row]:
    """One row per peer, of the medians of several runs."""
    return [_row(name, unit, ours, peer, values, lower_is_better) for peer, values in peers.items()]


def _row(name: str, unit: str, ours: Sequence[float], peer: str, theirs: Sequence[float], lower_is_better: bool) -> Row:
    our_value, peer_value = median(ours), median(theirs)
    ratio = our_value / peer_value if peer_value else 0.0
    target = RATIO_TARGETS.get((name, peer))
    if target is None and peer == "target" and name.startswith("challenge_"):
        target = 1.0
    judged = ratio
    if target is None and name in ABSOLUTE_TARGETS:
        target, judged = ABSOLUTE_TARGETS[name], our_value
    met = None if target is None else (judged <= target if lower_is_better else judged >= target)
    return Row(
        name=name,
        ours=_rounded(our_value),
        peer=peer,
        peer_value=_rounded(peer_value),
        ratio=_rounded(ratio),
        unit=unit,
        lower_is_better=lower_is_better,
        target=target,
        met=met,
        samples=tuple(map(_rounded, ours)),
        peer_samples=tuple(map(_rounded, theirs)),
    )


def _rounded(value: float) -> float:
    """Four figures: more would pretend to a precision that no such measurement has."""
    return float(f"{value:.4g}")
