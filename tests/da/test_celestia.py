"""The Celestia client against a node that checks every field, and our share commitments against published ones.

Sources: `inclusion/commitment_test.go` and `blob_share_commitment_rules_test.go` in celestiaorg/go-square; the sample
blob in eigerco/lumina's `types/src/blob.rs`; the example of `blob.Submit` in Celestia's node API.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from da.adapter import BadCommitment, Commitment, Gone, NotFound, Unreachable, WrongBytes
from da.celestia import Celestia
from da.celestia_shares import (
    SHARE_BYTES,
    check_namespace,
    mountain_sizes,
    share_commitment,
    split_shares,
    subtree_width,
)
from tests.da.celestia_node import TOKEN, CelestiaNode
from tests.da.server import Mood
from tests.da.worlds import NAMESPACE, POSTED, World, celestia_of

ONES = bytes(19) + bytes([1]) * 10

# --- share commitments -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "data", "commitment"),
    [
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAADCBNOWAP3dM=",
            "8fIMqAB+kQo7+LLmHaDya8oH73hxem6lQWX1",
            "D6YGsPWdxR8ju2OcOspnkgPG2abD30pSHxsFdiPqnVk=",
        ),
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAECAwQFBgcICRA=",
            "VGhpcyBpcyBhbiBleGFtcGxlIG9mIHNvbWUgYmxvYiBkYXRh",
            "AD5EzbG0/EMvpw0p8NIjMVnoCP4Bv6K+V6gjmwdXUKU=",
        ),
    ],
    ids=["lumina", "node API"],
)
def test_published_blobs_have_the_published_commitment(namespace: str, data: str, commitment: str) -> None:
    assert b64encode(share_commitment(b64decode(namespace), b64decode(data))).decode() == commitment


def test_the_roots_of_go_squares_two_shares_are_those_it_hashed() -> None:
    # Its test joins the two subtree roots by a hash of its own, so shares and subtree roots are checked alone.
    shares = list(split_shares(ONES, b"\xff" * (478 + 482)))
    assert [len(share) for share in shares] == [SHARE_BYTES] * 2
    roots = [ONES + ONES + hashlib.sha256(b"\0" + ONES + share).digest() for share in shares]
    joined = hashlib.sha256(b"".join(hashlib.sha256(root).digest() for root in roots)).hexdigest()
    assert joined == "31f5156d5db9a7f5b43b297a14c070c2cc4ef3d69d87ed08addd216d9b9fa118"
    plain = hashlib.sha256(b"\1" + b"".join(hashlib.sha256(b"\0" + root).digest() for root in roots)).digest()
    assert share_commitment(ONES, b"\xff" * (478 + 482)) == plain


@pytest.mark.parametrize(
    ("total", "largest", "sizes"),
    [(11, 4, [4, 4, 2, 1]), (2, 64, [2]), (64, 8, [8] * 8), (19, 8, [8, 8, 2, 1])],
)
def test_mountain_ranges_are_go_squares(total: int, largest: int, sizes: list[int]) -> None:
    assert list(mountain_sizes(total, largest)) == sizes


@pytest.mark.parametrize(
    ("shares", "width"),
    [(1, 1), (2, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 4), (191, 4), (256, 4), (320, 8), (64 * 128 - 1, 128)],
)
def test_subtree_widths_are_go_squares(shares: int, width: int) -> None:
    assert subtree_width(shares) == width


@given(data=st.binary(min_size=1, max_size=3_000))
def test_shares_hold_the_data_behind_its_length(data: bytes) -> None:
    first, *rest = split_shares(NAMESPACE, data)
    assert first[:30] == NAMESPACE + b"\1"
    assert all(share[:30] == NAMESPACE + b"\0" for share in rest)
    length = int.from_bytes(first[30:34], "big")
    assert (first[34:] + b"".join(share[30:] for share in rest))[:length] == data


@pytest.mark.parametrize(
    "namespace",
    [b"", bytes(28), bytes(30), bytes(29), bytes(28) + b"\xff", b"\1" + ONES[1:], b"\xff" * 29, bytes(18) + b"\1" * 11],
)
def test_a_namespace_that_users_may_not_write_to_is_refused(namespace: bytes) -> None:
    with pytest.raises(ValueError, match="Celestia"):
        check_namespace(namespace)


# --- the wire --------------------------------------------------------------------------------------------------------


@pytest.fixture
def node() -> CelestiaNode:
    return CelestiaNode()


@pytest.fixture
def world(node: CelestiaNode) -> Iterator[World]:
    with celestia_of(node) as made:
        yield made


@pytest.fixture
def layer(world: World) -> Celestia:
    assert isinstance(world.layer, Celestia)
    return world.layer


async def test_a_commitment_is_our_byte_and_celestias_blob_id(layer: Celestia, node: CelestiaNode) -> None:
    commitment = await layer.submit(b"data")
    assert commitment == b"\x04" + node.height.to_bytes(8, "little") + share_commitment(NAMESPACE, b"data")
    assert node.methods == ["blob.Submit", "blob.GetProof", "blob.Included"]
    assert node.options == [{}]
    (blob,) = node.blobs[node.height]
    assert blob == {
        "namespace": b64encode(NAMESPACE).decode(),
        "data": b64encode(b"data").decode(),
        "share_version": 0,
        "commitment": b64encode(commitment[9:]).decode(),
        "index": 1,
    }


async def test_a_gas_price_is_passed_on(layer: Celestia, node: CelestiaNode) -> None:
    dear = Celestia(layer._node.url, NAMESPACE, token=TOKEN, gas_price=0.02)
    await dear.submit(b"data")
    assert node.options == [{"gas_price": 0.02, "is_gas_price_set": True}]


async def test_every_method_speaks_the_published_protocol(layer: Celestia, node: CelestiaNode) -> None:
    commitment = await layer.submit(b"data")
    height, committed = node.height, commitment[9:]
    assert await layer.fetch(commitment, POSTED) == b"data"
    assert await layer.all_at(height) == [b"data"]
    assert await layer.all_at(height - 1) == []
    assert await layer.is_included(height, committed)
    assert not await layer.is_included(height - 1, committed)
    assert await layer.network_head() == height
    assert await layer.data_root(height) == b"\xab" * 32
    assert node.complaints == []


@pytest.mark.parametrize("token", [None, "another"])
async def test_a_token_that_the_node_does_not_know_is_one_clear_line(layer: Celestia, token: str | None) -> None:
    stranger = Celestia(layer._node.url, NAMESPACE, token=token)
    with pytest.raises(Unreachable, match=r"refuses blob.Submit: the auth token is missing or too weak$"):
        await stranger.submit(b"data")


async def test_a_blob_that_the_node_took_and_does_not_hold_is_submitted_again(
    layer: Celestia, node: CelestiaNode
) -> None:
    node.loses = True
    with pytest.raises(Unreachable, match="took a blob that height 101 does not hold"):
        await layer.submit(b"data")
    node.loses = False
    assert await layer.fetch(await layer.submit(b"data"), POSTED) == b"data"


async def test_a_height_to_come_and_a_blob_that_is_not_there_are_told_apart(
    layer: Celestia, node: CelestiaNode
) -> None:
    later = Commitment(b"\x04" + (200).to_bytes(8, "little") + bytes(32))
    with pytest.raises(NotFound, match="has no such blob at height 200; Celestia is at 100"):
        await layer.fetch(later, POSTED)
    node.height = 300
    with pytest.raises(NotFound, match="has no such blob at height 200; Celestia is there"):
        await layer.fetch(later, POSTED)


async def test_a_pruned_height_is_gone(layer: Celestia, node: CelestiaNode) -> None:
    commitment = await layer.submit(b"data")
    node.pruned = True
    with pytest.raises(Gone, match="pruned"):
        await layer.fetch(commitment, POSTED)


@pytest.mark.parametrize(
    "commitment", [b"", b"\4", b"\4" + bytes(40), b"\4" + b"\1" * 39, b"\4" + b"\1" * 41, b"\3" + b"\1" * 40]
)
async def test_what_is_no_blob_id_is_rejected(layer: Celestia, commitment: bytes) -> None:
    with pytest.raises(BadCommitment):
        await layer.fetch(Commitment(commitment), POSTED)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", b64encode(b"Data").decode()),
        ("data", b64encode(b"data ").decode()),
        ("data", ""),
        ("data", None),
        ("data", "%%%"),
        ("namespace", b64encode(ONES).decode()),
        ("namespace", 7),
    ],
)
async def test_a_blob_that_is_not_the_one_committed_to_is_never_used(
    layer: Celestia, node: CelestiaNode, monkeypatch: pytest.MonkeyPatch, field: str, value: object
) -> None:
    commitment = await layer.submit(b"data")
    honest = node.blobs[node.height][0]
    monkeypatch.setattr(node, "_get", lambda *_place: {**honest, field: value})
    with pytest.raises(WrongBytes):
        await layer.fetch(commitment, POSTED)


async def test_answers_in_html_are_retried(layer: Celestia, world: World) -> None:
    assert world.server is not None
    world.server.mood = Mood.ERRING
    with pytest.raises(Unreachable, match=r"answered header\.NetworkHead with 500"):
        await layer.network_head()
