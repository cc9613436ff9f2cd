"""From what an assertion says to the chain that it is about: all that the trace needs, out of three hashes.

An assertion knows its parent's output root and two L1 block hashes. START opens the parent's last block; RING WALK goes
back over its ancestors; L1 WALK from the newest L1 block back to that block's origin; BATCH WALK along
the inbox's hash chain, from what L1's state says at the newest block back to what it said at the parent's; DEPOSIT WALK
along the portal's, back to the block's origin; CONFIG WALK (`chain_settings`) along the config contract's.
Walking backwards, each hash names the next thing to open; what is found is put on chains, whose tops are then the
oldest, so that the blocks after this one read L1 forwards.
"""

from dataclasses import replace

from protocol.block import Header, decode_header
from protocol.errors import Halt
from protocol.extra_data import origin_of_extra_data
from protocol.output_root import OUTPUT_VERSION_0
from protocol.rlp_codec import decode_list
from protocol.types import ZERO_HASH, Hash32
from prover.commitments.chain_structures import (
    BatchData,
    Boot,
    ChainBlock,
    ChainRules,
    DepositLink,
    L1Inputs,
    L1Link,
    Start,
)
from prover.commitments.pages import pages_of
from prover.commitments.structures import NOTHING
from prover.commitments.tape import InvalidWitness
from prover.machine.batch_data import has_form, walk_on
from prover.machine.block_begin import UnprovableChain
from prover.machine.l1_storage import as_hash, word_of
from prover.machine.oracle import RING_SIZE, ring_of
from prover.machine.vm import BATCH_DATA, BATCH_WALK, CONFIG_WALK, DEPOSIT_WALK, L1_WALK, RING_WALK, VM, opened

EMPTY_RING = ring_of({}).digest()
INBOX_ACCUMULATOR_SLOT = 1
PORTAL_COUNT_SLOT, PORTAL_ACCUMULATOR_SLOT = 1, 2
CALLDATA_LAYER = 0x00
_CHAIN_BYTES = 5 * 32
"""An entry of a hash chain: the chain before it, its hash, and number, time and parent of its L1 block."""


def start_step(vm: VM) -> None:
    """The parent assertion's block, as its output root and header say."""
    start = opened(vm, vm.cursor, Start)
    rules = opened(vm, start.rules, ChainRules)
    output = vm.oracle.node(start.parent_output, vm.recorder)
    if len(output) != 4 * 32 or output[:32] != OUTPUT_VERSION_0:
        raise UnprovableChain(f"an output root over {len(output)} bytes is of no version known here")
    state_root, outbox_root, block_hash = (Hash32(output[at : at + 32]) for at in (32, 64, 96))
    header = _header(vm, block_hash)
    origin = rules.l1_genesis if header.number == 0 else _origin(header)
    block = ChainBlock(
        rules=rules,
        number=header.number,
        hash=block_hash,
        state_root=state_root,
        timestamp=header.timestamp,
        gas_limit=header.gas_limit,
        gas_used=header.gas_used,
        base_fee=header.base_fee_per_gas or 0,
        outbox_root=outbox_root,
        ring=EMPTY_RING,
        inputs=L1Inputs(NOTHING, 0, NOTHING, NOTHING, NOTHING, rules.settings, NOTHING),
    )
    vm.go(RING_WALK, Boot(start, block, block_hash, ZERO_HASH, 0, origin, ZERO_HASH, ZERO_HASH))


def _origin(header: Header) -> int:
    try:
        return origin_of_extra_data(header.extra_data)
    except Halt as error:
        raise UnprovableChain(str(error)) from error


def ring_walk_step(vm: VM) -> None:
    """Put one ancestor into the ring; after 256, or genesis, go on to L1."""
    boot = opened(vm, vm.cursor, Boot)
    block = opened(vm, boot.block, ChainBlock)
    header = _header(vm, boot.next)
    ring = vm.oracle.grown_ring(block.ring, header.number, boot.next, vm.recorder)
    boot = replace(boot, block=replace(block, ring=ring), next=header.parent_hash, count=boot.count + 1)
    if header.number == 0 or boot.count == RING_SIZE:
        start = opened(vm, boot.start, Start)
        vm.go(L1_WALK, replace(boot, next=start.l1_hash, count=0))
    else:
        vm.go(RING_WALK, boot)


