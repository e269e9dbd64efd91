"""A span of time, and when a record is dated."""

from typing import Final, NamedTuple

from operators.records.base import Record


class Span(NamedTuple):
    """The time in ``[from_ns, to_ns)``; an end that is None is open.

    Attributes:
        from_ns: The first moment in it [ns UTC].
        to_ns: The first moment behind it [ns UTC].
    """

    from_ns: int | None = None
    to_ns: int | None = None

    def holds(self, at_ns: int | None) -> bool:
        """Return whether a moment lies in it; what has no date lies in all."""
        if at_ns is None:
            return True
        return (self.from_ns is None or at_ns >= self.from_ns) and (
            self.to_ns is None or at_ns < self.to_ns
        )

    @property
    def bounded(self) -> bool:
        """Whether it has any end."""
        return self != (None, None)

    def wider(self, before_ns: int, after_ns: int) -> "Span":
        """Return the span with so much more on its sides."""
        return Span(
            None if self.from_ns is None else self.from_ns - before_ns,
            None if self.to_ns is None else self.to_ns + after_ns,
        )


EVER: Final = Span()


def dated_ns(record: Record) -> int | None:
    """Return the lake's ``event_ns`` of a record: of one of no event, its arrival."""
    at_ns: int | None = getattr(record, "event_ns", None)
    return at_ns if at_ns is not None else getattr(record, "received_ns", None)
