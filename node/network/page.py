"""What the network's page asks, answered from a watch of the network and from the chains' nodes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation

from genesis.intent import Intent
from genesis.knobs import is_address
from metalayer.message import Domain
from metalayer.predeploys import ETHER_ROUTE_ADDRESS, TOKEN_ROUTE_ADDRESS
from node.l1.client import L1Client
from node.network.membership import domain_of
from node.network.watch import Heads, NetworkWatch, Watched, amount_text, fee_text
from protocol.abi import encode_call, words_of
from protocol.errors import InvalidInput, Reject, Retry
from protocol.types import UINT256_MAX, Address, Hash32
from rpc.errors import Json
from web.network import ChainCard, Movement

MOST_TOKENS = 20
"""Of which a chain's balances are shown."""
EXACT = Context(prec=160)
"""Digits enough that no amount is rounded."""
FREE = ""
"""Ether arrives as a deposit, which nobody has to be paid for."""
BID_WEI = 10**15
"""Offered where a chain asks for nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A chain of the page: where it is, what was asked for, how its processes are."""

    watched: Watched
    intent: Intent
    condition: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token as one chain has it."""

    address: Address
    symbol: str
    decimals: int


class NetworkSource:
    """`web.network.Source` of a network that runs."""

    def __init__(self, watch: NetworkWatch, shown: Callable[[], Sequence[Shown]]) -> None:
        self._watch = watch
        self._shown = shown
        self._tokens: dict[tuple[str, Address], Token] = {}

    async def chains(self) -> list[ChainCard]:
        """From what was seen last."""
        return [self._card(shown) for shown in self._shown()]

    async def movements(self) -> list[Movement]:
        """Likewise."""
        return self._watch.movements()

    async def balances(self, account: str) -> Json:
        """Ether and the tokens that were seen, on each chain; a chain that is silent says so."""
        if not is_address(account):
            raise InvalidInput("expected an account: 0x and 40 hexadecimal digits")
        owner = Address(bytes.fromhex(account[2:]))
        return list(await asyncio.gather(*(self._balances(shown.watched, owner) for shown in self._shown())))

    async def prepare(self, wish: Mapping[str, str]) -> Json:
        """The transactions of a transfer, an approval first where one is needed."""
        origin, destination = self._member(wish.get("from", "")), self._member(wish.get("to", ""))
        if origin == destination:
            raise InvalidInput("choose two different chains")
        account, recipient = (_address(wish.get(key, ""), key) for key in ("account", "recipient"))
        domain, client = domain_of(destination.chain_id), self._watch.client(origin)
        if wish.get("asset") == "ETH":
            amount = _units(wish.get("amount", ""), 18)
            data = encode_call("send(uint32,address,uint256)", domain, recipient, 0)
            return {"steps": [_step("Send ether", ETHER_ROUTE_ADDRESS, data, amount)], "fee": FREE}
        token = await self._token(origin, _address(wish.get("asset", ""), "token"))
        amount = _units(wish.get("amount", ""), token.decimals)
        steps: list[Json] = []
        if not await self._is_image(client, token.address):
            call = encode_call("allowance(address,address)", account, TOKEN_ROUTE_ADDRESS)
            [allowed] = words_of(await client.call(token.address, call))
            if allowed < amount:
                data = encode_call("approve(address,uint256)", TOKEN_ROUTE_ADDRESS, amount)
                steps.append(_step("Let the route take your tokens", token.address, data, 0))
        signature = "send(address,uint32,address,uint256,uint64)"
        data = encode_call(signature, token.address, domain, recipient, amount, 0)
        fee = await quote_transfer(client, domain)
        steps.append(_step(f"Send {token.symbol}", TOKEN_ROUTE_ADDRESS, data, fee))
        return {"steps": steps, "fee": fee_text(fee)}

    async def quote(self, wish: Mapping[str, str]) -> Json:
        """What the delivery of such a transfer costs, before anything else of it is known."""
        origin, destination = self._member(wish.get("from", "")), self._member(wish.get("to", ""))
        if wish.get("asset") == "ETH" or origin == destination:
            return {"fee": FREE}
        fee = await quote_transfer(self._watch.client(origin), domain_of(destination.chain_id))
        return {"fee": fee_text(fee)}

    async def receipt(self, chain: str, transaction: str) -> Json:
        """Whether it is mined, and has succeeded."""
        try:
            wanted = Hash32(bytes.fromhex(transaction.removeprefix("0x")))
        except ValueError as error:
            raise InvalidInput("expected a transaction's hash") from error
        found = await self._watch.client(self._member(chain)).receipt(wanted)
        return None if found is None else {"succeeded": found.succeeded, "block": found.block_number}

    def _card(self, shown: Shown) -> ChainCard:
        watched, intent = shown.watched, shown.intent
        heads = self._watch.heads.get(watched.name, Heads())
        return ChainCard(
            name=watched.name,
            chain_id=watched.chain_id,
            rpc_url=watched.rpc_url,
            condition=shown.condition,
            block_seconds=intent.chain.block_time_seconds,
            data_layer=intent.da.layer,
            challenge_seconds=intent.proof.challenge_period_seconds,
            unsafe=heads.unsafe,
            safe=heads.safe,
            finalized=heads.finalized,
            settled=self._watch.confirmed(watched.name),
            member=intent.metalayer.join,
        )

    def _member(self, name: str) -> Watched:
        for shown in self._shown():
            if shown.watched.name == name and shown.intent.metalayer.join:
                return shown.watched
        raise InvalidInput(f"no chain {name!r} in this network")

    async def _balances(self, chain: Watched, owner: Address) -> Json:
        client = self._watch.client(chain)
        try:
            amounts: list[Json] = [{"text": amount_text(await client.balance(owner), 18, "ETH"), "token": None}]
            for address in self._watch.tokens(chain.name)[-MOST_TOKENS:]:
                token = await self._token(chain, address)
                [units] = words_of(await client.call(address, encode_call("balanceOf(address)", owner)))
                if units:
                    text = amount_text(units, token.decimals, token.symbol)
                    amounts.append({"text": text, "token": "0x" + address.hex()})
        except (Retry, Reject) as error:
            return {"name": chain.name, "error": str(error)}
        return {"name": chain.name, "amounts": amounts}

    async def _token(self, chain: Watched, address: Address) -> Token:
        """What a token says of itself, asked once."""
        key = (chain.name, address)
        if key not in self._tokens:
            client = self._watch.client(chain)
            try:
                symbol = _text(await client.call(address, encode_call("symbol()")))
                [decimals] = words_of(await client.call(address, encode_call("decimals()")))
            except (Reject, ValueError) as error:
                raise InvalidInput(f"0x{address.hex()} on {chain.name} is no token: {error}") from error
            self._tokens[key] = Token(address, symbol or "tokens", min(decimals, 77))
        return self._tokens[key]

    async def _is_image(self, client: L1Client, token: Address) -> bool:
        answer = words_of(await client.call(TOKEN_ROUTE_ADDRESS, encode_call("asset_of(address)", token)))
        return any(answer)


async def quote_transfer(client: L1Client, destination: Domain) -> int:
    """What a token's transfer to there is to offer, in wei: what its chain asks for, or else a bid."""
    [asked] = words_of(await client.call(TOKEN_ROUTE_ADDRESS, encode_call("quote(uint32)", destination)))
    return asked or BID_WEI


def _step(title: str, to: Address, data: bytes, value: int) -> Json:
    transaction: Json = {"to": "0x" + to.hex(), "data": "0x" + data.hex(), "value": hex(value)}
    return {"title": title, "transaction": transaction}


def _address(text: str, what: str) -> Address:
    if not is_address(text):
        raise InvalidInput(f"{what}: expected 0x and 40 hexadecimal digits")
    return Address(bytes.fromhex(text[2:]))


def _units(text: str, decimals: int) -> int:
    """An amount as a person writes it, in the token's smallest unit."""
    try:
        amount = Decimal(text).scaleb(decimals, EXACT) if len(text) <= 80 else Decimal("NaN")
        if amount != int(amount) or not 0 < amount <= UINT256_MAX:
            raise InvalidOperation
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InvalidInput(f"amount: expected a number above 0 with at most {decimals} decimals") from error
    return int(amount)


def _text(answer: bytes) -> str:
    """An ABI string, or 32 bytes as old tokens answer; cut to what fits a line."""
    if len(answer) >= 64:
        length = int.from_bytes(answer[32:64], "big")
        return answer[64 : 64 + min(length, 32)].decode(errors="replace")
    return answer.rstrip(b"\0").decode(errors="replace")