def l1_walk_step(vm: VM) -> None:
    """Put one L1 block on the chain; at the block's origin, go on to the batches."""
    boot = opened(vm, vm.cursor, Boot)
    start = opened(vm, boot.start, Start)
    block = opened(vm, boot.block, ChainBlock)
    inputs = opened(vm, block.inputs, L1Inputs)
    header = _header(vm, boot.next)
    newest, newest_state = inputs.newest, boot.newest_state
    if boot.count == 0:
        newest, newest_state = header.number, header.state_root
    link = L1Link(
        inputs.l1_blocks,
        header.number,
        boot.next,
        header.timestamp,
        header.prev_randao,
        header.base_fee_per_gas or 0,
        header.excess_blob_gas or 0,
    )
    boot = replace(
        boot,
        block=replace(block, inputs=replace(inputs, l1_blocks=link, newest=newest)),
        next=header.parent_hash,
        count=boot.count + 1,
        newest_state=newest_state,
        parent_state=header.state_root if boot.next == start.parent_l1_hash else boot.parent_state,
    )
    if header.number <= boot.origin:
        vm.go(BATCH_WALK, replace(boot, next=ZERO_HASH, count=0))
    else:
        vm.go(L1_WALK, boot)


def batch_walk_step(vm: VM) -> None:
    """Read the inbox's hash chain at both ends; then take one batch per step from its newer end.

    A commitment of a layer that the chain does not have, or to nothing that could be opened, is passed over.
    """
    boot = opened(vm, vm.cursor, Boot)
    block = opened(vm, boot.block, ChainBlock)
    if boot.count == 0:
        rules = opened(vm, block.rules, ChainRules)
        newer, older = (
            word_of(vm, state, rules.inbox, INBOX_ACCUMULATOR_SLOT) for state in (boot.newest_state, boot.parent_state)
        )
        vm.go(BATCH_WALK, replace(boot, next=as_hash(newer), stop=as_hash(older), count=1))
        return
    if boot.next == boot.stop:
        vm.go(DEPOSIT_WALK, replace(boot, next=ZERO_HASH, stop=ZERO_HASH, count=0))
        return
    inputs = opened(vm, block.inputs, L1Inputs)
    before, commitment_hash, l1_number = _entry(vm, boot.next)
    commitment = vm.oracle.transaction(commitment_hash, vm.recorder)
    after = replace(boot, next=before)
    if commitment[:1] == bytes((CALLDATA_LAYER,)):
        walk_on(vm, after, block, inputs, l1_number, pages_of(commitment[1:]), len(commitment) - 1)
    elif has_form(commitment) and opened(vm, block.rules, ChainRules).layers >> commitment[0] & 1:
        vm.go(BATCH_DATA, BatchData(after, commitment_hash, l1_number, pages_of(b""), 0, 0))
    else:
        vm.go(BATCH_WALK, after)


def deposit_walk_step(vm: VM) -> None:
    """Along the portal's hash chain, whose count says which deposit is which, back to those that are in blocks."""
    boot = opened(vm, vm.cursor, Boot)
    block = opened(vm, boot.block, ChainBlock)
    if boot.count == 0:
        rules = opened(vm, block.rules, ChainRules)
        newest = word_of(vm, boot.newest_state, rules.portal, PORTAL_ACCUMULATOR_SLOT)
        count = word_of(vm, boot.newest_state, rules.portal, PORTAL_COUNT_SLOT)
        vm.go(DEPOSIT_WALK, replace(boot, next=as_hash(newest), count=1 + count))
        return
    if boot.next == ZERO_HASH:
        vm.go(CONFIG_WALK, replace(boot, count=0))
        return
    before, deposit, l1_number = _entry(vm, boot.next)
    if l1_number <= boot.origin:  # a block takes all deposits of its origin, and none is skipped
        vm.go(CONFIG_WALK, replace(boot, next=ZERO_HASH, count=0))
        return
    inputs = opened(vm, block.inputs, L1Inputs)
    inputs = replace(inputs, deposits=DepositLink(inputs.deposits, l1_number, boot.count - 2, deposit))
    vm.go(DEPOSIT_WALK, replace(boot, block=replace(block, inputs=inputs), next=before, count=boot.count - 1))


def _header(vm: VM, block_hash: Hash32) -> Header:
    return decode_header(decode_list(vm.oracle.node(block_hash, vm.recorder), "header"))


def _entry(vm: VM, chain: Hash32) -> tuple[Hash32, Hash32, int]:
    """A hash chain's last entry: the chain before it, what it added, and the number of its L1 block."""
    preimage = vm.oracle.node(chain, vm.recorder)
    if len(preimage) != _CHAIN_BYTES:
        raise InvalidWitness(f"an entry has 5 words, not {len(preimage)} bytes")
    return Hash32(preimage[:32]), Hash32(preimage[32:64]), int.from_bytes(preimage[64:96], "big")
