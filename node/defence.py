"""What a proposer keeps back of its ether: gas for the games about what it has bonded.

The game lets whoever does not answer lose, so a true output falls if its proposer cannot pay for its moves. Each bond
is therefore put down only with a whole game's gas beside it, and one for each game that is open already.
"""

from node.l1.client import L1Client
from prover.game import ROUNDS

POST_GAS = 90_000
"""Measured: 66,000 to 86,000 (docs/proof/game.md)."""
STEP_GAS = 12_000_000
"""The ceiling of a step's execution, which the tests of the verifier hold it under."""
PROOF_GAS = 2_200_000
"""Of the largest proof's own bytes: 128 KiB at 16 gas, and the transaction."""
DEFENCE_GAS = ROUNDS * POST_GAS + STEP_GAS + PROOF_GAS
"""Of the defender's moves in the dearest game. A usual one takes 1.3M."""
RISE = 4
"""Times what L1's node suggests now, which is twice the base fee already: fees may rise so far while games last."""


async def defence_wei(l1: L1Client, games: int, most_fee: int) -> int:
    """Wei for so many games at L1's fees as they are now; a sender never offers more than `most_fee` per gas.

    The fee counts as the next power of two, so that the sum stays the same while fees move a little.

    Raises:
        Retry, L1Refused: L1 does not say what gas costs.
    """
    fees = await l1.suggest_fees()
    fee = 1 << (RISE * fees.max_fee).bit_length()
    return games * DEFENCE_GAS * min(fee, most_fee)
