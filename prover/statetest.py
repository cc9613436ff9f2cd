"""Official state tests as the start of a trace: the pre-state as tries, the block, and the transaction's bytes.

Source: https://github.com/ethereum/tests, GeneralStateTests. What the files look like is `vm.fixtures`' business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocol import mpt
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.errors import InvalidInput
from protocol.fees import GAS_PER_BLOB, blob_base_fee
from protocol.forks import Fork, constant_schedule
from protocol.mpt import EMPTY_ROOT
from protocol.receipt import Log
from protocol.rlp_codec import encode
from protocol.types import UINT64_MAX, Address, Hash32
from prover.commitments.structures import NOTHING, BlockContext, LogLink, TxBoundary
from prover.machine.oracle import FullOracle, ring_of
from prover.machine.vm import VM
from prover.trace import start
from vm.fixture_transaction import transaction_bytes
from vm.fixtures import (
    STATE_TEST,
    JsonObject,
    allocations,
    blob_schedule,
    cases_of,
    data,
    fixture_files,
    items,
    mapping,
    number,
)
from vm.memory_state import memory_state

DEFAULT_BASE_FEE = 10
"""Wei per gas where a case states none."""
FORK_NAMES = {Fork.CANCUN: "Cancun"}
"""The forks that the machine knows, as the suites call them."""
_ANCESTORS = 256


@dataclass(frozen=True, slots=True)
class StateCase:
    """One transaction on one pre-state, and what must come of it: a root, the logs' hash, or a refusal."""

    name: str
    file: str
    fork: Fork
    pre: JsonObject
    env: JsonObject
    config: JsonObject
    tx: bytes
    expected_root: Hash32
    expected_logs: Hash32
    refused: bool


@dataclass(frozen=True, slots=True)
class Unusable:
    """What stands in the place of a case: one that lacks something, or a file in a folder that is not JSON."""

    name: str
    error: str


def cases_in(paths: Sequence[Path], fork: Fork = Fork.CANCUN) -> Iterator[StateCase]:
    """The fork's cases in these files and below these folders.

    Raises:
        InvalidInput: A path does not exist, or what stands in the place of a case cannot be used.
    """
    for entry in entries_in(paths, fork):
        if isinstance(entry, Unusable):
            raise InvalidInput(entry.error)
        yield entry


def entries_in(paths: Sequence[Path], fork: Fork = Fork.CANCUN) -> Iterator[StateCase | Unusable]:
    """The same, with whatever cannot be used in its place.

    Raises:
        InvalidInput: A path does not exist, or a file that was named itself is not JSON or holds no state tests.
    """
    for file, named in fixture_files(paths):
        try:
            tests = list(cases_of(file, named, STATE_TEST, "state test"))
        except InvalidInput as error:
            if named:
                raise
            yield Unusable(file.as_posix(), str(error))
            continue
        for name, test in tests:
            try:
                posts = items(mapping(test["post"]).get(FORK_NAMES[fork]))
                cases = [_case(name, file, fork, test, mapping(post)) for post in posts]
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                yield Unusable(name, f"{file}: {name} cannot be used: {type(error).__name__}: {error}")
            else:
                yield from cases


def _case(name: str, file: Path, fork: Fork, test: JsonObject, post: JsonObject) -> StateCase:
    config = mapping(test.get("config") or {})
    indexes = {key: number(value) for key, value in mapping(post["indexes"]).items()}
    return StateCase(
        name=f"{name}_d{indexes['data']}g{indexes['gas']}v{indexes['value']}",
        file=file.as_posix(),
        fork=fork,
        pre=mapping(test["pre"]),
        env=mapping(test["env"]),
        config=config,
        tx=transaction_bytes(mapping(test["transaction"]), post, number(config.get("chainid", 1))),
        expected_root=Hash32(data(post["hash"])),
        expected_logs=Hash32(data(post["logs"])),
        refused="expectException" in post,
    )


