"""Both layers for once as they are: L1's contracts in titanoboa, L2's on our own engine, from genesis on.

Nothing is shared between them but what really crosses: events, output roots, and proofs out of L2's own trie.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_utils.address import to_checksum_address
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genesis.dev import rollup_genesis
from genesis.model import GenesisAccount, build_genesis
from node.artifacts import SOURCES, load_artifact
from protocol.block import Header
from protocol.bridge import L2_BRIDGE_ADDRESS, TOKEN_TEMPLATE_ADDRESS, image_address, l2_contracts
from protocol.crypto import keccak
from protocol.deposit import Deposit, aliased
from protocol.mpt import EMPTY_ROOT, prove
from protocol.output_root import output_root
from protocol.payload import BlockAttributes
from protocol.receipt import Receipt
from protocol.types import Address, Hash32
from protocol.withdrawal import MESSAGE_PASSED, OUTBOX_ADDRESS, Withdrawal, decode_message_passed, prove_sent
from tests.contracts.conftest import (
    DELAY,
    ETHER,
    WINDOW,
    Settlement,
    abi_tuple,
    deploy,
    deployer,
    deposit_of,
    encode_call,
    hex_address,
    raw_address,
)
from vm.memory_state import MemoryState
from vm.pyevm.engine import PyEvmEngine

PEOPLE = [to_checksum_address(keccak(name)[12:]) for name in (b"alice", b"bob")]


def code_at_genesis(l1_bridge: Address) -> dict[Address, bytes]:
    outbox, template, bridge = (
        load_artifact(f"l2/{name}").runtime_code for name in ("outbox", "bridged_token", "bridge")
    )
    return l2_contracts(outbox, template, bridge, l1_bridge)


class Layer2:
    """A rollup whose every transaction is a deposit: a sequencer that leaves everybody out."""

    def __init__(self, l1_bridge: Address) -> None:
        alloc = {address: GenesisAccount(nonce=1, code=code) for address, code in code_at_genesis(l1_bridge).items()}
        genesis = rollup_genesis(901, 1_000, accounts=alloc)
        built = build_genesis(genesis)
        self._engine = PyEvmEngine(genesis.config)
        self.header: Header = built.block.header
        self.state = MemoryState().applied(self.header.state_root, built.changes)

    def block(self, deposits: list[Deposit]) -> list[Receipt]:
        """Derive the next block, of an L1 block with these deposits."""
        attributes = BlockAttributes(self.header.timestamp + 2, Address(bytes(20)), 30_000_000)
        builder = self._engine.begin_block(self.header, attributes, self.state, lambda _number: None)
        l1_hash = keccak(self.header.hash)
        receipts = [builder.add(deposit.transaction(l1_hash)) for deposit in deposits]
        sealed = builder.seal()
        self.header = sealed.block.header
        self.state = self.state.applied(self.header.state_root, sealed.changes)
        return receipts

    def balance(self, address: Address) -> int:
        account = self.state.account(address)
        return 0 if account is None else account.balance

    @property
    def outbox_root(self) -> Hash32:
        account = self.state.account(OUTBOX_ADDRESS)
        assert account is not None
        return account.storage_root

    def word(self, token: Address, slot: int) -> int:
        return self.state.storage(token, slot)


@dataclass
class Layers:
    """The two layers, and the relaying between them."""

    l1: Settlement
    l2: Layer2

    def deposit(
        self, sender: str, to: bytes, value: int, data: bytes = b"", mint: int = 0, gas: int = 200_000
    ) -> Receipt:
        """Force a transaction through L1."""
        boa.env.set_balance(sender, boa.env.get_balance(sender) + mint)
        with boa.env.prank(sender):
            self.l1.portal.deposit(hex_address(to), value, gas + 40 * len(data), False, data, value=mint)
        [receipt] = self.l2.block([deposit_of(self.l1.portal)])
        return receipt

    def assert_output(self) -> tuple[int, tuple[bytes, bytes, bytes]]:
        """Propose and confirm L2's newest block; (assertion, preimage)."""
        header = self.l2.header
        root = output_root(header.state_root, self.l2.outbox_root, header.hash)
        assertion = self.l1.propose(root, header.number, self.l1.outputs.latest_confirmed())
        self.l1.confirm(assertion)
        return assertion, (header.state_root, self.l2.outbox_root, header.hash)

    def claim(self, *withdrawals: Withdrawal) -> None:
        """Prove and finalise, with proofs out of L2's state."""
        assertion, preimage = self.assert_output()
        prover = str(boa.env.eoa)
        for one in withdrawals:
            proof = prove_sent(self.l2.outbox_root, one.hash, self.l2.state.node)
            self.l1.portal.prove(abi_tuple(one), assertion, preimage, proof)
        boa.env.time_travel(seconds=DELAY)
        for one in withdrawals:
            self.l1.portal.finalise(abi_tuple(one), prover)


