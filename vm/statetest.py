"""Ethereum's state tests: one transaction on a given state, and the state, logs or refusal that must come of it.

The environment follows geth's `evm statetest`: no system calls, BLOCKHASH(n) is keccak of n in decimal, and the fee
recipient is touched at the end even if the transaction was refused.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.errors import InvalidInput, InvalidTransaction
from protocol.fees import GAS_PER_BLOB, blob_base_fee
from protocol.forks import BlobSchedule, Fork, constant_schedule
from protocol.receipt import Log
from protocol.rlp_codec import RlpItem, encode
from protocol.transaction import decode_transaction
from protocol.types import ZERO_HASH, Address, Hash32
from vm.fixture_transaction import transaction_bytes
from vm.fixtures import (
    FORKS,
    STATE_TEST,
    JsonObject,
    allocations,
    blob_schedule,
    cases_of,
    data,
    items,
    mapping,
    number,
)
from vm.memory_state import memory_state
from vm.pyevm.block_state import BlockEnvironment, BlockState
from vm.pyevm.execution import check_transaction, execute_transaction
from vm.pyevm.rules import rules_of
from vm.rejections import fits
from vm.state_root import state_after
from vm.suite import CaseResult, Task, run_files

DEFAULT_BASE_FEE = 10
"""Wei per gas where a case states none."""


def run_statetests(paths: Sequence[Path], fork: str | None = None, jobs: int = 1) -> Iterator[CaseResult]:
    """Run every case below `paths`, or those of one fork, on `jobs` processes; results in the order of the files.

    Files in a folder that hold something else are passed over.

    Raises:
        InvalidInput: A path does not exist, a file named itself holds no state tests, or the fork is unknown.
    """
    if fork is not None and fork not in FORKS:
        raise InvalidInput(f"unknown fork {fork}; known: {', '.join(FORKS)}")
    return run_files(_run_file, paths, fork, jobs)


def _run_file(task: Task) -> list[CaseResult]:
    path, named, fork = task
    results: list[CaseResult] = []
    for name, case in cases_of(path, named, STATE_TEST, "state test"):
        try:
            results.extend(_run_case(name, case, fork))
        except Exception as error:  # a case that is no such thing fails by itself, not the run
            results.append(CaseResult(name, False, "", ZERO_HASH, f"unusable: {type(error).__name__}: {error}"))
    return results


def _run_case(name: str, case: JsonObject, only_fork: str | None) -> Iterator[CaseResult]:
    for fork_name, posts in mapping(case["post"]).items():
        if only_fork is not None and fork_name != only_fork:
            continue
        for post in items(posts):
            full_name = name
            try:
                indexes = {key: number(value) for key, value in mapping(mapping(post)["indexes"]).items()}
                full_name = f"{name}_d{indexes['data']}g{indexes['gas']}v{indexes['value']}"
                root, error = _run_post(case, fork_name, mapping(post))
            except Exception as crash:  # a bug in the engine, or in the case, fails this case, not the run
                root, error = ZERO_HASH, f"crash: {type(crash).__name__}: {crash}"
            yield CaseResult(full_name, error is None, fork_name, root, error)


def _run_post(case: JsonObject, fork_name: str, post: JsonObject) -> tuple[Hash32, str | None]:
    """Run one variant; returns the resulting root and what is wrong with it."""
    if fork_name not in FORKS:
        return ZERO_HASH, f"unsupported fork {fork_name}"
    fork = FORKS[fork_name]
    config = mapping(case.get("config") or {})
    chain = ChainConfig(chain_id=number(config.get("chainid", 1)), forks=constant_schedule(fork))
    blobs = blob_schedule(config, fork_name) or chain.forks.blobs_at(0)
    reader = memory_state(allocations(mapping(case["pre"])))
    state = BlockState(reader, _environment(mapping(case["env"]), fork, chain.chain_id, blobs))
    refusal: InvalidTransaction | None = None
    logs: tuple[Log, ...] = ()
    try:
        tx = decode_transaction(transaction_bytes(mapping(case["transaction"]), post, chain.chain_id))
        blob_gas_left = 0 if blobs is None else blobs.maximum * GAS_PER_BLOB
        check_transaction(state, chain, tx, state.gas_limit, blob_gas_left)
        logs = execute_transaction(state, rules_of(fork), tx).logs
    except InvalidTransaction as error:
        refusal = error
    state.begin_transaction({})
    state.touch_account(state.coinbase)
    state.end_transaction(clear_empty=fork >= Fork.SPURIOUS_DRAGON)
    root, _ = state_after(reader, state.changes())
    return root, _judge(post, refusal, root, logs)


def _judge(post: JsonObject, refusal: InvalidTransaction | None, root: Hash32, logs: Sequence[Log]) -> str | None:
    """What is wrong with the result, or None."""
    expected = post.get("expectException")
    if expected is not None:
        if refusal is None:
            return f"expected the transaction to be refused: {expected}"
        if not fits(refusal, str(expected)):
            return f"refused for {refusal.reason.name} ({refusal}), expected {expected}"
    elif refusal is not None:
        return f"unexpected refusal: {refusal.reason.name} ({refusal})"
    if root != data(post["hash"]):
        return f"post state root mismatch: got {root.hex()}, want {data(post['hash']).hex()}"
    logs_hash = keccak(encode([_log_item(log) for log in logs]))
    if logs_hash != data(post["logs"]):
        return f"post state logs hash mismatch: got {logs_hash.hex()}, want {data(post['logs']).hex()}"
    return None


def _log_item(log: Log) -> RlpItem:
    return [log.address, list(log.topics), log.data]


def _environment(env: JsonObject, fork: Fork, chain_id: int, blobs: BlobSchedule | None) -> BlockEnvironment:
    excess = number(env.get("currentExcessBlobGas", 0))
    return BlockEnvironment(
        fork=fork,
        chain_id=chain_id,
        fee_recipient=Address(data(env["currentCoinbase"])),
        number=number(env["currentNumber"]),
        timestamp=number(env["currentTimestamp"]),
        gas_limit=number(env["currentGasLimit"]),
        difficulty=number(env.get("currentDifficulty", 0)),
        prev_randao=Hash32(number(env.get("currentRandom", 0)).to_bytes(32, "big")),
        base_fee=number(env.get("currentBaseFee", DEFAULT_BASE_FEE)) if fork >= Fork.LONDON else 0,
        blob_base_fee=0 if blobs is None else blob_base_fee(excess, blobs),
        ancestor_hash=lambda block_number: keccak(str(block_number).encode()),
    )
