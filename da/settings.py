"""What a data layer is made from: values by key, and where they may come from."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from protocol.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a layer takes. `is_public`: it goes into the rollup's file, for every reader; the others are each
    node's own. `is_fixed`: it is part of what commitments mean, so no node may have another."""

    key: str
    help: str
    is_public: bool = False
    is_fixed: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """What layers are made from: a folder on this machine, the L1 endpoint, and values by `layer.key`.

    `environment` may hold secrets, and `hide` is told each of them, so that no log shows one.
    """

    directory: Path
    l1_url: str = "http://127.0.0.1:8544"
    values: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    hide: Callable[[str], None] = lambda _secret: None

    def text(self, key: str, default: str | None = None) -> str:
        """The value of `key`; raises InvalidInput when it must be given and is not."""
        value = self.values.get(key, default)
        if value is None:
            raise InvalidInput(f"the data layer {key.partition('.')[0]} needs the setting {key}")
        return value

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.values.get(key, str(default))
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise InvalidInput(f"{key}: expected a number from {least} to {most}, got {value!r}")
        return int(value)

    def choice(self, key: str, *choices: str) -> str:
        """One of some words, the first one by default."""
        value = self.values.get(key, choices[0])
        if value not in choices:
            raise InvalidInput(f"{key}: expected one of {', '.join(choices)}, got {value!r}")
        return value

    def url(self, key: str, default: str | None = None) -> str:
        """An HTTP endpoint's address; required without a default."""
        value = self.text(key, default)
        try:
            parts = urlsplit(value)
            is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
        except ValueError:
            is_sound = False
        if not is_sound:
            # Not the value itself: it may hold a key.
            raise InvalidInput(f"{key}: expected a URL that begins with http:// or https://, and a host")
        return value
