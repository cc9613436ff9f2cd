"""The chain's settings under an L1 block: those of its launch, and every change that the config contract recorded.

The contract keeps a hash chain of its changes (`protocol.config_changes.next_change_accumulator`). CONFIG WALK
goes back over all of it, which is as long as governance has made it; then takes those up to the agreed block's origin
into the settings, one per step. Later ones wait on a chain until a block's origin reaches them.
"""

from dataclasses import replace

from protocol.config_changes import Knob
from protocol.types import ZERO_HASH, Address, Hash32
from prover.commitments.chain_structures import Boot, ChainBlock, ChainRules, ChangeLink, L1Inputs, Settings
from prover.commitments.tape import InvalidWitness
from prover.machine.l1_storage import as_hash, word_of
from prover.machine.vm import BLOCK_DONE, CONFIG_WALK, VM, is_end, opened

CHANGES_SLOT = 5
"""Of the config contract: its hash chain of changes."""
_CHANGE_BYTES = 4 * 32


def config_walk_step(vm: VM) -> None:
    """Read the hash chain's end; then put one change on the chain; then pass those up to the block's origin."""
    boot = opened(vm, vm.cursor, Boot)
    block = opened(vm, boot.block, ChainBlock)
    rules = opened(vm, block.rules, ChainRules)
    if boot.count == 0:
        newest = word_of(vm, boot.newest_state, rules.chain_config, CHANGES_SLOT)
        vm.go(CONFIG_WALK, replace(boot, next=as_hash(newest), count=1))
        return
    inputs = opened(vm, block.inputs, L1Inputs)
    if boot.next != ZERO_HASH:
        before, change = _entry(vm, boot.next, inputs)
        if change.l1_number > rules.l1_genesis:
            inputs = replace(inputs, changes=change)
        else:  # made before the chain began, whose launch says what holds
            before = ZERO_HASH
        vm.go(CONFIG_WALK, replace(boot, next=before, block=replace(block, inputs=inputs)))
        return
    if not is_end(inputs.changes):
        change = opened(vm, inputs.changes, ChangeLink)
        if change.l1_number <= boot.origin:
            settings = changed(opened(vm, inputs.settings, Settings), change)
            inputs = replace(inputs, settings=settings, changes=change.below)
            vm.go(CONFIG_WALK, replace(boot, block=replace(block, inputs=inputs)))
            return
    vm.go(BLOCK_DONE, block)


def _entry(vm: VM, chain: Hash32, inputs: L1Inputs) -> tuple[Hash32, ChangeLink]:
    """The chain before its last entry, and that entry before the changes that came later."""
    preimage = vm.oracle.node(chain, vm.recorder)
    if len(preimage) != _CHANGE_BYTES:
        raise InvalidWitness(f"a change has 4 words, not {len(preimage)} bytes")
    knob, setting, number = (int.from_bytes(preimage[at : at + 32], "big") for at in (32, 64, 96))
    return Hash32(preimage[:32]), ChangeLink(inputs.changes, number, knob, setting)


def changed(settings: Settings, change: ChangeLink) -> Settings:
    """The settings after a change; the contract has seen to its bounds. Keys are for L1 alone to ask."""
    value = change.setting
    match change.knob:
        case Knob.GAS_LIMIT:
            settings = replace(settings, gas_limit=value)
        case Knob.BASE_FEE_DENOMINATOR:
            settings = replace(settings, base_fee_denominator=value)
        case Knob.BASE_FEE_ELASTICITY:
            settings = replace(settings, elasticity=value)
        case Knob.MIN_BASE_FEE:
            settings = replace(settings, min_base_fee=value)
        case Knob.BASE_FEE_RECIPIENT:
            settings = replace(settings, base_fee_recipient=Address(value.to_bytes(20, "big")))
        case Knob.OPERATOR_FEE:
            settings = replace(settings, operator_fee=value)
        case Knob.L1_BASE_FEE_SCALAR:
            settings = replace(settings, l1_base_fee_scalar=value)
        case Knob.L1_BLOB_BASE_FEE_SCALAR:
            settings = replace(settings, l1_blob_base_fee_scalar=value)
    return settings
