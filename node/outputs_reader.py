"""The outputs contract, as it stands on L1."""

from node.l1.client import L1Client
from node.l1.wire import MalformedAnswer
from protocol.abi import encode_call, words_of
from protocol.outputs import Assertion, InvalidAnswer, Status, assertion_call, decode_assertion
from protocol.types import Address


class OutputsReader:
    """Asks one outputs contract. Every method raises Retry when L1 does not answer, L1Refused when it will not."""

    def __init__(self, client: L1Client, address: Address) -> None:
        self._client = client
        self.address = address

    async def word(self, signature: str, *arguments: int | bytes) -> int:
        """The answer of a view function that returns one word."""
        words = words_of(await self._client.call(self.address, encode_call(signature, *arguments)))
        if len(words) != 1:
            raise MalformedAnswer(f"{signature} of 0x{self.address.hex()} answered {len(words)} words")
        return words[0]

    async def assertion(self, assertion_id: int) -> Assertion:
        """Everything about an assertion."""
        try:
            return decode_assertion(assertion_id, await self._client.call(self.address, assertion_call(assertion_id)))
        except InvalidAnswer as error:
            raise MalformedAnswer(str(error)) from error

    async def latest_confirmed(self) -> Assertion:
        """The last confirmed assertion."""
        return await self.assertion(await self.word("latest_confirmed()"))

    async def after(self, confirmed: int, most: int) -> list[Assertion]:
        """The assertions made since `confirmed`, in order; the oldest `most` of them."""
        count = await self.word("count()")
        return [await self.assertion(number) for number in range(confirmed + 1, min(count, confirmed + 1 + most))]


def stands(assertion: Assertion) -> bool:
    """Whether withdrawals can be proven against it."""
    return assertion.status in (Status.PENDING, Status.CONFIRMED)
