"""Both sides of the settlement contracts in one titanoboa chain, and variants of them with one defect each."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract, VyperDeployer
from eth_abi.abi import encode
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

from node.artifacts import SOURCES
from protocol.bridge import L2_BRIDGE_ADDRESS, TOKEN_TEMPLATE_ADDRESS
from protocol.config_changes import MAX_GAS_LIMIT
from protocol.crypto import keccak
from protocol.deposit import TRANSACTION_DEPOSITED, Deposit, decode_deposit
from protocol.mpt import EMPTY_ROOT, update_trie
from protocol.output_root import output_root
from protocol.types import Address, Hash32
from protocol.withdrawal import (
    MESSAGE_PASSED,
    OUTBOX_ADDRESS,
    Withdrawal,
    decode_message_passed,
    prove_sent,
    sent_slot,
)

VULNERABLE = Path(__file__).resolve().parent / "vulnerable"

ETHER = 10**18
BOND = ETHER
WINDOW = 1_000
DELAY = 500
CONFIG_DELAY = 100
DEPOSIT_GAS_LIMIT = 8_000_000
STATE_ROOT = keccak(b"state")
BLOCK_HASH = keccak(b"block")
GENESIS_ROOT = output_root(keccak(b"genesis state"), Hash32(EMPTY_ROOT), keccak(b"genesis"))

Log: TypeAlias = tuple[tuple[bytes, ...], bytes]


@dataclass(frozen=True)
class Settlement:
    """Everything deployed. `owner`, `batcher`, `proposer` and `game` are accounts, whose calls tests make directly."""

    owner: str
    batcher: str
    proposer: str
    game: str
    config: VyperContract
    outputs: VyperContract
    portal: VyperContract
    bridge: VyperContract
    outbox: VyperContract
    l2_bridge: VyperContract
    template: VyperContract

    def propose(self, root: bytes, l2_block_number: int, parent: int = 0, proposer: str | None = None) -> int:
        """Bond an output root on the parent given; returns the assertion's id."""
        proposer = proposer or self.proposer
        boa.env.set_balance(proposer, boa.env.get_balance(proposer) + BOND)
        number = boa.env.evm.patch.block_number - 1
        with boa.env.prank(proposer):
            return int(self.outputs.propose(parent, l2_block_number, root, number, l1_hash(number), value=BOND))

    def confirm(self, assertion_id: int) -> None:
        """Let the window pass, and confirm."""
        boa.env.time_travel(seconds=WINDOW)
        self.outputs.confirm(assertion_id)

    def send(
        self, sender: str, target: str, amount: int = 0, data: bytes = b"", gas_limit: int = 100_000
    ) -> Withdrawal:
        """Start a withdrawal on L2, whose ether appears from nowhere."""
        boa.env.set_balance(sender, boa.env.get_balance(sender) + amount)
        with boa.env.prank(sender):
            self.outbox.send(target, gas_limit, data, value=amount)
        return withdrawal_of(self.outbox)

    def assert_outbox(self, *withdrawals: Withdrawal, parent: int = 0, confirm: bool = True) -> "Proof":
        """Propose an output with exactly these withdrawals in its outbox; confirmed unless told otherwise."""
        outbox = OutboxTrie(*[withdrawal.hash for withdrawal in withdrawals])
        number = int(self.outputs.assertion(parent).l2_block_number) + 10
        assertion_id = self.propose(output_root(STATE_ROOT, outbox.root, BLOCK_HASH), number, parent)
        if confirm:
            self.confirm(assertion_id)
        return Proof(assertion_id, (STATE_ROOT, outbox.root, BLOCK_HASH), outbox)

    def prove(self, withdrawal: Withdrawal, proof: "Proof", prover: str | None = None) -> str:
        """Prove it; returns the prover."""
        prover = prover or str(boa.env.eoa)
        with boa.env.prank(prover):
            self.portal.prove(
                abi_tuple(withdrawal), proof.assertion_id, proof.preimage, proof.outbox.proof(withdrawal.hash)
            )
        return prover

    def prove_and_wait(self, withdrawal: Withdrawal) -> str:
        """Bring a withdrawal to where only finalising is left; returns the prover."""
        prover = self.prove(withdrawal, self.assert_outbox(withdrawal, parent=self.outputs.latest_confirmed()))
        boa.env.time_travel(seconds=DELAY)
        return prover

    def run_deposit(self, deposit: Deposit) -> bool:
        """Execute a deposit as L2 would; whether its call succeeded."""
        sender = hex_address(deposit.sender)
        boa.env.set_balance(sender, boa.env.get_balance(sender) + deposit.mint)
        assert deposit.to is not None
        computation = boa.env.execute_code(
            hex_address(deposit.to),
            sender=sender,
            value=deposit.value,
            data=deposit.data,
            gas=deposit.gas_limit - 21_000 - 40 * len(deposit.data),
        )
        return not computation.is_error


