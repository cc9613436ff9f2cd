# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Portal
@license MIT
@notice The rollup's door on L1: ether and forced transactions go in, withdrawals come out. It holds all ether that
        is in the rollup.
@dev Deposits extend a hash chain as batches do in the inbox, so that a referee can open any of them from one word:

         accumulator(n + 1) = keccak256(accumulator(n) ‖ deposit hash ‖ number ‖ timestamp ‖ parent)

     160 bytes, of the L1 block that holds the deposit; the deposit hash is made in `_record`.

     A withdrawal is proven once per prover, so that nobody can start another's wait anew, and finalised once ever. Its
     call must succeed: if it fails, everything is as before, and anyone may try again.
"""

from ..interfaces import IOutputs
from ..interfaces import IPortal
from . import deposit_gas
from .proof import mpt

implements: IPortal
initializes: deposit_gas


event TransactionDeposited:
    sender: indexed(address)
    to: indexed(address)
    index: indexed(uint256)
    mint: uint256
    l2_value: uint256
    gas_limit: uint256
    is_creation: bool
    data: Bytes[MAX_DEPOSIT_DATA]


event WithdrawalProven:
    withdrawal_hash: indexed(bytes32)
    prover: indexed(address)
    assertion_id: uint256


event WithdrawalFinalised:
    withdrawal_hash: indexed(bytes32)
    prover: indexed(address)


struct Withdrawal:
    nonce: uint256
    sender: address
    target: address
    amount: uint256  # wei
    gas_limit: uint256
    data: Bytes[MAX_WITHDRAWAL_DATA]


struct OutputPreimage:
    state_root: bytes32
    outbox_root: bytes32
    block_hash: bytes32


struct Proven:
    at: uint256  # seconds; 0: not proven
    assertion_id: uint256


MAX_DEPOSIT_DATA: constant(uint256) = 49152  # EIP-3860: the largest initcode
MAX_WITHDRAWAL_DATA: constant(uint256) = 16384
MAX_PROOF: constant(uint256) = 8192

ALIAS: constant(uint256) = 4369 * 2**144 + 4369  # 0x1111000000000000000000000000000000001111

DEPOSIT_BASE_GAS: constant(uint256) = 21_000
CREATION_GAS: constant(uint256) = 32_000
INITCODE_WORD_GAS: constant(uint256) = 2
DATA_BYTE_GAS: constant(uint256) = 40  # EIP-7623's floor for a byte that is not zero: no fork asks for more
RECEIVE_GAS_LIMIT: constant(uint256) = 100_000

# What the EVM takes before a call gets its 63/64: a cold account, a value transfer, a new account, and a margin.
CALL_OVERHEAD: constant(uint256) = 50_000

SENT_SLOT: constant(uint256) = 0  # of the mapping `sent` in contracts/l2/outbox.vy

PENDING: constant(uint256) = 1
CONFIRMED: constant(uint256) = 2

outputs: public(immutable(IOutputs))
finalisation_delay: public(immutable(uint256))  # seconds

deposit_count: public(uint256)
accumulator: public(bytes32)
proofs: HashMap[bytes32, HashMap[address, uint256]]  # withdrawal → prover → assertion ‖ time, 64 bits for the latter
finalised: public(HashMap[bytes32, bool])
l2_sender: public(transient(address))


@deploy
def __init__(_outputs: IOutputs, _finalisation_delay: uint256, _deposit_gas_limit: uint256):
    """
    @param _outputs The output roots.
    @param _finalisation_delay Seconds from proving a withdrawal to finalising it, if its output is confirmed by then.
    @param _deposit_gas_limit Gas that deposits may take per L1 block; at most the gas limit of the rollup's blocks.
    """
    assert _outputs.address != empty(address), "portal: no outputs"
    assert _finalisation_delay != 0, "portal: no delay"
    outputs = _outputs
    finalisation_delay = _finalisation_delay
    deposit_gas.__init__(_deposit_gas_limit)


@external
@payable
def __default__():
    """
    @notice Deposit ether for the sender himself. Contracts do not have their L1 address on the rollup, so they must
            say where it goes: by `deposit`.
    """
    gas_at_start: uint256 = msg.gas
    assert len(msg.data) == 0, "portal: no such function"
    assert msg.sender == tx.origin, "portal: a contract must name the receiver"
    index: uint256 = self._record(
        msg.sender, msg.sender, msg.value, msg.value, RECEIVE_GAS_LIMIT, False, keccak256(b""), 0, gas_at_start
    )
    log TransactionDeposited(
        sender=msg.sender,
        to=msg.sender,
        index=index,
        mint=msg.value,
        l2_value=msg.value,
        gas_limit=RECEIVE_GAS_LIMIT,
        is_creation=False,
        data=b"",
    )


@external
@payable
def deposit(
    to: address, l2_value: uint256, gas_limit: uint256, is_creation: bool, data: Bytes[MAX_DEPOSIT_DATA]
) -> uint256:
    """
    @notice Force a transaction into the rollup; the ether sent along is minted to its sender there, whatever happens
            to the transaction. A contract's address is aliased: there it is another account.
    @param to Whom it calls there; zero for a creation.
    @param l2_value Wei that it sends there; may differ from what is minted.
    @param gas_limit Its gas there. It is paid for with gas here.
    @param is_creation Whether it creates a contract.
    @param data Its calldata, or initcode.
    @return The deposit's index.
    """
    gas_at_start: uint256 = msg.gas
    sender: address = self._l2_address()
    # `data` stays in calldata: copied into an internal function's frame, each deposit would pay for room that it does
    # not use.
    index: uint256 = self._record(
        sender, to, msg.value, l2_value, gas_limit, is_creation, keccak256(data), len(data), gas_at_start
    )
    log TransactionDeposited(
        sender=sender,
        to=to,
        index=index,
        mint=msg.value,
        l2_value=l2_value,
        gas_limit=gas_limit,
        is_creation=is_creation,
        data=data,
    )
    return index


@external
@view
def deposit_rate() -> (uint256, uint256):
    """
    @notice What deposit gas costs now, and how much is left in this L1 block.
    @return Gas of L1 per 65,536 gas of the rollup; gas of the rollup.
    """
    meter: deposit_gas.Meter = deposit_gas._now()
    return meter.rate, deposit_gas.limit - meter.taken


@external
@view
def deposit_gas_limit() -> uint256:
    """
    @notice The most gas that deposits take of one block of the rollup.
    @return Gas per L1 block.
    """
    return deposit_gas.limit


@external
@pure
def minimum_gas(data_length: uint256, is_creation: bool) -> uint256:
    """
    @notice The least gas limit of a deposit: enough for any fork's intrinsic gas.
    @param data_length Bytes of calldata.
    @param is_creation Whether it creates a contract.
    @return Gas of the rollup.
    """
    return self._minimum_gas(data_length, is_creation)


@external
def prove(withdrawal: Withdrawal, assertion_id: uint256, preimage: OutputPreimage, proof: Bytes[MAX_PROOF]) -> bytes32:
    """
    @notice Show that the rollup's outbox holds a withdrawal, under an asserted output root. Again is allowed, and
            replaces the caller's earlier proof: do so when its output turns out rejected or superseded.
    @param withdrawal As the outbox's event gives it.
    @param assertion_id The output.
    @param preimage What the output root commits to.
    @param proof Storage proof of the withdrawal's slot, from the outbox's storage root downwards, nodes joined.
    @return The withdrawal's hash.
    """
    withdrawal_hash: bytes32 = self._withdrawal_hash(withdrawal)
    assert withdrawal.target != self, "portal: target is the portal"
    assert not self.finalised[withdrawal_hash], "portal: already finalised"

    output_root: bytes32 = empty(bytes32)
    status: uint256 = 0
    output_root, status = staticcall outputs.claim(assertion_id)
    assert status == PENDING or status == CONFIRMED, "portal: output does not stand"
    assert output_root != empty(bytes32), "portal: zero root"
    assert output_root == keccak256(
        abi_encode(empty(bytes32), preimage.state_root, preimage.outbox_root, preimage.block_hash)
    ), "portal: not the output's preimage"

    slot: bytes32 = keccak256(abi_encode(SENT_SLOT, withdrawal_hash))
    assert mpt._storage_value(preimage.outbox_root, slot, proof) == 1, "portal: not in the outbox"

    self.proofs[withdrawal_hash][msg.sender] = assertion_id << 64 | block.timestamp
    log WithdrawalProven(withdrawal_hash=withdrawal_hash, prover=msg.sender, assertion_id=assertion_id)
    return withdrawal_hash


@external
@view
def proven(withdrawal_hash: bytes32, prover: address) -> Proven:
    """
    @notice Under which output, and when, somebody has proven a withdrawal.
    @param withdrawal_hash The withdrawal.
    @param prover Who.
    @return The proof; its time is 0 if there is none.
    """
    return self._proven(withdrawal_hash, prover)


@external
@nonreentrant
def finalise(withdrawal: Withdrawal, prover: address):
    """
    @notice Make a proven withdrawal's call, once its output is confirmed and the delay is over. Anyone may.
    @param withdrawal As it was proven.
    @param prover Who proved it.
    """
    withdrawal_hash: bytes32 = self._withdrawal_hash(withdrawal)
    self._mark_finalised(withdrawal_hash, prover)
    # Who finalises chooses the gas: with too little, a target that catches its own failures could be made to drop it.
    assert msg.gas >= withdrawal.gas_limit * 64 // 63 + CALL_OVERHEAD, "portal: not enough gas for the call"
    self.l2_sender = withdrawal.sender
    success: bool = raw_call(
        withdrawal.target, withdrawal.data, value=withdrawal.amount, revert_on_failure=False
    )
    self.l2_sender = empty(address)
    assert success, "portal: call failed"


@internal
def _mark_finalised(withdrawal_hash: bytes32, prover: address):
    assert not self.finalised[withdrawal_hash], "portal: already finalised"
    proven: Proven = self._proven(withdrawal_hash, prover)
    assert proven.at != 0, "portal: not proven"
    assert block.timestamp >= proven.at + finalisation_delay, "portal: too early"
    output_root: bytes32 = empty(bytes32)
    status: uint256 = 0
    output_root, status = staticcall outputs.claim(proven.assertion_id)
    assert status == CONFIRMED, "portal: output is not confirmed"

    self.finalised[withdrawal_hash] = True
    log WithdrawalFinalised(withdrawal_hash=withdrawal_hash, prover=prover)


@internal
@view
def _l2_address() -> address:
    sender: address = msg.sender
    if msg.sender != tx.origin:
        sender = convert((convert(msg.sender, uint256) + ALIAS) % 2**160, address)
    return sender


@internal
def _record(
    sender: address,
    to: address,
    mint: uint256,
    l2_value: uint256,
    gas_limit: uint256,
    is_creation: bool,
    data_hash: bytes32,
    data_length: uint256,
    gas_at_start: uint256,
) -> uint256:
    assert not is_creation or to == empty(address), "portal: a creation has no receiver"
    assert gas_limit >= self._minimum_gas(data_length, is_creation), "portal: gas limit too low"
    index: uint256 = self.deposit_count
    self.deposit_count = index + 1
    deposit_hash: bytes32 = keccak256(
        abi_encode(sender, to, mint, l2_value, gas_limit, is_creation, data_hash)
    )
    self.accumulator = keccak256(
        abi_encode(self.accumulator, deposit_hash, block.number, block.timestamp, block.prevhash)
    )
    deposit_gas._take(gas_limit, gas_at_start)
    return index


@internal
@view
def _proven(withdrawal_hash: bytes32, prover: address) -> Proven:
    packed: uint256 = self.proofs[withdrawal_hash][prover]
    return Proven(at=packed & (2**64 - 1), assertion_id=packed >> 64)


@internal
@pure
def _minimum_gas(data_length: uint256, is_creation: bool) -> uint256:
    gas_needed: uint256 = DEPOSIT_BASE_GAS + DATA_BYTE_GAS * data_length
    if is_creation:
        gas_needed += CREATION_GAS + INITCODE_WORD_GAS * ((data_length + 31) // 32)
    return gas_needed


@internal
@pure
def _withdrawal_hash(withdrawal: Withdrawal) -> bytes32:
    return keccak256(
        abi_encode(
            withdrawal.nonce,
            withdrawal.sender,
            withdrawal.target,
            withdrawal.amount,
            withdrawal.gas_limit,
            withdrawal.data,
        )
    )
