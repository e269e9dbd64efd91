"""What one line brings of a symbol: how much of it was new, and how far it has come."""

from collections.abc import Iterator

import msgspec

from operators.market.flaws import Flaws, Track
from operators.records.market import BookDelta, Tally


class Share(msgspec.Struct):
    """What a line has brought since its last tally: see :class:`Tally`.

    Attributes:
        is_open: Whether the line is.
        top: Number of its newest quote; where it falls, the venue counts anew.
        taken: As on the tally.
        repeated: As on the tally.
        stale: As on the tally.
        calm_ns: Before this arrival nothing that it does is a flaw [ns UTC].
        trades: How far it has come in the numbered trades.
        deltas: Likewise in the deltas.
        delta: The newest delta, where they are not numbered.
        flaws: What it has done that is not said yet.
    """

    is_open: bool = True
    top: int = -1
    taken: int = 0
    repeated: int = 0
    stale: int = 0
    calm_ns: int = 0
    trades: Track = msgspec.field(default_factory=Track)
    deltas: Track = msgspec.field(default_factory=Track)
    delta: BookDelta | None = None
    flaws: Flaws = msgspec.field(default_factory=dict)

    def begin(self, is_open: bool) -> None:
        """Forget how far the line had come: it has opened or closed."""
        self.is_open, self.top = is_open, -1
        self.trades = Track()
        self.begin_book()

    def begin_book(self) -> None:
        """Forget how far the line had come in the book: it begins with a snapshot."""
        self.deltas, self.delta = Track(), None

    def pass_over(self, repeats: bool) -> None:
        """Count a record that is not passed on."""
        if repeats:
            self.repeated += 1
        else:
            self.stale += 1

    def tallied(self, key: str, line: str, at_ns: int) -> Iterator[Tally]:
        """Account for what came, if anything did, and count anew."""
        if not (self.taken or self.repeated or self.stale):
            return
        venue, _, symbol = key.partition(":")
        yield Tally(
            venue=venue,
            symbol=symbol,
            event_ns=at_ns,
            line=line,
            taken=self.taken,
            repeated=self.repeated,
            stale=self.stale,
        )
        self.taken = self.repeated = self.stale = 0