class OutboxTrie:
    """The outbox's storage as far as a withdrawal's proof is concerned."""

    def __init__(self, *withdrawal_hashes: Hash32) -> None:
        self._nodes: dict[Hash32, bytes] = {}
        slots: dict[bytes, bytes | None] = {keccak(sent_slot(one)): b"\x01" for one in withdrawal_hashes}
        slots[keccak((1).to_bytes(32, "big"))] = b"\x07"  # the nonce is there as well
        self.root, created = update_trie(Hash32(EMPTY_ROOT), slots, self._nodes.__getitem__)
        self._nodes.update(created)

    def proof(self, withdrawal_hash: Hash32) -> bytes:
        return prove_sent(self.root, withdrawal_hash, self._nodes.__getitem__)


@dataclass(frozen=True)
class Proof:
    """An asserted output and the outbox behind it."""

    assertion_id: int
    preimage: tuple[bytes, bytes, bytes]
    outbox: OutboxTrie

    def under(self, assertion_id: int) -> "Proof":
        return replace(self, assertion_id=assertion_id)


def hex_address(address: bytes) -> str:
    return "0x" + address.hex()


def raw_address(address: Any) -> Address:
    return Address(bytes.fromhex(str(address)[2:]))


def abi_tuple(withdrawal: Withdrawal) -> tuple[int, str, str, int, int, bytes]:
    """As the portal's ABI has it."""
    return (
        withdrawal.nonce,
        hex_address(withdrawal.sender),
        hex_address(withdrawal.target),
        withdrawal.value,
        withdrawal.gas_limit,
        withdrawal.data,
    )


def l1_hash(number: int) -> bytes:
    """The hash that boa's chain answers for a block."""
    return bytes(boa.env.evm.patch.prev_hashes[boa.env.evm.patch.block_number - 1 - number])


def logs_of(contract: VyperContract, topic: bytes) -> list[Log]:
    """The raw logs of the last call to `contract` with this topic 0, wherever they were made."""
    raw = [
        (tuple(word.to_bytes(32, "big") for word in topics), bytes(data))
        for _position, _address, topics, data in contract._computation.get_raw_log_entries()
    ]
    return [log for log in raw if log[0][0] == topic]


def withdrawal_of(contract: VyperContract) -> Withdrawal:
    [(topics, data)] = logs_of(contract, MESSAGE_PASSED)
    return decode_message_passed(topics, data)


def deposit_of(contract: VyperContract) -> Deposit:
    [(topics, data)] = logs_of(contract, TRANSACTION_DEPOSITED)
    return decode_deposit(topics, data)


@cache
def deployer(source: Path) -> VyperDeployer:
    """The compiled contract; compiled once per session."""
    return boa.load_partial(str(source))


