"""Which web pages may talk to the node: the defence against pages that reach into localhost.

A page's `Origin` is checked because browsers let any page open a WebSocket, and `Host` because of DNS rebinding: a
hostile name that resolves to 127.0.0.1 makes the page same-origin with us, but it still shows in `Host`.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

EXTENSION_SCHEMES = frozenset({"chrome-extension", "moz-extension", "safari-web-extension"})
"""Browser extensions (wallets): no web page can pretend to be one."""


@dataclass(frozen=True, slots=True)
class Access:
    """The lists. `hosts` are names; addresses in `Host` are always allowed, since no name was resolved to get here.

    `origins` are full origins such as "https://example.org"; pages served from loopback names, and extensions, are
    always allowed. "*" in either list allows everything.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    origins: frozenset[str] = frozenset()

    def allows_host(self, host_header: str | None) -> bool:
        """Whether a request that names this host is meant for us."""
        if host_header is None or "*" in self.hosts:
            return True
        name = _host_name("//" + host_header)
        return name is not None and (name in self.hosts or _is_address(name))

    def allows_origin(self, origin: str | None, host_header: str | None = None) -> bool:
        """Whether a page from this origin may ask; None is a client that is no browser.

        A page that we served ourselves may: its origin is the host that it asks.
        """
        if origin is None or "*" in self.origins or origin in self.origins:
            return True
        scheme = origin.partition("://")[0]
        if scheme in EXTENSION_SCHEMES or (host_header is not None and self._is_own_page(origin, host_header)):
            return True
        return scheme in ("http", "https") and _host_name(origin) in LOOPBACK_NAMES

    def _is_own_page(self, origin: str, host_header: str) -> bool:
        # "*" in `hosts` does not count: then a hostile name that resolves to us would pass for our own.
        name = _host_name("//" + host_header)
        named = name is not None and (name in self.hosts or _is_address(name))
        return named and origin in (f"http://{host_header}", f"https://{host_header}")


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
