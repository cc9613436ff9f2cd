"""A network in one process: an L1 and any number of rollups, each on our own engine, with real headers and real tries.

Between chains go only what really crosses: L1 block hashes in L2 headers, deposits, output roots, and proofs. On L2
every transaction is a deposit, which costs nothing there; so balances are exact, and no sequencer is ever needed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode

from genesis.dev import rollup_genesis
from genesis.model import GenesisAccount, build_genesis
from metalayer.merkle import branch
from metalayer.message import Domain, Message, decode_message
from metalayer.predeploys import (
    ETHER_ROUTE_ADDRESS,
    MAILBOX_ADDRESS,
    SETTLED_ROOTS_ADDRESS,
    TOKEN_ROUTE_ADDRESS,
    MemberCode,
    MemberOptions,
    NetworkAddresses,
    member_contracts,
)
from metalayer.proofs import (
    FINAL_ROOTS_SLOT,
    MEMBERS_SLOT,
    OUTPUT_ROOTS_SLOT,
    OUTPUT_STATES_SLOT,
    TREE_SLOT,
    Anchor,
    MailboxProof,
    OriginProof,
    Output,
    branch_metadata,
    clear_call,
    decision_slot,
    delivered_slot,
    learn_call,
    learn_decision_call,
    learn_ledger_call,
    ledger_learn_call,
    mapping_slot,
    process_call,
    prove_delivery_call,
    refund_call,
    void_call,
)
from node.artifacts import SOURCES, Artifact, load_artifact
from protocol.block import Header
from protocol.crypto import keccak
from protocol.deposit import TRANSACTION_DEPOSITED, Deposit, decode_deposit
from protocol.engine import Call
from protocol.mpt import prove
from protocol.output_root import output_root
from protocol.payload import BlockAttributes
from protocol.receipt import Log, Receipt
from protocol.rlp_codec import encode as rlp_encode
from protocol.transaction import deposit_transaction
from protocol.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from protocol.withdrawal import MESSAGE_PASSED, OUTBOX_ADDRESS, Withdrawal, decode_message_passed, prove_sent
from vm.memory_state import MemoryState
from vm.pyevm.engine import PyEvmEngine

ETHER = 10**18
BOND = ETHER
WINDOW = 1_000
DELAY = 500
GAS = 3_000_000
MODULES = {
    "remote_roots": "metalayer/remote_roots.vy",
    "crosschain_erc20": "metalayer/crosschain_erc20.vy",
}
"""Of the network's contracts, that have defective variants."""
MOCKS = SOURCES.parent / "tests" / "contracts"
ORIGIN_TIME = 1_700_000_000
REGISTRY_OWNER = Address(keccak(b"owner")[12:])
GOVERNOR = Address(keccak(b"governor")[12:])
MEMBER = MemberOptions(GOVERNOR)
PROPOSER = Address(keccak(b"proposer")[12:])
GAME = Address(keccak(b"game")[12:])
RELAYER = Address(keccak(b"relayer")[12:])
DISPATCHED = keccak(b"Dispatched(bytes32,uint32,address,uint256,uint256,bytes)")


def account(name: str) -> Address:
    return Address(keccak(name.encode())[12:])


def word(address: Address) -> bytes:
    return bytes(12) + address


@cache
def artifact(name: str, sources: Path = SOURCES) -> Artifact:
    """A contract of this name; a variant's file is compiled only if it differs from the original's sources."""
    if sources == SOURCES or _fingerprint(sources / name) == _fingerprint(SOURCES / name):
        return load_artifact(name)
    return load_artifact(name, sources, None)


def _fingerprint(contract: Path) -> bytes:
    """Of what a contract is made of: its own text and its modules'."""
    sources = contract.parent.parent
    text = contract.with_suffix(".vy").read_text()
    modules = [sources / path for name, path in MODULES.items() if name in text]
    return keccak(text.encode() + b"".join(path.read_bytes() for path in modules))


APP = account("app")
"""Where `tests/contracts/mocks/app.vy` is on every chain of `with_app`."""


class Failed(Exception):
    """A transaction that was expected to succeed; says the contract's reason."""


