"""The `bridge_*` methods: what a page with a wallet needs to move value, and what it then has the wallet send.

The node reads L1 and makes the calldata; it never signs. Answers about an account are kept for a second, because every
page that is open asks on each new block.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from node.bridge import PLAIN_GAS_LIMIT, Bridge, Stage, Standing, Started
from node.bridge_view import GROUPS, record_of
from node.clock import Clock
from node.l1.transport import L1Refused
from node.tokens import ETHER, unit_of
from protocol.abi import encode_call, words_of
from protocol.bridge import L2_BRIDGE_ADDRESS, image_address, withdraw_call
from protocol.errors import Reject, Retry
from protocol.portal import deposit_call, send_call
from protocol.types import Address, Hash32
from protocol.withdrawal import OUTBOX_ADDRESS
from rpc.codec import address, hash32, text
from rpc.errors import Json, server_error
from rpc.method import Context, Method, MethodTable, optional

KEPT_SECONDS = 1.0
MOST_KEPT = 256
MOST_SHOWN = 50
"""Withdrawals of one account in one answer, newest first."""


class BridgeDesk:
    """`bridge` gives the chain's, with clients that do not wait long; not called before the first question."""

    def __init__(self, bridge: Callable[[], Bridge], clock: Clock) -> None:
        self._make_bridge = bridge
        self._clock = clock
        self._answers: OrderedDict[bytes, tuple[float, Json]] = OrderedDict()
        self._done: OrderedDict[Hash32, dict[str, Json]] = OrderedDict()

    def methods(self) -> MethodTable:
        """bridge_withdrawals(account): ready ones first. bridge_withdrawal(transaction hash): the same, whoever's.
        bridge_deposit(from, to, amount, token): the L1 transactions of a deposit, in order.
        bridge_withdraw(to, amount, token): the transaction that starts a withdrawal. Amounts are decimal texts in the
        token's unit; `token` is its L1 address, null for ether. A withdrawal that is ready has the L1 transaction that
        takes it further.
        """
        return {
            "bridge_withdrawals": Method(self._withdrawals, (address,)),
            "bridge_withdrawal": Method(self._withdrawal, (hash32,)),
            "bridge_deposit": Method(self._deposit, (address, address, text, optional(address))),
            "bridge_withdraw": Method(self._withdraw, (address, text, optional(address))),
        }

    @property
    def _bridge(self) -> Bridge:
        return self._make_bridge()

    async def _withdrawals(self, _context: Context, account: Address) -> Json:
        async def ask() -> Json:
            started = (await self._bridge.started_by(account))[-MOST_SHOWN:]
            return await self._records(started[::-1])

        return await self._kept(account, ask)

    async def _withdrawal(self, _context: Context, transaction_hash: Hash32) -> Json:
        async def ask() -> Json:
            return await self._records(await self._bridge.started_in(transaction_hash))

        return await self._kept(transaction_hash, ask)

    async def _records(self, started: list[Started]) -> Json:
        records = [await self._record(one) for one in started]
        ordered: list[Json] = []
        for group in GROUPS:
            ordered += [record for record in records if record["group"] == group]
        return ordered

    async def _record(self, started: Started) -> dict[str, Json]:
        known = self._done.get(started.withdrawal.hash)
        if known is not None:
            return known
        standing = await self._bridge.standing(started)
        record = await record_of(self._bridge, standing)
        record["transaction"] = await self._next(standing)
        if standing.stage is Stage.DONE:
            self._done[started.withdrawal.hash] = record
            if len(self._done) > MOST_KEPT:
                self._done.popitem(last=False)
        return record

    async def _next(self, standing: Standing) -> Json:
        match standing.stage:
            case Stage.PROVABLE:
                call = await self._bridge.proof_call(standing)
            case Stage.FINALISABLE:
                call = self._bridge.finalisation_call(standing)
            case _:
                return None
        return _call(self._bridge.contracts.portal, call)

    async def _deposit(
        self, _context: Context, sender: Address, to: Address, amount: str, token: Address | None
    ) -> Json:
        async def ask() -> Json:
            if token is None:
                value = ETHER.parse(amount)
                return [_call(self._bridge.contracts.portal, deposit_call(to, value, PLAIN_GAS_LIMIT), value)]
            value = (await unit_of(self._bridge.l1, token)).parse(amount)
            l1_bridge = self._bridge.contracts.bridge
            allowance = encode_call("allowance(address,address)", sender, l1_bridge)
            [allowed] = words_of(await self._bridge.l1.call(token, allowance))
            calls: list[Json] = [_call(l1_bridge, encode_call("deposit(address,address,uint256)", token, to, value))]
            if allowed < value:
                calls.insert(0, _call(token, encode_call("approve(address,uint256)", l1_bridge, value)))
            return calls

        return await _told(ask)

    async def _withdraw(self, _context: Context, to: Address, amount: str, token: Address | None) -> Json:
        async def ask() -> Json:
            if token is None:
                return _call(OUTBOX_ADDRESS, send_call(to, PLAIN_GAS_LIMIT), ETHER.parse(amount))
            image = image_address(token)
            value = (await unit_of(self._bridge.l2, image)).parse(amount)
            return _call(L2_BRIDGE_ADDRESS, withdraw_call(image, to, value))

        return await _told(ask)

    async def _kept(self, key: bytes, ask: Callable[[], Awaitable[Json]]) -> Json:
        now = self._clock.monotonic()
        known = self._answers.get(key)
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        answer = await _told(ask)
        self._answers[key] = (now, answer)
        self._answers.move_to_end(key)
        if len(self._answers) > MOST_KEPT:
            self._answers.popitem(last=False)
        return answer


async def _told(ask: Callable[[], Awaitable[Json]]) -> Json:
    """The answer; what keeps the node from giving one becomes a JSON-RPC error that says so."""
    try:
        return await ask()
    except L1Refused as refusal:
        raise server_error(refusal.message) from refusal
    except (Retry, Reject) as error:
        raise server_error(str(error)) from error


def _call(to: Address, data: bytes, value: int = 0) -> dict[str, Json]:
    return {"to": f"0x{to.hex()}", "data": f"0x{data.hex()}", "value": hex(value)}
