"""A bounded cache that any thread may use without a lock."""

from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps what was used lately: between one and two times `limit` of weight, in two generations.

    When the young generation is full it becomes the old one, and what was old and unused is gone. That is close to
    least-recently-used, and every step is a single dictionary operation.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value, which becomes young again."""
        value = self._young.get(key)
        if value is None:
            value = self._old.pop(key, None)
            if value is not None:
                self.put(key, value)
        return value

    def peek(self, key: K) -> V | None:
        """The value, no younger for it: for values that change, since making one young could put an old one back."""
        value = self._young.get(key)
        return self._old.get(key) if value is None else value

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Remember a value that is not None."""
        self._young[key] = value
        self._weight += weight
        if self._weight > self._limit:
            self._grow_old()

    def put_all(self, values: Mapping[K, V]) -> None:
        """Remember many, each of weight 1, in one step; of more than the limit, the last."""
        if len(values) > self._limit:
            for key, value in values.items():
                self.put(key, value)
            return
        self._young.update(values)
        self._weight += len(values)
        if self._weight > self._limit:
            self._grow_old()

    def forget(self, key: K) -> None:
        """Remove a value, if it is here."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def _grow_old(self) -> None:
        self._old = self._young
        self._young = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
