"""Records of the past as the input of a flow."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from operators.records.base import Record
from operators.records.dead import BURIED, DeadLetter


class _Records(StatefulSourcePartition[tuple[str, list[Record]], None]):
    def __init__(self, records: Iterator[Record], size: int) -> None:
        self._records = records
        self._size = size

    def next_batch(self) -> list[tuple[str, list[Record]]]:
        groups: defaultdict[str, list[Record]] = defaultdict(list)
        for each in islice(self._records, self._size):
            groups[BURIED if isinstance(each, DeadLetter) else each.key].append(each)
        if not groups:
            raise StopIteration
        return list(groups.items())

    def snapshot(self) -> None:
        return None


class ReplayedSource(FixedPartitionedSource[tuple[str, list[Record]], None]):
    """Hand on records in batches of one key each; dead letters under ``BURIED``."""

    def __init__(self, records: Iterator[Record], size: int) -> None:
        """Say what to hand on.

        Args:
            records: The records, in order, once.
            size: How many at a time.
        """
        self._part = _Records(records, size)

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return ["recording"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Records:
        """Return the reader; what is replayed does not resume."""
        return self._part
