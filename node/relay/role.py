"""A relayer as a process's role."""

from collections.abc import Coroutine

from node.clock import Clock, SystemClock
from node.relay.relayer import Relayer, RelayerOptions
from node.run import run_process


class RelayRole:
    """See `node.role.Role`."""

    def __init__(self, options: RelayerOptions, clock: Clock) -> None:
        self._relayer = Relayer(options, clock)

    async def start(self) -> None:
        """Nothing to open: everything is read from the chains."""

    def tasks(self) -> list[Coroutine[None, None, None]]:
        """Round after round."""
        return [self._relayer.run()]

    async def close(self) -> None:
        """Close the connections."""
        await self._relayer.close()


def run_relayer(options: RelayerOptions, *, with_parent: bool = False) -> None:
    """Until a signal; `with_parent` also ends with the launcher."""
    run_process(lambda: RelayRole(options, SystemClock()), with_parent=with_parent)
