"""The one tree of expected failures, named by what the caller does next.

    TomboloError
    ├── Reject   drop the input; nothing of ours changed
    ├── Retry    the thing is not here yet; ask again later
    ├── Reset    L1 reorganised under us; go back to a common ancestor
    └── Halt     our own data disagrees with itself; stop and say so

A bug is an ordinary exception: it is never caught by these names, and it stops the role it happens in.
"""

from enum import Enum


class TomboloError(Exception):
    """Base of every failure that a caller is expected to handle."""


class Reject(TomboloError):
    """The input is bad. Drop it; the state is as it was."""


class Retry(TomboloError):
    """The input is not available yet. Keep what you have and ask again."""


class Reset(TomboloError):
    """What was built on is no longer canonical. Rewind to a common ancestor and go on."""


class Halt(TomboloError):
    """Our own database contradicts itself or cannot be used. Stop; the message says what to do."""


class TxError(Enum):
    """Why a transaction is not valid, by the names of the official test suites.

    Source: https://github.com/ethereum/execution-spec-tests (`TransactionException`).
    """

    RLP_INVALID_VALUE = "malformed transaction"
    TYPE_NOT_SUPPORTED = "transaction type not supported"
    TYPE_1_TX_PRE_FORK = "transaction type 1 not supported"
    TYPE_2_TX_PRE_FORK = "transaction type 2 not supported"
    TYPE_3_TX_PRE_FORK = "transaction type 3 not supported"
    TYPE_4_TX_PRE_FORK = "transaction type 4 not supported"
    TYPE_3_TX_ZERO_BLOBS = "blob transaction missing blob hashes"
    TYPE_3_TX_BLOB_COUNT_EXCEEDED = "too many blobs"
    TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED = "blob gas limit of the block exceeded"
    TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH = "invalid blob hash version"
    TYPE_3_TX_CONTRACT_CREATION = "blob transaction of type create"
    TYPE_4_TX_CONTRACT_CREATION = "set-code transaction of type create"
    TYPE_4_EMPTY_AUTHORIZATION_LIST = "set-code transaction with empty authorization list"
    INVALID_SIGNATURE_VRS = "invalid sender"
    INVALID_CHAINID = "invalid chain id for signer"
    NONCE_MISMATCH_TOO_LOW = "nonce too low"
    NONCE_MISMATCH_TOO_HIGH = "nonce too high"
    NONCE_IS_MAX = "nonce has max value"
    SENDER_NOT_EOA = "sender not an eoa"
    INSUFFICIENT_ACCOUNT_FUNDS = "insufficient funds for gas * price + value"
    INSUFFICIENT_MAX_FEE_PER_GAS = "max fee per gas less than block base fee"
    INSUFFICIENT_MAX_FEE_PER_BLOB_GAS = "max fee per blob gas less than block blob gas fee"
    PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS = "max priority fee per gas higher than max fee per gas"
    INTRINSIC_GAS_TOO_LOW = "intrinsic gas too low"
    INTRINSIC_GAS_BELOW_FLOOR_GAS_COST = "insufficient gas for floor data gas cost"
    GAS_ALLOWANCE_EXCEEDED = "gas limit reached"
    GAS_LIMIT_EXCEEDS_MAXIMUM = "transaction gas limit too high"
    GASLIMIT_PRICE_PRODUCT_OVERFLOW = "gas limit times price exceeds 256 bits"
    INITCODE_SIZE_EXCEEDED = "max initcode size exceeded"
    OVERSIZED_DATA = "oversized data"  # a rollup's own rule: no suite has it


class InvalidTransaction(Reject):
    """A transaction that no block may contain.

    `reason` is the rule that failed; `detail` holds the values that disagree, e.g. ``"tx 3, state 4"``. The text
    starts with the words clients match on.
    """

    def __init__(self, reason: TxError, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class InvalidBlock(Reject):
    """A block whose header or body breaks a rule.

    `reason` is the `BlockException` name of the official suites (https://github.com/ethereum/execution-spec-tests).
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class InvalidBatch(Reject):
    """Batch bytes, or one item of them, that the format does not allow. Derivation skips them."""


class HistoryPruned(Reject):
    """What was asked for was kept once, and retention has taken it away."""


class InvalidInput(Reject):
    """A file, option or setting that cannot be used; the message says which, and what would work."""