def deploy(sources: Path = SOURCES, *, permissioned: bool = False, game: str | None = None) -> Settlement:
    """Every contract, from the sources given."""

    def load(name: str, *arguments: object, at: bytes | None = None) -> VyperContract:
        override = {} if at is None else {"override_address": hex_address(at)}
        # Only what a defect changes is compiled again.
        source = sources if name in changed else SOURCES
        return deployer(source / f"{name}.vy").deploy(*arguments, **override)

    changed = _changed(sources)

    # A chain with enough of a past; boa's own answers for block hashes cannot be indexed.
    boa.env.evm.patch.block_number = 1_000
    boa.env.evm.patch.prev_hashes = [keccak(bytes((index,))) for index in range(256)]
    owner, batcher, proposer, gamer = (
        str(boa.env.generate_address(name)) for name in ["owner", "batcher", "proposer", "game"]
    )
    settings = [int(batcher, 16), int(proposer, 16), 30_000_000, 50, 6, 0, 0, 0, 0, 0]
    config = load("l1/chain_config", owner, CONFIG_DELAY, DEPOSIT_GAS_LIMIT, MAX_GAS_LIMIT, settings)
    outputs = load("l1/outputs", config, game or gamer, BOND, WINDOW, permissioned, GENESIS_ROOT)
    portal = load("l1/portal", outputs, DELAY, DEPOSIT_GAS_LIMIT)
    bridge = load("l1/bridge", portal)
    outbox = load("l2/outbox", at=OUTBOX_ADDRESS)
    template = load("l2/bridged_token", hex_address(L2_BRIDGE_ADDRESS), at=TOKEN_TEMPLATE_ADDRESS)
    l2_bridge = load("l2/bridge", bridge, template, outbox, at=L2_BRIDGE_ADDRESS)
    return Settlement(
        owner, batcher, proposer, game or gamer, config, outputs, portal, bridge, outbox, l2_bridge, template
    )


def _changed(sources: Path) -> set[str]:
    """The contracts whose code differs from the originals', by their own text or a module's."""
    users = {"l1/proof/mpt": "l1/portal", "l1/deposit_gas": "l1/portal"}
    names = [str(path.relative_to(sources).with_suffix("")) for path in sources.rglob("*.vy") if sources != SOURCES]
    return {
        users.get(name, name)
        for name in names
        if (sources / f"{name}.vy").read_bytes() != (SOURCES / f"{name}.vy").read_bytes()
    }


@pytest.fixture
def settlement() -> Iterator[Settlement]:
    """The contracts as they are."""
    with boa.env.anchor():
        yield deploy()


@pytest.fixture
def defective(tmp_path: Path) -> Callable[[str], Path]:
    """Sources with the one defect described in `vulnerable/<name>.defect` put in."""
    return lambda name: apply_defect(VULNERABLE / f"{name}.defect", tmp_path / name)


def apply_defect(description: Path, target: Path) -> Path:
    """Copy the contracts and replace, in one file, each block of `-` lines, which must be there once, by its `+` lines.

    The format: the file's path after `# in`, then blocks of `- ` and `+ ` lines separated by empty lines; other `#`
    lines tell what the defect is. Described this way, a variant cannot drift from the contract that it is held against.
    """
    lines = description.read_text().splitlines()
    [path] = [line.removeprefix("# in ") for line in lines if line.startswith("# in ")]
    shutil.copytree(SOURCES, target, ignore=shutil.ignore_patterns("build"))
    source = (target / path).read_text()
    blocks = "\n".join(line for line in lines if not line.startswith("#")).strip("\n").split("\n\n")
    for block in blocks:
        before = "\n".join(line[2:] for line in block.splitlines() if line.startswith("-")) + "\n"
        after = "".join(line[2:] + "\n" for line in block.splitlines() if line.startswith("+"))
        assert source.count(before) == 1, f"{description.name}: {source.count(before)} places with\n{before}"
        source = source.replace(before, after)
    (target / path).write_text(source)
    return target


@cache
def compile_strictly(name: str) -> dict[str, Any]:
    """Compile with warnings as errors; the outputs that tests look at."""
    bundle = FilesystemInputBundle([SOURCES])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        output: dict[str, Any] = compile_from_file_input(
            bundle.load_file(SOURCES / f"{name}.vy"),
            input_bundle=bundle,
            output_formats=("abi", "userdoc", "devdoc", "layout", "bytecode_runtime"),
        )
    return output


def encode_call(signature: str, *arguments: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak(signature.encode())[:4] + encode(types.split(",") if types else [], arguments)
