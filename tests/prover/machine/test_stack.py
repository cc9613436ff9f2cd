import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.types import ZERO_HASH
from prover.commitments.tape import InvalidWitness
from prover.machine.stack import Stack, item_digest, opened_stack

words = st.integers(0, 2**256 - 1)
stacks = st.lists(words, max_size=40)


def chain(items):
    digest = ZERO_HASH
    for item in items:
        digest = item_digest(digest, item)
    return digest


@given(stacks, st.lists(st.tuples(st.integers(0, 17), st.lists(words, max_size=17)), max_size=6))
def test_the_digest_follows_every_change(items, changes):
    stack = Stack(list(items))
    assert stack.digest() == chain(items)
    for popped, pushed in changes:
        del stack.items[max(len(stack.items) - popped, 0) :]
        stack.items.extend(pushed)
        assert stack.digest() == chain(stack.items)


@given(stacks, st.integers(0, 40))
def test_a_stack_opened_at_any_depth_has_the_same_digest(items, count):
    count = min(count, len(items))
    full = Stack(list(items))
    shown = tuple(items[len(items) - count :])
    opened = opened_stack(full.digest(), len(items), shown, full.tail_below(count))
    assert opened.size == full.size
    opened.items.append(7)
    full.items.append(7)
    assert opened.digest() == full.digest()


@given(st.lists(words, min_size=1, max_size=20), st.data())
def test_other_items_are_refused(items, data):
    full = Stack(list(items))
    count = data.draw(st.integers(1, len(items)))
    shown = items[len(items) - count :]
    index = data.draw(st.integers(0, count - 1))
    shown[index] = data.draw(words.filter(lambda word: word != shown[index]))
    with pytest.raises(InvalidWitness):
        opened_stack(full.digest(), len(items), tuple(shown), full.tail_below(count))


def test_more_items_than_the_size_are_refused():
    full = Stack([1, 2])
    with pytest.raises(InvalidWitness):
        opened_stack(full.digest(), 1, (1, 2), ZERO_HASH)


def test_a_hidden_item_is_missed_not_invented():
    with pytest.raises(InvalidWitness, match="needs 2 stack items, 1 are shown"):
        opened_stack(Stack([1, 2]).digest(), 2, (2,), item_digest(ZERO_HASH, 1)).need(2)
