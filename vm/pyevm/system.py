"""What a block does by itself: system calls when it begins, rewards, withdrawals and requests when it ends.

Sources: yellow paper 11.3 and EIP-649, 1234 (rewards); EIP-4895 (withdrawals), 4788, 2935 (opening calls); EIP-6110,
7002, 7251, 7685 (requests).
"""

import hashlib
from collections.abc import Iterable, Sequence

from protocol.block import Header, Withdrawal
from protocol.errors import InvalidBlock
from protocol.forks import Fork
from protocol.receipt import Receipt
from protocol.types import Address, Hash32
from vm.pyevm.block_state import BlockState
from vm.pyevm.execution import code_to_run
from vm.pyevm.frame import Frame, execute
from vm.pyevm.message import Message, TransactionContext
from vm.pyevm.rules import Rules

SYSTEM_ADDRESS = Address(bytes.fromhex("fffffffffffffffffffffffffffffffffffffffe"))
SYSTEM_CALL_GAS = 30_000_000
BEACON_ROOTS = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
HISTORY_STORAGE = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
WITHDRAWAL_REQUESTS = Address(bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002"))
CONSOLIDATION_REQUESTS = Address(bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251"))
DEPOSIT_CONTRACT = Address(bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa"))
DEPOSIT_EVENT = bytes.fromhex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5")

DEPOSIT_REQUEST, WITHDRAWAL_REQUEST, CONSOLIDATION_REQUEST = b"\x00", b"\x01", b"\x02"

WEI_PER_ETHER = 10**18
WEI_PER_GWEI = 10**9


def begin_block(state: BlockState, rules: Rules, parent_hash: Hash32, parent_beacon_block_root: Hash32) -> None:
    """Tell the history contracts about the parent. A contract that is not there, or fails, changes nothing."""
    if rules.fork >= Fork.CANCUN:
        _system_call(state, rules, BEACON_ROOTS, parent_beacon_block_root)
    if rules.fork >= Fork.PRAGUE:
        _system_call(state, rules, HISTORY_STORAGE, parent_hash)


def pay_rewards(state: BlockState, rules: Rules, ommers: Sequence[Header]) -> None:
    """Pay the miner and those of the ommers; nothing from Paris on."""
    if rules.fork >= Fork.PARIS:
        return
    reward = _block_reward(rules.fork) * WEI_PER_ETHER
    state.begin_transaction({})
    for ommer in ommers:
        state.touch_account(ommer.fee_recipient)
        state.delta_balance(ommer.fee_recipient, reward * (8 + ommer.number - state.block_number) // 8)
    state.touch_account(state.coinbase)
    state.delta_balance(state.coinbase, reward + reward // 32 * len(ommers))
    state.end_transaction(rules.clears_empty_accounts)


def _block_reward(fork: Fork) -> int:
    if fork >= Fork.CONSTANTINOPLE:
        return 2
    return 3 if fork >= Fork.BYZANTIUM else 5


def pay_withdrawals(state: BlockState, rules: Rules, withdrawals: Iterable[Withdrawal]) -> None:
    """Credit validators' withdrawals."""
    state.begin_transaction({})
    for withdrawal in withdrawals:
        state.touch_account(withdrawal.address)
        state.delta_balance(withdrawal.address, withdrawal.amount_gwei * WEI_PER_GWEI)
    state.end_transaction(rules.clears_empty_accounts)


def collect_requests(state: BlockState, rules: Rules, receipts: Iterable[Receipt]) -> list[bytes]:
    """The block's requests to the consensus layer, type byte first, empty ones left out.

    Raises:
        InvalidBlock: A request contract is missing or fails, or a deposit event is malformed.
    """
    deposits = b"".join(
        _deposit_request(log.data)
        for receipt in receipts
        for log in receipt.logs
        if log.address == DEPOSIT_CONTRACT and log.topics[:1] == (DEPOSIT_EVENT,)
    )
    requests = [DEPOSIT_REQUEST + deposits] if deposits else []
    for kind, contract in ((WITHDRAWAL_REQUEST, WITHDRAWAL_REQUESTS), (CONSOLIDATION_REQUEST, CONSOLIDATION_REQUESTS)):
        frame = _system_call(state, rules, contract, b"")
        if frame is None:
            raise InvalidBlock("SYSTEM_CONTRACT_EMPTY", f"no code at 0x{contract.hex()}")
        if frame.error is not None:
            raise InvalidBlock("SYSTEM_CONTRACT_CALL_FAILED", f"0x{contract.hex()}: {frame.error}")
        if frame.output:
            requests.append(kind + frame.output)
    return requests


def requests_hash(requests: Iterable[bytes]) -> Hash32:
    """The commitment of EIP-7685: sha256 over the requests' own sha256."""
    return Hash32(hashlib.sha256(b"".join(hashlib.sha256(request).digest() for request in requests)).digest())


_DEPOSIT_FIELDS = ((160, 48), (256, 32), (320, 8), (384, 96), (512, 8))
"""Where each field's length word stands in the data, and that length: key, credentials, amount, signature, index."""
_DEPOSIT_EVENT_SIZE = 576


def _deposit_request(data: bytes) -> bytes:
    """A deposit event's data as one request (EIP-6110)."""
    if len(data) != _DEPOSIT_EVENT_SIZE:
        raise InvalidBlock("INVALID_DEPOSIT_EVENT_LAYOUT", f"{len(data)} bytes of data")
    fields = []
    for index, (offset, length) in enumerate(_DEPOSIT_FIELDS):
        stated_offset = int.from_bytes(data[32 * index : 32 * index + 32], "big")
        stated_length = int.from_bytes(data[offset : offset + 32], "big")
        if (stated_offset, stated_length) != (offset, length):
            raise InvalidBlock(
                "INVALID_DEPOSIT_EVENT_LAYOUT", f"field {index} is {stated_length} bytes at {stated_offset}"
            )
        fields.append(data[offset + 32 : offset + 32 + length])
    return b"".join(fields)


def _system_call(state: BlockState, rules: Rules, target: Address, data: bytes) -> Frame | None:
    """Call `target` as the protocol itself, free of charge; None when it has no code."""
    if not state.get_code(target):
        return None
    state.begin_transaction(dict(rules.warm_precompiles))
    code, delegated = code_to_run(state, rules, target)
    message = Message(
        SYSTEM_CALL_GAS, target, SYSTEM_ADDRESS, 0, data, code, 0, target, target, is_delegation=delegated
    )
    frame = execute(state, rules, message, TransactionContext(SYSTEM_ADDRESS, 0))
    state.end_transaction(rules.clears_empty_accounts)
    return frame
