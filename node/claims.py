"""What an assertion is about, read from L1: headers, batches, deposits, and proofs of what the contracts' chains were.

Nothing is believed: whatever is missing or wrong makes a trace whose first state is not the one that the game contract
computes, and the caller sees that before it acts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from da.adapter import Commitment
from node.l1.client import L1Client
from node.l1.wire import Json, L1Log, MalformedAnswer, as_data, as_quantity, as_record
from protocol.block import Header
from protocol.config_changes import (
    CONFIG_CHANGED,
    ConfigChange,
    Knob,
    decode_config_change,
    next_change_accumulator,
)
from protocol.crypto import keccak
from protocol.deposit import TRANSACTION_DEPOSITED, Deposit, decode_deposit
from protocol.errors import Halt, InvalidInput, Reject, Retry
from protocol.extra_data import origin_of_extra_data
from protocol.inbox import BATCH_APPENDED, posted_commitment
from protocol.l1 import L1BlockRef
from protocol.outputs import Assertion
from protocol.rollup import RollupConfig
from protocol.types import ZERO_HASH, Address, Hash32
from prover.chain import Claim, L1Entry
from prover.machine.boot import CALLDATA_LAYER, INBOX_ACCUMULATOR_SLOT, PORTAL_ACCUMULATOR_SLOT, PORTAL_COUNT_SLOT
from prover.machine.chain_settings import CHANGES_SLOT

Contents = Callable[[Commitment, L1BlockRef], Awaitable[tuple[bytes, ...]]]
"""What a commitment stands for, as `da.table.DataLayers.contents`."""

_ACCUMULATOR = keccak(b"accumulator()")[:4]
_LAUNCH_BLOCKS = 256
"""Before a chain's L1 genesis, in which its contracts are deployed."""
_BLOCKS_AT_ONCE = 2_000
"""Of which endpoints answer one question about logs."""


async def read_claim(
    client: L1Client,
    config: RollupConfig,
    parent: Assertion,
    assertion: Assertion,
    ancestors: Sequence[Header],
    outbox_root: Hash32,
    contents: Contents | None = None,
) -> Claim:
    """Everything between two assertions, for a trace. `ancestors` end with the parent's block; 256 are enough.
    `contents` asks the chain's data layers; None where batches are in calldata alone.

    Raises:
        Retry: L1 does not answer, or has reorganised under the assertion; or a data layer does not serve a batch.
        InvalidInput: The chain's batches are not such as can be proved.
    """
    settlement = config.settlement
    if settlement is None:
        raise InvalidInput("a chain without settlement contracts has no assertions")
    head = ancestors[-1]
    origin = config.l1_genesis.number if head.number == 0 else origin_of_extra_data(head.extra_data)
    first = min(origin, parent.l1_block_number)
    entries = await read_entries(client, config, first, assertion.l1_block_number, contents)
    if entries[-1].header.hash != assertion.l1_block_hash:
        raise Retry(f"L1 block {assertion.l1_block_number} is not the one that assertion {assertion.id} names")
    slots = [PORTAL_COUNT_SLOT, PORTAL_ACCUMULATOR_SLOT]
    nodes = await _proof(client, config.inbox_address, [INBOX_ACCUMULATOR_SLOT], assertion.l1_block_number)
    nodes |= await _proof(client, config.inbox_address, [INBOX_ACCUMULATOR_SLOT], parent.l1_block_number)
    nodes |= await _proof(client, settlement.portal, slots, assertion.l1_block_number)
    nodes |= await _proof(client, settlement.chain_config, [CHANGES_SLOT], assertion.l1_block_number)

    def node(digest: Hash32) -> bytes:
        try:
            return nodes[digest]
        except KeyError:
            raise Halt(f"L1's proofs lack the node 0x{digest.hex()}") from None

    return Claim(
        config=config,
        ancestors=ancestors,
        outbox_root=outbox_root,
        parent_l1_hash=parent.l1_block_hash,
        l1=entries,
        l1_nodes=node,
        batches_before=await _accumulator(client, config.inbox_address, first - 1),
        deposits_before=await _accumulator(client, settlement.portal, first - 1),
        changes_before=await _changes_before(client, settlement.chain_config, config.l1_genesis.number, first),
    )


async def read_entries(
    client: L1Client, config: RollupConfig, first: int, last: int, contents: Contents | None = None
) -> list[L1Entry]:
    """L1's blocks with what they hold for the chain; raises as `read_claim`."""
    wanted = {config.inbox_address: BATCH_APPENDED}
    if config.settlement is not None:
        wanted |= {config.settlement.portal: TRANSACTION_DEPOSITED, config.settlement.chain_config: CONFIG_CHANGED}
    return [await _entry(client, config, wanted, number, contents) for number in range(first, last + 1)]


async def l1_header(client: L1Client, number: int) -> Header:
    """The whole header of a canonical L1 block, checked against its hash; raises Retry."""
    found = await client.request("eth_getBlockByNumber", [hex(number), False])
    if found is None:
        raise Retry(f"L1 has no block {number} (any more)")
    fields = as_record(found, "block")
    header = header_of(fields)
    if header.hash != as_data(fields.get("hash"), "block hash", 32):
        raise MalformedAnswer(f"L1's block {number} does not hash to what it says, or has fields unknown here")
    return header


