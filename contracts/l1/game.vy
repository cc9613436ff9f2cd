# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Game
@license MIT
@notice Disputes about output roots: one challenger against one assertion, down to one step, which L1 executes itself.
@dev `prover/game.py` is this contract in Python, and says how an honest side plays.

     An assertion claims how one trace of 2^50 states ends: 2^10 blocks of 2^15 items of 2^25 steps; what is over stays as
     it is. Its first state follows from the assertion's parent, its last one from the assertion: both are computed here.
     In each round the assertion's proposer posts the 31 states that cut the disputed stretch into 32 parts, and the
     challenger picks the first part whose end he disagrees with. Ten rounds later the stretch is one step. Then anyone may
     bring a witness, the verifier executes the step, and what it computes decides; nobody supplies an outcome.

     Each side has a clock, which runs in its turn only and never for less than `extension` after the dispute has reached
     another kind of thing (the items of a block, the steps of an item, one step). Whoever lets it run out loses.

     Any number of challengers may play against one assertion at the same time, each once. If one wins, the assertion is
     rejected, and the games left over are moot. A lost game confirms nothing. Half of a loser's bond goes to the winner,
     half burns, so that playing against oneself costs. Bonds are not sent but collected.
"""

from ..interfaces import IDisputable
from .proof import layout


struct Assertion:
    output_root: bytes32
    l1_block_hash: bytes32
    parent: uint256
    l2_block_number: uint256
    l1_block_number: uint256
    created_at: uint256
    proposer: address
    open_games: uint256
    status: uint256


interface IAssertions:
    def assertion(assertion_id: uint256) -> Assertion: view


event GameOpened:
    game_id: indexed(uint256)
    assertion_id: indexed(uint256)
    challenger: indexed(address)
    agreed: bytes32
    claimed: bytes32


event StatesPosted:
    game_id: indexed(uint256)
    states: bytes32[31]


event PartPicked:
    game_id: indexed(uint256)
    part: uint256
    position: uint256
    round: uint256


event StepProven:
    game_id: indexed(uint256)
    position: uint256
    agreed: bytes32
    claimed: bytes32
    computed: bytes32


event TimedOut:
    game_id: indexed(uint256)


event GameClosed:
    game_id: indexed(uint256)
    assertion_id: indexed(uint256)
    status: uint256


event BondCollected:
    owner: indexed(address)
    amount: uint256


struct Game:
    assertion_id: uint256
    challenger: address
    defender: address
    agreed: bytes32
    claimed: bytes32
    posted: bytes32  # keccak of the states posted; zero when it is the defender's turn
    position: uint256
    round: uint256
    defender_left: uint256  # seconds
    challenger_left: uint256  # seconds
    moved_at: uint256  # seconds
    status: uint256


OPEN: constant(uint256) = 1
DEFENDED: constant(uint256) = 2
REFUTED: constant(uint256) = 3
MOOT: constant(uint256) = 4

ASSERTION_PENDING: constant(uint256) = 1

ARITY: constant(uint256) = 32
ARITY_BITS: constant(uint256) = 5
BETWEEN: constant(uint256) = ARITY - 1
BLOCK_BITS: constant(uint256) = 10
ITEM_BITS: constant(uint256) = 15
STEP_BITS: constant(uint256) = 25
ROUNDS: constant(uint256) = (BLOCK_BITS + ITEM_BITS + STEP_BITS) // ARITY_BITS

MAX_WITNESS: constant(uint256) = 131072  # bytes; more does not fit into a transaction that pools take
STEP: constant(bytes4) = method_id(
    "step(bytes32,((uint256,bytes32,bytes32,bytes32),(uint256,bytes32,bytes32,bytes32,bytes32,bytes32,bytes32,bytes32,uint256,bytes32,uint256),(bytes32,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,uint256,uint256,uint256,uint256,bytes32,uint256,uint256,uint256,bytes32,uint256,bytes32,bytes32,uint256,uint256),bytes32),uint256[],bytes,bytes,bytes,(uint256,uint256,uint256))",
    output_type=bytes4,
)

UINT64: constant(uint256) = 2**64 - 1
UINT40: constant(uint256) = 2**40 - 1
PICKING: constant(uint256) = 2**200  # cheaper than to clear `posted` and to write it anew

outputs: public(immutable(address))
verifier: public(immutable(address))
rules: public(immutable(bytes32))  # digest of ChainRules
bond: public(immutable(uint256))  # wei
clock: public(immutable(uint256))  # seconds
extension: public(immutable(uint256))  # seconds

count: public(uint256)
played: public(HashMap[uint256, HashMap[address, uint256]])  # assertion → challenger → game + 1
credits: public(HashMap[address, uint256])
burnt: public(uint256)

assertions: HashMap[uint256, uint256]
challengers: HashMap[uint256, address]
defenders: HashMap[uint256, address]
agreed: HashMap[uint256, bytes32]
claimed: HashMap[uint256, bytes32]
posted: HashMap[uint256, bytes32]
states: HashMap[uint256, uint256]
# is the challenger's turn, 1 bit ‖ position, 64 bits ‖ round, 8 ‖ defender left, 40 ‖ challenger left, 40 ‖ moved at, 40 ‖ status, 8


@deploy
def __init__(
    _outputs: address, _verifier: address, _rules: bytes32, _bond: uint256, _clock: uint256, _extension: uint256
):
    """
    @param _outputs The output roots. They are deployed after the game, at an address that is known before.
    @param _verifier Executes one step: what `step` of the proof's dispatcher returns is the next state's hash.
    @param _rules Digest of the chain's ChainRules.
    @param _bond Wei that a challenger puts behind each game; it covers what answering costs at worst.
    @param _clock Seconds that each side has in all.
    @param _extension Seconds that each side has at least whenever another kind of thing begins to be disputed.
    """
    assert _outputs != empty(address), "game: no outputs"
    assert _verifier.is_contract, "game: no verifier"
    assert _rules != empty(bytes32), "game: no rules"
    assert _bond != 0, "game: no bond"
    assert 0 < _extension and _extension <= _clock and _clock < 2**32, "game: clock"
    outputs = _outputs
    verifier = _verifier
    rules = _rules
    bond = _bond
    clock = _clock
    extension = _extension


@external
@view
def game(game_id: uint256) -> Game:
    """
    @notice Everything about a game.
    @param game_id Which game; ids count from 0.
    @return Its fields; a status of 0 means that there is none.
    """
    return self._load(game_id)


@external
@view
def endpoints(assertion_id: uint256) -> (bytes32, bytes32):
    """
    @notice The first and the last state of the trace that an assertion is about.
    @param assertion_id Which assertion.
    @return Their hashes.
    """
    return self._endpoints(staticcall IAssertions(outputs).assertion(assertion_id))


@external
@payable
def open(assertion_id: uint256) -> uint256:
    """
    @notice Dispute an assertion, with a bond. Everyone may, once per assertion and account.
    @param assertion_id A pending assertion whose window is open.
    @return The game's id.
    """
    assert msg.value == bond, "game: wrong bond"
    assert self.played[assertion_id][msg.sender] == 0, "game: already played"
    claim: Assertion = staticcall IAssertions(outputs).assertion(assertion_id)
    start: bytes32 = empty(bytes32)
    end: bytes32 = empty(bytes32)
    start, end = self._endpoints(claim)
    game_id: uint256 = self.count
    self.count = game_id + 1
    self.played[assertion_id][msg.sender] = game_id + 1
    self.assertions[game_id] = assertion_id
    self.challengers[game_id] = msg.sender
    self.defenders[game_id] = claim.proposer
    self.agreed[game_id] = start
    self.claimed[game_id] = end
    self.states[game_id] = self._pack(0, 0, clock, clock, OPEN)
    extcall IDisputable(outputs).open_challenge(assertion_id)
    log GameOpened(
        game_id=game_id, assertion_id=assertion_id, challenger=msg.sender, agreed=start, claimed=end
    )
    return game_id


@external
def post(game_id: uint256, between: bytes32[31]):
    """
    @notice Say what the states are that cut the disputed stretch into 32 parts. Only the assertion's proposer.
    @param game_id Which game.
    @param between The states, in order.
    """
    g: Game = self._load(game_id)
    assert msg.sender == g.defender, "game: not the defender"
    self._assert_turn(g, g.round < ROUNDS and g.posted == empty(bytes32), g.defender_left)
    self.posted[game_id] = keccak256(abi_encode(between))
    left: uint256 = g.moved_at + g.defender_left - block.timestamp
    self.states[game_id] = PICKING | self._pack(g.position, g.round, left, g.challenger_left, OPEN)
    log StatesPosted(game_id=game_id, states=between)


@external
def pick(game_id: uint256, between: bytes32[31], part: uint256):
    """
    @notice Say in which part the first wrong step lies. Only the challenger.
    @param game_id Which game.
    @param between The states that were posted.
    @param part The first part, from 0, whose end is not the true state.
    """
    g: Game = self._load(game_id)
    assert msg.sender == g.challenger, "game: not the challenger"
    self._assert_turn(g, g.posted != empty(bytes32), g.challenger_left)
    assert keccak256(abi_encode(between)) == g.posted, "game: not what was posted"
    assert part < ARITY, "game: no such part"
    round: uint256 = g.round + 1
    position: uint256 = g.position + (part << ARITY_BITS * (ROUNDS - round))
    defender_left: uint256 = g.defender_left
    challenger_left: uint256 = g.moved_at + g.challenger_left - block.timestamp
    if self._is_seam(round):
        defender_left = max(defender_left, extension)
        challenger_left = max(challenger_left, extension)
    if part != 0:
        self.agreed[game_id] = between[part - 1]
    if part != BETWEEN:
        self.claimed[game_id] = between[part]
    self.states[game_id] = self._pack(position, round, defender_left, challenger_left, OPEN)
    log PartPicked(game_id=game_id, part=part, position=position, round=round)


@external
def prove(game_id: uint256, state: layout.VM, arguments: Bytes[MAX_WITNESS]):
    """
    @notice Have L1 execute the one step that is left. Everyone may, at any time; what it computes decides.
    @param game_id Which game.
    @param state The agreed state's VM structure.
    @param arguments What the verifier's `step` takes after the state's hash, ABI-encoded.
    """
    g: Game = self._load(game_id)
    assert g.status == OPEN, "game: over"
    assert g.round == ROUNDS, "game: longer than one step"
    assert layout._vm_digest(state) == g.agreed, "game: not the agreed state"
    computed: bytes32 = g.agreed
    pre: layout.VM = state
    if g.position & (2**STEP_BITS - 1) == 0:
        pre.phase = self._resumed(state.phase, g.position >> STEP_BITS & (2**ITEM_BITS - 1))
    if not self._is_halted(pre.phase):
        computed = self._executed(layout._vm_digest(pre), arguments)
    log StepProven(
        game_id=game_id, position=g.position, agreed=g.agreed, claimed=g.claimed, computed=computed
    )
    if computed == g.claimed:
        self._defended(game_id, g)
    else:
        self._refuted(game_id, g)


@external
def time_out(game_id: uint256):
    """
    @notice Close a game in which whose turn it is has run out of time. Everyone may.
    @param game_id Which game.
    """
    g: Game = self._load(game_id)
    assert g.status == OPEN, "game: over"
    picks: bool = g.posted != empty(bytes32)
    left: uint256 = g.challenger_left if picks else g.defender_left
    assert block.timestamp >= g.moved_at + left, "game: the clock is running"
    log TimedOut(game_id=game_id)
    if picks:
        self._defended(game_id, g)
    else:
        self._refuted(game_id, g)


@external
def abandon(game_id: uint256):
    """
    @notice Close a game whose assertion has fallen otherwise; the challenger's bond comes back. Everyone may.
    @param game_id Which game.
    """
    g: Game = self._load(game_id)
    assert g.status == OPEN, "game: over"
    assert not self._is_pending(g.assertion_id), "game: still to be decided"
    extcall IDisputable(outputs).close_challenge(g.assertion_id)
    self.credits[g.challenger] += bond
    self._close(game_id, g, MOOT)


@external
@nonreentrant
def collect() -> uint256:
    """
    @notice Pay out what bonds and rewards the caller has here. A proposer's bond is collected from the outputs.
    @return How much, in wei.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount != 0, "game: nothing to collect"
    self.credits[msg.sender] = 0
    log BondCollected(owner=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)
    return amount


