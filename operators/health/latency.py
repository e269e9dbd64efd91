"""How long messages take: over the network there and back, and from the venue to us."""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from operators.numerics.recent import Recent, Spread, percentile
from operators.records.time import MS, SECOND

_NEWEST: Final = 5
_PROMPT: Final = 10


class Latencies(NamedTuple):
    """How the last points lie [ms]; None where there are none.

    Attributes:
        network: The last 100 round trips.
        feed: The last 100 delays, clock skew taken out.
        prompt_ms: What the most prompt tenth of these delays keep within.
    """

    network: Spread | None
    feed: Spread | None
    prompt_ms: float | None


class LatencyParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Latency`.

    Attributes:
        settle_s: How long after its opening a socket's delays are not those of the
            feed, but of snapshots, and of what piled up while it subscribed [s].
        whole_seconds: Venues that state their time in whole seconds. What is said of
            them is the least that the latency can be, a second less.
    """

    settle_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 10.0
    whole_seconds: tuple[str, ...] = ()


class Latency(msgspec.Struct):
    """The last 100 round trips and the last 100 delays of one line.

    A round trip is measured every few seconds and told every second: only one that
    differs from the last is a new point. Delays are kept as they were seen; the clock
    skew is taken out when they are asked for, as it is then known.

    Attributes:
        trips: Ping to pong [ns].
        delays: Arrival less the venue's time, clock skew and all [ns].
    """

    trips: Recent = msgspec.field(default_factory=Recent)
    delays: Recent = msgspec.field(default_factory=Recent)

    def update(self, delays_ns: Sequence[int], round_trip_ns: int | None) -> None:
        """Take in what a reading tells."""
        self.delays.extend(delays_ns)
        if round_trip_ns is None:
            return
        last = self.trips.values[-1:]
        if last != [round_trip_ns]:
            self.trips.extend((round_trip_ns,))

    def shortest_trip_ns(self) -> int | None:
        """Return the shortest of the last round trips, if any is known [ns]."""
        return min(self.trips.values, default=None)

    def late_trip_ms(self) -> float | None:
        """Return the median of the newest five round trips, if any is known [ms].

        A hundred of them may reach back for half an hour, too far to act on.
        """
        spread = Recent(values=self.trips.values[-_NEWEST:]).spread
        return None if spread is None else spread.p50 / MS

    def spreads(self, skew_ns: int | None, *, is_coarse: bool) -> Latencies:
        """Return how the last points lie; no feed latency is negative.

        Args:
            skew_ns: How far our clock is ahead of the venue's; None if not known [ns].
            is_coarse: Whether the venue's time is in whole seconds.
        """
        network = _in_ms(self.trips)
        if skew_ns is None:
            return Latencies(network, None, None)
        less_ns = skew_ns + (SECOND if is_coarse else 0)
        feed = sorted(max(each - less_ns, 0) for each in self.delays.values)
        prompt_ms = percentile(feed, _PROMPT) / MS if feed else None
        return Latencies(network, _in_ms(Recent(values=feed)), prompt_ms)


def _in_ms(points: Recent) -> Spread | None:
    spread = points.spread
    return None if spread is None else Spread(*(each / MS for each in spread))
