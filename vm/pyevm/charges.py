"""What transactions of one block pay beside gas, taken and handed out. The formulas are `protocol.fee_terms`'s.

All of it is taken before the transaction runs, the operator fee for the whole gas limit; what turns out not to be owed
goes back with the gas. So a run cannot spend what it owes, and every wei taken is refunded, paid to somebody, or (the
base fee, unless somebody receives it) burnt.
"""

from dataclasses import dataclass

from protocol.chain_config import ChainConfig
from protocol.fee_terms import FeeTerms
from protocol.transaction import Transaction
from protocol.types import ZERO_ADDRESS, Address
from vm.journal import Journal


@dataclass(frozen=True, slots=True)
class Charges:
    """A block's terms, and who receives which fee; the base fee's recipient is None where it is burnt."""

    terms: FeeTerms
    l1_fee_recipient: Address
    operator_fee_recipient: Address
    base_fee_recipient: Address | None

    def most(self, tx: Transaction) -> int:
        """Wei to take before `tx` runs."""
        return self.terms.most(tx)

    def recipients(self) -> tuple[Address, ...]:
        """Who may be paid."""
        others = () if self.base_fee_recipient is None else (self.base_fee_recipient,)
        return (self.l1_fee_recipient, self.operator_fee_recipient, *others)

    def settle(self, state: Journal, tx: Transaction, taken: int, gas_used: int, base_fee: int) -> None:
        """After the run: refund what was taken too much, and pay out. `base_fee` is wei per gas, as charged."""
        operator_fee = self.terms.operator_fee(gas_used)
        l1_fee = taken - self.terms.operator_fee(tx.gas_limit)
        _credit(state, tx.sender, taken - l1_fee - operator_fee)
        _credit(state, self.l1_fee_recipient, l1_fee)
        _credit(state, self.operator_fee_recipient, operator_fee)
        if self.base_fee_recipient is not None:
            _credit(state, self.base_fee_recipient, gas_used * base_fee)


def charges_of(terms: FeeTerms | None, config: ChainConfig) -> Charges | None:
    """The charges of a block with these terms."""
    if terms is None:
        return None
    recipient = terms.knobs.base_fee_recipient
    return Charges(
        terms,
        config.l1_fee_recipient,
        config.operator_fee_recipient,
        None if recipient == ZERO_ADDRESS else recipient,
    )


def _credit(state: Journal, address: Address, wei: int) -> None:
    if wei:
        state.delta_balance(address, wei)
