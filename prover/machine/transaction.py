"""The beginning and the end of a transaction.

BEGIN decodes it, checks it against the block and the sender, and takes the gas. A transaction that no block may contain
is skipped, which is a transition like any other; a deposit is never skipped. ACCESS warms what the transaction
declares, entry by entry, and then makes the outermost call. END settles the gas.
"""

from dataclasses import replace

from protocol import fees, validity
from protocol.chain_config import ChainConfig
from protocol.crypto import keccak
from protocol.errors import InvalidTransaction
from protocol.forks import Fork, constant_schedule
from protocol.state import Account
from protocol.transaction import DEPOSIT, Transaction, decode_transaction
from protocol.types import UINT256_MAX, ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from prover.commitments.layout import MAX_BLOB_HASHES
from prover.commitments.pages import NO_PAGES, pages_of
from prover.commitments.structures import (
    NOTHING,
    AccessEntry,
    AccountRecord,
    BlobHashes,
    BlockContext,
    Charges,
    Committed,
    End,
    Enter,
    Flush,
    TxBoundary,
    TxContext,
)
from prover.commitments.tape import Sealed
from prover.machine import gas
from prover.machine.accounts import add_balance, load_account, store_account, warm_account, warm_slot
from prover.machine.block_terms import is_terms_next, operator_fee
from prover.machine.codes import code_of, create_address
from prover.machine.creates import collides, enter_create
from prover.machine.frame import CALL, NO_FRAME
from prover.machine.vm import ACCESS, DONE, END, ENTER, FLUSH_SLOTS, VM, is_end, opened


def begin_step(vm: VM) -> None:
    """Decode, check and pay for the transaction at the boundary, or skip it."""
    boundary = opened(vm, vm.cursor, TxBoundary)
    block = opened(vm, boundary.block, BlockContext)
    raw = vm.oracle.transaction(boundary.item, vm.recorder)
    empty_journal = vm.journal.root()
    vm.fork = block.fork
    vm.boundary = boundary
    vm.start_root = vm.working_root = boundary.state_root
    try:
        tx = _checked(vm, raw, boundary, block)
    except InvalidTransaction:
        vm.journal.restore(empty_journal)
        vm.go(DONE, replace(boundary, item=ZERO_HASH, l1_fee=0))
        return
    vm.has_globals = True
    sender, _ = load_account(vm, tx.sender)
    vm.tx = _context(tx, boundary.item, sender.nonce, block)
    vm.go(ACCESS, _access_chain(tx))
    if tx.type == DEPOSIT:
        _begin_deposit(vm, tx, sender, block.gas_limit - boundary.gas_used, is_terms_next(boundary))
    else:
        fee = tx.gas_limit * tx.effective_gas_price(block.base_fee) + fees.blob_gas(tx) * block.blob_base_fee
        fee += _charged(boundary, tx)
        store_account(vm, tx.sender, replace(sender, nonce=sender.nonce + 1, balance=sender.balance - fee))
    warm_account(vm, block.fee_recipient)
    if tx.to is None:
        vm.oracle.keep_code(tx.data)


def _charged(boundary: TxBoundary, tx: Transaction) -> int:
    """Wei that are taken beside gas, the operator fee for the whole gas limit."""
    return boundary.l1_fee + operator_fee(boundary.operator_fee, tx.gas_limit)


def _begin_deposit(vm: VM, tx: Transaction, sender: AccountRecord, gas_left: int, is_terms: bool) -> None:
    """Mint, which nothing undoes; a deposit that cannot run uses its gas, as far as the block has it, and is over."""
    balance = min(sender.balance + tx.mint, UINT256_MAX)
    store_account(vm, tx.sender, replace(sender, nonce=sender.nonce + 1, balance=balance))
    fork = Fork(vm.fork)
    needed = max(fees.intrinsic_gas(tx, fork), fees.floor_data_gas(tx, fork))
    if tx.value > balance or not needed <= tx.gas_limit <= gas_left:
        vm.go(FLUSH_SLOTS, Flush(False, 0 if is_terms else min(tx.gas_limit, gas_left)))


def _checked(vm: VM, raw: bytes, boundary: TxBoundary, block: BlockContext) -> Transaction:
    """The transaction, if the block may contain it."""
    fork = Fork(block.fork)
    tx = decode_transaction(raw)
    config = ChainConfig(
        block.chain_id, constant_schedule(fork), allow_blobs=block.allow_blobs, allow_deposits=block.allow_deposits
    )
    validity.check_stateless(tx, fork, config)
    validity.check_block_room(
        tx,
        block.gas_limit - boundary.gas_used,
        block.base_fee,
        block.blob_gas_limit - boundary.blob_gas_used,
        block.blob_base_fee,
    )
    sender, _ = load_account(vm, tx.sender)
    account = Account(sender.nonce, sender.balance, sender.storage_root, sender.code_hash)
    if tx.type != DEPOSIT:
        validity.check_state(tx, account, code_of(vm, sender.code_hash), _charged(boundary, tx))
    return tx


