# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The chain's settings
@license MIT
@notice What a change of a setting makes of them. A module of the libraries that pass changes.
@dev Follows `changed` in `prover/machine/chain_settings.py`. The contract has seen to each knob's bounds.
"""

from . import layout

# The config contract's numbers of what may change; its two keys are for L1 alone to ask.
GAS_LIMIT: constant(uint256) = 2
BASE_FEE_DENOMINATOR: constant(uint256) = 3
BASE_FEE_ELASTICITY: constant(uint256) = 4
MIN_BASE_FEE: constant(uint256) = 5
BASE_FEE_RECIPIENT: constant(uint256) = 6
OPERATOR_FEE: constant(uint256) = 7
L1_BASE_FEE_SCALAR: constant(uint256) = 8
L1_BLOB_BASE_FEE_SCALAR: constant(uint256) = 9


@internal
@pure
def _changed(settings: layout.Settings, change: layout.ChangeLink) -> bytes32:
    """
    @dev The digest of the settings after a change.
    """
    after: layout.Settings = settings
    if change.knob == GAS_LIMIT:
        after.gas_limit = change.setting
    elif change.knob == BASE_FEE_DENOMINATOR:
        after.base_fee_denominator = change.setting
    elif change.knob == BASE_FEE_ELASTICITY:
        after.elasticity = change.setting
    elif change.knob == MIN_BASE_FEE:
        after.min_base_fee = change.setting
    elif change.knob == BASE_FEE_RECIPIENT:
        after.base_fee_recipient = change.setting
    elif change.knob == OPERATOR_FEE:
        after.operator_fee = change.setting
    elif change.knob == L1_BASE_FEE_SCALAR:
        after.l1_base_fee_scalar = change.setting
    elif change.knob == L1_BLOB_BASE_FEE_SCALAR:
        after.l1_blob_base_fee_scalar = change.setting
    return layout._settings_digest(after)


@internal
@pure
def _charge_any(settings: layout.Settings) -> bool:
    """
    @dev Whether transactions pay for more than gas, or somebody receives the base fee.
    """
    return (
        settings.base_fee_recipient
        | settings.operator_fee
        | settings.l1_base_fee_scalar
        | settings.l1_blob_base_fee_scalar
    ) != 0
