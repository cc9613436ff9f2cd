# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Outputs
@license MIT
@notice What the rollup's state is, as claimed by bonded proposers and left standing by challengers.
@dev An assertion says: after reading L1 up to a certain block, the rollup's block `l2_block_number` has this output
     root. It builds on an earlier assertion, its parent. It is confirmed when its parent is the last confirmed one, its
     window has closed and no game against it is open; so the confirmed assertions form one chain. Anyone may build on
     any parent: a false assertion can be ignored, and delays nobody.

     - *rejected*: a game was won against it, or its parent was rejected. Half of the bond goes to the winner, the rest
       (all of it where there is no winner) burns, so that nobody gains by challenging himself.
     - *superseded*: another child of its parent was confirmed first. Its bond comes back after its window.

     A lost challenge confirms nothing. Bonds are not sent but collected.
"""

from ..interfaces import IChainConfig
from ..interfaces import IDisputable
from ..interfaces import IOutputs

implements: IDisputable
implements: IOutputs


event AssertionProposed:
    assertion_id: indexed(uint256)
    parent: indexed(uint256)
    proposer: indexed(address)
    output_root: bytes32
    l2_block_number: uint256
    l1_block_number: uint256
    l1_block_hash: bytes32


event AssertionConfirmed:
    assertion_id: indexed(uint256)


event AssertionRejected:
    assertion_id: indexed(uint256)
    winner: indexed(address)


event AssertionSuperseded:
    assertion_id: indexed(uint256)


event ChallengeOpened:
    assertion_id: indexed(uint256)


event ChallengeClosed:
    assertion_id: indexed(uint256)


event BondCollected:
    owner: indexed(address)
    amount: uint256


struct Assertion:
    output_root: bytes32
    l1_block_hash: bytes32
    parent: uint256
    l2_block_number: uint256
    l1_block_number: uint256
    created_at: uint256  # seconds
    proposer: address
    open_games: uint256
    status: uint256


PENDING: constant(uint256) = 1
CONFIRMED: constant(uint256) = 2
REJECTED: constant(uint256) = 3
SUPERSEDED: constant(uint256) = 4

UINT64: constant(uint256) = 2**64 - 1

config: public(immutable(IChainConfig))
game: public(immutable(address))
bond: public(immutable(uint256))  # wei
challenge_window: public(immutable(uint256))  # seconds
permissioned: public(immutable(bool))

count: public(uint256)
latest_confirmed: public(uint256)
credits: public(HashMap[address, uint256])
burnt: public(uint256)

proposed: public(HashMap[address, HashMap[uint256, HashMap[uint256, uint256]]])
# proposer → parent → L2 block → assertion + 1: one proposer bonds once.

# An assertion takes four words: two roots, and these two of packed fields.
roots: HashMap[uint256, bytes32]
l1_hashes: HashMap[uint256, bytes32]
numbers: HashMap[uint256, uint256]  # parent ‖ L2 block ‖ L1 block ‖ created at, 64 bits each
states: HashMap[uint256, uint256]  # proposer, 160 bits ‖ open games, 88 bits ‖ status, 8 bits


@deploy
def __init__(
    _config: IChainConfig,
    _game: address,
    _bond: uint256,
    _challenge_window: uint256,
    _permissioned: bool,
    genesis_output_root: bytes32,
):
    """
    @param _config The chain's settings; only its proposer is used, and only if `_permissioned`.
    @param _game The dispute game, which alone can reject assertions.
    @param _bond Wei that a proposer puts behind each assertion.
    @param _challenge_window Seconds in which games may be opened against an assertion.
    @param _permissioned Whether only the config's proposer may propose.
    @param genesis_output_root The output root of the rollup's block 0, which is assertion 0.
    """
    assert _config.address != empty(address), "outputs: no config"
    assert _game != empty(address), "outputs: no game"
    assert _bond != 0, "outputs: no bond"
    assert _challenge_window != 0, "outputs: no window"
    assert genesis_output_root != empty(bytes32), "outputs: zero root"
    config = _config
    game = _game
    bond = _bond
    challenge_window = _challenge_window
    permissioned = _permissioned
    self.count = 1
    self.roots[0] = genesis_output_root
    self.l1_hashes[0] = block.prevhash
    self.numbers[0] = self._pack_numbers(0, 0, block.number - 1)
    self.states[0] = CONFIRMED


@external
@view
def assertion(assertion_id: uint256) -> Assertion:
    """
    @notice Everything about an assertion.
    @param assertion_id Which assertion.
    @return Its fields; a status of 0 means that there is none.
    """
    numbers: uint256 = self.numbers[assertion_id]
    state: uint256 = self.states[assertion_id]
    return Assertion(
        output_root=self.roots[assertion_id],
        l1_block_hash=self.l1_hashes[assertion_id],
        parent=numbers >> 192,
        l2_block_number=numbers >> 128 & UINT64,
        l1_block_number=numbers >> 64 & UINT64,
        created_at=numbers & UINT64,
        proposer=convert(state >> 96, address),
        open_games=state >> 8 & (2**88 - 1),
        status=state & 255,
    )


@external
@view
def claim(assertion_id: uint256) -> (bytes32, uint256):
    """
    @notice What an assertion claims, and what became of it.
    @param assertion_id Which assertion.
    @return The output root (zero if there is no such assertion) and the status: 0 none, 1 pending, 2 confirmed,
            3 rejected, 4 superseded.
    """
    return self.roots[assertion_id], self._status(assertion_id)


@external
@payable
def propose(
    parent: uint256, l2_block_number: uint256, output_root: bytes32, l1_block_number: uint256, l1_block_hash: bytes32
) -> uint256:
    """
    @notice Assert an output root and put a bond behind it.
    @param parent The assertion that this one builds on.
    @param l2_block_number The rollup's block.
    @param output_root Its output root.
    @param l1_block_number L1 up to this block yields that L2 block. It must be one of the last 256.
    @param l1_block_hash Its hash, so that a proposal does not survive a reorganisation of what it was read from.
    @return The assertion's id.
    """
    assert msg.value == bond, "outputs: wrong bond"
    assert not permissioned or msg.sender == staticcall config.proposer(), "outputs: not the proposer"
    assert output_root != empty(bytes32), "outputs: zero root"
    parent_status: uint256 = self._status(parent)
    assert parent_status == PENDING or parent == self.latest_confirmed, "outputs: parent is not open"
    parent_numbers: uint256 = self.numbers[parent]
    assert l2_block_number <= UINT64, "outputs: block number too large"
    assert l2_block_number > parent_numbers >> 128 & UINT64, "outputs: block is not after the parent's"
    assert l1_block_number >= parent_numbers >> 64 & UINT64, "outputs: L1 block is before the parent's"
    assert l1_block_number < block.number, "outputs: L1 block is not known"
    assert blockhash(l1_block_number) == l1_block_hash, "outputs: L1 reorganised"
    assert self.proposed[msg.sender][parent][l2_block_number] == 0, "outputs: already proposed"

    assertion_id: uint256 = self.count
    self.count = assertion_id + 1
    self.proposed[msg.sender][parent][l2_block_number] = assertion_id + 1
    self.roots[assertion_id] = output_root
    self.l1_hashes[assertion_id] = l1_block_hash
    self.numbers[assertion_id] = self._pack_numbers(parent, l2_block_number, l1_block_number)
    self.states[assertion_id] = convert(msg.sender, uint256) << 96 | PENDING
    log AssertionProposed(
        assertion_id=assertion_id,
        parent=parent,
        proposer=msg.sender,
        output_root=output_root,
        l2_block_number=l2_block_number,
        l1_block_number=l1_block_number,
        l1_block_hash=l1_block_hash,
    )
    return assertion_id


@external
def confirm(assertion_id: uint256):
    """
    @notice Make an unchallenged assertion final. Anyone may.
    @param assertion_id A child of the last confirmed assertion.
    """
    self._assert_settled(assertion_id)
    assert self.numbers[assertion_id] >> 192 == self.latest_confirmed, "outputs: parent is not the last confirmed"
    self.latest_confirmed = assertion_id
    self._close(assertion_id, CONFIRMED)
    self.credits[self._proposer(assertion_id)] += bond
    log AssertionConfirmed(assertion_id=assertion_id)


@external
def supersede(assertion_id: uint256):
    """
    @notice Give the bond back of an assertion that another one has overtaken.
    @param assertion_id A child of a confirmed assertion that has another confirmed child, or of a superseded one.
    """
    self._assert_settled(assertion_id)
    parent: uint256 = self.numbers[assertion_id] >> 192
    status: uint256 = self._status(parent)
    overtaken: bool = status == CONFIRMED and parent != self.latest_confirmed
    assert overtaken or status == SUPERSEDED, "outputs: not overtaken"
    self._close(assertion_id, SUPERSEDED)
    self.credits[self._proposer(assertion_id)] += bond
    log AssertionSuperseded(assertion_id=assertion_id)


@external
def reject_child(assertion_id: uint256):
    """
    @notice Reject an assertion whose parent was rejected. Its whole bond burns.
    @param assertion_id The child.
    """
    assert self._status(assertion_id) == PENDING, "outputs: not pending"
    assert self._status(self.numbers[assertion_id] >> 192) == REJECTED, "outputs: parent is not rejected"
    self._close(assertion_id, REJECTED)
    self.burnt += bond
    log AssertionRejected(assertion_id=assertion_id, winner=empty(address))


@external
def open_challenge(assertion_id: uint256):
    """
    @notice Hold the assertion back from confirmation while one more game runs. Only the game.
    @param assertion_id Which assertion.
    """
    assert msg.sender == game, "outputs: not the game"
    assert self._status(assertion_id) == PENDING, "outputs: not pending"
    assert block.timestamp < self._deadline(assertion_id), "outputs: window is closed"
    self.states[assertion_id] += 256
    log ChallengeOpened(assertion_id=assertion_id)


@external
def close_challenge(assertion_id: uint256):
    """
    @notice A game has ended without a winner against the assertion. Only the game.
    @param assertion_id Which assertion.
    """
    assert msg.sender == game, "outputs: not the game"
    assert self.states[assertion_id] >> 8 & (2**88 - 1) != 0, "outputs: no open game"
    self.states[assertion_id] -= 256
    log ChallengeClosed(assertion_id=assertion_id)


@external
def reject(assertion_id: uint256, winner: address):
    """
    @notice A game was won against the assertion; it counts as closed. Only the game.
    @dev A second winner against a rejected assertion has nothing left to win here: the game closes his challenge.
    @param assertion_id Which assertion.
    @param winner Who is paid half of the proposer's bond; the other half burns.
    """
    assert msg.sender == game, "outputs: not the game"
    assert winner != empty(address), "outputs: no winner"
    assert self._status(assertion_id) == PENDING, "outputs: not pending"
    assert self.states[assertion_id] >> 8 & (2**88 - 1) != 0, "outputs: no open game"
    self.states[assertion_id] -= 256
    self._close(assertion_id, REJECTED)
    reward: uint256 = bond // 2
    self.credits[winner] += reward
    self.burnt += bond - reward
    log ChallengeClosed(assertion_id=assertion_id)
    log AssertionRejected(assertion_id=assertion_id, winner=winner)


@external
@nonreentrant
def collect() -> uint256:
    """
    @notice Pay out what bonds and rewards the caller has.
    @return How much, in wei.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount != 0, "outputs: nothing to collect"
    self.credits[msg.sender] = 0
    log BondCollected(owner=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)
    return amount


@internal
@view
def _status(assertion_id: uint256) -> uint256:
    return self.states[assertion_id] & 255


@internal
@view
def _proposer(assertion_id: uint256) -> address:
    return convert(self.states[assertion_id] >> 96, address)


@internal
@view
def _deadline(assertion_id: uint256) -> uint256:
    return (self.numbers[assertion_id] & UINT64) + challenge_window


@internal
@view
def _assert_settled(assertion_id: uint256):
    assert self._status(assertion_id) == PENDING, "outputs: not pending"
    assert block.timestamp >= self._deadline(assertion_id), "outputs: window is open"
    assert self.states[assertion_id] >> 8 & (2**88 - 1) == 0, "outputs: a game is open"


@internal
def _close(assertion_id: uint256, status: uint256):
    self.states[assertion_id] = self.states[assertion_id] - PENDING + status


@internal
@view
def _pack_numbers(parent: uint256, l2_block_number: uint256, l1_block_number: uint256) -> uint256:
    return parent << 192 | l2_block_number << 128 | l1_block_number << 64 | block.timestamp
