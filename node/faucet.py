"""A faucet for development chains: it gives away the ether of a dev account, whose key everybody knows anyway."""

from collections import OrderedDict

from genesis.dev import DEV_PRIVATE_KEYS
from node.clock import Clock
from node.rollup import Rollup
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import Address
from rpc.backend import Backend
from rpc.codec import address
from rpc.errors import Json, server_error
from rpc.method import Context, Method, MethodTable

GIFT_WEI = 10**18
WAIT_SECONDS = 60.0
"""Between two gifts to one address."""
MOST_GIFTS = 30
"""In `WAIT_SECONDS`, to all addresses: nobody empties it with a list of addresses."""
TIP_WEI = 10**9
TRANSFER_GAS = 100_000
"""Enough for a contract's account that only logs what it receives."""


class Faucet:
    """Gives `GIFT_WEI` to whoever asks, now and then."""

    def __init__(self, backend: Backend, clock: Clock, private_key: bytes) -> None:
        self._backend = backend
        self._clock = clock
        self._private_key = private_key
        self._address = private_key_address(private_key)
        self._given: OrderedDict[Address, float] = OrderedDict()

    def methods(self) -> MethodTable:
        """faucet_fund(address): the hash of the transaction that brings the gift."""
        return {"faucet_fund": Method(self._fund, (address,))}

    def _fund(self, _context: Context, to: Address) -> Json:
        now = self._clock.monotonic()
        while self._given and now - next(iter(self._given.values())) >= WAIT_SECONDS:
            self._given.popitem(last=False)
        if to in self._given:
            wait = WAIT_SECONDS - (now - self._given[to])
            raise server_error(f"the faucet gave to this address a moment ago: ask again in {wait:.0f} s")
        if len(self._given) >= MOST_GIFTS:
            raise server_error("the faucet is busy: ask again in a minute")
        chain, pool = self._backend.chain, self._backend.pool
        head = chain.head()
        account = chain.state_at(head).account(self._address)
        mined = 0 if account is None else account.nonce
        unsigned = UnsignedTransaction(
            chain_id=self._backend.chain_id,
            nonce=pool.next_nonce(self._address) or mined,
            gas_limit=TRANSFER_GAS,
            to=to,
            value=GIFT_WEI,
            max_fee_per_gas=2 * (head.base_fee_per_gas or 0) + TIP_WEI,
            max_priority_fee_per_gas=TIP_WEI,
        )
        tx = pool.add(sign_transaction(unsigned, self._private_key).raw)
        self._given[to] = now
        return "0x" + tx.hash.hex()


def faucet_key(rollup: Rollup) -> bytes:
    """The last dev account that the rollup's genesis funds: the first ones are what people test with.

    Raises:
        InvalidInput: It funds none, so it is no development chain.
    """
    for key in reversed(DEV_PRIVATE_KEYS):
        if rollup.accounts.get(private_key_address(key), 0) > GIFT_WEI:
            return key
    raise InvalidInput("a faucet needs a development chain, and this rollup's genesis funds no dev account")