def begin(case: StateCase) -> VM:
    """The machine just before the case's transaction."""
    state = memory_state(allocations(case.pre))
    block_number = number(case.env["currentNumber"])
    # geth's `evm statetest`: the hash of block n is keccak of n in decimal.
    known = range(max(block_number - _ANCESTORS, 0), block_number)
    ring = ring_of({ancestor: keccak(str(ancestor).encode()) for ancestor in known})
    item = keccak(case.tx)
    boundary = TxBoundary(
        block=_block(case, block_number, ring.digest()),
        parent=NOTHING,
        tx_index=0,
        item=item,
        state_root=state.root,
        gas_used=0,
        blob_gas_used=0,
        receipts=NOTHING,
        batch_cursor=NOTHING,
    )
    return start(boundary, FullOracle(state.code, state.node, {item: case.tx}, ring))


def _block(case: StateCase, block_number: int, ring: Hash32) -> BlockContext:
    env = case.env
    blobs = blob_schedule(case.config, FORK_NAMES[case.fork]) or constant_schedule(case.fork).blobs_at(0)
    excess = number(env.get("currentExcessBlobGas", 0))
    return BlockContext(
        chain_id=number(case.config.get("chainid", 1)),
        fork=int(case.fork),
        allow_blobs=True,
        allow_deposits=False,
        number=block_number,
        timestamp=number(env["currentTimestamp"]),
        fee_recipient=Address(data(env["currentCoinbase"])),
        gas_limit=min(number(env["currentGasLimit"]), UINT64_MAX),
        base_fee=number(env.get("currentBaseFee", DEFAULT_BASE_FEE)),
        prev_randao=Hash32(number(env.get("currentRandom", 0)).to_bytes(32, "big")),
        blob_base_fee=0 if blobs is None else blob_base_fee(excess, blobs),
        blob_gas_limit=0 if blobs is None else blobs.maximum * GAS_PER_BLOB,
        ring=ring,
    )


def outcome_error(case: StateCase, vm: VM) -> str:
    """How the state that a finished machine has reached differs from what the case expects; empty if it does not."""
    boundary = last_boundary(vm)
    if case.refused != (boundary.tx_index == 0):
        return "the transaction should have been skipped" if case.refused else "the transaction was skipped"
    root = _touched(case, vm, boundary.state_root) if case.refused else boundary.state_root
    if root != case.expected_root:
        return f"post-state 0x{root.hex()}, expected 0x{case.expected_root.hex()}"
    if not case.refused and logs_hash(logs_of(vm)) != case.expected_logs:
        return "the logs differ from the expected ones"
    return ""


def _touched(case: StateCase, vm: VM, root: Hash32) -> Hash32:
    """The root after the fee recipient was touched, which geth's `evm statetest` does even after a refusal."""
    key = keccak(data(case.env["currentCoinbase"]))

    def node(node_hash: Hash32) -> bytes:
        return vm.oracle.node(node_hash, None)

    if mpt.get(root, key, node) == encode([b"", b"", EMPTY_ROOT, EMPTY_KECCAK]):
        return mpt.update_trie(root, {key: None}, node)[0]
    return root


def last_boundary(vm: VM) -> TxBoundary:
    """The boundary where the machine stands; only before and after a transaction."""
    if not isinstance(vm.cursor, TxBoundary):
        raise TypeError("the machine is inside a transaction")
    return vm.cursor


def logs_of(vm: VM) -> list[Log]:
    """The transaction's logs so far, oldest first."""
    logs = []
    link: object = vm.logs
    while isinstance(link, LogLink):
        topics = tuple(topic.to_bytes(32, "big") for topic in link.topics())
        logs.append(Log(link.address, topics, link.data.read(link.data_offset, link.data_length, None)))
        link = link.below
    return logs[::-1]


def logs_hash(logs: Sequence[Log]) -> Hash32:
    """What state tests call the hash of the logs."""
    return keccak(encode([[log.address, list(log.topics), log.data] for log in logs]))
