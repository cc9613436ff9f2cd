"""Value in and out of a rollup, for whoever holds the keys: deposits, withdrawals, and how far each has come.

All that is needed are two JSON-RPC endpoints, an L1's and any node's of the rollup; what a withdrawal waits for is read
from the contracts, so it does not matter where, when or by whom it was started.
"""

from dataclasses import dataclass
from enum import Enum

from node.account import Account
from node.l1.client import L1Client
from node.l1.wire import Json, L1Log, L1Receipt, MalformedAnswer, as_data, as_hash, as_quantity, as_record
from node.outputs_reader import OutputsReader, stands
from node.rollup_file import parse_settlement
from protocol.abi import encode_call, words_of
from protocol.bridge import L2_BRIDGE_ADDRESS, WITHDRAWAL_STARTED, withdraw_call
from protocol.deposit import TRANSACTION_DEPOSITED, decode_deposit
from protocol.errors import InvalidInput, Reject
from protocol.extra_data import origin_of_extra_data
from protocol.outputs import Assertion, Status
from protocol.portal import (
    WITHDRAWAL_PROVEN,
    OutputPreimage,
    deposit_call,
    finalise_call,
    prove_call,
    send_call,
)
from protocol.rollup import SettlementContracts
from protocol.transaction import Transaction
from protocol.types import Address, Hash32
from protocol.withdrawal import MESSAGE_PASSED, OUTBOX_ADDRESS, Withdrawal, decode_message_passed, sent_slot

PLAIN_GAS_LIMIT = 100_000
"""L2 gas of a deposit, and L1 gas of a withdrawal, that only moves ether."""
MOST_PENDING = 256
"""Pending assertions that are looked through for one to prove against."""
BLOCKS_PER_QUERY = 10_000


class Stage(Enum):
    """How far a withdrawal is; the value says what it waits for."""

    NO_OUTPUT = "an output root that holds it"
    PROVABLE = "being proven"
    UNCONFIRMED = "its output root to be confirmed"
    DELAYED = "the delay after its proof"
    FINALISABLE = "being finalised"
    DONE = "nothing"

    @property
    def group(self) -> str:
        """`pending`, `ready` (somebody can act now) or `done`."""
        if self is Stage.DONE:
            return "done"
        return "ready" if self in (Stage.PROVABLE, Stage.FINALISABLE) else "pending"


