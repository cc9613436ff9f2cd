"""0x0b to 0x11: the curve BLS12-381 (EIP-2537), by arkworks. py-evm's are 50 to 500 times as slow.

What is a point or a number of the field the library decides; it takes coordinates without the zeros in front of them.
"""

from collections.abc import Iterator, Mapping

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from vm.pyevm.priced import Run, priced

_PADDED, _NUMBER, _SCALAR = 64, 48, 32
_G1, _G2 = 2 * _PADDED, 4 * _PADDED
"""Bytes of a point."""


def bls12_381_precompiles() -> Mapping[int, Run]:
    """All seven, by their number."""
    return {
        0x0B: priced(_add_g1, lambda _: 375),
        0x0C: priced(_sum_g1, lambda length: _sum_price(length // (_G1 + _SCALAR), 12_000, _G1_DISCOUNTS)),
        0x0D: priced(_add_g2, lambda _: 600),
        0x0E: priced(_sum_g2, lambda length: _sum_price(length // (_G2 + _SCALAR), 22_500, _G2_DISCOUNTS)),
        0x0F: priced(_pairing, lambda length: 37_700 + 32_600 * (length // (_G1 + _G2))),
        0x10: priced(_map_to_g1, lambda _: 5_500),
        0x11: priced(_map_to_g2, lambda _: 23_800),
    }


def _sum_price(count: int, single: int, discounts: tuple[int, ...]) -> int:
    """Thousandths of the single price for each; nothing for nothing, which is refused."""
    return count * single * discounts[min(count, len(discounts)) - 1] // 1_000 if count else 0


def _add_g1(data: bytes) -> bytes:
    _expect_length(data, 2 * _G1)
    return _padded((_g1_of_curve(data[:_G1]) + _g1_of_curve(data[_G1:])).to_xy_bytes_be())


def _add_g2(data: bytes) -> bytes:
    _expect_length(data, 2 * _G2)
    return _padded((_g2_of_curve(data[:_G2]) + _g2_of_curve(data[_G2:])).to_xy_bytes_be())


def _sum_g1(data: bytes) -> bytes:
    """Multiples of points of the subgroup, added up."""
    terms = list(_items(data, _G1 + _SCALAR))
    points = [G1Point.from_xy_bytes_be(_numbers(term[:_G1])) for term in terms]
    return _padded(G1Point.multiexp_unchecked(points, [_scalar(term) for term in terms]).to_xy_bytes_be())


def _sum_g2(data: bytes) -> bytes:
    terms = list(_items(data, _G2 + _SCALAR))
    points = [G2Point.from_xy_bytes_be(_numbers(term[:_G2])) for term in terms]
    return _padded(G2Point.multiexp_unchecked(points, [_scalar(term) for term in terms]).to_xy_bytes_be())


def _pairing(data: bytes) -> bytes:
    """Whether the pairings of all pairs multiply to one."""
    pairs = list(_items(data, _G1 + _G2))
    lefts = [G1Point.from_xy_bytes_be(_numbers(pair[:_G1])) for pair in pairs]
    rights = [G2Point.from_xy_bytes_be(_numbers(pair[_G1:])) for pair in pairs]
    return int(GT.pairing_check(lefts, rights)).to_bytes(32, "big")


def _map_to_g1(data: bytes) -> bytes:
    _expect_length(data, _PADDED)
    return _padded(G1Point.map_from_fp_be(_numbers(data)).to_xy_bytes_be())


def _map_to_g2(data: bytes) -> bytes:
    _expect_length(data, 2 * _PADDED)
    return _padded(G2Point.map_from_fp2_be(_numbers(data)).to_xy_bytes_be())


def _g1_of_curve(data: bytes) -> G1Point:
    """A point of the curve, not necessarily of the subgroup: that is what is added."""
    return G1Point.from_xy_bytes_unchecked_be(_numbers(data))


def _g2_of_curve(data: bytes) -> G2Point:
    return G2Point.from_xy_bytes_unchecked_be(_numbers(data))


def _scalar(term: bytes) -> Scalar:
    """The number at a term's end; of the subgroup's order multiples do not matter."""
    return Scalar.from_be_bytes_mod_order(term[-_SCALAR:])


def _items(data: bytes, length: int) -> Iterator[bytes]:
    if not data or len(data) % length:
        raise ValueError(f"{len(data)} bytes are not items of {length}")
    return (data[start : start + length] for start in range(0, len(data), length))


def _expect_length(data: bytes, length: int) -> None:
    if len(data) != length:
        raise ValueError(f"{len(data)} bytes, not {length}")


def _numbers(data: bytes) -> bytes:
    """Without the sixteen zeros before each; what they must stay below, the library knows."""
    numbers = [data[start : start + _PADDED] for start in range(0, len(data), _PADDED)]
    if any(number[: _PADDED - _NUMBER].strip(b"\0") for number in numbers):
        raise ValueError("a number is not in the field")
    return b"".join(number[_PADDED - _NUMBER :] for number in numbers)


def _padded(numbers: bytes) -> bytes:
    return b"".join(numbers[start : start + _NUMBER].rjust(_PADDED, b"\0") for start in range(0, len(numbers), _NUMBER))


def _table(thousandths: str) -> tuple[int, ...]:
    return tuple(map(int, thousandths.split()))


_G1_DISCOUNTS = _table(
    """
    1000 949 848 797 764 750 738 728 719 712 705 698 692 687 682 677
    673 669 665 661 658 654 651 648 645 642 640 637 635 632 630 627
    625 623 621 619 617 615 613 611 609 608 606 604 603 601 599 598
    596 595 593 592 591 589 588 586 585 584 582 581 580 579 577 576
    575 574 573 572 570 569 568 567 566 565 564 563 562 561 560 559
    558 557 556 555 554 553 552 551 550 549 548 547 547 546 545 544
    543 542 541 540 540 539 538 537 536 536 535 534 533 532 532 531
    530 529 528 528 527 526 525 525 524 523 522 522 521 520 520 519
    """
)
_G2_DISCOUNTS = _table(
    """
    1000 1000 923 884 855 832 812 796 782 770 759 749 740 732 724 717
    711 704 699 693 688 683 679 674 670 666 663 659 655 652 649 646
    643 640 637 634 632 629 627 624 622 620 618 615 613 611 609 607
    606 604 602 600 598 597 595 593 592 590 589 587 586 584 583 582
    580 579 578 576 575 574 573 571 570 569 568 567 566 565 563 562
    561 560 559 558 557 556 555 554 553 552 552 551 550 549 548 547
    546 545 545 544 543 542 541 541 540 539 538 537 537 536 535 535
    534 533 532 532 531 530 530 529 528 528 527 526 526 525 524 524
    """
)
"""For one term, two and so on; behind the last it stays."""