@internal
@view
def _endpoints(claim: Assertion) -> (bytes32, bytes32):
    parent: Assertion = staticcall IAssertions(outputs).assertion(claim.parent)
    start: bytes32 = layout._start_digest(
        layout.Start(
            rules=rules,
            parent_output=parent.output_root,
            parent_l1_hash=parent.l1_block_hash,
            l1_hash=claim.l1_block_hash,
        )
    )
    end: bytes32 = layout._output_digest(layout.Output(number=claim.l2_block_number, root=claim.output_root))
    return self._outside(layout.PHASE_START, start), self._outside(layout.PHASE_OUTPUT, end)


@internal
def _defended(game_id: uint256, g: Game):
    """
    @dev The challenger was wrong, or late.
    """
    extcall IDisputable(outputs).close_challenge(g.assertion_id)
    reward: uint256 = bond // 2
    self.credits[g.defender] += reward
    self.burnt += bond - reward
    self._close(game_id, g, DEFENDED)


@internal
def _refuted(game_id: uint256, g: Game):
    """
    @dev The assertion is wrong, or its proposer late. If it has fallen already there is nothing more to win.
    """
    if self._is_pending(g.assertion_id):
        extcall IDisputable(outputs).reject(g.assertion_id, g.challenger)
    else:
        extcall IDisputable(outputs).close_challenge(g.assertion_id)
    self.credits[g.challenger] += bond
    self._close(game_id, g, REFUTED)