@dataclass(frozen=True, slots=True)
class Started:
    """A withdrawal, the L2 block and the transaction it was started in."""

    withdrawal: Withdrawal
    l2_block_number: int
    transaction_hash: Hash32


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a withdrawal stands. `assertion` is what it is, or would be, proven against; `ready_at` in seconds."""

    started: Started
    stage: Stage
    assertion: Assertion | None = None
    prover: Address | None = None
    ready_at: int | None = None


class NotABridge(Reject):
    """The rollup has no contracts for deposits and withdrawals."""


class Bridge:
    """One rollup's bridge. Methods raise Retry when an endpoint does not answer, L1Refused when it will not."""

    def __init__(self, l1: L1Client, l2: L1Client, contracts: SettlementContracts, l1_start: int) -> None:
        self.l1 = l1
        self.l2 = l2
        self.contracts = contracts
        self._l1_start = l1_start
        self.outputs = OutputsReader(l1, contracts.outputs)

    # --- starting ---

    async def deposit_ether(self, account: Account, to: Address, amount: int, data: bytes = b"") -> L1Receipt:
        """Ether of an L1 account for `to` on L2, in wei. The account must not be a contract."""
        calldata = deposit_call(to, amount, PLAIN_GAS_LIMIT + 40 * len(data), data)
        return await account.send(self.contracts.portal, calldata, amount)

    async def force(self, account: Account, to: Address, data: bytes, value: int = 0, gas: int = 300_000) -> L1Receipt:
        """Have L2 run a transaction of this L1 account with ether that it has there, whatever the sequencer likes."""
        return await account.send(self.contracts.portal, deposit_call(to, value, gas + 40 * len(data), data))

    async def deposit_token(self, account: Account, token: Address, to: Address, amount: int) -> L1Receipt:
        """Units of an ERC-20 for `to` on L2; approves what is not approved yet."""
        bridge = self.contracts.bridge
        [allowed] = words_of(
            await self.l1.call(token, encode_call("allowance(address,address)", account.address, bridge))
        )
        if allowed < amount:
            if allowed:  # some tokens change an allowance only from and to zero
                await account.send(token, encode_call("approve(address,uint256)", bridge, 0))
            await account.send(token, encode_call("approve(address,uint256)", bridge, amount))
        return await account.send(bridge, encode_call("deposit(address,address,uint256)", token, to, amount))

    async def withdraw_ether(self, account: Account, to: Address, amount: int) -> Started:
        """Ether of an L2 account for `to` on L1, in wei."""
        return await self._started(await account.send(OUTBOX_ADDRESS, send_call(to, PLAIN_GAS_LIMIT), amount))

    async def withdraw_token(self, account: Account, image: Address, to: Address, amount: int) -> Started:
        """Units of a bridged token, by its L2 address, for `to` on L1."""
        return await self._started(await account.send(L2_BRIDGE_ADDRESS, withdraw_call(image, to, amount)))

    async def _started(self, receipt: L1Receipt) -> Started:
        [started] = await self.started_in(receipt.transaction_hash)
        return started

    # --- looking ---

    async def deposited(self, receipt: L1Receipt) -> list[Transaction]:
        """The L2 transactions that an L1 transaction's deposits become."""
        found = await self.l1.receipt_logs(receipt.transaction_hash)
        logs = () if found is None else found[1]
        return [
            decode_deposit(log.topics, log.data).transaction(receipt.block_hash)
            for log in logs
            if log.address == self.contracts.portal and log.topics[:1] == (TRANSACTION_DEPOSITED,)
        ]

    async def started_in(self, transaction_hash: Hash32) -> list[Started]:
        """The withdrawals that an L2 transaction started; raises InvalidInput when it is not there or started none."""
        found = await self.l2.receipt_logs(transaction_hash)
        if found is None:
            raise InvalidInput(f"the rollup has no transaction 0x{transaction_hash.hex()}")
        receipt, logs = found
        started = [_started(log, receipt.block_number) for log in logs if _is_message(log)]
        if not started:
            raise InvalidInput(f"transaction 0x{transaction_hash.hex()} started no withdrawal")
        return started

    async def started_by(self, account: Address) -> list[Started]:
        """The withdrawals that an account started, of ether, tokens or messages, oldest first."""
        who = Hash32(bytes(12) + account)
        head = (await self.l2.head()).ref.number
        hashes: dict[Hash32, None] = {}
        started = []
        for first in range(0, head + 1, BLOCKS_PER_QUERY):
            last = min(first + BLOCKS_PER_QUERY - 1, head)
            own = await self.l2.find_logs(OUTBOX_ADDRESS, [MESSAGE_PASSED, None, who], first, last)
            started += [_started(log, number) for number, log in own]
            tokens = await self.l2.find_logs(L2_BRIDGE_ADDRESS, [WITHDRAWAL_STARTED, None, who], first, last)
            hashes |= {log.transaction_hash: None for _number, log in tokens}
        for transaction_hash in hashes:
            by_bridge = await self.started_in(transaction_hash)
            started += [one for one in by_bridge if one.withdrawal.sender == L2_BRIDGE_ADDRESS]
        return sorted(started, key=lambda one: one.withdrawal.nonce)

    async def standing(self, started: Started, prover: Address | None = None) -> Standing:
        """How far a withdrawal is. Of several proofs the one of `prover` counts, or else the first that will do."""
        withdrawal_hash = started.withdrawal.hash
        [is_final] = words_of(
            await self.l1.call(self.contracts.portal, encode_call("finalised(bytes32)", withdrawal_hash))
        )
        if is_final:
            return Standing(started, Stage.DONE)
        proven = [await self._proven(started, who) for who in await self._provers(started, prover)]
        standings = [one for one in proven if one is not None]
        if standings:
            return min(standings, key=lambda one: (one.stage is not Stage.FINALISABLE, one.ready_at or 0))
        assertion = await self._provable_against(started.l2_block_number)
        return Standing(started, Stage.NO_OUTPUT if assertion is None else Stage.PROVABLE, assertion)

    async def _provers(self, started: Started, first: Address | None) -> list[Address]:
        head = (await self.l1.head()).ref.number
        provers = [] if first is None else [first]
        topics = [WITHDRAWAL_PROVEN, started.withdrawal.hash]
        for start in range(await self._origin(started.l2_block_number), head + 1, BLOCKS_PER_QUERY):
            last = min(start + BLOCKS_PER_QUERY - 1, head)
            logs = await self.l1.find_logs(self.contracts.portal, topics, start, last)
            provers += [Address(log.topics[2][12:]) for _number, log in logs]
        return list(dict.fromkeys(provers))

    async def _origin(self, l2_block_number: int) -> int:
        """The L1 block that an L2 block builds on: nothing about it can be on L1 before."""
        answer = await self.l2.request("eth_getBlockByNumber", [hex(l2_block_number), False])
        extra = as_data(as_record(answer, "block").get("extraData"), "extra data")
        return origin_of_extra_data(extra) if l2_block_number else self._l1_start

    async def _proven(self, started: Started, prover: Address) -> Standing | None:
        """Where one prover's proof has got; None when there is none, or its output does not stand any more."""
        call = encode_call("proven(bytes32,address)", started.withdrawal.hash, prover)
        at, assertion_id = words_of(await self.l1.call(self.contracts.portal, call))
        if not at:
            return None
        assertion = await self.outputs.assertion(assertion_id)
        if not stands(assertion):
            return None
        ready_at = at + self.contracts.finalisation_delay
        if assertion.status is Status.PENDING:
            ready_at = max(ready_at, assertion.created_at + self.contracts.challenge_window)
            return Standing(started, Stage.UNCONFIRMED, assertion, prover, ready_at)
        now = (await self.l1.head()).ref.timestamp
        stage = Stage.FINALISABLE if now >= ready_at else Stage.DELAYED
        return Standing(started, stage, assertion, prover, ready_at)

    async def _provable_against(self, l2_block_number: int) -> Assertion | None:
        """The last confirmed output if it is late enough, or the first pending one that our L2 node agrees with."""
        confirmed = await self.outputs.latest_confirmed()
        if confirmed.l2_block_number >= l2_block_number:
            return confirmed
        for assertion in await self.outputs.after(confirmed.id, MOST_PENDING):
            if assertion.l2_block_number >= l2_block_number and assertion.status is Status.PENDING:
                preimage = await self._preimage(assertion.l2_block_number)
                if preimage is not None and preimage.root == assertion.output_root:
                    return assertion
        return None

    # --- claiming ---

    async def prove(self, account: Account, standing: Standing) -> L1Receipt:
        """Show L1 a PROVABLE withdrawal."""
        return await account.send(self.contracts.portal, await self.proof_call(standing))

    async def proof_call(self, standing: Standing) -> bytes:
        """The calldata of `prove`, for the portal."""
        withdrawal, assertion = standing.started.withdrawal, standing.assertion
        if assertion is None:
            raise InvalidInput(f"withdrawal 0x{withdrawal.hash.hex()} waits for {standing.stage.value}")
        preimage = await self._preimage(assertion.l2_block_number)
        if preimage is None or preimage.root != assertion.output_root:
            raise InvalidInput(
                f"the L2 node at {self.l2.name} does not have the output that L1 holds for block "
                f"{assertion.l2_block_number}: is it still deriving, or on another chain?"
            )
        proof = await self._proof(withdrawal, assertion.l2_block_number)
        return prove_call(withdrawal, assertion.id, preimage, proof)

    async def finalise(self, account: Account, standing: Standing) -> L1Receipt:
        """Make the L1 call of a FINALISABLE withdrawal."""
        return await account.send(self.contracts.portal, self.finalisation_call(standing))

    def finalisation_call(self, standing: Standing) -> bytes:
        """The calldata of `finalise`, for the portal."""
        if standing.prover is None:
            raise InvalidInput(f"withdrawal 0x{standing.started.withdrawal.hash.hex()} is not proven")
        return finalise_call(standing.started.withdrawal, standing.prover)

    async def claim(self, account: Account, started: Started) -> Standing:
        """Do what can be done now: prove, or finalise; then tell where it stands."""
        standing = await self.standing(started, account.address)
        if standing.stage is Stage.PROVABLE:
            await self.prove(account, standing)
        elif standing.stage is Stage.FINALISABLE:
            await self.finalise(account, standing)
        else:
            return standing
        return await self.standing(started, account.address)

    async def _preimage(self, l2_block_number: int) -> OutputPreimage | None:
        """What our L2 node says that the output root of a block commits to; None when it is not that far."""
        answer = await self.l2.request("eth_getBlockByNumber", [hex(l2_block_number), False])
        if answer is None:
            return None
        block = as_record(answer, "block")
        account = await self._account_proof([], l2_block_number)
        return OutputPreimage(
            as_hash(block.get("stateRoot"), "state root"),
            as_hash(account.get("storageHash"), "storage hash"),
            as_hash(block.get("hash"), "block hash"),
        )

    async def _proof(self, withdrawal: Withdrawal, l2_block_number: int) -> bytes:
        account = await self._account_proof([_hex(sent_slot(withdrawal.hash))], l2_block_number)
        slots = account.get("storageProof")
        if not isinstance(slots, list) or len(slots) != 1:
            raise MalformedAnswer("eth_getProof: expected the proof of one slot")
        slot = as_record(slots[0], "storage proof")
        nodes = slot.get("proof")
        if not isinstance(nodes, list) or as_quantity(slot.get("value"), "slot") != 1:
            raise MalformedAnswer(f"eth_getProof: the outbox does not hold 0x{withdrawal.hash.hex()}")
        return b"".join(as_data(node, "proof's node") for node in nodes)

    async def _account_proof(self, slots: list[Json], l2_block_number: int) -> dict[str, Json]:
        answer = await self.l2.request("eth_getProof", [_hex(OUTBOX_ADDRESS), slots, hex(l2_block_number)])
        return as_record(answer, "account proof")


