"""Changed official state tests with EELS' answer, what our engine makes of them, and such cases as files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from hypothesis.errors import UnsatisfiedAssumption

from protocol.chain_config import ChainConfig
from protocol.crypto import keccak, private_key_address
from protocol.errors import InvalidTransaction, TxError
from protocol.fees import GAS_PER_BLOB
from protocol.forks import Fork, constant_schedule
from protocol.receipt import Receipt, logs_bloom
from protocol.rlp_codec import as_list, decode_list, encode
from protocol.transaction import LEGACY, decode_transaction
from protocol.validity import is_delegation
from tests.vm.eels.mutations import MOST_GAS, mutate
from tests.vm.eels.official import CHAIN_ID, StateTest, read_state_test
from tests.vm.eels.oracle import Eels, Refused, Transition
from vm.memory_state import Allocation, memory_state
from vm.pyevm.block_state import BlockState
from vm.pyevm.execution import check_transaction, execute_transaction
from vm.pyevm.rules import rules_of
from vm.state_root import state_after

SUITES = (
    "ethereum-tests/GeneralStateTests",
    "execution-spec-tests/cancun/state_tests",
    "execution-spec-tests/prague/state_tests",
    "execution-spec-tests/osaka/state_tests",
)
SLOW = ("stTimeConsuming", "stQuadraticComplexityTest", "vmPerformance")
LARGE = 600_000
"""Bytes of a file that takes longer to read than its cases to run."""
eels_of = cache(Eels)


@dataclass(frozen=True)
class Answered:
    """A case with what EELS makes of it."""

    case: StateTest
    answer: Refused | Transition


def answered(
    vectors: Path, seed: str, count: int, fork: Fork | None = None, most_gas: int = MOST_GAS
) -> Iterator[Answered]:
    """So many cases that EELS has an answer for, all of one fork if it is given; the same of each seed."""
    suites = [files_in(vectors / suite) for suite in SUITES]
    index = 0
    while count:
        random = Random(f"{seed} {index}")
        index += 1
        official = read_state_test(random.choice(random.choice(suites)), random.randrange)
        if official is None:
            continue
        case = mutate(official, random, fork, most_gas)
        if has_an_answer(case) and (answer := theirs(case)) is not None:
            count -= 1
            yield Answered(case, answer)


def files_in(suite: Path) -> list[Path]:
    """The suite's files whose cases can be run many times."""
    files = [file for file in sorted(suite.rglob("*.json")) if file.stat().st_size < LARGE]
    found = [file for file in files if not any(folder in file.parts for folder in SLOW)]
    assert found
    return found


def has_an_answer(case: StateTest) -> bool:
    """Whether EELS asks the same question of this case as we do.

    From Paris on it takes for granted that no account is empty; of typed transactions it does not compare the chain;
    and it lets a delegated account send from Prague on, as geth does in every fork: before, there can be none.
    """
    if case.fork >= Fork.PARIS and any(
        not (account.nonce or account.balance or account.code) for account in case.accounts.values()
    ):
        return False
    sender = case.accounts.get(private_key_address(case.key), Allocation())
    if case.fork < Fork.PRAGUE and is_delegation(sender.code):
        return False
    try:
        tx = decode_transaction(case.sent)
    except InvalidTransaction:
        return True
    return tx.type == LEGACY or tx.chain_id == CHAIN_ID


def theirs(case: StateTest) -> Refused | Transition | None:
    """None where EELS fails."""
    try:
        return eels_of(case.fork).transition(
            case.accounts, case.environment(), case.excess_blob_gas, case.ancestors, case.sent
        )
    except (UnsatisfiedAssumption, OverflowError):
        return None


def ours(case: StateTest) -> TxError | Transition:
    config = ChainConfig(CHAIN_ID, constant_schedule(case.fork))
    blobs = config.forks.blobs_at(0)
    reader = memory_state(case.accounts)
    state = BlockState(reader, case.environment())
    try:
        tx = decode_transaction(case.sent)
        check_transaction(state, config, tx, case.gas_limit, 0 if blobs is None else blobs.maximum * GAS_PER_BLOB)
    except InvalidTransaction as refusal:
        return refusal.reason
    execution = execute_transaction(state, rules_of(case.fork), tx)
    root, _ = state_after(reader, state.changes())
    outcome = root if case.fork < Fork.BYZANTIUM else int(execution.outcome.error is None)
    bloom = logs_bloom(execution.logs)
    receipt = Receipt(tx.type, outcome, execution.gas_used, bloom, execution.logs, execution.gas_used)
    return Transition(root, execution.gas_used, receipt.encode())


def difference(case: StateTest, answer: Refused | Transition) -> str:
    """What our engine does otherwise than EELS; empty if nothing."""
    result = ours(case)
    if isinstance(answer, Refused):
        return "" if isinstance(result, TxError) else f"ours lets it in, EELS does not: {answer.why}"
    if isinstance(result, TxError):
        return f"ours refuses it: {result.name}"
    return "" if result == answer else f"ours {result}, EELS {answer}"


def as_file(found: Answered, folder: Path) -> Path:
    """The case as an official file would have it."""
    case, answer = found.case, found.answer
    if isinstance(answer, Refused):
        reason = ours(case)
        assert isinstance(reason, TxError)
        content = case.as_fixture(untouched_root(case), keccak(encode([])), [reason.name])
    else:
        fields = decode_list(answer.receipt[answer.receipt[0] < 0xC0 :], "receipt")
        content = case.as_fixture(answer.state_root, keccak(encode(as_list(fields[3], "logs"))))
    file = folder / "mutated.json"
    file.write_text(content)
    return file


def untouched_root(case: StateTest) -> bytes:
    """The root after a refusal: until EIP-161 the fee recipient came to be, and from then on it went when empty."""
    accounts = dict(case.accounts)
    recipient = accounts.setdefault(case.fee_recipient, Allocation())
    if case.fork >= Fork.SPURIOUS_DRAGON and not (recipient.nonce or recipient.balance or recipient.code):
        del accounts[case.fee_recipient]
    return memory_state(accounts).root
