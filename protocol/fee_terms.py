"""What a rollup charges beside gas, and the transaction that says so in each block that charges it.

Three charges, each zero unless chosen: the L1 data fee, by the transaction's bytes and L1's prices; the operator fee,
by its gas; and the base fee, which is burnt unless somebody receives it. A block that charges any of them begins with
a *terms transaction*: a deposit that derivation makes from the L1 origin, so that the block says by itself what its
transactions pay, to whoever executes, imports, traces, shows or judges it. A block without one charges none.
Nobody pays for a terms transaction, and it takes none of the block's gas, so deposits fit with it as without.

Sources: https://specs.optimism.io/protocol/exec-engine.html (Ecotone L1-Cost, Isthmus operator fee) for the formulas;
https://specs.optimism.io/protocol/deposits.html (L1 attributes deposited transaction) for the idea and the sender.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.crypto import keccak
from protocol.transaction import DEPOSIT, Transaction, deposit_transaction
from protocol.types import ZERO_ADDRESS, Address, Hash32

MILLION = 10**6

BASE_FEE_WEIGHT = 16
"""Ecotone: L1's calldata price of a byte that is not zero, against which scalars are set."""
SIGNATURE_GAS = 68 * BASE_FEE_WEIGHT
"""What the signature of a transaction that is not signed yet will add at most (OP's GasPriceOracle)."""

L1_FEE_RECIPIENT = Address(bytes.fromhex("420000000000000000000000000000000000001a"))
OPERATOR_FEE_RECIPIENT = Address(bytes.fromhex("420000000000000000000000000000000000001b"))
"""Where both fees gather unless a chain says otherwise: the addresses of OP Stack's vaults."""

TERMS_SENDER = Address(bytes.fromhex("deaddeaddeaddeaddeaddeaddeaddeaddead0001"))
"""Sends terms transactions; no key is known for it (OP's depositor account)."""
FEE_ORACLE = Address(bytes.fromhex("420000000000000000000000000000000000000f"))
"""Receives them; with `contracts/l2/fee_oracle.vy` there, contracts and OP's client libraries read them."""
TERMS_GAS_LIMIT = 300_000
"""What recording seven words takes at most, with room for dearer forks."""
TERMS_DOMAIN = (1).to_bytes(32, "big")
"""Of source hashes; users' deposits have domain 0."""
SET_TERMS = keccak(b"set_terms(uint256,uint256,uint256,uint256,uint256,uint256,address)")[:4]
_WORDS = 7
_CALLDATA_BYTES = 4 + 32 * _WORDS


@dataclass(frozen=True, slots=True)
class FeeKnobs:
    """What the operator charges; all of it may change while the chain runs (`protocol.config_changes`)."""

    base_fee_recipient: Address = ZERO_ADDRESS
    """Receives the base fee; the zero address means that it is burnt."""

    operator_fee_scalar: int = 0
    """Millionths of a wei per gas used; 32 bits."""

    operator_fee_constant: int = 0
    """Wei per transaction; 64 bits."""

    l1_base_fee_scalar: int = 0
    """Millionths, of 16 times L1's base fee; 32 bits."""

    l1_blob_base_fee_scalar: int = 0
    """Millionths, of L1's blob base fee; 32 bits."""


NO_FEES = FeeKnobs()


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What the transactions of one block pay beside gas. L1's prices are in wei per gas and per blob gas."""

    knobs: FeeKnobs
    l1_base_fee: int
    l1_blob_base_fee: int

    def l1_fee(self, raw: bytes, *, is_signed: bool = True) -> int:
        """Wei for publishing these transaction bytes on L1, by the formula of Ecotone."""
        return _weighted(self, data_gas(raw, is_signed=is_signed))

    def operator_fee(self, gas: int) -> int:
        """Wei for so much gas, by the formula of Isthmus."""
        return gas * self.knobs.operator_fee_scalar // MILLION + self.knobs.operator_fee_constant

    def most(self, tx: Transaction) -> int:
        """The most wei that including `tx` takes beside gas: what its sender must have. Nothing for a deposit."""
        if tx.type == DEPOSIT:
            return 0
        is_signed = bool(tx.r or tx.s)
        return self.l1_fee(tx.raw, is_signed=is_signed) + self.operator_fee(tx.gas_limit)


def data_gas(raw: bytes, *, is_signed: bool = True) -> int:
    """What these bytes would cost as L1 calldata (EIP-2028), in gas."""
    zeros = raw.count(0)
    return 4 * zeros + 16 * (len(raw) - zeros) + (0 if is_signed else SIGNATURE_GAS)


def _weighted(terms: FeeTerms, gas: int) -> int:
    knobs = terms.knobs
    price = BASE_FEE_WEIGHT * knobs.l1_base_fee_scalar * terms.l1_base_fee
    price += knobs.l1_blob_base_fee_scalar * terms.l1_blob_base_fee
    return gas * price // (BASE_FEE_WEIGHT * MILLION)


def terms_transaction(terms: FeeTerms, l1_origin_hash: Hash32, l2_number: int) -> Transaction:
    """The first transaction of block `l2_number`, whose L1 origin has this hash."""
    knobs = terms.knobs
    words = (
        terms.l1_base_fee,
        terms.l1_blob_base_fee,
        knobs.l1_base_fee_scalar,
        knobs.l1_blob_base_fee_scalar,
        knobs.operator_fee_scalar,
        knobs.operator_fee_constant,
        int.from_bytes(knobs.base_fee_recipient, "big"),
    )
    calldata = SET_TERMS + b"".join(value.to_bytes(32, "big") for value in words)
    source = keccak(TERMS_DOMAIN + keccak(l1_origin_hash + l2_number.to_bytes(32, "big")))
    return deposit_transaction(source, TERMS_SENDER, FEE_ORACLE, 0, 0, TERMS_GAS_LIMIT, calldata)


def is_terms(tx: Transaction) -> bool:
    """Whether this is a terms transaction. Nobody can deposit one through the portal: its sender has no key."""
    return tx.type == DEPOSIT and tx.sender == TERMS_SENDER


def terms_of(transactions: Sequence[Transaction]) -> FeeTerms | None:
    """What a block with these transactions charges beside gas; None: nothing."""
    if not transactions or not is_terms(transactions[0]):
        return None
    return _decode(transactions[0].data)


def _decode(calldata: bytes) -> FeeTerms | None:
    if len(calldata) != _CALLDATA_BYTES or calldata[:4] != SET_TERMS:
        return None
    words = [int.from_bytes(calldata[start : start + 32], "big") for start in range(4, _CALLDATA_BYTES, 32)]
    return FeeTerms(
        FeeKnobs(
            base_fee_recipient=Address(calldata[-20:]),
            operator_fee_scalar=words[4],
            operator_fee_constant=words[5],
            l1_base_fee_scalar=words[2],
            l1_blob_base_fee_scalar=words[3],
        ),
        l1_base_fee=words[0],
        l1_blob_base_fee=words[1],
    )
