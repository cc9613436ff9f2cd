"""Batches that a layer does not serve, out of the proofs that have shown them on L1.

Where a batch is named by its hash, whoever defends an output has to show it in the game about it
(`prover/machine/batch_data.py`). From then on it is in L1's calldata, for everybody: a proof's transaction carries it,
or, where the proof came through another contract, that transaction's trace does. Nothing is believed but the hash.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from da.adapter import Commitment
from node.claims import Contents
from node.game_contract import PROVE_SIGNATURE, STEP_PROVEN
from node.l1.client import L1Client
from node.l1.feed import BatchSource
from node.l1.transport import L1Refused
from node.l1.wire import Json, as_data, as_record
from protocol.abi import selector
from protocol.crypto import keccak
from protocol.errors import Retry
from protocol.l1 import L1BlockRef
from protocol.provable import MOST_HASHED_BYTES
from protocol.rollup import RollupConfig
from protocol.types import Address, Hash32
from prover.calldata import CODE_WORD
from prover.machine.batch_data import ALT_DA_LAYER, FILE_LAYER, data_hash, has_form

MOST_KNOWN = 4096
"""Proofs whose data is remembered by its hash; older ones go first."""
BLOCKS_AT_ONCE = 2_000
"""Of which endpoints answer one question about logs."""
MOST_QUESTIONS = 32
"""About logs, in one look; the next look goes on from there."""
REORG_DEPTH = 64
"""L1 blocks that are read again at each look: others may stand there now."""
MOST_CALLS = 4096
"""Inner calls of one transaction that are looked at."""

logger = logging.getLogger(__name__)

_PROVE = selector(PROVE_SIGNATURE)
_STATE_WORDS = 5
"""Of `prove` before its last argument's offset: the game, and the four words of the state."""

T = TypeVar("T")


class ShownData:
    """What proofs in one game contract have shown, found by hash.

    Methods raise Retry when L1 does not answer, L1Refused when it will not.
    """

    def __init__(self, l1: L1Client, game: Address) -> None:
        self._l1 = l1
        self._game = game
        self._proof_of: OrderedDict[Hash32, Hash32] = OrderedDict()
        self._read: OrderedDict[Hash32, None] = OrderedDict()
        self._first: int | None = None
        self._next = 0
        self._is_contract: bool | None = None
        self._reading = asyncio.Lock()
        """Batches are asked for side by side, and two readers would lose each other's place."""

    async def find(self, wanted: Hash32, since: int) -> bytes | None:
        """The data with this hash, if a proof from L1 block `since` on has shown it."""
        if self._is_contract is None:
            self._is_contract = bool(await self._l1.code(self._game))
        if not self._is_contract:
            return None  # an account decides about this chain's outputs, and nothing is ever proved
        async with self._reading:
            await self._read_on(since)
        proof = self._proof_of.get(wanted)
        if proof is None:
            return None
        shown = await self._shown_by(proof)
        if shown is None:  # a reorg took it away
            self._proof_of.pop(wanted, None)
            self._read.pop(proof, None)
            return None
        return next((data for data in shown if keccak(data) == wanted), None)

    async def _read_on(self, since: int) -> None:
        if self._first is None or since < self._first:
            self._first = self._next = since
        head = (await self._l1.head()).ref.number
        start = max(self._first, min(self._next, head) - REORG_DEPTH)
        for _ in range(MOST_QUESTIONS):
            if start > head:
                return
            end = min(start + BLOCKS_AT_ONCE - 1, head)
            for _number, log in await self._l1.find_logs(self._game, [STEP_PROVEN], start, end):
                await self._note(log.transaction_hash)
            self._next = start = end + 1

    async def _note(self, proof: Hash32) -> None:
        if proof in self._read:
            return
        shown = await self._shown_by(proof)
        if shown is None:
            raise Retry(f"L1 has a log of transaction 0x{proof.hex()} but not the transaction")
        for data in shown:
            _keep(self._proof_of, keccak(data), proof)
        _keep(self._read, proof, None)

    async def _shown_by(self, proof: Hash32) -> list[bytes] | None:
        """None where L1 has no such transaction (any more); nothing where it does not say what was called in it."""
        transaction = await self._l1.transaction(proof)
        if transaction is None:
            return None
        calls = [transaction.input] if transaction.to == self._game else await self._inner_calls(proof)
        return [data for call in calls for data in shown_by(call)]

    async def _inner_calls(self, transaction: Hash32) -> list[bytes]:
        """What was called in the game contract by others."""
        parameters: list[Json] = ["0x" + transaction.hex(), {"tracer": "callTracer"}]
        try:
            pending = [await self._l1.request("debug_traceTransaction", parameters)]
        except L1Refused as refusal:
            logger.warning(
                "what proof 0x%s showed through another contract is not known: %s", transaction.hex(), refusal
            )
            return []
        found = []
        for _ in range(MOST_CALLS):
            if not pending:
                break
            call = as_record(pending.pop(), "traced call")
            inner = call.get("calls")
            pending += inner if isinstance(inner, list) else []
            if call.get("to") is not None and as_data(call.get("to"), "traced call's to") == self._game:
                found.append(as_data(call.get("input"), "traced call's input"))
        return found


