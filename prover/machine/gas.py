"""What steps cost, by Cancun's rules, and how a frame pays. Sources: yellow paper appendix G and the EIPs named."""

from prover.commitments.pages import MAX_BYTES
from prover.machine.faults import OutOfGas
from prover.machine.frame import Frame

BASE = 2
VERY_LOW = 3
LOW = 5
MID = 8
HIGH = 10
JUMPDEST = 1

EXP = 10
EXP_BYTE = 50
KECCAK = 30
KECCAK_WORD = 6
COPY_WORD = 3
MEMORY_WORD = 3
MEMORY_QUADRATIC_DIVISOR = 512
BLOCKHASH = 20
BLOBHASH = 3

WARM_ACCESS = 100
COLD_ACCOUNT = 2_600
COLD_SLOT = 2_100
"""EIP-2929."""

STORAGE_SENTRY = 2_300
STORAGE_SET = 20_000
STORAGE_UPDATE = 5_000 - COLD_SLOT
STORAGE_CLEAR_REFUND = 4_800
"""EIP-2200, EIP-2929, EIP-3529."""

LOG = 375
LOG_TOPIC = 375
LOG_BYTE = 8

CALL_VALUE = 9_000
CALL_STIPEND = 2_300
NEW_ACCOUNT = 25_000
CREATE = 32_000
CODE_BYTE = 200
INITCODE_WORD = 2
SELFDESTRUCT = 5_000

MAX_REFUND_QUOTIENT = 5
"""EIP-3529."""


def charge(frame: Frame, amount: int) -> None:
    """Take gas from the frame.

    Raises:
        OutOfGas: It has less.
    """
    if amount > frame.gas:
        raise OutOfGas
    frame.gas -= amount


def words_of(length: int) -> int:
    """How many words `length` bytes fill."""
    return (length + 31) // 32


def memory_cost(words: int) -> int:
    """Gas for a memory of so many words."""
    return MEMORY_WORD * words + words * words // MEMORY_QUADRATIC_DIVISOR


def expanded(frame: Frame, offset: int, length: int, least: int = 0) -> int:
    """The memory's size in words once it covers a range; a range of length 0 covers nothing wherever it lies.

    Raises:
        OutOfGas: The range ends beyond 64 MiB, for which no frame of less than 8,600M gas can pay.
    """
    words = max(frame.words, least)
    if not length:
        return words
    end = offset + length
    if end > MAX_BYTES:
        raise OutOfGas
    return max(words, (end + 31) // 32)


def expansion_cost(frame: Frame, words: int) -> int:
    """Gas for growing the memory to so many words."""
    return memory_cost(words) - memory_cost(frame.words) if words > frame.words else 0


def all_but_one_64th(gas: int) -> int:
    """What a frame may pass on (EIP-150)."""
    return gas - gas // 64
