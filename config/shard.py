"""Which part of a flow's work a process does."""

from typing import Self

import msgspec

from config.load import ConfigError


class Shard(msgspec.Struct, frozen=True):
    """One of the workers that share a flow.

    A worker takes the partitions whose number leaves its index when it is divided by
    the count. Kafka's keys are spread by a hash, so topics whose numbers of partitions
    the count divides keep each key with one worker.

    Attributes:
        index: From 0.
        count: How many workers there are.
    """

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard in a text like ``0/3``.

        Raises:
            ConfigError: If it is none.
        """
        index, _, count = text.partition("/")
        if index.isdecimal() and count.isdecimal() and int(index) < int(count):
            return cls(int(index), int(count))
        known = "`I/N` with I from 0 to N-1, as in `0/3`"
        raise ConfigError(f"--shard: Expected {known}, not `{text}`")

    @property
    def name(self) -> str:
        """As in folders: ``0-of-3``."""
        return f"{self.index}-of-{self.count}"

    def takes(self, partition: int) -> bool:
        """Return whether a partition is this worker's."""
        return partition % self.count == self.index


WHOLE = Shard()
"""A worker that has no peers."""