def shown_by(calldata: bytes) -> Iterator[bytes]:
    """The two long preimages that a call of `prove` brings, wherever its offsets say that they lie, as L1 follows them.

    What lies beyond the end of calldata reads as zeros there, and so here.
    """
    if calldata[:4] != _PROVE:
        return
    arguments = _dynamic(calldata, 4, _STATE_WORDS, 2 * MOST_HASHED_BYTES)
    call = bytes(4 + 32) + arguments  # the verifier's `step`: selector, the state's hash, and this
    for word in (CODE_WORD, CODE_WORD + 1):
        data = _dynamic(call, 4, word, MOST_HASHED_BYTES)
        if data:
            yield data


def reading_proofs(layers: BatchSource, shown: ShownData | None) -> BatchSource:
    """The layers, and where they do not serve a batch, what proofs have shown."""
    return layers if shown is None else _LayersAndProofs(layers, shown)


def contents_or_proofs(contents: Contents, shown: ShownData | None) -> Contents:
    """The same for what disputes open."""
    if shown is None:
        return contents

    async def either(commitment: Commitment, posted: L1BlockRef) -> tuple[bytes, ...]:
        return await _or_shown(shown, contents, lambda data: (data,), commitment, posted)

    return either


def shown_data(l1: L1Client, config: RollupConfig) -> ShownData | None:
    """What the chain's game has made public; None where no batch is named by a hash, or there are no disputes."""
    if config.settlement is None or not config.layers & (1 << FILE_LAYER | 1 << ALT_DA_LAYER):
        return None
    return ShownData(l1, config.settlement.game)


class _LayersAndProofs:
    def __init__(self, layers: BatchSource, shown: ShownData) -> None:
        self._layers = layers
        self._shown = shown

    async def fetch(self, commitment: Commitment, posted: L1BlockRef) -> bytes:
        """As the layers do."""
        return await _or_shown(self._shown, self._layers.fetch, lambda data: data, commitment, posted)


async def _or_shown(
    shown: ShownData,
    ask: Callable[[Commitment, L1BlockRef], Awaitable[T]],
    form: Callable[[bytes], T],
    commitment: Commitment,
    posted: L1BlockRef,
) -> T:
    """Raises as `ask`; plain Retry if L1 does not say whether there is more."""
    try:
        return await ask(commitment, posted)
    except Retry as failure:
        if commitment[0] not in (FILE_LAYER, ALT_DA_LAYER) or not has_form(commitment):
            raise
        try:
            data = await shown.find(data_hash(commitment), posted.number)
        except (Retry, L1Refused) as silence:
            raise Retry(f"{failure}; nor does L1 say what proofs have shown: {silence}") from silence
        if data is None:
            raise
        return form(data)


def _dynamic(calldata: bytes, start: int, word: int, most: int) -> bytes:
    """The `bytes` argument whose offset is in a word of the arguments, which begin at `start`; empty if over `most`."""
    offset = int.from_bytes(calldata[start + 32 * word :][:32].ljust(32, b"\0"), "big")
    at = (start + offset) % 2**256
    size = int.from_bytes(calldata[at : at + 32].ljust(32, b"\0"), "big")
    return calldata[at + 32 : at + 32 + size].ljust(size, b"\0") if size <= most else b""


def _keep(kept: OrderedDict[Hash32, T], key: Hash32, value: T) -> None:
    kept[key] = value
    while len(kept) > MOST_KNOWN:
        kept.popitem(last=False)
