"""What tests of health share: readings, as ingest and ``listen`` make them."""

from collections.abc import Iterator
from typing import Any

import pytest

from operators.health.connection_health import HealthOfConnections
from operators.health.judgement import HealthParams
from operators.records.connection import LineEvent
from operators.records.health import ConnectionHealth, Reading
from operators.records.time import MS, SECOND

T0_NS = 1_700_000_040 * SECOND  # a whole minute


class Story:
    """What happens to one connection, told in seconds since ``T0_NS``."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    def at(self, at_s: float, line: str = "a", **told: Any) -> None:
        """Tell of a moment."""
        reading = Reading(
            venue="binance",
            connection="binance-0",
            line=line,
            received_ns=T0_NS + round(at_s * SECOND),
            **told,
        )
        self.readings.append(reading)

    def opens(self, at_s: float, line: str = "a") -> None:
        """Open a line; as ingest does, the opening is told twice."""
        self.at(at_s - 0.2, line, event=LineEvent.CONNECTING)
        self.at(at_s, line, event=LineEvent.OPEN)
        self.at(at_s, line, event=LineEvent.OPEN, number=1)
        self.at(at_s + 0.1, line, event=LineEvent.FLOWING, frames=1)

    def closes(self, at_s: float, line: str = "a") -> None:
        """Close a line; likewise."""
        self.at(at_s, line, event=LineEvent.CLOSED)
        self.at(at_s, line, event=LineEvent.CLOSED, number=1)

    def flows(
        self,
        start_s: int,
        end_s: int,
        line: str = "a",
        *,
        delay_ms: float = 5.0,
        trip_ms: float | None = None,
        frames: int = 20,
        **told: Any,
    ) -> None:
        """Let a line bring something in each second, and say that it lives."""
        for second in range(start_s, end_s):
            delays_ns = tuple(
                int((delay_ms + number % 10) * MS) for number in range(frames)
            )
            trip_ns = None if trip_ms is None else int(trip_ms * MS) + second
            beat = {"event": LineEvent.HEARTBEAT, "round_trip_ns": trip_ns}
            self.at(second + 0.5, line, **beat)
            counts = {"BTC-USDT": frames} if frames else {}
            brought = {"frames": frames, "octets": 100 * frames, "counts": counts}
            self.at(second + 1, line, **brought, delays_ns=delays_ns, **told)

    def idles(self, start_s: int, end_s: int, line: str = "a") -> None:
        """Let time pass on a line that brings nothing."""
        for second in range(start_s, end_s):
            self.at(second + 0.5, line, event=LineEvent.HEARTBEAT)

    def said(self, **params: Any) -> list[ConnectionHealth]:
        """Return what is said of it."""
        health = HealthOfConnections(HealthParams(**params))
        ordered = sorted(self.readings, key=lambda each: each.received_ns)
        return list(health.update(ordered))

    def windows(self, line: str = "", **params: Any) -> list[ConnectionHealth]:
        """Return what is said at the end of each window of a line."""
        said = self.said(**params)
        return [each for each in said if each.line == line and not each.is_change]

    def changes(self, line: str = "", **params: Any) -> Iterator[tuple[float, str]]:
        """Yield when the level of a line changes [s], and to what and why."""
        for each in self.said(**params):
            if each.line == line and each.is_change:
                at_s = (each.received_ns - T0_NS) / SECOND
                yield round(at_s, 3), f"{each.level} {each.issues}".strip()


@pytest.fixture
def story() -> Story:
    return Story()