@dataclass
class Chain:
    """One chain: blocks in a list, with the state after each. Transactions go in as deposits."""

    chain_id: int
    accounts: Mapping[Address, GenesisAccount]
    start: int
    headers: list[Header] = field(default_factory=list)
    states: list[MemoryState] = field(default_factory=list)
    logs: list[list[Log]] = field(default_factory=list)

    def __post_init__(self) -> None:
        genesis = rollup_genesis(self.chain_id, self.start, accounts=self.accounts)
        built = build_genesis(genesis)
        self.engine = PyEvmEngine(genesis.config)
        self.headers.append(built.block.header)
        self.states.append(MemoryState().applied(built.block.header.state_root, built.changes))
        self.logs.append([])
        self.sent = 0

    @property
    def head(self) -> Header:
        return self.headers[-1]

    @property
    def state(self) -> MemoryState:
        return self.states[-1]

    def block(self, transactions: list, timestamp: int, origin: Hash32 = ZERO_HASH) -> list[Receipt]:
        attributes = BlockAttributes(timestamp, Address(bytes(20)), 30_000_000, parent_beacon_block_root=origin)
        builder = self.engine.begin_block(self.head, attributes, self.state, self.ancestor)
        receipts = [builder.add(transaction) for transaction in transactions]
        sealed = builder.seal()
        self.headers.append(sealed.block.header)
        self.states.append(self.state.applied(sealed.block.header.state_root, sealed.changes))
        self.logs.append([log for receipt in receipts for log in receipt.logs])
        return receipts

    def ancestor(self, number: int) -> Hash32 | None:
        return self.headers[number].hash if 0 <= number < len(self.headers) else None

    def transaction(self, sender: Address, to: Address | None, data: bytes, value: int = 0, gas: int = GAS):
        self.sent += 1
        source = keccak(self.chain_id.to_bytes(8, "big") + self.sent.to_bytes(8, "big"))
        return deposit_transaction(source, sender, to, 0, value, gas, data)

    def call(self, to: Address, data: bytes, sender: Address = ZERO_ADDRESS, value: int = 0) -> bytes:
        """The answer to a message at the head; raises Failed with the reason."""
        call = Call(sender, to, 20_000_000, value, data)
        result = self.engine.call(call, self.head, self.state, self.ancestor)
        if result.error is not None:
            reason = result.output[68:].rstrip(b"\0").decode(errors="replace") if result.output else ""
            raise Failed(reason or result.error)
        return result.output

    def read(self, to: Address, signature: str, *arguments: object, returns: str = "uint256") -> object:
        [value] = abi_decode([returns], self.call(to, calldata(signature, *arguments)))
        return value

    def balance(self, owner: Address) -> int:
        found = self.state.account(owner)
        return 0 if found is None else found.balance

    def account_proof(self, owner: Address, at: int = -1) -> bytes:
        state = self.states[at]
        return b"".join(prove(state.root, keccak(owner), state.node))

    def storage_root(self, owner: Address, at: int = -1) -> Hash32:
        found = self.states[at].account(owner)
        assert found is not None
        return found.storage_root

    def storage_proof(self, owner: Address, slot: bytes, at: int = -1) -> bytes:
        return b"".join(prove(self.storage_root(owner, at), keccak(slot), self.states[at].node))

    def rewind(self, number: int) -> None:
        """Forget the blocks after this one: a reorganisation."""
        del self.headers[number + 1 :], self.states[number + 1 :], self.logs[number + 1 :]


