"""Who leaves a full pool: what is queued first, then what pays least, and always the tail of its account.

Ranks never grow along an account's nonces (`sender.Rank`), so the worst transaction of the pool is the last one of some
account, and taking it opens no gap. An expensive last transaction does not shield the cheap ones before it.
"""

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush

from node.mempool.sender import Entry, Rank, SenderQueue
from protocol.types import Address

_Note = tuple[Rank, int, Address, int]
"""(rank, version of the sender's queue, sender, position in it). A note of an older version is void."""


class WorstFirst:
    """Finds the worst transactions. It costs next to nothing until the pool is full for the first time under a head."""

    def __init__(self, queues: Mapping[Address, SenderQueue]) -> None:
        self._queues = queues
        self._notes: list[_Note] | None = None
        self._versions = 0
        self._base_fee = 0

    def reset(self, base_fee: int) -> None:
        """Ranks have changed with the base fee (wei per gas): forget them."""
        self._notes = None
        self._base_fee = base_fee

    def changed(self, queue: SenderQueue) -> None:
        """A queue is not what it was: give it a version that none had before."""
        self._versions += 1
        queue.version = self._versions
        if self._notes is None or not queue:
            return
        if len(self._notes) > 4 * len(self._queues) + 64:
            self._notes = None  # mostly void by now; the next search starts anew
            return
        heappush(self._notes, self._note(queue, len(queue) - 1))

    def below(self, rank: Rank, count: int, size: int, leaving: Collection[Entry]) -> list[Entry] | None:
        """The worst transactions, all of lower rank than `rank`: at least `count`, with at least `size` raw bytes.

        None when those of lower rank are not enough. `leaving` are on their way out already and do not count.
        """
        if self._notes is None:
            self._notes = [self._note(queue, len(queue) - 1) for queue in self._queues.values() if queue]
            heapify(self._notes)
        chosen: list[Entry] = []
        touched: list[SenderQueue] = []
        while count > 0 or size > 0:
            note = self._worst()
            if note is None or note[0] >= rank:
                break
            heappop(self._notes)
            queue, index = self._queues[note[2]], note[3]
            if index == len(queue) - 1:
                touched.append(queue)
            entry = queue.at(index)
            if entry not in leaving:
                chosen.append(entry)
                count -= 1
                size -= len(entry.tx.raw)
            if index > 0:
                heappush(self._notes, self._note(queue, index - 1))
        for queue in touched:  # nothing has left yet: void the notes about what lies under the tails
            self.changed(queue)
        return None if count > 0 or size > 0 else chosen

    def _note(self, queue: SenderQueue, index: int) -> _Note:
        return queue.rank(index, self._base_fee), queue.version, queue.sender, index

    def _worst(self) -> _Note | None:
        notes = self._notes
        while notes:
            queue = self._queues.get(notes[0][2])
            if queue is not None and queue.version == notes[0][1]:
                return notes[0]
            heappop(notes)
        return None
