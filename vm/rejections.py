"""Whether a refusal of ours is for the reason that an official case names.

The suites have more names than there are rules: one per client's message, or per way in which bytes fail to be what
they should. Sources: https://eest.ethereum.org/main/consuming_tests/exceptions/ and, for names starting with TR_,
ethereum/tests before 2024.
"""

from protocol.errors import InvalidBlock, InvalidTransaction, Reject
from protocol.rlp_codec import InvalidRlp


def fits(refusal: Reject, expectation: str) -> bool:
    """Whether `refusal` satisfies an `expectException`, whose alternatives are separated by `|`."""
    expected: set[str] = set()
    for alternative in expectation.split("|"):
        name = alternative.strip()
        expected.update(part.rsplit(".", 1)[-1] for part in _LEGACY.get(name, name).split("|"))
    if isinstance(refusal, InvalidTransaction):
        reason = refusal.reason.name
    elif isinstance(refusal, InvalidBlock):
        reason = refusal.reason
    else:
        reason = _MALFORMED_BLOCK if isinstance(refusal, InvalidRlp) else type(refusal).__name__
    if reason in expected or not _ALSO_CALLED.get(reason, frozenset()).isdisjoint(expected):
        return True
    # One error of ours stands for all the ways in which bytes can fail to be a block or a transaction.
    return reason in _MALFORMED and any(name.startswith("RLP_") for name in expected - _NOT_OF_RLP)


_MALFORMED_BLOCK = "RLP_STRUCTURES_ENCODING"
_MALFORMED = {_MALFORMED_BLOCK, "RLP_INVALID_VALUE"}
_NOT_OF_RLP = {"RLP_BLOCK_LIMIT_EXCEEDED"}

_NO_SUCH_BLOCK_HERE = {
    "IMPORT_IMPOSSIBLE_LEGACY",
    "IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT",
    "IMPORT_IMPOSSIBLE_LONDON_WRONG_PARENT",
    "IMPORT_IMPOSSIBLE_PARIS_WRONG_POW",
    "IMPORT_IMPOSSIBLE_PARIS_WRONG_POS",
    "IMPORT_IMPOSSIBLE_LONDON_OVER_PARIS",
    "IMPORT_IMPOSSIBLE_PARIS_OVER_SHANGHAI",
    "IMPORT_IMPOSSIBLE_SHANGHAI",
}
"""A header with the fields of another fork."""

