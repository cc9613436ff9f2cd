"""Official state tests as the start of a trace: the pre-state as tries, the block, and the transaction's bytes.

Source: https://github.com/ethereum/tests, GeneralStateTests.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.fees import GAS_PER_BLOB, blob_base_fee
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.receipt import Log
from protocol.rlp_codec import encode, uint_bytes
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments.structures import NOTHING, BlockContext, LogLink, TxBoundary
from prover.commitments.tape import Sealed
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle, ring_of
from prover.machine.vm import BEGIN, VM

_ANCESTORS = 256
_UINT64 = 2**64 - 1


@dataclass(frozen=True, slots=True)
class StateCase:
    """One transaction on one pre-state. `expected_root` and `expected_logs` are the test's; None: no such exception."""

    name: str
    fork: Fork
    pre: Mapping[str, Any]
    env: Mapping[str, str]
    tx: bytes
    expected_root: Hash32
    expected_logs: Hash32
    exception: str | None


def cases_in(path: Path, fork: Fork = Fork.CANCUN) -> Iterator[StateCase]:
    """The fork's cases in one file, or in every file below a folder, in order of path."""
    for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
        for name, test in json.loads(file.read_text()).items():
            for post in test["post"].get(_FORK_NAMES[fork], []):
                indexes = post["indexes"]
                yield StateCase(
                    name=f"{name}[{indexes['data']},{indexes['gas']},{indexes['value']}]",
                    fork=fork,
                    pre=test["pre"],
                    env=test["env"],
                    tx=_bytes(post["txbytes"]),
                    expected_root=Hash32(_bytes(post["hash"])),
                    expected_logs=Hash32(_bytes(post["logs"])),
                    exception=post.get("expectException"),
                )


_FORK_NAMES = {Fork.CANCUN: "Cancun", Fork.PRAGUE: "Prague", Fork.OSAKA: "Osaka"}


def begin(case: StateCase) -> VM:
    """The machine just before the case's transaction."""
    nodes: dict[Hash32, bytes] = {}
    codes: dict[Hash32, bytes] = {EMPTY_KECCAK: b""}
    state_root = _build_state(case.pre, nodes, codes)
    item = keccak(case.tx)
    number = _number(case.env["currentNumber"])
    ring = ring_of({n: keccak(str(n).encode()) for n in range(max(number - _ANCESTORS, 0), number)})
    oracle = FullOracle(codes.__getitem__, nodes.__getitem__, {item: case.tx}, ring)
    boundary = TxBoundary(
        block=_block(case, number, ring.digest()),
        parent=NOTHING,
        tx_index=0,
        item=item,
        state_root=state_root,
        gas_used=0,
        blob_gas_used=0,
        receipts=NOTHING,
        batch_cursor=ZERO_HASH,
    )
    return start(boundary, oracle)


def start(boundary: TxBoundary, oracle: FullOracle) -> VM:
    """The machine before the transaction at a boundary."""
    return VM(
        phase=BEGIN,
        cursor=boundary,
        frame=NO_FRAME,
        fork=0,
        boundary=NOTHING,
        tx=NOTHING,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=FullJournal(),
        oracle=oracle,
    )


def _block(case: StateCase, number: int, ring: Hash32) -> BlockContext:
    env = case.env
    timestamp = _number(env["currentTimestamp"])
    blobs = constant_schedule(case.fork).blobs_at(timestamp)
    return BlockContext(
        chain_id=1,
        fork=int(case.fork),
        allow_blobs=True,
        number=number,
        timestamp=timestamp,
        fee_recipient=Address(_bytes(env["currentCoinbase"])),
        gas_limit=min(_number(env["currentGasLimit"]), _UINT64),
        base_fee=_number(env.get("currentBaseFee", "0x0a")),
        prev_randao=Hash32(_number(env.get("currentRandom", "0x0")).to_bytes(32, "big")),
        blob_base_fee=0 if blobs is None else blob_base_fee(_number(env.get("currentExcessBlobGas", "0x0")), blobs),
        blob_gas_limit=0 if blobs is None else blobs.maximum * GAS_PER_BLOB,
        ring=ring,
    )


def _build_state(pre: Mapping[str, Any], nodes: dict[Hash32, bytes], codes: dict[Hash32, bytes]) -> Hash32:
    leaves: dict[bytes, bytes | None] = {}
    for address, account in pre.items():
        slots = {_number(slot): _number(value) for slot, value in account["storage"].items()}
        storage: dict[bytes, bytes | None] = {
            keccak(slot.to_bytes(32, "big")): encode(uint_bytes(value)) for slot, value in slots.items() if value
        }
        storage_root, created = update_trie(EMPTY_ROOT, storage, nodes.__getitem__)
        nodes.update(created)
        code = _bytes(account["code"])
        codes[keccak(code)] = code
        nonce, balance = uint_bytes(_number(account["nonce"])), uint_bytes(_number(account["balance"]))
        leaves[keccak(_bytes(address))] = encode([nonce, balance, storage_root, keccak(code)])
    root, created = update_trie(EMPTY_ROOT, leaves, nodes.__getitem__)
    nodes.update(created)
    return root


def logs_of(vm: VM) -> list[Log]:
    """The transaction's logs so far, oldest first."""
    logs = []
    link: object = vm.logs
    while isinstance(link, LogLink):
        topics = tuple(topic.to_bytes(32, "big") for topic in link.topics())
        logs.append(Log(link.address, topics, link.data.read(link.data_offset, link.data_length, None)))
        link = link.below
    return logs[::-1]


def logs_hash(logs: list[Log]) -> Hash32:
    """What state tests call the hash of the logs."""
    return keccak(encode([[log.address, list(log.topics), log.data] for log in logs]))


def state_root_of(vm: VM) -> Hash32:
    """The state root at the boundary where the machine stands; only before and after a transaction."""
    if isinstance(vm.cursor, Sealed) or not isinstance(vm.cursor, TxBoundary):
        raise TypeError("the machine is inside a transaction")
    return vm.cursor.state_root


def _number(text: str) -> int:
    return int(text, 16)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