@pytest.fixture
def layers() -> Iterator[Layers]:
    with boa.env.anchor():
        settlement = deploy()
        yield Layers(settlement, Layer2(raw_address(settlement.bridge.address)))


def withdrawal_in(receipt: Receipt) -> Withdrawal:
    [log] = [log for log in receipt.logs if log.topics[0] == MESSAGE_PASSED]
    assert log.address == OUTBOX_ADDRESS
    return decode_message_passed(log.topics, log.data)


def test_the_code_at_genesis_is_what_deployment_leaves(settlement: Settlement) -> None:
    for address, code in code_at_genesis(raw_address(settlement.bridge.address)).items():
        assert boa.env.get_code(hex_address(address)) == code


def test_ether_goes_in_by_force_and_out_again_without_the_sequencer(layers: Layers) -> None:
    """Censorship: every step on L2 is a deposit, and the sequencer is never asked."""
    alice, bob = PEOPLE
    assert layers.deposit(alice, raw_address(alice), 0, mint=3 * ETHER).succeeded
    assert layers.l2.balance(raw_address(alice)) == 3 * ETHER
    data = encode_call("send(address,uint256,bytes)", bob, 100_000, b"")
    receipt = layers.deposit(alice, OUTBOX_ADDRESS, ETHER, data)
    assert receipt.succeeded
    layers.claim(withdrawal_in(receipt))
    assert boa.env.get_balance(bob) == ETHER
    assert boa.env.get_balance(str(layers.l1.portal.address)) == 2 * ETHER
    assert layers.l2.balance(raw_address(alice)) == 2 * ETHER
    assert layers.l2.balance(OUTBOX_ADDRESS) == ETHER


def test_a_mint_stays_when_the_deposits_call_fails(layers: Layers) -> None:
    alice = PEOPLE[0]
    receipt = layers.deposit(alice, L2_BRIDGE_ADDRESS, ETHER, b"\1\2\3\4", mint=ETHER)
    assert not receipt.succeeded
    assert layers.l2.balance(raw_address(alice)) == ETHER


def test_an_l1_contract_is_another_account_on_l2(layers: Layers) -> None:
    contract = boa.load("tests/contracts/mocks/depositor.vy")
    boa.env.set_balance(PEOPLE[0], ETHER)
    calldata = layers.l1.portal.deposit.prepare_calldata(PEOPLE[1], 0, 100_000, False, b"")
    with boa.env.prank(PEOPLE[0]):
        contract.forward(layers.l1.portal, calldata, value=ETHER)
    layers.l2.block([deposit_of(contract)])
    assert layers.l2.balance(raw_address(contract.address)) == 0
    assert layers.l2.balance(aliased(raw_address(contract.address))) == ETHER


def erc20(owner: str, bridge: VyperContract) -> VyperContract:
    with boa.env.prank(owner):
        token = deployer(SOURCES / "examples" / "token.vy").deploy(1_000)
        token.approve(bridge, 2**256 - 1)
    return token


def test_an_erc20_goes_there_and_back(layers: Layers) -> None:
    alice, bob = PEOPLE
    token = erc20(alice, layers.l1.bridge)
    with boa.env.prank(alice):
        layers.l1.bridge.deposit(token, alice, 600)
    [receipt] = layers.l2.block([deposit_of(layers.l1.bridge)])
    assert receipt.succeeded
    image = image_address(raw_address(token.address))
    account = layers.l2.state.account(image)
    assert account is not None
    code = layers.l2.state.code(account.code_hash)
    assert code.find(TOKEN_TEMPLATE_ADDRESS) == 10
    data = encode_call("withdraw(address,address,uint256)", hex_address(image), bob, 250)
    receipt = layers.deposit(alice, L2_BRIDGE_ADDRESS, 0, data)
    assert receipt.succeeded
    layers.claim(withdrawal_in(receipt))
    assert (token.balanceOf(bob), token.balanceOf(layers.l1.bridge), layers.l1.bridge.locked(token)) == (250, 350, 350)