@internal
def _close(game_id: uint256, g: Game, status: uint256):
    turn: uint256 = PICKING if g.posted != empty(bytes32) else 0
    self.states[game_id] = turn | self._pack(g.position, g.round, g.defender_left, g.challenger_left, status)
    log GameClosed(game_id=game_id, assertion_id=g.assertion_id, status=status)


@internal
@view
def _executed(pre: bytes32, arguments: Bytes[MAX_WITNESS]) -> bytes32:
    """
    @dev The next state by the verifier; reverts where the witness does not open what the step needs.
    """
    answer: Bytes[32] = raw_call(
        verifier, concat(STEP, pre, arguments), max_outsize=32, is_static_call=True
    )
    assert len(answer) == 32, "game: no answer"
    return convert(answer, bytes32)


@internal
@pure
def _resumed(phase: uint256, item: uint256) -> uint256:
    """
    @dev At the first step of an item: what is done goes on, but a block that is over only where the next one begins.
    """
    if phase == layout.PHASE_DONE:
        return layout.PHASE_NEXT_ITEM
    if phase == layout.PHASE_BLOCK_DONE and item == 0:
        return layout.PHASE_NEXT_BLOCK
    return phase


@internal
@pure
def _is_halted(phase: uint256) -> bool:
    return phase == layout.PHASE_DONE or phase == layout.PHASE_BLOCK_DONE or phase == layout.PHASE_OUTPUT


