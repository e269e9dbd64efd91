"""Records of several partitions -> one order that depends on nothing but them.

Each partition keeps its own order, which is the law; among partitions the one whose
newest arrival is the oldest comes first. So history read twice, or from another place,
is history in the same order.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Final

from operators.records.base import Record

_START: Final = -(2**63)


class Arrivals:
    """Hold what has been read until nothing that belongs before it can come.

    Attributes:
        held: How many records are held, by partition.
    """

    def __init__(self) -> None:
        self.held: Counter[int] = Counter()
        self._heap: list[tuple[int, int, int, Record]] = []
        self._newest: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def newest_ns(self, partition: int) -> int:
        """Return the newest arrival that a partition has shown."""
        return self._newest.get(partition, _START)

    def see(self, partition: int, at_ns: int) -> None:
        """Take note that a partition has come so far [ns UTC]."""
        if at_ns > self.newest_ns(partition):
            self._newest[partition] = at_ns

    def hold(self, partition: int, record: Record) -> None:
        """Take in the next record of a partition, after its arrival was seen."""
        self._count += 1
        turn = (self.newest_ns(partition), partition, self._count, record)
        heapq.heappush(self._heap, turn)
        self.held[partition] += 1

    def before(self, floor_ns: int) -> Iterator[Record]:
        """Give out, in order, what arrived before everything that is yet to be read."""
        while self._heap and self._heap[0][0] < floor_ns:
            yield self._first()

    def rest(self) -> Iterator[Record]:
        """Give out, in order, all that is held."""
        while self._heap:
            yield self._first()

    def oldest(self, count: int) -> Iterator[Record]:
        """Give out, in order, all but so many."""
        while len(self._heap) > count:
            yield self._first()

    def _first(self) -> Record:
        _, partition, _, record = heapq.heappop(self._heap)
        self.held[partition] -= 1
        return record
