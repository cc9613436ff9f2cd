"""Where a chain's trace begins: what an assertion says, and everything that it stands for, by hash."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from protocol.batch import TX_ITEM, split_items
from protocol.blobs import unpack_blobs
from protocol.block import Header
from protocol.config_changes import ChainSettings, ConfigChange, Knob, change_preimage, settings_of_knobs
from protocol.crypto import keccak
from protocol.deposit import Deposit, deposit_preimage, next_deposit_accumulator
from protocol.errors import Halt, InvalidBatch, InvalidInput
from protocol.inbox import next_accumulator
from protocol.output_root import OUTPUT_VERSION_0, output_root
from protocol.provable import PROVABLE_LAYERS, unprovable
from protocol.rollup import RollupConfig
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from prover.commitments.chain_structures import ChainRules, Settings, Start
from prover.commitments.structures import NOTHING
from prover.machine.batch_data import BLOB_LAYER, blob_hashes
from prover.machine.boot import CALLDATA_LAYER
from prover.machine.frame import NO_FRAME
from prover.machine.journal import FullJournal
from prover.machine.oracle import FullOracle, ring_of
from prover.machine.vm import START, VM


@dataclass(frozen=True, slots=True)
class L1Entry:
    """An L1 block with what it holds for the chain: commitments in the inbox, deposits in the portal, in order.

    `contents` are what commitments without their data stand for: the data that one is a hash of, or its blobs.
    """

    header: Header
    commitments: Sequence[bytes] = ()
    deposits: Sequence[Deposit] = ()
    contents: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    changes: Sequence[ConfigChange] = ()
    """Of the config contract's settings; not those that it was made with."""

    def batches(self) -> list[bytes]:
        """The bytes of the batches that count, in order."""
        found = []
        for commitment in self.commitments:
            content = self.contents.get(commitment)
            if content is not None:
                found.append(unpack_blobs(content) if commitment[0] == BLOB_LAYER else b"".join(content))
            elif commitment[0] == CALLDATA_LAYER:
                found.append(commitment[1:])
        return found


@dataclass(frozen=True, slots=True)
class Claim:
    """What a trace is about. `ancestors` are the agreed block and up to 255 before it, the agreed block last; `l1` are
    L1's blocks from that block's origin or the first with a batch or deposit, whichever is older, up to the newest."""

    config: RollupConfig
    ancestors: Sequence[Header]
    outbox_root: Hash32
    parent_l1_hash: Hash32
    l1: Sequence[L1Entry]
    l1_nodes: Callable[[Hash32], bytes]
    """Nodes of L1's state tries at the newest block and at the parent's."""
    batches_before: Hash32 = ZERO_HASH
    deposits_before: Hash32 = ZERO_HASH
    """The hash chains of inbox and portal before the first of `l1`."""
    changes_before: Sequence[tuple[int, ConfigChange]] = ()
    """All changes of settings before the first of `l1`, each with its L1 block's number."""

    def start(self) -> Start:
        """The first state's cursor."""
        head = self.ancestors[-1]
        root = output_root(head.state_root, self.outbox_root, head.hash)
        return Start(chain_rules(self.config), root, self.parent_l1_hash, self.l1[-1].header.hash)


def chain_rules(config: RollupConfig) -> ChainRules:
    """The constants of a chain that can be proved.

    Raises:
        InvalidInput: The chain has rules that the machine does not know.
    """
    chain = config.chain
    fork = chain.forks.at(1, 0)
    reason = unprovable(fork, gas_limit=config.gas_limit)
    if reason is not None:
        raise InvalidInput(str(reason))
    if config.layers >> len(PROVABLE_LAYERS):
        raise InvalidInput(f"fraud proofs read batches in {', '.join(PROVABLE_LAYERS)} alone; the chain has others")
    return ChainRules(
        chain_id=chain.chain_id,
        fork=int(fork),
        settings=settings_of(config.settings),
        fixed_base_fee=chain.fixed_base_fee,
        fee_recipient=config.fee_recipient,
        l1_fee_recipient=chain.l1_fee_recipient,
        operator_fee_recipient=chain.operator_fee_recipient,
        l1_blob_update_fraction=config.l1_blob_update_fraction,
        timestamp_step=config.timestamp_step,
        max_drift=config.max_sequencer_drift_seconds,
        sequencing_window=config.sequencing_window,
        l1_genesis=config.l1_genesis.number,
        l1_genesis_hash=config.l1_genesis.hash,
        inbox=config.inbox_address,
        portal=ZERO_ADDRESS if config.settlement is None else config.settlement.portal,
        layers=config.layers,
        chain_config=ZERO_ADDRESS if config.settlement is None else config.settlement.chain_config,
    )


