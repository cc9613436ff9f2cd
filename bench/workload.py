"""The same signed transactions for every peer: deterministic, and signed before any clock starts.

The chain id is eth-tester's, which is the one peer that cannot be told another.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from node.artifacts import load_artifact
from protocol.crypto import keccak, private_key_address
from protocol.rlp_codec import encode
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import Address

CHAIN_ID = 131_277_322_940_537
GAS_LIMIT = 200_000_000
"""Of every block, on every peer: 9,523 plain transfers, so that time is what limits, not gas."""

BLOCK_SECONDS = 1
CONNECTIONS = 16
SENDERS = 192
BATCH = 100
"""Transactions per request, where a measure sends JSON-RPC batches."""

BALANCE_WEI = 10_000 * 10**18
MAX_FEE_WEI = 100 * 10**9
PRIORITY_FEE_WEI = 10**9
TOKEN_SUPPLY = 10**30
TOKENS_PER_SENDER = 10**24


@dataclass(frozen=True, slots=True)
class Wallet:
    """A funded account that signs in order."""

    key: bytes
    address: Address

    @classmethod
    def numbered(cls, index: int) -> "Wallet":
        """The same account at every call."""
        key = keccak(b"tombolo bench account" + index.to_bytes(8, "big"))
        return cls(key, private_key_address(key))


@dataclass(frozen=True, slots=True)
class Lane:
    """The transactions of one connection, in the order of sending."""

    transactions: tuple[Transaction, ...]

    def bodies(self, per_request: int) -> tuple[str, ...]:
        """JSON-RPC request bodies: single requests for 1, else batches."""
        requests = [_send_raw(number, tx) for number, tx in enumerate(self.transactions)]
        if per_request == 1:
            return tuple(requests)
        return tuple(
            "[" + ",".join(requests[start : start + per_request]) + "]"
            for start in range(0, len(requests), per_request)
        )


class Workload:
    """Accounts and the transactions they sign. Nonces go on from call to call, as they do on the chain."""

    def __init__(self, senders: int = SENDERS) -> None:
        self.deployer = Wallet.numbered(0)
        self.senders = tuple(Wallet.numbered(index) for index in range(1, senders + 1))
        self._nonces: dict[Address, int] = {}
        self._receivers = 0

    @cached_property
    def token(self) -> Address:
        """Where `token_setup` puts the ERC-20: the deployer's first contract."""
        return Address(keccak(encode([self.deployer.address, b""]))[12:])

    @property
    def funded(self) -> tuple[Wallet, ...]:
        """The accounts that genesis must fund with BALANCE_WEI each."""
        return (self.deployer, *self.senders)

    def transfers(self, count: int) -> tuple[Lane, ...]:
        """`count` plain transfers of 1 wei, each to an account that does not exist yet."""
        return self._lanes(count, lambda: (self._fresh_address(), 1, b"", 21_000))

    def token_setup(self) -> tuple[Transaction, ...]:
        """Deploy the token and give every sender some; to be mined before `token_transfers`."""
        init_code = load_artifact("examples/token").init_code + TOKEN_SUPPLY.to_bytes(32, "big")
        deploy = self._sign(self.deployer, None, 0, init_code, 2_000_000)
        share = [
            self._sign(self.deployer, self.token, 0, _transfer_call(wallet.address, TOKENS_PER_SENDER), 100_000)
            for wallet in self.senders
        ]
        return (deploy, *share)

    def token_transfers(self, count: int) -> tuple[Lane, ...]:
        """`count` ERC-20 transfers of 1 unit, each to an account that holds none yet."""
        return self._lanes(count, lambda: (self.token, 0, _transfer_call(self._fresh_address(), 1), 100_000))

    def _fresh_address(self) -> Address:
        self._receivers += 1
        return Address(keccak(b"tombolo bench receiver" + self._receivers.to_bytes(8, "big"))[12:])

    def _lanes(self, count: int, call: Callable[[], tuple[Address, int, bytes, int]]) -> tuple[Lane, ...]:
        """Spread over connections so that one sender's transactions all go through one: nonces stay in order."""
        lanes: list[list[Transaction]] = [[] for _ in range(CONNECTIONS)]
        for number in range(count):
            sender = number % len(self.senders)
            to, value, data, gas = call()
            lanes[sender % CONNECTIONS].append(self._sign(self.senders[sender], to, value, data, gas))
        return tuple(Lane(tuple(lane)) for lane in lanes)

    def _sign(self, wallet: Wallet, to: Address | None, value: int, data: bytes, gas: int) -> Transaction:
        nonce = self._nonces.get(wallet.address, 0)
        self._nonces[wallet.address] = nonce + 1
        unsigned = UnsignedTransaction(
            chain_id=CHAIN_ID,
            nonce=nonce,
            gas_limit=gas,
            to=to,
            value=value,
            data=data,
            max_fee_per_gas=MAX_FEE_WEI,
            max_priority_fee_per_gas=PRIORITY_FEE_WEI,
        )
        return sign_transaction(unsigned, wallet.key)


def _transfer_call(to: Address, amount: int) -> bytes:
    """`transfer(address,uint256)`."""
    return bytes.fromhex("a9059cbb") + to.rjust(32, b"\0") + amount.to_bytes(32, "big")


def _send_raw(number: int, tx: Transaction) -> str:
    return json.dumps(
        {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction", "params": ["0x" + tx.raw.hex()]}
    )