def calldata(signature: str, *arguments: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak(signature.encode())[:4] + abi_encode(types.split(",") if types else [], arguments)


@dataclass(frozen=True)
class Settled:
    """A confirmed output of a member, and the number of its block."""

    output: Output
    number: int


@dataclass
class Member:
    """A chain of the network and its contracts on L1."""

    domain: Domain
    chain: Chain
    outputs: Address
    portal: Address
    settled: list[Settled] = field(default_factory=list)
    pending: list[Deposit] = field(default_factory=list)
    forced: dict[int, list[Deposit]] = field(default_factory=dict)
    """What L1 has put into each block."""

    def take_pending(self) -> list[Deposit]:
        """The deposits for the next block."""
        taken = list(self.pending)
        self.forced[self.chain.head.number + 1] = taken
        self.pending.clear()
        return taken

    def reorganise(self, number: int) -> None:
        """Forget the blocks after this one; what L1 had put into them comes again."""
        again = [one for at in range(number + 1, self.chain.head.number + 1) for one in self.forced.get(at, [])]
        self.pending[:0] = again
        self.chain.rewind(number)

    def messages(self, up_to: int | None = None) -> list[Message]:
        """Everything its mailbox has sent, in order, up to a block."""
        logs = [log for block in self.chain.logs[: None if up_to is None else up_to + 1] for log in block]
        found = [log for log in logs if log.address == MAILBOX_ADDRESS and log.topics[0] == DISPATCHED]
        return [decode_message(abi_decode(["uint256", "uint256", "bytes"], log.data)[2]) for log in found]


@dataclass(frozen=True)
class Mark:
    """A point to go back to: L1's height; per member its height, outputs and pending deposits."""

    l1: int
    members: dict[Domain, tuple[Member, int, list[Settled], list[Deposit]]]


class World:
    """The network. `sources` may hold a vulnerable variant of one contract."""

    def __init__(
        self,
        count: int = 2,
        sources: Path = SOURCES,
        extra: Mapping[Address, bytes] | None = None,
    ) -> None:
        funded = {
            owner: GenesisAccount(balance=10**9 * ETHER) for owner in (PROPOSER, account("alice"), account("bob"))
        }
        self.sources = sources
        self.l1 = Chain(1, funded, ORIGIN_TIME)
        # BLOCKHASH has to have something to answer.
        self.l1.block([], ORIGIN_TIME + 12)
        registry = self.deploy("metalayer/registry", "address", "0x" + REGISTRY_OWNER.hex())
        ledger = self.deploy("metalayer/ledger", "address", "0x" + registry.hex())
        hub = self.deploy("metalayer/ether_hub", "address", "0x" + registry.hex())
        self.network = NetworkAddresses(registry, ledger, hub)
        self.extra = extra or {}
        self.members: dict[Domain, Member] = {}
        for index in range(count):
            self.add(Domain(1_001 + index))

    @property
    def pair(self) -> tuple[Member, Member]:
        """The first two members."""
        first, second, *_others = self.members.values()
        return first, second

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever happens inside is forgotten afterwards: building a world takes longer than most tests."""
        mark = self.mark()
        try:
            yield
        finally:
            self.restore(mark)

    def mark(self) -> "Mark":
        """Where everything stands."""
        return Mark(
            len(self.l1.headers) - 1,
            {
                domain: (member, len(member.chain.headers) - 1, list(member.settled), list(member.pending))
                for domain, member in self.members.items()
            },
        )

    def restore(self, mark: "Mark") -> None:
        """Go back to there: what a reorganisation of L1 does to all."""
        self.l1.rewind(mark.l1)
        self.members = {}
        for domain, (member, head, settled, pending) in mark.members.items():
            self.members[domain] = member
            member.chain.rewind(head)
            member.settled, member.pending = list(settled), list(pending)

    # --- L1 ----------------------------------------------------------------------------------------------------------

    def deploy(self, name: str, types: str, *arguments: object) -> Address:
        """Put a contract on L1; returns its address."""
        data = artifact(name, self.sources).init_code + abi_encode(types.split(",") if types else [], arguments)
        receipt = self.on_l1(PROPOSER, None, data, gas=20_000_000)
        if not receipt.succeeded:
            raise Failed(f"{name} does not deploy")
        assert receipt.contract_address is not None
        return receipt.contract_address

    def on_l1(
        self, sender: Address, to: Address | None, data: bytes, value: int = 0, gas: int = GAS, wait: int = 12
    ) -> Receipt:
        """One transaction in an L1 block of its own, `wait` seconds after the last; deposits in it are queued."""
        transaction = self.l1.transaction(sender, to, data, value, gas)
        [receipt] = self.l1.block([transaction], self.l1.head.timestamp + wait)
        for log in receipt.logs:
            if log.topics and log.topics[0] == TRANSACTION_DEPOSITED:
                for member in self.members.values():
                    if member.portal == log.address:
                        member.pending.append(decode_deposit(log.topics, log.data))
        return receipt

    def must_l1(self, sender: Address, to: Address, data: bytes, value: int = 0, gas: int = GAS) -> Receipt:
        receipt = self.on_l1(sender, to, data, value, gas)
        if not receipt.succeeded:
            self.l1.rewind(self.l1.head.number - 1)
            self.l1.call(to, data, sender, value)
            raise Failed("failed, but its call does not")
        return receipt

    def wait(self, seconds: int) -> None:
        self.l1.block([], self.l1.head.timestamp + seconds)

    # --- members -----------------------------------------------------------------------------------------------------

    def add(
        self,
        domain: Domain,
        *,
        activate: bool = True,
        balances: Mapping[Address, int] | None = None,
        options: MemberOptions = MEMBER,
    ) -> Member:
        """Launch a chain and have it registered. `balances` is ether that its genesis invents."""
        code = MemberCode(
            **{one.name: artifact(f"metalayer/{one.name}", self.sources).runtime_code for one in fields(MemberCode)}
        )
        contracts = member_contracts(code, self.network, domain, options)
        contracts[OUTBOX_ADDRESS] = artifact("l2/outbox").runtime_code
        contracts |= self.extra
        alloc = {address: GenesisAccount(nonce=1, code=body) for address, body in contracts.items()}
        alloc |= {owner: GenesisAccount(balance=amount) for owner, amount in (balances or {}).items()}
        chain = Chain(domain + 900_000, alloc, self.l1.head.timestamp)
        genesis = output_root(chain.head.state_root, chain.storage_root(OUTBOX_ADDRESS), chain.head.hash)
        settings = [int.from_bytes(PROPOSER, "big")] * 2 + [30_000_000, 50, 6, 0, 0, 0, 0, 0]
        settings += [0] * (self._knobs() - len(settings))
        config = self.deploy(
            "l1/chain_config",
            f"address,uint256,uint256,uint256,uint256[{len(settings)}]",
            "0x" + REGISTRY_OWNER.hex(),
            100,
            8_000_000,
            200_000_000,
            settings,
        )
        outputs = self.deploy(
            "l1/outputs",
            "address,address,uint256,uint256,bool,bytes32",
            "0x" + config.hex(),
            "0x" + GAME.hex(),
            BOND,
            WINDOW,
            False,
            genesis,
        )
        portal = self.deploy("l1/portal", "address,uint256,uint256", "0x" + outputs.hex(), DELAY, 8_000_000)
        member = Member(domain, chain, outputs, portal)
        member.settled.append(Settled(self._output(member, 0, 0), 0))
        self.members[domain] = member
        self.must_l1(
            REGISTRY_OWNER,
            self.network.registry,
            calldata(
                "register(uint256,uint256,bytes32,address,address)",
                domain,
                chain.chain_id,
                chain.head.hash,
                "0x" + outputs.hex(),
                "0x" + portal.hex(),
            ),
        )
        if activate:
            self.govern("activate(uint256)", domain)
        return member

    @staticmethod
    def _knobs() -> int:
        text = (SOURCES / "l1" / "chain_config.vy").read_text()
        return int(text.split("KNOBS: constant(uint256) = ")[1].split()[0])

    def govern(self, signature: str, *arguments: object) -> Receipt:
        return self.must_l1(REGISTRY_OWNER, self.network.registry, calldata(signature, *arguments))

    def step(self, member: Member, transactions: list | None = None, seconds: int = 2) -> list[Receipt]:
        """The member's next block: what L1 has queued for it, then these. Returns the receipts of these."""
        forced = [deposit.transaction(self.l1.head.hash) for deposit in member.take_pending()]
        time = max(self.l1.head.timestamp, member.chain.head.timestamp + seconds)
        own = transactions or []
        receipts = member.chain.block([*forced, *own], time, self.l1.head.hash)
        return receipts[len(forced) :]

    def on_l2(
        self, member: Member, sender: Address, to: Address | None, data: bytes, value: int = 0, gas: int = GAS
    ) -> Receipt:
        [receipt] = self.step(member, [member.chain.transaction(sender, to, data, value, gas)])
        return receipt

    def must(
        self, member: Member, sender: Address, to: Address, data: bytes, value: int = 0, gas: int = GAS
    ) -> Receipt:
        receipt = self.on_l2(member, sender, to, data, value, gas)
        if not receipt.succeeded:
            member.chain.call(to, data, sender, value)
            raise Failed("failed, but its call does not")
        return receipt

    def force(
        self, member: Member, sender: Address, to: Address, data: bytes, value: int = 0, mint: int = 0
    ) -> Receipt:
        """A transaction by way of L1 alone; returns its receipt on the member."""
        self.must_l1(
            sender,
            member.portal,
            calldata(
                "deposit(address,uint256,uint256,bool,bytes)",
                "0x" + to.hex(),
                value,
                2_000_000 + 40 * len(data),
                False,
                data,
            ),
            mint,
            gas=20_000_000,
        )
        forced = [deposit.transaction(self.l1.head.hash) for deposit in member.take_pending()]
        time = max(self.l1.head.timestamp, member.chain.head.timestamp + 2)
        return member.chain.block(forced, time, self.l1.head.hash)[-1]

    def give(self, member: Member, owner: Address, amount: int) -> None:
        """Ether for an account, by a deposit from L1."""
        before = member.chain.balance(owner)
        data = calldata("deposit(address,uint256,uint256,bool,bytes)", "0x" + owner.hex(), amount, 100_000, False, b"")
        self.must_l1(account("alice"), member.portal, data, amount)
        self.step(member)
        assert member.chain.balance(owner) == before + amount

    def deliverer(self, message: Message) -> Address | None:
        """Who has delivered it, by the destination's mailbox."""
        chain = self.members[message.destination].chain
        found = bytes.fromhex(str(chain.read(MAILBOX_ADDRESS, "delivered(bytes32)", message.id, returns="address"))[2:])
        return Address(found) if any(found) else None

    # --- settlement --------------------------------------------------------------------------------------------------

    def _output(self, member: Member, assertion_id: int, number: int) -> Output:
        header = member.chain.headers[number]
        return Output(assertion_id, header.state_root, member.chain.storage_root(OUTBOX_ADDRESS, number), header.hash)

    def settle(self, member: Member, forged: Output | None = None) -> Settled:
        """Propose and confirm an output for the member's head."""
        settled = self.propose(member, forged)
        self.wait(WINDOW)
        self.must_l1(PROPOSER, member.outputs, calldata("confirm(uint256)", settled.output.assertion_id))
        member.settled.append(settled)
        return settled

    def propose(self, member: Member, forged: Output | None = None) -> Settled:
        """Bond an output of the member's head; it stays pending."""
        if member.chain.head.number == member.settled[-1].number:
            self.step(member)
        number = member.chain.head.number
        output = forged or self._output(member, 0, number)
        root = output_root(output.state_root, output.outbox_root, output.block_hash)
        assertion_id = int(self.l1.read(member.outputs, "count()"))  # type: ignore[call-overload]
        data = calldata(
            "propose(uint256,uint256,bytes32,uint256,bytes32)",
            member.settled[-1].output.assertion_id,
            number,
            root,
            self.l1.head.number,
            self.l1.head.hash,
        )
        self.must_l1(PROPOSER, member.outputs, data, BOND)
        return Settled(replace(output, assertion_id=assertion_id), number)

    # --- proofs ------------------------------------------------------------------------------------------------------

    def anchor(self, member: Member) -> Anchor:
        """L1's head, as the member's newest block knows it."""
        if member.chain.head.parent_beacon_block_root != self.l1.head.hash:
            self.step(member)
        header = self.l1.head
        return Anchor(member.chain.head.timestamp, rlp_encode(header.fields()))

    def mailbox_proof(self, member: Member, settled: Settled) -> MailboxProof:
        chain, number = member.chain, settled.number
        return MailboxProof(
            rlp_encode(chain.headers[number].fields()),
            chain.account_proof(MAILBOX_ADDRESS, number),
            chain.storage_proof(MAILBOX_ADDRESS, TREE_SLOT, number),
        )

    def origin_proof(self, member: Member, settled: Settled) -> OriginProof:
        l1, registry = self.l1, self.network.registry
        proven = l1.account_proof(registry)
        entry = l1.storage_proof(registry, mapping_slot(MEMBERS_SLOT, member.domain))
        if self.status(member) == 4:
            last = l1.storage_proof(registry, mapping_slot(FINAL_ROOTS_SLOT, member.domain))
            return OriginProof(proven, entry, b"", b"", last)
        key = settled.output.assertion_id
        return OriginProof(
            proven,
            entry,
            l1.account_proof(member.outputs),
            l1.storage_proof(member.outputs, mapping_slot(OUTPUT_STATES_SLOT, key)),
            l1.storage_proof(member.outputs, mapping_slot(OUTPUT_ROOTS_SLOT, key)),
        )

    def status(self, member: Member) -> int:
        return int(self.l1.read(self.network.registry, "status(uint256)", member.domain))  # type: ignore[call-overload]

    def learn(self, pupil: Member, subject: Member, settled: Settled | None = None) -> Receipt:
        """Have `pupil` learn a settled state of `subject`: the last, unless told."""
        settled = settled or subject.settled[-1]
        anchor = self.anchor(pupil)
        proof = self.origin_proof(subject, settled)
        data = learn_call(subject.domain, anchor, proof, settled.output, self.mailbox_proof(subject, settled))
        return self.must(pupil, RELAYER, SETTLED_ROOTS_ADDRESS, data)

    def ledger_learn(self, subject: Member, settled: Settled | None = None) -> Receipt:
        settled = settled or subject.settled[-1]
        data = ledger_learn_call(subject.domain, settled.output, self.mailbox_proof(subject, settled))
        return self.must_l1(RELAYER, self.network.ledger, data)

    def metadata(self, message: Message, settled: Settled | None = None) -> bytes:
        """The message's branch in the tree of a settled state of its origin."""
        origin = self.members[message.origin]
        settled = settled or origin.settled[-1]
        ids = [one.id for one in origin.messages(settled.number)]
        return branch_metadata(message.nonce, branch(ids, message.nonce))

    def absence(self, message: Message, settled: Settled | None = None) -> tuple[Hash32, bytes]:
        """The mailbox's storage root at the destination's settled state, and the proof of the message's slot."""
        target = self.members[message.destination]
        settled = settled or target.settled[-1]
        return (
            target.chain.storage_root(MAILBOX_ADDRESS, settled.number),
            target.chain.storage_proof(MAILBOX_ADDRESS, delivered_slot(message.id), settled.number),
        )

    # --- what a relayer does, one call each --------------------------------------------------------------------------

    def process(self, message: Message, relayer: Address = RELAYER, metadata: bytes | None = None) -> Receipt:
        target = self.members[message.destination]
        data = process_call(self.metadata(message) if metadata is None else metadata, message)
        return self.must(target, relayer, MAILBOX_ADDRESS, data)

    def clear(self, message: Message) -> Receipt:
        return self.must_l1(RELAYER, self.network.ledger, clear_call(self.metadata(message), message))

    def void(self, message: Message) -> Receipt:
        data = void_call(self.metadata(message), message, *self.absence(message))
        return self.must_l1(RELAYER, self.network.ledger, data)

    def learn_decision(self, pupil: Member, message: Message) -> Receipt:
        data = learn_ledger_call(self.anchor(pupil), self.l1.account_proof(self.network.ledger))
        self.must(pupil, RELAYER, SETTLED_ROOTS_ADDRESS, data)
        data = learn_decision_call(
            message.id,
            self.l1.storage_root(self.network.ledger),
            self.l1.storage_proof(self.network.ledger, decision_slot(message.id)),
        )
        return self.must(pupil, RELAYER, SETTLED_ROOTS_ADDRESS, data)

    def refund(self, message: Message) -> Receipt:
        return self.must(
            self.members[message.origin], RELAYER, MAILBOX_ADDRESS, refund_call(message, *self.absence(message))
        )

    def prove_delivery(self, message: Message) -> Receipt:
        data = prove_delivery_call(message, *self.absence(message))
        return self.must(self.members[message.origin], RELAYER, MAILBOX_ADDRESS, data)

    def deliver(self, message: Message) -> Receipt:
        """Settle the origin and deliver one message that carries no value."""
        origin, target = self.members[message.origin], self.members[message.destination]
        self.settle(origin)
        self.learn(target, origin)
        return self.process(message)

    def deliver_transfer(self, message: Message) -> Receipt:
        """Settle the origin, have L1 clear the transfer, and deliver it."""
        origin, target = self.members[message.origin], self.members[message.destination]
        self.settle(origin)
        self.ledger_learn(origin)
        self.clear(message)
        self.learn_decision(target, message)
        self.learn(target, origin)
        return self.process(message)

    def expire(self, message: Message) -> None:
        """Let the destination pass the message's expiry, and settle there."""
        target = self.members[message.destination]
        late = message.expiry - self.l1.head.timestamp
        if late > 0:
            self.wait(late)
        self.step(target)
        self.settle(target)

    def return_transfer(self, message: Message) -> Receipt:
        """After its expiry: have L1 void the transfer, and its origin give it back."""
        origin, target = self.members[message.origin], self.members[message.destination]
        if origin.settled[-1].number == 0 or message not in origin.messages(origin.settled[-1].number):
            self.settle(origin)
        self.ledger_learn(origin)
        self.ledger_learn(target)
        self.void(message)
        self.learn_decision(origin, message)
        self.learn(origin, target)
        return self.refund(message)

    def withdrawals(self, member: Member) -> list[Withdrawal]:
        logs = [log for block in member.chain.logs for log in block]
        return [
            decode_message_passed(log.topics, log.data)
            for log in logs
            if log.address == OUTBOX_ADDRESS and log.topics[0] == MESSAGE_PASSED
        ]

    def withdraw(self, member: Member, withdrawal: Withdrawal) -> Receipt:
        """Settle, prove and finalise a withdrawal."""
        settled = self.settle(member)
        state = member.chain.states[settled.number]
        root = settled.output.outbox_root
        one = (
            withdrawal.nonce,
            "0x" + withdrawal.sender.hex(),
            "0x" + withdrawal.target.hex(),
            withdrawal.value,
            withdrawal.gas_limit,
            withdrawal.data,
        )
        kind = "(uint256,address,address,uint256,uint256,bytes)"
        preimage = (settled.output.state_root, root, settled.output.block_hash)
        arguments = (one, settled.output.assertion_id, preimage, prove_sent(root, withdrawal.hash, state.node))
        selector = keccak(f"prove({kind},uint256,(bytes32,bytes32,bytes32),bytes)".encode())[:4]
        types = [kind, "uint256", "(bytes32,bytes32,bytes32)", "bytes"]
        self.must_l1(RELAYER, member.portal, selector + abi_encode(types, arguments))
        self.wait(DELAY)
        selector = keccak(f"finalise({kind},address)".encode())[:4]
        data = selector + abi_encode([kind, "address"], (one, "0x" + RELAYER.hex()))
        return self.must_l1(RELAYER, member.portal, data, gas=8_000_000)


def send_token(
    world: World,
    source: Member,
    target: Member,
    token: Address,
    amount: int,
    recipient: Address,
    *,
    sender: Address | None = None,
    fee: int = 0,
    life: int = 50_000,
) -> Message:
    """Send tokens of Alice's, or of `sender`'s, on their way."""
    data = calldata(
        "send(address,uint32,address,uint256,uint64)",
        "0x" + token.hex(),
        target.domain,
        "0x" + recipient.hex(),
        amount,
        world.l1.head.timestamp + life,
    )
    return dispatched(world.must(source, sender or account("alice"), TOKEN_ROUTE_ADDRESS, data, fee))


def send_ether(
    world: World,
    source: Member,
    target: Member | Domain,
    amount: int,
    recipient: Address,
    *,
    sender: Address | None = None,
    life: int = 100_000,
) -> Withdrawal:
    """Send ether of Alice's, or of `sender`'s, on its way."""
    data = calldata(
        "send(uint32,address,uint256)",
        target.domain if isinstance(target, Member) else target,
        "0x" + recipient.hex(),
        world.l1.head.timestamp + life,
    )
    world.must(source, sender or account("alice"), ETHER_ROUTE_ADDRESS, data, amount)
    return world.withdrawals(source)[-1]


def balance_of(member: Member, token: Address, owner: Address) -> int:
    """Tokens; 0 where the token does not exist."""
    if member.chain.state.account(token) is None:
        return 0
    answer = member.chain.read(token, "balanceOf(address)", "0x" + owner.hex())
    assert isinstance(answer, int)
    return answer


@cache
def load_mock(name: str) -> Artifact:
    """A contract of `tests/contracts/mocks/`."""
    return load_artifact(f"mocks/{name}", MOCKS, None)


def with_app(count: int, sources: Path = SOURCES) -> World:
    """A world whose chains have the test application."""
    return World(count, sources, {APP: load_mock("app").runtime_code})


def dispatched(receipt: Receipt) -> Message:
    """The one message that a transaction sent."""
    [log] = [one for one in receipt.logs if one.address == MAILBOX_ADDRESS and one.topics[0] == DISPATCHED]
    return decode_message(abi_decode(["uint256", "uint256", "bytes"], log.data)[2])
