# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Deposit gas
@license MIT
@notice A module: how much gas of the rollup deposits may take per L1 block, and what it costs in gas of L1.
@dev The rollup runs a deposit's gas without being paid for it there, so it is paid for here. The rate, in gas of L1 per
     gas of the rollup, moves like EIP-1559's base fee: up by at most an eighth after an L1 block that took more than
     half of the limit, down by at most an eighth after one that took less. What the caller's transaction has already
     cost counts; the rest is burnt. Filling every block soon costs more than an L1 block has.

     The limit per L1 block is what lets each L1 block's deposits fit into one block of the rollup.
"""


struct Meter:
    rate: uint256  # in units of 1 / ONE
    taken: uint256  # gas of the rollup, in L1 block `at`
    at: uint256


ONE: constant(uint256) = 2**16
MIN_RATE: constant(uint256) = ONE // 8
MAX_RATE: constant(uint256) = 8 * ONE
MAX_CHANGE: constant(uint256) = 8
IDLE_BLOCKS: constant(uint256) = 32  # (7 / 8)^32 < MIN_RATE / MAX_RATE

UINT64: constant(uint256) = 2**64 - 1

# A precompile that fails takes all the gas that it was given: BLAKE2's compression, given no input.
FURNACE: constant(address) = 0x0000000000000000000000000000000000000009

limit: immutable(uint256)
packed: uint256  # rate ‖ taken ‖ L1 block, 64 bits each from bit 128 down


@deploy
def __init__(_limit: uint256):
    assert _limit >= 1_000_000 and _limit < 2**32, "deposit gas: limit out of range"
    limit = _limit
    self.packed = self._pack(Meter(rate=MIN_RATE, taken=0, at=block.number))


@internal
def _take(gas_limit: uint256, gas_at_start: uint256):
    """
    @dev Take gas of the rollup in this L1 block; `gas_at_start` is msg.gas when the call began.
    """
    meter: Meter = self._now()
    meter.taken += gas_limit
    assert meter.taken <= limit, "deposit gas: this L1 block is full"
    self.packed = self._pack(meter)
    due: uint256 = gas_limit * meter.rate // ONE
    paid: uint256 = gas_at_start - msg.gas
    if paid < due:
        burning: uint256 = due - paid
        # A call gets at most 63/64 of what is left, silently.
        assert msg.gas - msg.gas // 64 > burning + 5_000, "deposit gas: not enough gas to pay"
        success: bool = raw_call(FURNACE, b"", gas=burning, revert_on_failure=False)
        assert not success, "deposit gas: nothing burnt"


@internal
@view
def _now() -> Meter:
    """
    @dev The meter as it stands in this L1 block.
    """
    packed: uint256 = self.packed
    meter: Meter = Meter(rate=packed >> 128, taken=packed >> 64 & UINT64, at=packed & UINT64)
    if meter.at == block.number:
        return meter
    target: uint256 = limit // 2
    if meter.taken > target:
        meter.rate = min(meter.rate + meter.rate * (meter.taken - target) // target // MAX_CHANGE, MAX_RATE)
    else:
        meter.rate -= meter.rate * (target - meter.taken) // target // MAX_CHANGE
    for _: uint256 in range(min(block.number - meter.at - 1, IDLE_BLOCKS), bound=IDLE_BLOCKS):
        # At the bottom the gas is the same in every block, so that what a wallet has estimated is enough in a later one.
        if meter.rate <= MIN_RATE:
            break
        meter.rate -= meter.rate // MAX_CHANGE
    return Meter(rate=max(meter.rate, MIN_RATE), taken=0, at=block.number)


@internal
@pure
def _pack(meter: Meter) -> uint256:
    return meter.rate << 128 | meter.taken << 64 | meter.at