async def open_bridge(l1: L1Client, l2: L1Client) -> Bridge:
    """The bridge of the rollup that the node at `l2` follows.

    Raises:
        NotABridge: It is no rollup of ours, it has no such contracts, or `l1` is not its L1.
    """
    config = as_record(await l2.request("rollup_config", []), "rollup's configuration")
    settlement = config.get("settlement")
    if settlement is None:
        raise NotABridge(f"the rollup at {l2.name} has no contracts for deposits and withdrawals")
    fields = as_record(settlement, "settlement")
    genesis = as_record(config.get("l1Genesis"), "L1 genesis")
    wanted, found = config.get("l1ChainId"), await l1.chain_id()
    start = genesis.get("number")
    if wanted != found or not isinstance(start, int):
        raise NotABridge(f"the rollup at {l2.name} lives on chain {wanted}, but {l1.name} is chain {found}")
    try:
        contracts = parse_settlement(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedAnswer(f"rollup_config of {l2.name}: settlement: {error}") from error
    return Bridge(l1, l2, contracts, start)


def _is_message(log: L1Log) -> bool:
    return log.address == OUTBOX_ADDRESS and log.topics[:1] == (MESSAGE_PASSED,)


def _started(log: L1Log, block_number: int) -> Started:
    return Started(decode_message_passed(log.topics, log.data), block_number, log.transaction_hash)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