def settings_of(settings: ChainSettings) -> Settings:
    """The settings as the machine commits to them: the knobs but for the keys."""
    gas_limit, denominator, elasticity, minimum, recipient, *fees = settings_of_knobs(settings)[Knob.GAS_LIMIT :]
    return Settings(gas_limit, denominator, elasticity, minimum, Address(recipient.to_bytes(20, "big")), *fees)


def start_chain(claim: Claim, codes: Callable[[Hash32], bytes], nodes: Callable[[Hash32], bytes]) -> VM:
    """The machine before anything; `codes` and `nodes` are those of the agreed block's state.

    Raises:
        InvalidInput: The chain has rules, or the agreed block has fields, that the machine does not know.
    """
    head = claim.ancestors[-1]
    if head.excess_blob_gas or head.blob_gas_used or head.base_fee_per_gas is None:
        raise InvalidInput(f"block {head.number} has blob gas or no base fee; a chain to be proved has none of that")
    known = _preimages(claim)

    def node(digest: Hash32) -> bytes:
        found = known.get(digest)
        if found is not None:
            return found
        try:
            return nodes(digest)
        except Halt:  # not one of L2's: nothing but its hash says whose a node is
            return claim.l1_nodes(digest)

    oracle = FullOracle(codes, node, dict(_long_preimages(claim)), ring_of({}), blobs=_blobs(claim))
    return VM(
        phase=START,
        cursor=claim.start(),
        frame=NO_FRAME,
        fork=0,
        boundary=NOTHING,
        tx=NOTHING,
        start_root=ZERO_HASH,
        working_root=ZERO_HASH,
        journal=FullJournal(),
        oracle=oracle,
    )


def _preimages(claim: Claim) -> dict[Hash32, bytes]:
    """Output, headers, deposits, and the entries of both hash chains."""
    head = claim.ancestors[-1]
    output = OUTPUT_VERSION_0 + head.state_root + claim.outbox_root + head.hash
    headers = [*claim.ancestors, *(entry.header for entry in claim.l1)]
    known = {header.hash: header.encode() for header in headers}
    known[keccak(output)] = output
    batches, deposits = claim.batches_before, claim.deposits_before
    later = [(entry.header.number, change) for entry in claim.l1 for change in entry.changes]
    changes = ZERO_HASH
    for number, change in (*claim.changes_before, *later):
        preimage = change_preimage(changes, change.knob, change.setting, number)
        changes = keccak(preimage)
        known[changes] = preimage
    for entry in claim.l1:
        place = (entry.header.number, entry.header.timestamp, entry.header.parent_hash)
        words = b"".join(word.to_bytes(32, "big") for word in place[:2]) + place[2]
        for commitment in entry.commitments:
            preimage = batches + keccak(commitment) + words
            batches = next_accumulator(batches, keccak(commitment), *place)
            known[batches] = preimage
        for deposit in entry.deposits:
            content = deposit_preimage(deposit)
            known[keccak(content)] = content
            preimage = deposits + keccak(content) + words
            deposits = next_deposit_accumulator(deposits, deposit, *place)
            known[deposits] = preimage
    return known


def _long_preimages(claim: Claim) -> Iterable[tuple[Hash32, bytes]]:
    """Commitments, data that one is a hash of, the transactions in batches, deposits' transactions and calldata."""
    for entry in claim.l1:
        for commitment in entry.commitments:
            yield keccak(commitment), commitment
        for commitment, content in entry.contents.items():
            if commitment[0] != BLOB_LAYER:
                yield from ((keccak(data), data) for data in content)
        for batch in entry.batches():
            for raw in _transactions(batch):
                yield keccak(raw), raw
        for deposit in entry.deposits:
            raw = deposit.transaction(entry.header.hash).raw
            yield keccak(raw), raw
            yield keccak(deposit.data), deposit.data


def _blobs(claim: Claim) -> dict[bytes, bytes]:
    """By versioned hash, as the commitments have them; who read the blobs has compared."""
    return {
        versioned_hash: blob
        for entry in claim.l1
        for commitment, content in entry.contents.items()
        if commitment[0] == BLOB_LAYER
        for versioned_hash, blob in zip(blob_hashes(commitment), content, strict=True)
    }


def _transactions(data: bytes) -> list[bytes]:
    try:
        _first, items = split_items(data)
    except InvalidBatch:
        return []
    return [item[1:] for item in items if item[:1] == bytes((TX_ITEM,))]
