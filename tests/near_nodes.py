"""Lists that resemble trie nodes: paths with any flag, children of any kind, any number of items."""

from hypothesis import strategies as st

node_items = st.one_of(
    st.just(b""),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=40),
    st.sampled_from([b"\x00", b"\x20", b"\x10", b"\x31", b"\x40", b"\x01", b"\x2f", b"\x00" * 33, b"\x11" * 33]),
    st.lists(st.one_of(st.just(b""), st.just(b"\x20"), st.just(b"\x31"), st.binary(max_size=8)), max_size=3),
    st.just([b""] * 17),
)
near_nodes = st.one_of(
    st.lists(node_items, min_size=2, max_size=2),
    st.lists(node_items, min_size=17, max_size=17),
    st.lists(node_items, max_size=18),
)