def header_of(fields: dict[str, Json]) -> Header:
    """A header from JSON-RPC's names."""

    def data(name: str) -> bytes:
        return as_data(fields.get(name), name)

    def number(name: str) -> int:
        return as_quantity(fields.get(name), name)

    def optional(name: str) -> int | None:
        return None if fields.get(name) is None else number(name)

    def optional_hash(name: str) -> Hash32 | None:
        return None if fields.get(name) is None else Hash32(data(name))

    return Header(
        parent_hash=Hash32(data("parentHash")),
        ommers_hash=Hash32(data("sha3Uncles")),
        fee_recipient=Address(data("miner")),
        state_root=Hash32(data("stateRoot")),
        transactions_root=Hash32(data("transactionsRoot")),
        receipts_root=Hash32(data("receiptsRoot")),
        bloom=int.from_bytes(data("logsBloom"), "big"),
        difficulty=number("difficulty"),
        number=number("number"),
        gas_limit=number("gasLimit"),
        gas_used=number("gasUsed"),
        timestamp=number("timestamp"),
        extra_data=data("extraData"),
        prev_randao=Hash32(data("mixHash")),
        nonce=data("nonce"),
        base_fee_per_gas=optional("baseFeePerGas"),
        withdrawals_root=optional_hash("withdrawalsRoot"),
        blob_gas_used=optional("blobGasUsed"),
        excess_blob_gas=optional("excessBlobGas"),
        parent_beacon_block_root=optional_hash("parentBeaconBlockRoot"),
        requests_hash=optional_hash("requestsHash"),
    )


async def _entry(
    client: L1Client, config: RollupConfig, wanted: Mapping[Address, Hash32], number: int, contents: Contents | None
) -> L1Entry:
    inbox = config.inbox_address
    header = await l1_header(client, number)
    logs = await client.logs_of(header.hash, wanted)
    commitments: list[bytes] = []
    deposits: list[Deposit] = []
    changes: list[ConfigChange] = []
    for log in logs:
        if wanted[log.address] == TRANSACTION_DEPOSITED:
            deposits.append(decode_deposit(log.topics, log.data))
            continue
        if wanted[log.address] == CONFIG_CHANGED:
            changes.extend(_change(log))
            continue
        tx = await client.transaction(log.transaction_hash)
        posted = None if tx is None else posted_commitment(tx.to, tx.input, inbox, Hash32(log.data[:32]))
        if posted is None:
            raise InvalidInput(f"a commitment in L1 block {number} is not in its transaction's calldata")
        commitments.append(posted)
    opened = {}
    for posted in commitments:
        if posted[0] != CALLDATA_LAYER and config.layers >> posted[0] & 1:
            if contents is None:
                raise InvalidInput(f"a batch in L1 block {number} is not in calldata, and its layer cannot be asked")
            try:
                opened[posted] = await contents(Commitment(posted), ref_of(header))
            except Reject:
                continue  # no data can ever match it: it is passed over
    return L1Entry(header, commitments, deposits, opened, changes)


def ref_of(header: Header) -> L1BlockRef:
    """An L1 header as derivation sees it."""
    return L1BlockRef(
        number=header.number,
        hash=header.hash,
        parent_hash=header.parent_hash,
        timestamp=header.timestamp,
        prev_randao=header.prev_randao,
        base_fee=header.base_fee_per_gas or 0,
        excess_blob_gas=header.excess_blob_gas or 0,
    )


def _change(log: L1Log) -> list[ConfigChange]:
    """What a log says; nothing if it is the constructor's, one per knob: these say what the chain was launched with."""
    change = decode_config_change(log.topics, log.data)
    return [change] if change.index >= len(Knob) else []


async def _changes_before(
    client: L1Client, contract: Address, genesis: int, first: int
) -> list[tuple[int, ConfigChange]]:
    """All changes of settings before an L1 block, which the contract's hash chain must be made of."""
    wanted = await _accumulator(client, contract, first - 1)
    found: list[tuple[int, ConfigChange]] = []
    if wanted == ZERO_HASH:
        return found
    for start in range(max(0, genesis - _LAUNCH_BLOCKS), first, _BLOCKS_AT_ONCE):
        end = min(start + _BLOCKS_AT_ONCE, first) - 1
        for number, log in await client.find_logs(contract, [CONFIG_CHANGED], start, end):
            found.extend((number, change) for change in _change(log))
    chain = ZERO_HASH
    for number, change in found:
        chain = next_change_accumulator(chain, change.knob, change.setting, number)
    if chain != wanted:
        raise Retry(f"L1's logs of changed settings before block {first} are not those that its contract has recorded")
    return found


async def _proof(client: L1Client, contract: Address, slots: Sequence[int], number: int) -> dict[Hash32, bytes]:
    """The nodes of L1's state at a block towards these slots, by hash."""
    wanted: Json = ["0x" + slot.to_bytes(32, "big").hex() for slot in slots]
    answer = as_record(await client.request("eth_getProof", ["0x" + contract.hex(), wanted, hex(number)]), "proof")
    lists = [answer.get("accountProof")]
    storage = answer.get("storageProof")
    if isinstance(storage, list):
        lists += [as_record(entry, "storage proof").get("proof") for entry in storage]
    nodes = [as_data(node, "proof's node") for one in lists if isinstance(one, list) for node in one]
    return {keccak(node): node for node in nodes}


async def _accumulator(client: L1Client, contract: Address, number: int) -> Hash32:
    """A contract's hash chain after an L1 block; zero before there was the contract."""
    answer = await client.call(contract, _ACCUMULATOR, max(number, 0))
    return Hash32(answer[:32].rjust(32, b"\0"))