@internal
@pure
def _outside(phase: uint256, cursor: bytes32) -> bytes32:
    """
    @dev A state outside of any transaction.
    """
    return layout._vm_digest(
        layout.VM(phase=phase, cursor=cursor, globals=empty(bytes32), frame=empty(bytes32))
    )


@internal
@view
def _is_pending(assertion_id: uint256) -> bool:
    claim: Assertion = staticcall IAssertions(outputs).assertion(assertion_id)
    return claim.status == ASSERTION_PENDING


@internal
@view
def _assert_turn(g: Game, is_next: bool, left: uint256):
    assert g.status == OPEN, "game: over"
    assert is_next, "game: not your turn"
    assert block.timestamp < g.moved_at + left, "game: too late"


@internal
@pure
def _is_seam(round: uint256) -> bool:
    return round == BLOCK_BITS // ARITY_BITS or round == (BLOCK_BITS + ITEM_BITS) // ARITY_BITS or round == ROUNDS


@internal
@view
def _pack(
    position: uint256, round: uint256, defender_left: uint256, challenger_left: uint256, status: uint256
) -> uint256:
    times: uint256 = defender_left << 88 | challenger_left << 48 | block.timestamp << 8
    return position << 136 | round << 128 | times | status


@internal
@view
def _load(game_id: uint256) -> Game:
    packed: uint256 = self.states[game_id]
    return Game(
        assertion_id=self.assertions[game_id],
        challenger=self.challengers[game_id],
        defender=self.defenders[game_id],
        agreed=self.agreed[game_id],
        claimed=self.claimed[game_id],
        posted=self.posted[game_id] if packed & PICKING != 0 else empty(bytes32),
        position=packed >> 136 & UINT64,
        round=packed >> 128 & 255,
        defender_left=packed >> 88 & UINT40,
        challenger_left=packed >> 48 & UINT40,
        moved_at=packed >> 8 & UINT40,
        status=packed & 255,
    )
