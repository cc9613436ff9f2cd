"""Small rollups on an imagined L1, derived and executed by `protocol.derivation` and the py-evm engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

from genesis.dev import rollup_genesis
from genesis.model import GenesisAccount, build_genesis
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.blobs import pack_blobs
from protocol.block import EMPTY_OMMERS_HASH, ZERO_NONCE, Header
from protocol.config_changes import ChainSettings, ConfigChange, Knob, next_change_accumulator, settings_of_knobs
from protocol.crypto import keccak, private_key_address
from protocol.deposit import Deposit, next_deposit_accumulator
from protocol.derivation import Derivation, Tip
from protocol.engine import execute_payload
from protocol.fee_terms import FEE_ORACLE, NO_FEES, FeeKnobs
from protocol.inbox import next_accumulator
from protocol.kzg import commitment_of, versioned_hash
from protocol.l1 import L1Block, L1BlockRef, L1Window
from protocol.mpt import EMPTY_ROOT
from protocol.output_root import output_root
from protocol.rollup import RollupConfig, SettlementContracts, settings_at
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from prover.chain import Claim, L1Entry, start_chain
from prover.machine.vm import VM
from tests.prover.worlds import code, push
from vm.memory_state import Allocation, MemoryState, memory_state
from vm.pyevm.engine import PyEvmEngine

L1_GENESIS = 100
L1_TIME = 1_000_000
INBOX = Address(b"\xb1" * 20)
PORTAL = Address(b"\xb2" * 20)
CONFIG = Address(b"\xb3" * 20)
KEYS = tuple(bytes(31) + bytes((number,)) for number in (1, 2, 3))
LOGGER = Address(b"\xa1" * 20)
STORER = Address(b"\xa2" * 20)
FAILER = Address(b"\xa3" * 20)
ANCESTRY = Address(b"\xa4" * 20)
RECEIVER = Address(b"\xa5" * 20)
CODES = {
    LOGGER: code(push(0xBEEF), push(0), 0x52, push(7), 0x33, push(32), push(0), 0xA2, push(1), push(31), 0xA0),
    STORER: code(0x43, 0x54, push(1), 0x01, 0x43, 0x55, 0x34, push(9), 0x55),
    FAILER: code(push(5), push(1), 0x55, push(0), push(0), 0xFD),
    ANCESTRY: code(push(1), 0x43, 0x03, 0x40, push(0), 0x55, push(250), 0x43, 0x03, 0x40, push(1), 0x55, 0x4A),
    OUTBOX_ADDRESS: code(0x34, 0x43, 0x55),
}
"""A program that logs twice, one that stores, one that reverts, one that reads block hashes; an outbox that counts."""


@dataclass
class Chain:
    """A rollup while it is derived. `headers[n]` is block n's."""

    config: RollupConfig
    headers: list[Header]
    state: MemoryState
    derivation: Derivation
    l1: list[L1Entry]
    genesis_state: MemoryState
    l1_nodes: dict[Hash32, bytes]
    accumulators: list[Hash32] = field(default_factory=lambda: [ZERO_HASH, ZERO_HASH, ZERO_HASH])
    """Of the inbox, of the portal and of the config contract."""
    deposit_count: int = 0
    settings: ChainSettings | None = None
    """Those in force; None: as at launch."""
    prices: tuple[int, int] = (7, 0)
    """L1's base fee and excess blob gas in the next block."""
    nonces: dict[bytes, int] = field(default_factory=dict)
    layer: int = 0
    """Where batches go: the first byte of their commitments."""

    @property
    def tip(self) -> Header:
        return self.headers[-1]

    def feed(
        self,
        deposits: Sequence[Deposit] = (),
        batches: Sequence[bytes] = (),
        posted: Sequence[bytes] = (),
        changes: Sequence[tuple[Knob, int]] = (),
    ) -> None:
        """One more L1 block; everything that it derives is executed. `posted` are commitments that nobody can open."""
        parent = self.l1[-1].header
        place = (parent.number + 1, parent.timestamp + 12, parent.hash)
        deposits = [replace(one, index=self.deposit_count + offset) for offset, one in enumerate(deposits)]
        self.deposit_count += len(deposits)
        contents = dict(published(self.layer, data) for data in batches)
        commitments = [*posted, *(published(self.layer, data)[0] for data in batches)]
        for commitment in commitments:
            self.accumulators[0] = next_accumulator(self.accumulators[0], keccak(commitment), *place)
        for one in deposits:
            self.accumulators[1] = next_deposit_accumulator(self.accumulators[1], one, *place)
        made = [ConfigChange(len(Knob) + index, *change) for index, change in enumerate(changes)]
        for change in made:
            self.accumulators[2] = next_change_accumulator(self.accumulators[2], change.knob, change.setting, place[0])
        self.settings = settings_at(self.config, self.settings, made)
        inbox, portal, config = self.accumulators
        state = l1_state(inbox, portal, config, self.deposit_count)
        self.l1_nodes.update(state._nodes)
        header = l1_header(*place, state.root, *self.prices)
        self.l1.append(L1Entry(header, commitments, deposits, contents if self.layer else {}, made))
        engine = PyEvmEngine(self.config.chain)
        raws = tuple(one.transaction(header.hash).raw for one in deposits)
        for payload in self.derivation.feed(L1Block(ref_of(header), raws, self.settings), batches):
            executed = execute_payload(engine, self.tip, payload, self.state, lambda number: self.headers[number].hash)
            self.headers.append(executed.block.header)
            self.state = self.state.applied(executed.block.header.state_root, executed.changes)

    def claim(self) -> Claim:
        """What an assertion at the newest L1 block says, on top of genesis."""
        outbox = self.genesis_state.account(OUTBOX_ADDRESS)
        root = Hash32(EMPTY_ROOT) if outbox is None else outbox.storage_root
        first = self.l1[0].header.hash
        return Claim(self.config, self.headers[:1], root, first, self.l1, self.l1_nodes.__getitem__)

    def machine(self) -> VM:
        """The small-step machine before anything."""
        return start_chain(self.claim(), self.genesis_state.code, self.genesis_state.node)

    def output(self) -> tuple[int, Hash32]:
        """Number and output root of the last block."""
        outbox = self.state.account(OUTBOX_ADDRESS)
        root = Hash32(EMPTY_ROOT) if outbox is None else outbox.storage_root
        return self.tip.number, output_root(self.tip.state_root, root, self.tip.hash)


