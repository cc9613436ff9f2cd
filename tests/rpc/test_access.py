import pytest

from rpc.access import Access


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        (None, True),
        ("localhost", True),
        ("localhost:8545", True),
        ("LOCALHOST:8545", True),
        ("127.0.0.1:8545", True),
        ("192.168.1.5:8545", True),
        ("[::1]:8545", True),
        ("[2001:db8::1]", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::1", False),
        ("evil.example@localhost", True),
    ],
)
def test_hosts_are_loopback_names_and_addresses(host, allowed):
    assert Access().allows_host(host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost", True),
        ("http://localhost:3000", True),
        ("https://127.0.0.1:8443", True),
        ("http://[::1]:3000", True),
        ("chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn", True),
        ("moz-extension://2b1a", True),
        ("null", False),
        ("file://", False),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://192.168.1.5", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_origins_are_local_pages_and_extensions(origin, allowed):
    assert Access().allows_origin(origin) is allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://192.168.1.7:8545", "192.168.1.7:8545", True),
        ("http://[fe80::1]:8545", "[fe80::1]:8545", True),
        ("http://node.example", "node.example", True),
        ("http://192.168.1.8:8545", "192.168.1.7:8545", False),
        ("http://192.168.1.7:9000", "192.168.1.7:8545", False),
        ("http://evil.example", "evil.example", False),
    ],
)
def test_a_page_that_the_node_served_may_ask_it(origin: str, host: str, allowed: bool):
    assert Access(hosts=frozenset({"node.example"})).allows_origin(origin, host) is allowed


def test_allowing_every_host_makes_no_hostile_name_our_own():
    assert not Access(hosts=frozenset({"*"})).allows_origin("http://evil.example", "evil.example")


def test_a_star_allows_everything():
    access = Access(hosts=frozenset({"*"}), origins=frozenset({"*"}))
    assert access.allows_host("evil.example")
    assert access.allows_origin("null")
