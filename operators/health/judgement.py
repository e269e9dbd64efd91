"""What is not as it should be with a line."""

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from operators.health.latency import Latencies, LatencyParams
from operators.health.level import Concern, LevelParams, above
from operators.health.line import Line
from operators.health.rates import WINDOWS, Normals, RatesParams
from operators.health.uptime import DAY_MINUTES, HOUR_MINUTES, Uptime
from operators.numerics.clock_skew import ClockSkewParams
from operators.records.health import Level
from operators.records.time import MINUTE, SECOND

WINDOW_NS: Final = 5 * SECOND
_SHOWN_NS: Final = MINUTE
_MINUTES: Final = WINDOWS * WINDOW_NS / MINUTE
PositiveFloat = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class HealthParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`operators.health.connection_health.HealthOfConnections`.

    Attributes:
        latency_warns_ms: Latency that is YELLOW: of the network the median of the last
            5 round trips; of the feed what even the most prompt tenth of the last 100
            delays exceed. A feed that is slow is so for all it brings; where a venue
            gathers for a second, or states whole seconds, most of it is late by nature.
            Single late records are the business of quality [ms].
        latency_critical_ms: That is RED [ms].
        rate_warns_per_s: Frames that are too few, over half a minute, where more are
            normal [1/s].
        slow_share: Share of its symbols that must bring far less than is normal.
        uptime_warns_pct: Uptime of an hour that is too low [%].
        uptime_target_pct: Uptime of a day that is aimed at; what is below is said, and
            leaves the level as it is [%].
        unheard_s: How long a line that says each second that it lives may say nothing,
            until it is believed to be down [s].
        forget_s: How long until it is believed to be gone for good [s].
        latency: How latencies are read.
        skew: How clock skew is estimated.
        rates: How normal rates are learnt.
        level: How levels are held.
    """

    latency_warns_ms: PositiveFloat = 200.0
    latency_critical_ms: PositiveFloat = 500.0
    rate_warns_per_s: PositiveFloat = 1.0
    slow_share: PositiveFloat = 0.5
    uptime_warns_pct: Percent = 95.0
    uptime_target_pct: Percent = 99.9
    unheard_s: PositiveFloat = 10.0
    forget_s: PositiveFloat = 3_600.0
    latency: LatencyParams = LatencyParams()
    skew: ClockSkewParams = ClockSkewParams()
    rates: RatesParams = RatesParams()
    level: LevelParams = LevelParams()

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if self.latency_critical_ms < self.latency_warns_ms:
            text = f"Expected `latency_critical_ms` >= {self.latency_warns_ms:g}"
            raise ValueError(f"{text}, not {self.latency_critical_ms:g}")

    @property
    def unheard_ns(self) -> int:
        """How long a line may say nothing [ns]."""
        return int(self.unheard_s * SECOND)


def is_up(line: Line, at_ns: int, params: HealthParams) -> bool:
    """Return whether a line is open, and its process lives."""
    return line.is_open and line.is_heard(at_ns, params.unheard_ns)


def down(line: Line, at_ns: int, params: HealthParams) -> Concern | None:
    """Return why a line brings nothing at all, if that is so.

    A line that is being opened for the first time is none yet that has gone down.
    """
    if not line.is_heard(at_ns, params.unheard_ns):
        return Concern("not heard of", Level.RED, Level.RED)
    if not line.is_open:
        if not line.was_open and not line.has_failed:
            return Concern("connecting", Level.YELLOW, Level.YELLOW)
        return Concern("down", Level.RED, Level.RED)
    if line.is_silent:
        return Concern("silent", Level.RED, Level.RED)
    return None


def latencies(line: Line, venue: str, params: HealthParams) -> Latencies:
    """Return a line's latencies, clock skew taken out."""
    is_coarse = venue in params.latency.whole_seconds
    return line.latency.spreads(skew_ns(line), is_coarse=is_coarse)


def skew_ns(line: Line) -> int | None:
    """Return how far our clock is ahead of the venue's on a line [ns]."""
    return line.skew.skew_ns(line.latency.shortest_trip_ns())


def concerns(
    line: Line, found: Latencies, normals: Normals, at_ns: int, params: HealthParams
) -> list[Concern]:
    """Return all that is not as it should be, at the end of a window.

    Args:
        line: The line.
        found: Its latencies.
        normals: What is normal for its connection.
        at_ns: The end of the window [ns UTC].
        params: The settings.
    """
    gone = down(line, at_ns, params)
    if gone is not None:
        return [gone]
    return [
        *_slowness(line, found, params),
        *_scarcity(line, normals, at_ns, params),
        *_unrest(line, at_ns, params),
    ]


def _slowness(line: Line, found: Latencies, params: HealthParams) -> Iterator[Concern]:
    warns, critical = params.latency_warns_ms, params.latency_critical_ms
    trip_ms = line.latency.late_trip_ms()
    for name, took_ms in (("network", trip_ms), ("feed", found.prompt_ms)):
        if took_ms is not None:
            text = f"{name} latency {took_ms:.0f} ms"
            concern = above(text, took_ms, warns, critical, params.level.ease)
            if concern is not None:
                yield concern


def _scarcity(
    line: Line, normals: Normals, at_ns: int, params: HealthParams
) -> Iterator[Concern]:
    """Yield what there is too little of: only of what there is normally more."""
    bound, windows = params.rate_warns_per_s, line.brought.windows
    expected = normals.expected(at_ns, params.rates)
    if expected is not None and len(windows) == WINDOWS:
        rate, normal = sum(windows) / (WINDOWS * 5), expected / 60
        if rate < bound <= normal and normals.is_low(
            sum(windows), _MINUTES, at_ns, params.rates
        ):
            text = f"rate {rate:.2f}/s, normally {normal:.2f}/s"
            yield Concern(text, Level.YELLOW, Level.YELLOW)
    slow, judged = len(line.brought.slow), line.brought.judged
    if slow and slow >= params.slow_share * judged:
        text = f"{slow} of {judged} symbols slow"
        yield Concern(text, Level.YELLOW, Level.YELLOW)


def _unrest(line: Line, at_ns: int, params: HealthParams) -> Iterator[Concern]:
    stepped_ns = line.skew.stepped_ns
    if stepped_ns is not None and at_ns - stepped_ns < _SHOWN_NS:
        yield Concern("clock step", Level.YELLOW, Level.YELLOW)
    lost_ns = line.uptime.lost_ns(at_ns, HOUR_MINUTES, is_up=True)
    kept = 100 - 100 * lost_ns / (HOUR_MINUTES * MINUTE)
    if kept < params.uptime_warns_pct:
        yield Concern(f"up {kept:.2f} % of the hour", Level.YELLOW, Level.YELLOW)


def shortfall(uptime: Uptime, up: bool, at_ns: int, params: HealthParams) -> str:
    """Return by what the day's uptime misses its target; empty if it does not.

    Args:
        uptime: Of a line, or of a connection.
        up: Whether it is up.
        at_ns: When [ns UTC].
        params: The settings.
    """
    lost_ns = uptime.lost_ns(at_ns, DAY_MINUTES, is_up=up)
    kept = 100 - 100 * lost_ns / (DAY_MINUTES * MINUTE)
    if kept >= params.uptime_target_pct:
        return ""
    return f"up {kept:.3f} % of the day, below target"
