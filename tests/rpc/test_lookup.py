"""The walk between heads, on which filters and subscriptions rest."""

from hypothesis import given
from hypothesis import strategies as st

from rpc.lookup import path_between
from tests.rpc.fake import FakeChain

MOVES = st.lists(st.one_of(st.just("extend"), st.integers(1, 4)), max_size=15)


def move(chain: FakeChain, moves: list[str | int]) -> None:
    for step in moves:
        if isinstance(step, int):
            depth = min(step, chain.head().number)
            if depth:
                chain.shrink(depth)
        else:
            chain.extend()


@given(MOVES, MOVES)
def test_the_path_between_two_heads_undoes_one_branch_and_builds_the_other(before, after):
    chain = FakeChain()
    move(chain, before)
    old = chain.head()
    old_branch = [chain.canonical_hash(number) for number in range(old.number + 1)]
    move(chain, after)
    new = chain.head()
    new_branch = [chain.canonical_hash(number) for number in range(new.number + 1)]
    path = path_between(chain, old, new)
    assert path is not None
    removed, added = path
    for header in removed:
        assert old_branch.pop() == header.hash
    for header in added:
        assert header.parent_hash == old_branch[-1]
        old_branch.append(header.hash)
    assert old_branch == new_branch
    assert not {header.hash for header in removed} & {header.hash for header in added}


def test_branches_that_do_not_meet_have_no_path():
    ours, theirs = FakeChain(), FakeChain()
    for _ in range(3):
        ours.extend()
    theirs.shrink(1)
    theirs.extend()
    theirs.extend()
    assert path_between(ours, ours.head(), theirs.head()) is None
