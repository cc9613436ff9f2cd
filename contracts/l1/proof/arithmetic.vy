# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Arithmetic, comparison and bits
@license MIT
@notice What the opcodes 0x01 to 0x1d give and cost. A module of the library for plain opcodes.
@dev Follows `prover/machine/arithmetic.py`. L1 computes as L2 does; what differs is Vyper, which refuses to overflow, to
     divide by zero and to convert a number above 2^255 to a signed one, so everything here is unsigned and unchecked.
"""

ADD: constant(uint256) = 1
MUL: constant(uint256) = 2
SUB: constant(uint256) = 3
DIV: constant(uint256) = 4
SDIV: constant(uint256) = 5
MOD: constant(uint256) = 6
SMOD: constant(uint256) = 7
ADDMOD: constant(uint256) = 8
MULMOD: constant(uint256) = 9
EXP: constant(uint256) = 10
SIGNEXTEND: constant(uint256) = 11
LT: constant(uint256) = 16
GT: constant(uint256) = 17
SLT: constant(uint256) = 18
SGT: constant(uint256) = 19
EQ: constant(uint256) = 20
ISZERO: constant(uint256) = 21
BIT_AND: constant(uint256) = 22
BIT_OR: constant(uint256) = 23
XOR: constant(uint256) = 24
BIT_NOT: constant(uint256) = 25
BYTE: constant(uint256) = 26
SHL: constant(uint256) = 27
SHR: constant(uint256) = 28
SAR: constant(uint256) = 29

VERY_LOW: constant(uint256) = 3
LOW: constant(uint256) = 5
MID: constant(uint256) = 8
EXP_BASE: constant(uint256) = 10
EXP_BYTE: constant(uint256) = 50

SIGN: constant(uint256) = 2**255


@internal
@pure
def _cost(opcode: uint256, exponent: uint256) -> uint256:
    """
    @dev Gas; `exponent` is the second item.
    """
    if opcode == EXP:
        return EXP_BASE + EXP_BYTE * self._byte_length(exponent)
    if opcode == ADDMOD or opcode == MULMOD:
        return MID
    if opcode == MUL or opcode == SIGNEXTEND or (opcode >= DIV and opcode <= SMOD):
        return LOW
    return VERY_LOW


@internal
@pure
def _byte_length(number: uint256) -> uint256:
    """
    @dev How many bytes a number fills without leading zeros.
    """
    rest: uint256 = number
    length: uint256 = 0
    for _: uint256 in range(32):
        if rest == 0:
            break
        rest >>= 8
        length += 1
    return length


@internal
@pure
def _result(opcode: uint256, a: uint256, b: uint256, c: uint256) -> uint256:
    """
    @dev What the opcode gives; `a` is the topmost item.
    """
    if opcode < LT:
        return self._number(opcode, a, b, c)
    if opcode < BIT_AND:
        return self._truth(opcode, a, b)
    return self._bits(opcode, a, b)


@internal
@pure
def _number(opcode: uint256, a: uint256, b: uint256, c: uint256) -> uint256:
    if opcode == ADD:
        return unsafe_add(a, b)
    if opcode == MUL:
        return unsafe_mul(a, b)
    if opcode == SUB:
        return unsafe_sub(a, b)
    if opcode == DIV:
        return self._quotient(a, b)
    if opcode == SDIV:
        quotient: uint256 = self._quotient(self._magnitude(a), self._magnitude(b))
        return self._signed(quotient, (a ^ b) >= SIGN)
    if opcode == MOD:
        return self._remainder(a, b)
    if opcode == SMOD:
        return self._signed(self._remainder(self._magnitude(a), self._magnitude(b)), a >= SIGN)
    if opcode == ADDMOD:
        if c == 0:
            return 0
        return uint256_addmod(a, b, c)
    if opcode == MULMOD:
        if c == 0:
            return 0
        return uint256_mulmod(a, b, c)
    if opcode == EXP:
        return pow_mod256(a, b)
    assert opcode == SIGNEXTEND, "proof: opcode"
    if a > 30:
        return b
    sign: uint256 = 1 << (8 * a + 7)
    if b & sign == 0:
        return b & (sign - 1)
    return b | (max_value(uint256) - (sign - 1))


@internal
@pure
def _truth(opcode: uint256, a: uint256, b: uint256) -> uint256:
    truth: bool = False
    if opcode == LT:
        truth = a < b
    elif opcode == GT:
        truth = a > b
    elif opcode == SLT:
        truth = (a ^ SIGN) < (b ^ SIGN)
    elif opcode == SGT:
        truth = (a ^ SIGN) > (b ^ SIGN)
    elif opcode == EQ:
        truth = a == b
    else:
        assert opcode == ISZERO, "proof: opcode"
        truth = a == 0
    return convert(truth, uint256)


@internal
@pure
def _bits(opcode: uint256, a: uint256, b: uint256) -> uint256:
    if opcode == BIT_AND:
        return a & b
    if opcode == BIT_OR:
        return a | b
    if opcode == XOR:
        return a ^ b
    if opcode == BIT_NOT:
        return ~a
    if opcode == BYTE:
        if a > 31:
            return 0
        return (b >> (8 * (31 - a))) & 255
    if opcode == SHL:
        return b << a
    if opcode == SHR:
        return b >> a
    assert opcode == SAR, "proof: opcode"
    if b < SIGN:
        return b >> a
    if a > 255:
        return max_value(uint256)
    return (b >> a) | ~(max_value(uint256) >> a)


@internal
@pure
def _quotient(a: uint256, b: uint256) -> uint256:
    if b == 0:
        return 0
    return unsafe_div(a, b)


@internal
@pure
def _remainder(a: uint256, b: uint256) -> uint256:
    if b == 0:
        return 0
    return a % b


@internal
@pure
def _magnitude(word: uint256) -> uint256:
    """
    @dev The absolute value of a word in two's complement; 2^255 for the smallest.
    """
    return self._signed(word, word >= SIGN)


@internal
@pure
def _signed(word: uint256, negative: bool) -> uint256:
    """
    @dev The word, negated if `negative`.
    """
    if negative:
        return unsafe_sub(0, word)
    return word