def test_the_first_deposit_of_a_token_leaves_half_of_its_gas(layers: Layers) -> None:
    token = erc20(PEOPLE[0], layers.l1.bridge)
    with boa.env.prank(PEOPLE[0]):
        layers.l1.bridge.deposit(token, PEOPLE[1], 1)
    [receipt] = layers.l2.block([deposit_of(layers.l1.bridge)])
    assert receipt.succeeded
    assert receipt.gas_used < 300_000


def test_the_outbox_account_is_provable_under_the_state_root(layers: Layers) -> None:
    """What a referee needs: state root to account to slot, with the same verifier."""
    receipt = layers.deposit(
        PEOPLE[0], OUTBOX_ADDRESS, 0, encode_call("send(address,uint256,bytes)", PEOPLE[1], 0, b"")
    )
    assert receipt.succeeded
    verifier = deployer(SOURCES / "l1" / "proof" / "mpt.vy").deploy()
    proof = b"".join(prove(layers.l2.state.root, keccak(OUTBOX_ADDRESS), layers.l2.state.node))
    found, account = verifier.account(layers.l2.state.root, hex_address(OUTBOX_ADDRESS), proof)
    assert found
    assert (account.nonce, account.balance, account.storage_root) == (1, 0, layers.l2.outbox_root)
    assert layers.l2.outbox_root != EMPTY_ROOT


class EtherMachine(RuleBasedStateMachine):
    """Deposits, failing deposits and withdrawals in any order: ether is conserved to the wei across both layers."""

    def __init__(self) -> None:
        super().__init__()
        self._anchor = boa.env.anchor()
        self._anchor.__enter__()

    @initialize()
    def start(self) -> None:
        settlement = deploy()
        self.layers = Layers(settlement, Layer2(raw_address(settlement.bridge.address)))
        self.minted = 0
        self.paid = 0
        self.waiting: list[Withdrawal] = []

    def teardown(self) -> None:
        self._anchor.__exit__(None, None, None)

    @rule(
        who=st.integers(0, 1),
        to=st.integers(0, 1),
        mint=st.integers(0, 10**18),
        value=st.one_of(st.integers(0, 10**18), st.just(2**256 - 1)),
    )
    def deposit(self, who: int, to: int, mint: int, value: int) -> None:
        before = self.layers.l2.balance(raw_address(PEOPLE[who]))
        receipt = self.layers.deposit(PEOPLE[who], raw_address(PEOPLE[to]), value, mint=mint)
        assert receipt.succeeded == (value <= before + mint)
        self.minted += mint

    @rule(who=st.integers(0, 1), to=st.integers(0, 1), value=st.integers(0, 2 * 10**18))
    def withdraw(self, who: int, to: int, value: int) -> None:
        value = min(value, self.layers.l2.balance(raw_address(PEOPLE[who])))
        data = encode_call("send(address,uint256,bytes)", PEOPLE[to], 50_000, b"")
        receipt = self.layers.deposit(PEOPLE[who], OUTBOX_ADDRESS, value, data)
        assert receipt.succeeded
        self.waiting.append(withdrawal_in(receipt))

    @rule()
    def claim_all(self) -> None:
        if self.waiting:
            self.layers.claim(*self.waiting)
            self.paid += sum(one.value for one in self.waiting)
            self.waiting = []

    @rule()
    def wait(self) -> None:
        boa.env.time_travel(seconds=WINDOW)

    @invariant()
    def holds(self) -> None:
        l2 = self.layers.l2
        people = sum(l2.balance(raw_address(one)) for one in PEOPLE)
        assert people + l2.balance(OUTBOX_ADDRESS) == self.minted
        assert boa.env.get_balance(str(self.layers.l1.portal.address)) == self.minted - self.paid
        waiting = sum(one.value for one in self.waiting)
        assert boa.env.get_balance(str(self.layers.l1.portal.address)) == people + waiting


EtherMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestEtherMachine = EtherMachine.TestCase
