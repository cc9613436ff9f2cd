# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Chain config
@license MIT
@notice The settings of a rollup that may change while it runs, and who may change them. Nodes read the changes from
        the events, in order, as they read deposits.
@dev A change is announced first and made after `delay` seconds, by anyone. The delay is fixed for good: 0 is for chains
     whose users trust the owner. There is no pause and no upgrade behind any of these settings.

     Every change after the deployment extends a hash chain, so that a referee can follow them all from one stored word:

         accumulator(0)     = 32 zero bytes
         accumulator(n + 1) = keccak256(accumulator(n) ‖ knob ‖ setting ‖ number of the L1 block)

     128 bytes.
"""

from ..interfaces import IChainConfig

implements: IChainConfig


event ChangeScheduled:
    knob: indexed(uint256)
    setting: uint256
    ready_at: uint256


event ChangeCancelled:
    knob: indexed(uint256)


event ConfigChanged:
    index: indexed(uint256)
    knob: indexed(uint256)
    setting: uint256


event OwnershipOffered:
    owner: indexed(address)
    heir: indexed(address)


event OwnershipTaken:
    owner: indexed(address)


struct Change:
    setting: uint256
    ready_at: uint256  # seconds; 0: nothing is scheduled


BATCHER: constant(uint256) = 0
PROPOSER: constant(uint256) = 1
GAS_LIMIT: constant(uint256) = 2
BASE_FEE_DENOMINATOR: constant(uint256) = 3
BASE_FEE_ELASTICITY: constant(uint256) = 4
MIN_BASE_FEE: constant(uint256) = 5  # wei per gas
BASE_FEE_RECIPIENT: constant(uint256) = 6  # 0: burnt
OPERATOR_FEE: constant(uint256) = 7  # scalar, in millionths of a wei per gas, then 64 bits: wei per transaction
L1_BASE_FEE_SCALAR: constant(uint256) = 8  # millionths of 16 times L1's base fee, per byte that is not zero
L1_BLOB_BASE_FEE_SCALAR: constant(uint256) = 9  # millionths of L1's blob base fee, per byte that is not zero

KNOBS: constant(uint256) = 10
MIN_GAS_LIMIT: constant(uint256) = 1_000_000
HIGHEST_GAS_LIMIT: constant(uint256) = 200_000_000
MAX_ELASTICITY: constant(uint256) = 1_000  # leaves a gas target under every gas limit

delay: public(immutable(uint256))
deposit_gas_limit: public(immutable(uint256))
max_gas_limit: public(immutable(uint256))

owner: public(address)
heir: public(address)
changes: public(uint256)
settings: public(HashMap[uint256, uint256])
scheduled: public(HashMap[uint256, Change])
accumulator: public(bytes32)


@deploy
def __init__(
    _owner: address, _delay: uint256, _deposit_gas_limit: uint256, _max_gas_limit: uint256, _settings: uint256[KNOBS]
):
    """
    @param _owner Who may schedule changes.
    @param _delay Seconds between the announcement of a change and the change.
    @param _deposit_gas_limit Gas that deposits may take of one block: the block's limit never falls below it.
    @param _max_gas_limit What the block's gas limit never exceeds: under a game, what the game can walk through.
    @param _settings The value of every knob at the start.
    """
    assert _owner != empty(address), "config: no owner"
    assert _max_gas_limit <= HIGHEST_GAS_LIMIT, "config: gas limit too high"
    delay = _delay
    deposit_gas_limit = _deposit_gas_limit
    max_gas_limit = _max_gas_limit
    self.owner = _owner
    log OwnershipTaken(owner=_owner)
    for knob: uint256 in range(KNOBS):
        self._check(knob, _settings[knob])
        self._set(knob, _settings[knob])


@external
@view
def batcher() -> address:
    """
    @notice Who may append batches.
    @return The account.
    """
    return convert(self.settings[BATCHER], address)


@external
@view
def proposer() -> address:
    """
    @notice Who may propose output roots where proposing is permissioned.
    @return The account.
    """
    return convert(self.settings[PROPOSER], address)


@external
def schedule(knob: uint256, setting: uint256):
    """
    @notice Announce a change. A later announcement for the same knob replaces this one and starts the wait anew.
    @param knob Which setting.
    @param setting Its new value.
    """
    assert msg.sender == self.owner, "config: not the owner"
    self._check(knob, setting)
    ready_at: uint256 = block.timestamp + delay
    self.scheduled[knob] = Change(setting=setting, ready_at=ready_at)
    log ChangeScheduled(knob=knob, setting=setting, ready_at=ready_at)


@external
def cancel(knob: uint256):
    """
    @notice Take an announcement back.
    @param knob Which setting.
    """
    assert msg.sender == self.owner, "config: not the owner"
    assert self.scheduled[knob].ready_at != 0, "config: nothing scheduled"
    self.scheduled[knob] = empty(Change)
    log ChangeCancelled(knob=knob)


@external
def apply(knob: uint256):
    """
    @notice Make an announced change. Anyone may, once its time has come.
    @param knob Which setting.
    """
    change: Change = self.scheduled[knob]
    assert change.ready_at != 0, "config: nothing scheduled"
    assert block.timestamp >= change.ready_at, "config: too early"
    self.scheduled[knob] = empty(Change)
    self.accumulator = keccak256(abi_encode(self.accumulator, knob, change.setting, block.number))
    self._set(knob, change.setting)


@external
def offer_ownership(heir: address):
    """
    @notice Name the next owner, who has to accept.
    @param heir The next owner; zero takes an offer back.
    """
    assert msg.sender == self.owner, "config: not the owner"
    self.heir = heir
    log OwnershipOffered(owner=msg.sender, heir=heir)


@external
def accept_ownership():
    """
    @notice Become the owner, as offered.
    """
    assert self.heir != empty(address) and msg.sender == self.heir, "config: not the heir"
    self.heir = empty(address)
    self.owner = msg.sender
    log OwnershipTaken(owner=msg.sender)


@external
def renounce_ownership():
    """
    @notice Leave the settings as they are for good. What was announced can still be made.
    """
    assert msg.sender == self.owner, "config: not the owner"
    self.heir = empty(address)
    self.owner = empty(address)
    log OwnershipTaken(owner=empty(address))


@internal
@view
def _check(knob: uint256, setting: uint256):
    assert knob < KNOBS, "config: no such knob"
    if knob == BATCHER or knob == PROPOSER:
        assert setting != 0, "config: zero key"
    if knob == BATCHER or knob == PROPOSER or knob == BASE_FEE_RECIPIENT:
        assert setting < 2**160, "config: not an address"
    elif knob == GAS_LIMIT:
        assert setting >= deposit_gas_limit, "config: deposits would not fit"
        assert setting >= MIN_GAS_LIMIT, "config: gas limit too low"
        assert setting <= max_gas_limit, "config: gas limit too high"
    elif knob == BASE_FEE_DENOMINATOR or knob == BASE_FEE_ELASTICITY:
        assert setting != 0, "config: zero divisor"
        assert setting < 2**32, "config: too large"
        assert knob == BASE_FEE_DENOMINATOR or setting <= MAX_ELASTICITY, "config: too large"
    elif knob == MIN_BASE_FEE:
        assert setting < 2**64, "config: too large"
    elif knob == OPERATOR_FEE:
        assert setting < 2**96, "config: too large"
    else:
        assert setting < 2**32, "config: too large"


@internal
def _set(knob: uint256, setting: uint256):
    self.settings[knob] = setting
    log ConfigChanged(index=self.changes, knob=knob, setting=setting)
    self.changes += 1
