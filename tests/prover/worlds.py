"""Small worlds for the machine: accounts, a block, a signed transaction, and the machine before it."""

from collections.abc import Mapping

from protocol.crypto import keccak, private_key_address
from protocol.forks import Fork
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.transaction import Transaction
from protocol.types import Address, Hash32
from prover.commitments.structures import NOTHING, BlockContext, TxBoundary
from prover.commitments.tape import Witness
from prover.machine.oracle import FullOracle, ring_of
from prover.machine.step import step
from prover.machine.vm import DONE, VM
from prover.trace import start
from prover.witness import witnessed_step
from vm.memory_state import Allocation, MemoryState, memory_state

KEY = bytes(31) + b"\x01"
SENDER = private_key_address(KEY)
CONTRACT = Address(b"\xc0" * 20)
OTHER = Address(b"\xd0" * 20)
COINBASE = Address(b"\xcc" * 20)
NUMBER = 300
ANCESTORS = {number: keccak(str(number).encode()) for number in range(NUMBER - 256, NUMBER)}
RING = ring_of(ANCESTORS)

BLOCK = BlockContext(
    chain_id=1,
    fork=int(Fork.CANCUN),
    allow_blobs=True,
    allow_deposits=True,
    number=NUMBER,
    timestamp=1_700_000_000,
    fee_recipient=COINBASE,
    gas_limit=30_000_000,
    base_fee=7,
    prev_randao=Hash32(b"\x17" * 32),
    blob_base_fee=1,
    blob_gas_limit=6 * 2**17,
    ring=RING.digest(),
)


def signed(**fields: object) -> Transaction:
    """A transaction of SENDER, by default a call of CONTRACT."""
    defaults: dict[str, object] = {
        "chain_id": 1,
        "nonce": 0,
        "gas_limit": 200_000,
        "to": CONTRACT,
        "max_fee_per_gas": 100,
        "max_priority_fee_per_gas": 2,
    }
    return sign_transaction(UnsignedTransaction(**{**defaults, **fields}), KEY)  # type: ignore[arg-type]


def state_with(accounts: Mapping[Address, Allocation]) -> MemoryState:
    """The accounts, and SENDER with funds."""
    return memory_state({SENDER: Allocation(10**18), **accounts})


def machine(state: MemoryState, tx: Transaction, block: BlockContext = BLOCK) -> VM:
    """The machine before `tx`."""
    boundary = TxBoundary(
        block=block,
        parent=NOTHING,
        tx_index=0,
        item=tx.hash,
        state_root=state.root,
        gas_used=0,
        blob_gas_used=0,
        receipts=NOTHING,
        batch_cursor=NOTHING,
    )
    return start(boundary, FullOracle(state.code, state.node, {tx.hash: tx.raw}, RING))


def running(code: bytes, accounts: Mapping[Address, Allocation] | None = None, **tx: object) -> VM:
    """The machine before a call of CONTRACT, which has this code."""
    return machine(state_with({CONTRACT: Allocation(10**6, 1, code), **(accounts or {})}), signed(**tx))


def judged_steps(vm: VM) -> list[tuple[Hash32, Witness, Hash32]]:
    """The whole trace: each state's hash, the step's witness, the next state's hash."""
    steps = []
    while vm.phase != DONE:
        before = vm.digest()
        witness = witnessed_step(vm)
        steps.append((before, witness, vm.digest()))
    return steps


def finish(vm: VM) -> VM:
    """The machine when the transaction is over."""
    while vm.phase != DONE:
        step(vm)
    return vm


def push(value: int | bytes) -> bytes:
    """PUSH of the shortest width, or of these bytes."""
    data = value if isinstance(value, bytes) else value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes((0x5F + len(data),)) + data


def code(*parts: int | bytes) -> bytes:
    """Opcodes as numbers, everything else as bytes."""
    return b"".join(bytes((part,)) if isinstance(part, int) else part for part in parts)
