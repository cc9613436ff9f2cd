"""Transactions as a wallet makes them, by the project's own rules."""

from collections.abc import Iterator

from genesis.dev import DEV_PRIVATE_KEYS
from node.artifacts import load_artifact
from protocol.crypto import keccak, private_key_address
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import Address
from tests.e2e.network import L2_CHAIN_ID

GWEI = 10**9


class Wallet:
    """One dev account that counts its own nonces."""

    def __init__(self, index: int, chain_id: int = L2_CHAIN_ID) -> None:
        self.key = DEV_PRIVATE_KEYS[index]
        self.address = private_key_address(self.key)
        self.chain_id = chain_id
        self.nonce = 0

    def sign(self, to: Address | None, value: int = 0, data: bytes = b"", gas_limit: int = 21_000) -> Transaction:
        tx = sign_transaction(
            UnsignedTransaction(self.chain_id, self.nonce, gas_limit, to, value, data, 100 * GWEI, GWEI), self.key
        )
        self.nonce += 1
        return tx

    def transfers(self, count: int) -> Iterator[Transaction]:
        """Payments of 1 wei, each to an account of its own."""
        for _ in range(count):
            yield self.sign(Address(keccak(self.address + self.nonce.to_bytes(4, "big"))[12:]), value=1)

    def deploy_token(self, supply: int) -> Transaction:
        return self.sign(
            None, data=load_artifact("examples/token").init_code + supply.to_bytes(32, "big"), gas_limit=1_500_000
        )

    def token_transfer(self, token: Address, to: Address, amount: int) -> Transaction:
        data = keccak(b"transfer(address,uint256)")[:4] + bytes(12) + to + amount.to_bytes(32, "big")
        return self.sign(token, data=data, gas_limit=100_000)
