"""What Osaka adds to the machine: the CLZ opcode (EIP-7939) and secp256r1 signatures (EIP-7951).

Its other rules live where their older forms do: EIP-7823 and 7883 in `modexp`, 7825 and 7594 in `protocol.validity`,
7918 and 7892 in `protocol.fees` and `protocol.forks`.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from vm.pyevm.frame import Frame

GAS_CLZ = 5
GAS_P256VERIFY = 6_900
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1


def count_leading_zeros(frame: Frame) -> None:
    """CLZ: how many of the 256 bits stand above the highest one that is set."""
    stack = frame.stack
    stack[-1] = 256 - stack[-1].bit_length()


def p256_verify(frame: Frame) -> None:
    """0x100: 1 when the P-256 signature (hash, r, s, x, y) holds; otherwise, and for malformed input, nothing."""
    frame.consume_gas(GAS_P256VERIFY)
    data = frame.msg.data
    if len(data) == 160 and _verifies(data):
        frame.output = (1).to_bytes(32, "big")


def _verifies(data: bytes) -> bool:
    r, s, x, y = (int.from_bytes(data[start : start + 32], "big") for start in (32, 64, 96, 128))
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER and max(x, y) < P256_FIELD):
        return False  # the library would reduce coordinates to the field
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        key.verify(encode_dss_signature(r, s), data[:32], ec.ECDSA(Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError):  # ValueError: the point is not on the curve
        return False
    return True