_ALSO_CALLED: dict[str, frozenset[str]] = {
    ours: frozenset(names)
    for ours, names in {
        # Bytes.
        _MALFORMED_BLOCK: {"INCORRECT_BLOCK_FORMAT", *_NO_SUCH_BLOCK_HERE},
        "INCORRECT_BLOCK_FORMAT": {_MALFORMED_BLOCK, *_NO_SUCH_BLOCK_HERE},
        "INVALID_WITHDRAWALS_ROOT": {"RLP_WITHDRAWALS_NOT_READ"},
        "RLP_INVALID_VALUE": {
            "ADDRESS_TOO_SHORT",
            "ADDRESS_TOO_LONG",
            "NONCE_OVERFLOW",
            "GASLIMIT_OVERFLOW",
            "VALUE_OVERFLOW",
            "GASPRICE_OVERFLOW",
            "PRIORITY_OVERFLOW",
            "TYPE_3_TX_WITH_FULL_BLOBS",
            "TYPE_4_INVALID_AUTHORIZATION_FORMAT",
        },
        # Signatures. Since EIP-155 the chain is part of `v`.
        "INVALID_SIGNATURE_VRS": {
            "EC_RECOVERY_FAIL",
            "INVALID_CHAINID",
            "RLP_INVALID_SIGNATURE_R",
            "RLP_INVALID_SIGNATURE_S",
        },
        "INVALID_CHAINID": {"INVALID_SIGNATURE_VRS"},
        # Types.
        "TYPE_NOT_SUPPORTED": {f"TYPE_{kind}_TX_PRE_FORK" for kind in range(1, 5)},
        "TYPE_1_TX_PRE_FORK": {"TYPE_NOT_SUPPORTED"},
        "TYPE_2_TX_PRE_FORK": {"TYPE_NOT_SUPPORTED"},
        "TYPE_3_TX_PRE_FORK": {"TYPE_NOT_SUPPORTED", "TYPE_3_TX_ZERO_BLOBS_PRE_FORK"},
        "TYPE_4_TX_PRE_FORK": {"TYPE_NOT_SUPPORTED"},
        # Until Osaka a transaction's own limit of blobs was the block's; the suites name it either way.
        "TYPE_3_TX_BLOB_COUNT_EXCEEDED": {"TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", "BLOB_GAS_USED_ABOVE_LIMIT"},
        "TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED": {"TYPE_3_TX_BLOB_COUNT_EXCEEDED", "BLOB_GAS_USED_ABOVE_LIMIT"},
        # Amounts. Nobody owns 2^256 wei, so a product that overflows is also more than the sender has.
        "GASLIMIT_PRICE_PRODUCT_OVERFLOW": {"INSUFFICIENT_ACCOUNT_FUNDS"},
        "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS": {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2"},
        "NONCE_IS_MAX": {"NONCE_TOO_BIG"},
        "INTRINSIC_GAS_BELOW_FLOOR_GAS_COST": {"INTRINSIC_GAS_TOO_LOW"},
        "GAS_ALLOWANCE_EXCEEDED": {"GAS_USED_OVERFLOW"},
        # Headers.
        "UNKNOWN_PARENT": {"UNKNOWN_PARENT_ZERO"},
        "INVALID_GASLIMIT": {"GASLIMIT_TOO_BIG"},
        "INVALID_GAS_USED_ABOVE_LIMIT": {"GAS_USED_OVERFLOW", "INVALID_GAS_USED"},
        "INCORRECT_BLOB_GAS_USED": {"BLOB_GAS_USED_ABOVE_LIMIT"},
        "UNCLE_IN_CHAIN": {"UNCLE_IS_ANCESTOR", "UNCLE_IS_BROTHER"},
        "UNCLE_UNKNOWN_PARENT": {"UNCLE_PARENT_INCORRECT"},
    }.items()
}
"""Our reason -> other names for it."""

_LEGACY = {
    "TR_NoFunds": "INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_NoFundsX": "INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_NoFundsOrGas": "INSUFFICIENT_ACCOUNT_FUNDS|INTRINSIC_GAS_TOO_LOW",
    "TR_IntrinsicGas": "INTRINSIC_GAS_TOO_LOW",
    "IntrinsicGas": "INTRINSIC_GAS_TOO_LOW",
    "TR_GasLimitReached": "GAS_ALLOWANCE_EXCEEDED",
    "TR_FeeCapLessThanBlocks": "INSUFFICIENT_MAX_FEE_PER_GAS",
    "TR_TipGtFeeCap": "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS",
    "TR_NonceTooLow": "NONCE_MISMATCH_TOO_LOW",
    "TR_NonceTooHigh": "NONCE_MISMATCH_TOO_HIGH",
    "TR_NonceHasMaxValue": "NONCE_IS_MAX",
    "SenderNotEOA": "SENDER_NOT_EOA",
    "SenderNotEOAorNoCASH": "SENDER_NOT_EOA|INSUFFICIENT_ACCOUNT_FUNDS",
    "TR_InitCodeLimitExceeded": "INITCODE_SIZE_EXCEEDED",
    "TR_TypeNotSupported": "TYPE_NOT_SUPPORTED",
    "TR_TypeNotSupportedBlob": "TYPE_3_TX_PRE_FORK",
    "TR_BLOBVERSION_INVALID": "TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH",
    "TR_EMPTYBLOB": "TYPE_3_TX_ZERO_BLOBS",
    "TR_BLOBCREATE": "TYPE_3_TX_CONTRACT_CREATION",
    "TR_BLOBLIST_OVERSIZE": "TYPE_3_TX_BLOB_COUNT_EXCEEDED",
    "TR_RLP_WRONGVALUE": "RLP_INVALID_VALUE",
}