@cache
def published(layer: int, data: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The commitment to a batch in calldata, a file, blobs or on a server, and what it stands for."""
    if layer == 2:
        blobs = pack_blobs(data)
        return b"\2" + b"".join(versioned_hash(commitment_of(blob)) for blob in blobs), blobs
    if layer == 0:
        return b"\0" + data, (data,)
    return (b"\1" if layer == 1 else b"\3\0") + keccak(data), (data,)


def l1_state(inbox: Hash32, portal: Hash32, config: Hash32, deposits: int) -> MemoryState:
    """L1's state, as far as a rollup looks at it: inbox, portal and config contract with their hash chains."""
    chains = [int.from_bytes(digest, "big") for digest in (inbox, portal, config)]
    return memory_state(
        {
            INBOX: Allocation(0, 1, b"\x01", {0: 1, 1: chains[0]}),
            PORTAL: Allocation(0, 1, b"\x02", {1: deposits, 2: chains[1]}),
            CONFIG: Allocation(0, 1, b"\x03", {0: 9, 5: chains[2]}),
            **{Address(bytes((index,)) * 20): Allocation(index) for index in range(1, 20)},
        }
    )


def l1_header(
    number: int, timestamp: int, parent_hash: Hash32, state_root: Hash32, base_fee: int = 7, excess_blob_gas: int = 0
) -> Header:
    return Header(
        parent_hash=parent_hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        fee_recipient=ZERO_ADDRESS,
        state_root=state_root,
        transactions_root=Hash32(EMPTY_ROOT),
        receipts_root=Hash32(EMPTY_ROOT),
        bloom=0,
        difficulty=0,
        number=number,
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=timestamp,
        extra_data=b"l1",
        prev_randao=keccak(b"randao" + bytes((number % 256,))),
        nonce=ZERO_NONCE,
        base_fee_per_gas=base_fee,
        withdrawals_root=Hash32(EMPTY_ROOT),
        blob_gas_used=0,
        excess_blob_gas=excess_blob_gas,
        parent_beacon_block_root=ZERO_HASH,
    )


def ref_of(header: Header) -> L1BlockRef:
    return L1BlockRef(
        header.number,
        header.hash,
        header.parent_hash,
        header.timestamp,
        header.prev_randao,
        header.base_fee_per_gas or 0,
        header.excess_blob_gas or 0,
    )


def fresh_chain(
    *,
    window: int = 6,
    drift: int = 40,
    gas_limit: int = 2_000_000,
    block_time: int = 1000,
    elasticity: int = 2,
    fees: FeeKnobs = NO_FEES,
    min_base_fee: int = 0,
    is_fixed: bool = False,
    more: Mapping[Address, GenesisAccount] | None = None,
    layer: int = 0,
) -> Chain:
    """A rollup at its genesis: three funded accounts, the contracts of CODES, `more`; batches go to `layer`."""
    accounts = {private_key_address(key): GenesisAccount(balance=10**20) for key in KEYS}
    accounts |= {address: GenesisAccount(balance=5, nonce=1, code=program) for address, program in CODES.items()}
    accounts |= more or {}
    genesis = rollup_genesis(71717, L1_TIME, accounts=accounts, gas_limit=gas_limit, elasticity=elasticity)
    genesis = replace(genesis, config=replace(genesis.config, min_base_fee=min_base_fee, fixed_base_fee=is_fixed))
    header = build_genesis(genesis).block.header
    state = memory_state(
        {
            address: Allocation(entry.balance, entry.nonce, entry.code, entry.storage)
            for address, entry in genesis.accounts.items()
        }
    )
    assert state.root == header.state_root
    empty_l1 = l1_state(ZERO_HASH, ZERO_HASH, ZERO_HASH, 0)
    first = l1_header(L1_GENESIS, L1_TIME, ZERO_HASH, empty_l1.root)
    config = RollupConfig(
        chain=genesis.config,
        l1_chain_id=71716,
        l1_genesis=ref_of(first),
        inbox_address=INBOX,
        genesis_hash=header.hash,
        gas_limit=gas_limit,
        max_sequencer_drift_seconds=drift,
        sequencing_window=window,
        block_time_milliseconds=block_time,
        fees=fees,
        settlement=SettlementContracts(
            CONFIG,
            ZERO_ADDRESS,
            PORTAL,
            ZERO_ADDRESS,
            ZERO_ADDRESS,
            challenge_window=1,
            finalisation_delay=1,
            bond=1,
        ),
        layers=1 | 1 << layer,
    )
    derivation = Derivation(config, Tip(0, L1_TIME, L1_GENESIS), L1Window([L1Block(ref_of(first))]))
    return Chain(config, [header], state, derivation, [L1Entry(first)], state, dict(empty_l1._nodes), layer=layer)


def transfer(chain: Chain, key: bytes, to: Address | None, *, nonce: int | None = None, **fields: object) -> bytes:
    """A signed transaction with the account's next nonce, unless another is given."""
    if nonce is None:
        nonce = chain.nonces.get(key, 0)
        chain.nonces[key] = nonce + 1
    defaults: dict[str, object] = {"value": 1, "gas_limit": 200_000, "max_fee_per_gas": 10**10, "data": b""}
    unsigned = UnsignedTransaction(
        chain_id=71717,
        nonce=nonce,
        to=to,
        max_priority_fee_per_gas=1,
        **{**defaults, **fields},  # type: ignore[arg-type]
    )
    return sign_transaction(unsigned, key).raw


def deposit(random: Random) -> Deposit:
    """A deposit, sometimes one that cannot do what it wants."""
    sender = private_key_address(random.choice(KEYS))
    to = random.choice([LOGGER, STORER, FAILER, OUTBOX_ADDRESS, sender, None])
    mint, value = random.choice([(0, 0), (10**9, 5), (0, 10**30)])
    gas_limit = random.choice([10_000, 60_000, 300_000])
    return Deposit(0, sender, to, mint, value, gas_limit, random.choice([b"", b"\x01\x02"]))


def random_chain(random: Random, l1_blocks: int = 12, layer: int = 0) -> Chain:
    """A chain out of honest batches, wrong ones and rubbish, with deposits on time and late."""
    chain = fresh_chain(
        window=random.choice([2, 6]),
        drift=random.choice([5, 40]),
        block_time=random.choice([500, 1000]),
        gas_limit=random.choice([1_000_000, 2_000_000]),
        elasticity=random.choice([2, 6]),
        layer=layer,
    )
    for _ in range(l1_blocks):
        deposits = [deposit(random) for _ in range(random.choice([0, 0, 0, 1, 2]))]
        chain.feed(deposits, [_batch(chain, random) for _ in range(random.choice([0, 1, 1, 2]))])
    return chain


def random_fees(random: Random) -> FeeKnobs:
    """Some of the fees beside gas, or none."""
    return FeeKnobs(
        base_fee_recipient=random.choice([ZERO_ADDRESS, RECEIVER, private_key_address(KEYS[1])]),
        operator_fee_scalar=random.choice([0, 1, 1_000_000, 2**32 - 1]),
        operator_fee_constant=random.choice([0, 1, 10**12]),
        l1_base_fee_scalar=random.choice([0, 1_000_000, 2**32 - 1]),
        l1_blob_base_fee_scalar=random.choice([0, 0, 5_000_000]),
    )


def random_change(random: Random) -> tuple[Knob, int]:
    """A change that the config contract lets through."""
    knob = random.choice(list(Knob))
    settings = ChainSettings(
        random.choice([1_000_000, 1_500_000, 3_000_000]),
        random.choice([1, 8, 2**32 - 1]),
        random.choice([1, 2, 6]),
        random.choice([0, 7, 10**9 + 1]),
        random_fees(random),
        *(Address(bytes((random.randrange(1, 256),)) * 20) for _ in range(2)),
    )
    return knob, settings_of_knobs(settings)[knob]


def random_fee_chain(random: Random, l1_blocks: int = 12, changing: float = 0.0) -> Chain:
    """A random chain that charges more than gas; in so many of its L1 blocks governance changes something."""
    chain = fresh_chain(
        window=random.choice([2, 6]),
        gas_limit=random.choice([1_000_000, 2_000_000]),
        elasticity=random.choice([2, 6]),
        fees=random.choice([NO_FEES, *[random_fees(random)] * 3]) if changing else random_fees(random),
        min_base_fee=random.choice([0, 0, 5, 3 * 10**9]),
        is_fixed=random.random() < 0.25,
        more=random.choice([{}, {FEE_ORACLE: GenesisAccount(code=CODES[random.choice([STORER, FAILER, LOGGER])])}]),
    )
    for _ in range(l1_blocks):
        # Above 88 times the update fraction the blob base fee is at its bound.
        chain.prices = random.choice([0, 7, 10**9, 2**64]), random.choice([0, 10**7, 10**8, 2**63])
        deposits = [deposit(random) for _ in range(random.choice([0, 0, 0, 1, 2]))]
        changes = [random_change(random) for _ in range(random.choice([1, 1, 3]) if random.random() < changing else 0)]
        chain.feed(deposits, [_batch(chain, random) for _ in range(random.choice([0, 1, 1, 2]))], changes=changes)
    return chain


def _batch(chain: Chain, random: Random) -> bytes:
    first = chain.tip.number + random.choice([1, 1, 1, 1, 0, 2])
    newest = chain.l1[-1].header.number + 1
    claims = []
    for _ in range(random.choice([1, 2, 3])):
        ahead = random.choice([1, 2, 12, 30, 1000, -5, 2**60])
        origin = random.choice([newest, newest - 1, newest - 3, 0, newest + 5])
        transactions = [_transaction(chain, random) for _ in range(random.choice([0, 1, 2, 4]))]
        claims.append(BlockClaim(max(0, chain.tip.timestamp + ahead), origin, tuple(transactions)))
    data = encode_batch(Batch(first, tuple(claims)))
    return _damaged(data, random) if random.random() < 0.25 else data


def _damaged(data: bytes, random: Random) -> bytes:
    """Cut, or with one byte changed: somewhere, or in the header or table."""
    kind = random.choice(["cut", "anywhere", "table", "empty"])
    if kind == "empty":
        return random.choice([b"", data[:5], b"\x01" + data[1:]])
    if kind == "cut":
        return data[: random.randrange(len(data))]
    at = random.randrange(min(len(data), 40) if kind == "table" else len(data))
    return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]


