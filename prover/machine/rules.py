"""What differs between forks outside the opcode table: which addresses are precompiles."""

from protocol.forks import Fork
from protocol.types import Address

_LAST_PRECOMPILE = {Fork.CANCUN: 0x0A}


def is_precompile(fork: int, address: Address) -> bool:
    """Whether calls to the address run a precompile. Such addresses are always warm."""
    return not any(address[:19]) and 1 <= address[19] <= _LAST_PRECOMPILE[Fork(fork)]
