"""Official state tests as values that can be changed, and as files that the runners read."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocol.crypto import keccak
from protocol.errors import InvalidTransaction
from protocol.fees import blob_base_fee
from protocol.forks import Fork, constant_schedule
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import LEGACY, Transaction, decode_transaction
from protocol.types import Address, Hash32
from vm.fixtures import FORKS, STATE_TEST, allocations, cases_of, data, items, mapping, number
from vm.memory_state import Allocation
from vm.pyevm.block_state import BLOCKHASH_WINDOW, BlockEnvironment

NAMES = {fork: name for name, fork in reversed(FORKS.items()) if not name.startswith("BPO")}
"""What fixtures call each fork."""
CHAIN_ID = 1


@dataclass(frozen=True)
class StateTest:
    """One transaction on one state: what a state test asks, without the answer.

    `raw` is what is sent where it is not `tx` signed with `key`. `changes` names what was done to the official case.
    """

    name: str
    fork: Fork
    accounts: Mapping[Address, Allocation]
    fee_recipient: Address
    number: int
    timestamp: int
    gas_limit: int
    difficulty: int
    prev_randao: bytes
    base_fee: int
    excess_blob_gas: int
    tx: UnsignedTransaction
    key: bytes
    raw: bytes = b""
    changes: tuple[str, ...] = ()

    @property
    def sent(self) -> bytes:
        """The transaction's bytes."""
        return self.raw or sign_transaction(self.tx, self.key).raw

    @property
    def ancestors(self) -> list[Hash32]:
        """The hashes that BLOCKHASH finds, oldest first: as geth's `evm statetest` has them."""
        first = max(0, self.number - BLOCKHASH_WINDOW)
        return [keccak(str(height).encode()) for height in range(first, self.number)]

    def environment(self) -> BlockEnvironment:
        """The block around the transaction."""
        blobs = constant_schedule(self.fork).blobs_at(0)
        return BlockEnvironment(
            fork=self.fork,
            chain_id=CHAIN_ID,
            fee_recipient=self.fee_recipient,
            number=self.number,
            timestamp=self.timestamp,
            gas_limit=self.gas_limit,
            difficulty=0 if self.fork >= Fork.PARIS else self.difficulty,
            prev_randao=Hash32(self.prev_randao),
            base_fee=self.base_fee if self.fork >= Fork.LONDON else 0,
            blob_base_fee=0 if blobs is None else blob_base_fee(self.excess_blob_gas, blobs),
            ancestor_hash=lambda height: keccak(str(height).encode()),
        )

    def as_fixture(self, state_root: bytes, logs_hash: bytes, refused_as: Sequence[str] = ()) -> str:
        """The case as a file, with this answer."""
        post = {
            "hash": _hex(state_root),
            "logs": _hex(logs_hash),
            "txbytes": _hex(self.sent),
            "indexes": {"data": 0, "gas": 0, "value": 0},
        }
        if refused_as:
            post["expectException"] = "|".join(f"TransactionException.{name}" for name in refused_as)
        case = {
            "env": {
                "currentCoinbase": _hex(self.fee_recipient),
                "currentGasLimit": hex(self.gas_limit),
                "currentNumber": hex(self.number),
                "currentTimestamp": hex(self.timestamp),
                "currentRandom": _hex(self.prev_randao),
                "currentDifficulty": hex(0 if self.fork >= Fork.PARIS else self.difficulty),
                "currentBaseFee": hex(self.base_fee),
                "currentExcessBlobGas": hex(self.excess_blob_gas),
            },
            "pre": {
                _hex(address): {
                    "nonce": hex(account.nonce),
                    "balance": hex(account.balance),
                    "code": _hex(account.code),
                    "storage": {hex(slot): hex(word) for slot, word in account.storage.items()},
                }
                for address, account in self.accounts.items()
            },
            "transaction": {},
            "post": {NAMES[self.fork]: [post]},
        }
        return json.dumps({self.name: case})


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def read_state_test(file: Path, choose: Callable[[int], int]) -> StateTest | None:
    """One of the file's cases; `choose(n)` picks from n. None where the chosen one has no well-formed transaction."""
    tests = list(cases_of(file, False, STATE_TEST, "state test"))
    name, test = tests[choose(len(tests))]
    posts = [(fork, mapping(post)) for fork, found in mapping(mapping(test)["post"]).items() for post in items(found)]
    fork_name, post = posts[choose(len(posts))]
    fields, env = mapping(mapping(test)["transaction"]), mapping(mapping(test)["env"])
    if fork_name not in FORKS or "secretKey" not in fields:
        return None
    try:
        tx = decode_transaction(data(post["txbytes"]))
    except InvalidTransaction:
        return None
    return StateTest(
        name=name,
        fork=FORKS[fork_name],
        accounts=allocations(mapping(mapping(test)["pre"])),
        fee_recipient=Address(data(env["currentCoinbase"])),
        number=number(env["currentNumber"]),
        timestamp=number(env["currentTimestamp"]),
        gas_limit=number(env["currentGasLimit"]),
        difficulty=number(env.get("currentDifficulty", 0)),
        prev_randao=number(env.get("currentRandom", 0)).to_bytes(32, "big"),
        base_fee=number(env.get("currentBaseFee", 10)),
        excess_blob_gas=number(env.get("currentExcessBlobGas", 0)),
        tx=_unsigned(tx),
        key=data(fields["secretKey"]),
    )


def _unsigned(tx: Transaction) -> UnsignedTransaction:
    return UnsignedTransaction(
        chain_id=tx.chain_id,
        nonce=tx.nonce,
        gas_limit=tx.gas_limit,
        to=tx.to,
        value=tx.value,
        data=tx.data,
        max_fee_per_gas=tx.max_fee_per_gas,
        max_priority_fee_per_gas=0 if tx.type == LEGACY else tx.max_priority_fee_per_gas,
        type=tx.type,
        access_list=tx.access_list,
        max_fee_per_blob_gas=tx.max_fee_per_blob_gas,
        blob_hashes=tx.blob_hashes,
        authorizations=tx.authorizations,
    )
