"""Coverage-guided fuzzing of what strangers' bytes reach first: `python -m tests.fuzz.run TARGET [libFuzzer flags]`.

A target takes bytes and either succeeds or raises Reject; anything else that it raises is a finding.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["da", "protocol", "rpc"]):
    from da.json_text import MalformedJson, as_base64, as_hex, as_list, as_number, as_record, parse_json
    from protocol.batch import decode_batch, encode_batch
    from protocol.blobs import BLOB_BYTES, capacity, unpack_blobs, unwrap
    from protocol.errors import Reject
    from protocol.rlp_codec import decode, encode
    from protocol.transaction import decode_transaction
    from rpc.dispatch import Dispatcher
    from rpc.filters import Filters
    from rpc.limits import Limits
    from rpc.method import Context
    from rpc.methods import METHODS

from tests.rpc.fake import FakeBackend


def transaction(data: bytes) -> None:
    """A raw transaction; one that decodes is what it was decoded from."""
    assert decode_transaction(data).raw == data


def rlp(data: bytes) -> None:
    """An RLP item; there is one encoding of each."""
    assert encode(decode(data)) == data


def batch(data: bytes) -> None:
    """Batch bytes; what they mean can be said again. (Void items are passed over, so other bytes may mean the same.)"""
    meant = decode_batch(data)
    assert not meant.blocks or decode_batch(encode_batch(meant)) == meant


def request(data: bytes) -> None:
    """The body of a JSON-RPC request; the answer is JSON and no internal error."""
    answer = _LOOP.run(_answer(data))
    if answer is not None:
        parsed = json.loads(answer)
        for one in parsed if isinstance(parsed, list) else [parsed]:
            assert one.get("error", {}).get("code") != -32603, answer


def blobs(data: bytes) -> None:
    """A blob transaction in its wrapper, whose lists agree; and blobs of any content, which are always some bytes."""
    blob = data.ljust(BLOB_BYTES, data[:1] or b"\0")[:BLOB_BYTES]
    assert len(unpack_blobs([blob])) <= capacity(1)
    canonical, found, commitments, proofs = unwrap(data)
    assert canonical[:1] == data[:1]
    assert len(found) == len(commitments) <= len(proofs)


def layer_json(data: bytes) -> None:
    """What a data layer's server answers: JSON within bounds with fields of the right kind, or refused by name."""
    try:
        value = parse_json(data)
        json.dumps(value)
        record = as_record(value, "answer")
    except MalformedJson:
        return
    for key in record:
        for take in (as_list, as_number, as_base64, lambda record, key: as_hex(record[key], key, 1)):
            with suppress(MalformedJson):
                take(record, key)


_LOOP = asyncio.Runner()
_LIMITS = Limits(worker_threads=1)
_DISPATCHER = Dispatcher(METHODS, _LIMITS)
"""One for all requests, as in a node: three threads and a loop for each took five times as long as the answer. What a
request may change, the chain and its filters, is made anew each time."""


async def _answer(data: bytes) -> str | None:
    filters = Filters(_LIMITS, lambda: 0.0, lambda: "0xf")
    return await _DISPATCHER.answer(data, Context(FakeBackend(), _LIMITS, filters))


TARGETS = {target.__name__: target for target in (transaction, rlp, batch, request, blobs, layer_json)}


def refusing(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """A refusal is an answer."""

    def run(data: bytes) -> None:
        try:
            target(data)
        except Reject:
            return

    return run


if __name__ == "__main__":
    name, *flags = sys.argv[1:]
    atheris.Setup([name, *flags], refusing(TARGETS[name]))
    atheris.Fuzz()
