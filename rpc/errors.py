"""JSON-RPC error codes, assigned here and nowhere else.

Sources: JSON-RPC 2.0 section 5.1 (-327xx), EIP-1474 (-320xx), EIP-4444 (4444); code 3 for reverts is what clients of
every Ethereum node expect.
"""

from typing import TypeAlias

from protocol.errors import HistoryPruned, InvalidTransaction, Reject, Reset, Retry, TomboloError, TxError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What json.loads returns and what a handler answers."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
"""A bug of ours, and nothing else: clients retry on it."""

SERVER_ERROR = -32000
RESOURCE_UNAVAILABLE = -32002
RESPONSE_TOO_LARGE = -32003
LIMIT_EXCEEDED = -32005
REVERTED = 3
WAITED_TOO_LONG = 4
NOT_READY = 5
"""EIP-7966: the receipt did not come in time; the transaction waits for another."""
HISTORY_PRUNED = 4444

EXECUTION_FAILED = -32015
NONCE_TOO_LOW = -38010
NONCE_TOO_HIGH = -38011
FEE_TOO_LOW = -38012
INTRINSIC_GAS_TOO_LOW = -38013
INSUFFICIENT_FUNDS = -38014
BLOCK_GAS_LIMIT_REACHED = -38015
BLOCK_NUMBER_ORDER = -38020
BLOCK_TIMESTAMP_ORDER = -38021
SENDER_NOT_EOA = -38024
INITCODE_TOO_LARGE = -38025
CLIENT_LIMIT_EXCEEDED = -38026
"""-380xx: eth_simulateV1's own."""


class RpcError(Reject):
    """A request that is answered with an error object; nothing of ours changed."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class InvalidParams(RpcError):
    """A parameter that is missing, surplus, malformed or at odds with another."""

    def __init__(self, message: str) -> None:
        super().__init__(INVALID_PARAMS, message)


def server_error(message: str) -> RpcError:
    """The general refusal: the request was understood and cannot be served."""
    return RpcError(SERVER_ERROR, message)


_SIMULATION_CODES = {
    TxError.NONCE_MISMATCH_TOO_LOW: NONCE_TOO_LOW,
    TxError.NONCE_MISMATCH_TOO_HIGH: NONCE_TOO_HIGH,
    TxError.NONCE_IS_MAX: NONCE_TOO_HIGH,
    TxError.INSUFFICIENT_MAX_FEE_PER_GAS: FEE_TOO_LOW,
    TxError.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS: FEE_TOO_LOW,
    TxError.INTRINSIC_GAS_TOO_LOW: INTRINSIC_GAS_TOO_LOW,
    TxError.INTRINSIC_GAS_BELOW_FLOOR_GAS_COST: INTRINSIC_GAS_TOO_LOW,
    TxError.INSUFFICIENT_ACCOUNT_FUNDS: INSUFFICIENT_FUNDS,
    TxError.GAS_ALLOWANCE_EXCEEDED: BLOCK_GAS_LIMIT_REACHED,
    TxError.SENDER_NOT_EOA: SENDER_NOT_EOA,
    TxError.INITCODE_SIZE_EXCEEDED: INITCODE_TOO_LARGE,
}


def simulation_error(error: InvalidTransaction) -> RpcError:
    """What eth_simulateV1 says of a call that no block can contain."""
    return RpcError(_SIMULATION_CODES.get(error.reason, INVALID_PARAMS), f"err: {error}")


def rpc_error_of(error: TomboloError) -> RpcError | None:
    """What an expected failure of the node means to a client; None for a Halt, which is no client's business."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, HistoryPruned):
        return RpcError(HISTORY_PRUNED, str(error))
    if isinstance(error, Retry):
        return RpcError(RESOURCE_UNAVAILABLE, str(error))
    if isinstance(error, Reject | Reset):
        return server_error(str(error))
    return None


def error_object(code: int, message: str, data: str | None = None) -> dict[str, Json]:
    """The `error` member of a response."""
    error: dict[str, Json] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return error
