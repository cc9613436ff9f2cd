"""What must hold between knobs, beyond the range of each."""

from collections.abc import Iterator, Mapping

from genesis.intent import Intent, Place, places
from protocol.forks import Fork
from protocol.provable import states_to_keep, unprovable

NEEDED = (("alt-da", "alt-da.url"), ("celestia", "celestia.url"), ("celestia", "celestia.namespace"))
"""What a data layer cannot do without."""
L1_BLOCK_SECONDS = 12
"""Of the L1 that defaults are made for; a faster one makes windows shorter."""


LEAST_WATCHED_SECONDS = 60
"""A challenger derives the chain and computes a trace of it before it disputes, on a machine that may be busy."""


def broken_laws(intent: Intent) -> Iterator[tuple[Place, str]]:
    """The knob to turn, and why, for each law that the intent breaks."""
    at = {place.key: place for place in places()}
    window_seconds = intent.sequencing.window_l1_blocks * L1_BLOCK_SECONDS
    if intent.da.batch_interval_seconds >= window_seconds:
        yield (
            at["[da] batch_interval_seconds"],
            f"must be below the sequencing window, {intent.sequencing.window_l1_blocks} L1 blocks or about "
            f"{window_seconds} seconds: a batch posted after it counts for nothing",
        )
    if intent.da.layer in intent.da.fallback:
        yield at["[da] fallback"], f"names {intent.da.layer}, which is the first layer already"
    if 0 < intent.da.max_batch_bytes < 1000:
        yield at["[da] max_batch_bytes"], "must be 0 or at least 1000 bytes: no block fits into less"
    if intent.chain.gas_limit // intent.fees.elasticity < 21_000:
        yield at["[fees] elasticity"], "leaves a gas target in which not one transfer fits"
    if intent.proof.clock_extension_seconds > intent.proof.clock_seconds:
        yield at["[proof] clock_extension_seconds"], "must not exceed clock_seconds"
    if intent.proof.system == "fraud":
        yield from _broken_laws_of_proofs(intent, at)
    yield from _broken_laws_of_governance(intent, at)
    if intent.metalayer.join and intent.chain.chain_id >= 2**32:
        yield at["[metalayer] join"], "needs a chain id below 2^32: messages name chains in 32 bits"
    if intent.fees.mode == "zero_gas" and intent.fees.min_base_fee_wei:
        yield at["[fees] min_base_fee_wei"], "must be 0 where gas costs nothing"
    if intent.fees.mode == "legacy" and not intent.fees.min_base_fee_wei:
        yield at["[fees] min_base_fee_wei"], "is the price of gas in this mode; for 0, say zero_gas"
    if intent.metalayer.join and intent.fees.gas_token != "native":  # noqa: S105 - no secret
        yield at["[metalayer] join"], "is for chains whose gas is ether, until tokens can pay for delivery"
    for layer, key in NEEDED:
        if layer in (intent.da.layer, *intent.da.fallback) and key not in dict(intent.da.settings):
            yield at["[da] settings"], f'must have "{key}" for the layer {layer}'


def _broken_laws_of_governance(intent: Intent, at: Mapping[str, Place]) -> Iterator[tuple[Place, str]]:
    mode, owner = intent.governance.mode, intent.governance.owner
    if mode in ("multisig", "governor") and owner == "operator":
        yield at["[governance] owner"], f"must be the address of the {mode} on L1"
    if mode == "immutable" and owner != "operator":
        yield at["[governance] owner"], "must be left out where nobody decides"


def _broken_laws_of_proofs(intent: Intent, at: Mapping[str, Place]) -> Iterator[tuple[Place, str]]:
    proof = intent.proof
    layers = (intent.da.layer, *intent.da.fallback)
    reason = unprovable(Fork[intent.chain.fork.upper()], layers, intent.chain.gas_limit)
    if reason is not None:
        yield at["[proof] system"], str(reason)
    if proof.challenge_period_seconds < LEAST_WATCHED_SECONDS:
        yield (
            at["[proof] challenge_period_seconds"],
            f"must be at least {LEAST_WATCHED_SECONDS} where fraud proofs decide: a challenger has to notice",
        )
    times = (proof.challenge_period_seconds, proof.clock_seconds, proof.clock_extension_seconds)
    least = states_to_keep(*times, intent.chain.block_time_seconds)
    if 0 < intent.node.retention_blocks < least:
        yield at["[node] retention_blocks"], f"must be 0 or at least {least:,}: disputes are about states that old"