def _context(tx: Transaction, item: Hash32, nonce: int, block: BlockContext) -> TxContext:
    creates = tx.to is None
    price = tx.effective_gas_price(block.base_fee)
    hashes = [Hash32(blob_hash) for blob_hash in tx.blob_hashes]
    return TxContext(
        item=item,
        type=tx.type,
        origin=tx.sender,
        create=creates,
        to=ZERO_ADDRESS if tx.to is None else tx.to,
        nonce=nonce,
        value=tx.value,
        gas_limit=tx.gas_limit,
        gas=max(tx.gas_limit - fees.intrinsic_gas(tx, Fork(block.fork)), 0),
        gas_price=price,
        tip=0 if tx.type == DEPOSIT else price - block.base_fee,
        blob_gas=fees.blob_gas(tx),
        blob_hashes=BlobHashes(len(hashes), *hashes, *([ZERO_HASH] * (MAX_BLOB_HASHES - len(hashes)))),
        data=NO_PAGES if creates or not tx.data else pages_of(tx.data),
        data_length=0 if creates else len(tx.data),
        initcode_hash=keccak(tx.data) if creates else ZERO_HASH,
    )


def _access_chain(tx: Transaction) -> Committed:
    """The access list as a chain, its first entry on top."""
    entries: list[tuple[bytes, bool, int]] = []
    for entry in tx.access_list:
        entries.append((entry.address, False, 0))
        entries.extend((entry.address, True, slot) for slot in entry.slots)
    chain: Committed = NOTHING
    for address, is_slot, slot in reversed(entries):
        chain = AccessEntry(chain, address, is_slot, slot)  # type: ignore[arg-type]
    return chain


def access_step(vm: VM) -> None:
    """Warm the next entry of the access list; after the last one, begin the outermost call."""
    if isinstance(vm.cursor, Sealed) and vm.cursor.hash == ZERO_HASH:
        _begin_outermost(vm, opened(vm, vm.tx, TxContext))
        return
    entry = opened(vm, vm.cursor, AccessEntry)
    if entry.is_slot:
        warm_slot(vm, entry.address, entry.slot)
    else:
        warm_account(vm, entry.address)
    vm.cursor = entry.below


def _begin_outermost(vm: VM, tx: TxContext) -> None:
    if tx.create:
        address = create_address(tx.origin, tx.nonce)
        record, _ = load_account(vm, address)
        if collides(record):
            vm.go(END, End(False, 0))
        else:
            vm.go(ENTER, enter_create(address, tx.origin, tx.value, tx.gas, tx.initcode_hash))
        return
    record, _ = load_account(vm, tx.to)
    vm.go(
        ENTER,
        Enter(
            kind=CALL,
            static=False,
            transfer=True,
            address=tx.to,
            code_address=tx.to,
            caller=tx.origin,
            value=tx.value,
            gas=tx.gas,
            code_hash=record.code_hash,
            calldata=tx.data,
            calldata_offset=0,
            calldata_length=tx.data_length,
            return_offset=0,
            return_length=0,
        ),
    )


def end_step(vm: VM) -> None:
    """Give back the gas that is left and the refund, and pay whoever receives a fee."""
    end = opened(vm, vm.cursor, End)
    tx = opened(vm, vm.tx, TxContext)
    boundary = opened(vm, vm.boundary, TxBoundary)
    block = opened(vm, boundary.block, BlockContext)
    used = tx.gas_limit - end.gas_left
    used -= min(used // gas.MAX_REFUND_QUOTIENT, vm.refund)
    if tx.type == DEPOSIT:
        add_balance(vm, tx.origin, (tx.gas_limit - used) * tx.gas_price)
        used = 0 if is_terms_next(boundary) else used
    else:
        owed = operator_fee(boundary.operator_fee, used)
        back = operator_fee(boundary.operator_fee, tx.gas_limit) - owed
        add_balance(vm, tx.origin, (tx.gas_limit - used) * tx.gas_price + back)
        add_balance(vm, block.fee_recipient, used * tx.tip)
        if not is_end(boundary.charges):
            charges = opened(vm, boundary.charges, Charges)
            _pay(vm, charges.l1_fee_recipient, boundary.l1_fee)
            _pay(vm, charges.operator_fee_recipient, owed)
            if charges.base_fee_recipient != ZERO_ADDRESS:
                _pay(vm, charges.base_fee_recipient, used * block.base_fee)
    vm.frame = NO_FRAME
    vm.go(FLUSH_SLOTS, Flush(end.success, used))


def _pay(vm: VM, recipient: Address, wei: int) -> None:
    if wei:
        add_balance(vm, recipient, wei)
