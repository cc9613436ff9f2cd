"""Checkpoint digests against Hyperlane's published signatures."""

import json
from dataclasses import replace
from pathlib import Path

from metalayer.checkpoint import Checkpoint, hyperlane_domain_hash, network_domain_hash
from metalayer.message import Domain, MessageId
from protocol.crypto import recover_address
from protocol.types import Hash32


def word(text: str) -> Hash32:
    return Hash32(bytes.fromhex(text.removeprefix("0x").rjust(64, "0")))


def test_domain_hashes_are_hyperlanes(vectors: Path) -> None:
    for case in json.loads((vectors / "hyperlane" / "domainHash.json").read_text()):
        assert hyperlane_domain_hash(case["domain"], word(case["mailbox"])) == word(case["expectedDomainHash"])


def test_hyperlanes_signatures_recover_to_their_signers(vectors: Path) -> None:
    for case in json.loads((vectors / "hyperlane" / "signedCheckpoint.json").read_text()):
        outbox = word(case["merkle_tree_hook"])
        checkpoint = Checkpoint(case["domain"], outbox, word(case["root"]), case["index"])
        signature = case["signature"]
        signer = recover_address(
            checkpoint.digest(hyperlane_domain_hash(checkpoint.origin, outbox)),
            signature["v"] - 27,
            int(signature["r"], 16),
            int(signature["s"], 16),
        )
        assert "0x" + signer.hex() == case["signer"]


def test_every_part_of_a_checkpoint_changes_its_digest() -> None:
    outbox, instance = Hash32(b"o" * 32), Hash32(b"i" * 32)
    one = Checkpoint(Domain(1), outbox, Hash32(b"r" * 32), 5, MessageId(Hash32(b"m" * 32)))
    ours = network_domain_hash(Domain(1), outbox, instance)
    digests = {
        one.digest(ours),
        replace(one, root=Hash32(b"R" * 32)).digest(ours),
        replace(one, index=6).digest(ours),
        replace(one, message_id=MessageId(Hash32(b"M" * 32))).digest(ours),
        one.digest(network_domain_hash(Domain(2), outbox, instance)),
        one.digest(network_domain_hash(Domain(1), outbox, Hash32(b"I" * 32))),
        one.digest(hyperlane_domain_hash(Domain(1), outbox)),
    }
    assert len(digests) == 7
