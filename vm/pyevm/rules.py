"""What each fork means to this engine: one row per fork, found by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth.vm.forks.berlin.opcodes import BERLIN_OPCODES
from eth.vm.forks.byzantium.opcodes import BYZANTIUM_OPCODES
from eth.vm.forks.cancun.opcodes import CANCUN_OPCODES
from eth.vm.forks.constantinople.opcodes import CONSTANTINOPLE_OPCODES
from eth.vm.forks.frontier.opcodes import FRONTIER_OPCODES
from eth.vm.forks.homestead.opcodes import HOMESTEAD_OPCODES
from eth.vm.forks.istanbul.opcodes import ISTANBUL_OPCODES
from eth.vm.forks.london.opcodes import LONDON_OPCODES
from eth.vm.forks.paris.opcodes import PARIS_OPCODES
from eth.vm.forks.petersburg.opcodes import PETERSBURG_OPCODES
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES
from eth.vm.forks.shanghai.opcodes import SHANGHAI_OPCODES
from eth.vm.forks.spurious_dragon.opcodes import SPURIOUS_DRAGON_OPCODES
from eth.vm.forks.tangerine_whistle.opcodes import TANGERINE_WHISTLE_OPCODES

from protocol.forks import Fork
from protocol.types import Address
from vm.pyevm import faults, opcodes, osaka, precompiles
from vm.pyevm.frame import Frame
from vm.pyevm.instructions import Ours, build_table
from vm.pyevm.interpreter import InstructionTable, Operation, run
from vm.pyevm.precompiles import Precompile
from vm.pyevm.tracing import Watch, run_stepwise

GAS_CODE_BYTE = 200
MAX_CODE_SIZE = 24_576
SELFDESTRUCT_REFUND = 24_000


@dataclass(frozen=True, slots=True)
class Rules:
    """One fork's opcodes, precompiles and constants."""

    fork: Fork
    instructions: InstructionTable
    precompiles: Mapping[Address, Precompile]
    warm_precompiles: Mapping[Address, bool]
    selfdestruct_refund: int
    refund_quotient: int
    created_nonce: int
    clears_empty_accounts: bool
    watch: Watch | None = None

    def run(self, frame: Frame) -> None:
        """Run the frame's code; raises VMError on a fault."""
        if not frame.code:
            return
        if self.watch is not None and self.watch.steps:
            run_stepwise(frame, self.instructions, self.watch)
        else:
            run(frame, self.instructions)

    def install_code(self, frame: Frame) -> None:
        """Store what initcode returned as the new contract's code; raises VMError when the fork refuses it."""
        code = frame.output
        if not code:
            return
        if self.fork >= Fork.SPURIOUS_DRAGON and len(code) > MAX_CODE_SIZE:
            raise faults.CodeTooLarge
        if self.fork >= Fork.LONDON and code[0] == 0xEF:
            raise faults.ReservedCode
        cost = GAS_CODE_BYTE * len(code)
        if cost > frame.gas:
            if self.fork < Fork.HOMESTEAD:
                frame.output = b""  # Frontier kept the account, without code
                return
            raise faults.CodeStoreOutOfGas
        frame.gas -= cost
        frame.state.set_code(frame.msg.storage_address, code)


@cache
def rules_of(fork: Fork, rollup: bool = False) -> Rules:
    """The rules of one fork, on a rollup or on any other chain."""
    table = precompiles.precompiles_of(fork, rollup)
    return Rules(
        fork=fork,
        instructions=build_table(_PYEVM_OPCODES[_REPRESENTATIVE.get(fork, fork)], _our_opcodes(fork)),
        precompiles=table,
        warm_precompiles=dict.fromkeys(table, True),
        selfdestruct_refund=0 if fork >= Fork.LONDON else SELFDESTRUCT_REFUND,
        refund_quotient=5 if fork >= Fork.LONDON else 2,
        created_nonce=1 if fork >= Fork.SPURIOUS_DRAGON else 0,
        clears_empty_accounts=fork >= Fork.SPURIOUS_DRAGON,
    )


def _our_opcodes(fork: Fork) -> Ours:
    """The opcodes of ours that replace py-evm's in this fork, or that py-evm lacks."""
    ours: dict[int, tuple[Operation, int]] = {}
    if fork >= Fork.BERLIN:
        ours |= {0x54: (opcodes.sload_eip2929, 0), 0x55: (opcodes.sstore_eip2929, 0)}
    if fork >= Fork.LONDON:
        ours |= {0x55: (opcodes.sstore_eip3529, 0)}
    if fork >= Fork.SHANGHAI:
        ours |= {opcode: (opcodes.limit_initcode(SHANGHAI_OPCODES[opcode]), 0) for opcode in (0xF0, 0xF5)}
    if fork >= Fork.CANCUN:
        ours |= {0xFF: (opcodes.selfdestruct_eip6780, opcodes.GAS_SELFDESTRUCT)}
    if fork >= Fork.OSAKA:
        ours |= {0x1E: (osaka.count_leading_zeros, osaka.GAS_CLZ)}
    return ours


_REPRESENTATIVE = {
    Fork.MUIR_GLACIER: Fork.ISTANBUL,
    Fork.ARROW_GLACIER: Fork.LONDON,
    Fork.GRAY_GLACIER: Fork.LONDON,
    Fork.OSAKA: Fork.PRAGUE,
}
"""Forks without new opcodes in py-evm, and the fork whose table they use."""

_PYEVM_OPCODES: dict[Fork, Mapping[int, Any]] = {
    Fork.FRONTIER: FRONTIER_OPCODES,
    Fork.HOMESTEAD: HOMESTEAD_OPCODES,
    Fork.TANGERINE_WHISTLE: TANGERINE_WHISTLE_OPCODES,
    Fork.SPURIOUS_DRAGON: SPURIOUS_DRAGON_OPCODES,
    Fork.BYZANTIUM: BYZANTIUM_OPCODES,
    Fork.CONSTANTINOPLE: CONSTANTINOPLE_OPCODES,
    Fork.PETERSBURG: PETERSBURG_OPCODES,
    Fork.ISTANBUL: ISTANBUL_OPCODES,
    Fork.BERLIN: BERLIN_OPCODES,
    Fork.LONDON: LONDON_OPCODES,
    Fork.PARIS: PARIS_OPCODES,
    Fork.SHANGHAI: SHANGHAI_OPCODES,
    Fork.CANCUN: CANCUN_OPCODES,
    Fork.PRAGUE: PRAGUE_OPCODES,
}