def _transaction(chain: Chain, random: Random) -> bytes:
    key = random.choice(KEYS)
    kind = random.choice(["good"] * 6 + ["nonce", "rubbish", "deposit", "long", "poor", "greedy", "empty", "blob"])
    to = random.choice([*CODES, private_key_address(KEYS[0]), None])
    if kind == "good":
        return transfer(chain, key, to, data=random.randbytes(random.choice([0, 1, 40])))
    if kind == "nonce":
        return transfer(chain, key, to, nonce=chain.nonces.get(key, 0) + random.choice([1, 50]))
    if kind == "long":
        return transfer(chain, key, LOGGER, data=bytes(40_000), gas_limit=400_000)
    if kind == "poor":
        return transfer(chain, key, to, nonce=chain.nonces.get(key, 0), value=10**30)
    if kind == "greedy":
        return transfer(chain, key, to, nonce=chain.nonces.get(key, 0), gas_limit=5_000_000)
    if kind == "deposit":
        return deposit(random).transaction(ZERO_HASH).raw
    if kind == "blob":
        return b"\x03" + transfer(chain, key, to, nonce=0)[1:]
    return b"" if kind == "empty" else random.randbytes(60)


__all__ = ["CODES", "KEYS", "ZERO_HASH", "Chain", "fresh_chain", "random_chain", "transfer"]
