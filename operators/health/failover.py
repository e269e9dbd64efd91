"""How often another line or address took over, and how long that took."""

import msgspec

from operators.records.time import MS


class Failover(msgspec.Struct):
    """Failovers of one line between its addresses, or of a connection between lines.

    The time runs from the moment that it stopped bringing data, be it closed or silent
    (then since its last frame), until it flows again somewhere else.

    Attributes:
        count: Times that another took over.
        took_ns: How long the last of them took [ns].
        since_ns: Since when it brings nothing, or None while it does [ns UTC].
        is_told: Whether it is on its way to another address.
    """

    count: int = 0
    took_ns: int | None = None
    since_ns: int | None = None
    is_told: bool = False

    def stops(self, at_ns: int) -> None:
        """Take in that it stopped bringing data."""
        if self.since_ns is None:
            self.since_ns = at_ns

    def leaves(self, at_ns: int) -> None:
        """Take in that it goes to another address."""
        self.stops(at_ns)
        self.is_told = True

    def flows(self, at_ns: int) -> None:
        """Take in that it flows; elsewhere, if that was told."""
        if self.is_told:
            self.took_over(at_ns)
        self.since_ns, self.is_told = None, False

    def took_over(self, at_ns: int) -> None:
        """Take in that another flows in its place."""
        since_ns = at_ns if self.since_ns is None else self.since_ns
        self.count += 1
        self.took_ns = max(at_ns - since_ns, 0)
        self.since_ns, self.is_told = None, False

    @property
    def took_ms(self) -> float | None:
        """How long the last one took, or None before it [ms]."""
        return None if self.took_ns is None else self.took_ns / MS
