"""For whom this machine acts on L1: operator, proposer and, where disputes decide, challenger."""

from dataclasses import dataclass

from node.launch import unprovable_launch
from node.operator_key import (
    CHALLENGER_KEY_VARIABLE,
    OPERATOR_KEY_VARIABLE,
    PROPOSER_KEY_VARIABLE,
    key_of,
    operator_key,
)
from node.rollup_file import load_rollup
from node.up.options import UpOptions
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput
from protocol.provable import states_to_keep
from protocol.types import Address

OPERATOR_KEY = bytes.fromhex("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897")
"""Deploys and posts batches on the embedded L1: account 10 of the dev mnemonic, the one after the ten shown."""

PROPOSER_KEY = bytes.fromhex("701b615bbdfb9de65240bc28bd21bbc0d996645a3dd57e7b12bc2bdf6f192c82")
"""Bonds output roots on the embedded L1: account 11."""

CHALLENGER_KEY = bytes.fromhex("a267530f49f8280200edf313ee7af6b827f2a8bce2897751d06a843f644967b1")
"""Disputes false ones there: account 12."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Of the accounts on L1 that this machine acts for; None where there is none."""

    operator: bytes
    """Deploys, and posts batches."""
    proposer: bytes | None
    challenger: bytes | None
    has_game: bool
    """Whether disputes decide: as launched, or about to be."""


def keys_for(options: UpOptions) -> Keys:
    """On the embedded L1, keys that everybody knows stand in for what is not set.

    Raises:
        InvalidInput: An external L1 needs an operator's key and none is set; or fraud proofs are wanted of a chain that
            cannot be proved, or that was launched without.
    """
    operator = operator_key(options.operator_keystore)
    is_own_l1 = options.l1_url is None
    if operator is None and not is_own_l1:
        raise InvalidInput(
            f"an L1 of your own needs an account with ether on it: set {OPERATOR_KEY_VARIABLE} to its private key "
            "(hex), or name its keystore with --operator-keystore"
        )
    operator = operator or OPERATOR_KEY
    proposer = key_of(PROPOSER_KEY_VARIABLE) or (PROPOSER_KEY if is_own_l1 else None)
    challenger = key_of(CHALLENGER_KEY_VARIABLE) or (CHALLENGER_KEY if is_own_l1 else None)
    has_game = _has_game(options, private_key_address(operator))
    return Keys(operator, proposer, challenger if has_game else None, has_game)


def _has_game(options: UpOptions, operator: Address) -> bool:
    wanted = options.launch.settlement.proofs is not None
    if not options.rollup_path.exists():
        reason = unprovable_launch(options.launch)
        if wanted and reason is not None:
            raise InvalidInput(f"{reason}: choose otherwise, or leave --fraud-proofs out")
        _check_retention(options)
        return wanted
    settlement = load_rollup(options.rollup_path).config.settlement
    found = settlement is not None and settlement.game != operator  # without a game the operator is the guardian
    if wanted and not found:
        raise InvalidInput(
            f"the rollup in {options.data_dir} was launched without fraud proofs; that is fixed at launch: leave the "
            "option out, or choose another --data-dir"
        )
    return found


def _check_retention(options: UpOptions) -> None:
    """Raise InvalidInput where whoever plays would have forgotten what a dispute is about."""
    settlement, proofs = options.launch.settlement, options.launch.settlement.proofs
    if proofs is None or options.keep_states is None:
        return
    times = (settlement.challenge_window_seconds, proofs.clock_seconds, proofs.extension_seconds)
    least = states_to_keep(*times, options.launch.block_time_milliseconds / 1000)
    if options.keep_states < least:
        raise InvalidInput(
            f"--retention {options.keep_states} is too little for disputes: archive, or at least {least}"
        )
