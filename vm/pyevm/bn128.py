"""0x06, 0x07 and 0x08: the curve BN128 (EIP-196, EIP-197). py-evm's are 6 to 60 times as slow, and load as slowly."""

from collections.abc import Mapping

from protocol.bn128 import bn128_add, bn128_multiply
from protocol.bn128_pairing import PAIR_BYTES, bn128_pairing
from protocol.forks import Fork
from vm.pyevm.priced import Run, priced


def bn128_precompiles(fork: Fork) -> Mapping[int, Run]:
    """Addition, multiplication and pairing by their numbers, at Byzantium's prices or, since Istanbul, EIP-1108's."""
    add, multiply, pairing, pair = (
        (500, 40_000, 100_000, 80_000) if fork < Fork.ISTANBUL else (150, 6_000, 45_000, 34_000)
    )
    return {
        0x06: priced(bn128_add, lambda _: add),
        0x07: priced(bn128_multiply, lambda _: multiply),
        0x08: priced(bn128_pairing, lambda length: pairing + pair * (length // PAIR_BYTES)),
    }
