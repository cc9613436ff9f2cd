"""What one call carries, and what all calls of a transaction share. Attribute names are those py-evm's opcodes read."""

from dataclasses import dataclass

from protocol.types import Address

CREATE = Address(b"")
"""`Message.to` of a create."""


@dataclass(slots=True)
class Message:
    """One call or create before it runs.

    `storage_address` is the account whose state the code works on; `code_address` the one whose code it is. For a
    create `code` is the initcode, `data` is empty, and both addresses are the new contract's.
    `is_delegation` tells that `code` was found through an EIP-7702 delegation: then no precompile runs.
    """

    gas: int
    to: Address
    sender: Address
    value: int
    data: bytes
    code: bytes
    depth: int
    storage_address: Address
    code_address: Address
    should_transfer_value: bool = True
    is_static: bool = False
    is_delegation: bool = False

    @property
    def is_create(self) -> bool:
        """Whether `code` makes a contract."""
        return self.to == CREATE

    @property
    def data_as_bytes(self) -> bytes:
        """The call data, by the name py-evm uses."""
        return self.data


@dataclass(frozen=True, slots=True)
class TransactionContext:
    """What ORIGIN, GASPRICE and BLOBHASH read; `gas_price` in wei."""

    origin: Address
    gas_price: int
    blob_versioned_hashes: tuple[bytes, ...] = ()
