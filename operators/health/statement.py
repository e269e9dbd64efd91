"""What is known of a line or a connection, as a record."""

from typing import Any, Final, NamedTuple

from operators.health.attempts import Attempts, since_s
from operators.health.connection import Connection
from operators.health.failover import Failover
from operators.health.judgement import (
    WINDOW_NS,
    HealthParams,
    is_up,
    latencies,
    skew_ns,
)
from operators.health.line import Line
from operators.health.uptime import DAY_MINUTES, HOUR_MINUTES, Uptime
from operators.numerics.recent import Spread
from operators.records.health import ConnectionHealth, Level
from operators.records.time import MS, SECOND

_MOST_SLOW: Final = 20


class Moment(NamedTuple):
    """When something is said, and what of it.

    Attributes:
        at_ns: When [ns UTC].
        is_change: Whether the level has changed.
        issues: What made the level so.
    """

    at_ns: int
    is_change: bool
    issues: str


def of_line(
    connection: Connection, name: str, moment: Moment, params: HealthParams
) -> ConnectionHealth:
    """Return how a line does."""
    line, at_ns = connection.lines[name], moment.at_ns
    up = is_up(line, at_ns, params)
    return ConnectionHealth(
        **_place(connection, name, moment, line.held.level),
        **_measured(connection, line, at_ns, params),
        **_uptimes(line.uptime, at_ns, line.was_up(at_ns, params.unheard_ns)),
        **_attempts(line.attempts, line.failover, at_ns),
        is_up=up,
        dead=line.dead,
        lines=1,
        lines_up=int(up),
    )


def of_connection(
    connection: Connection, moment: Moment, params: HealthParams
) -> ConnectionHealth:
    """Return how a connection does; latencies and rates are those of its best line."""
    at_ns, known = moment.at_ns, connection.known.values()
    foremost = connection.foremost(at_ns, params)
    up = sum(is_up(line, at_ns, params) for line in known)
    return ConnectionHealth(
        **_place(connection, "", moment, connection.level(at_ns, params)),
        **_measured(connection, foremost, at_ns, params),
        **_uptimes(connection.uptime, at_ns, connection.was_up(at_ns, params)),
        **_attempts(connection.attempts(), connection.failover, at_ns),
        is_up=up > 0,
        dead=sum(line.dead for line in known),
        lines=len(known),
        lines_up=up,
    )


def _place(
    connection: Connection, line: str, moment: Moment, level: Level
) -> dict[str, Any]:
    return {
        "venue": connection.venue,
        "connection": connection.name,
        "line": line,
        "received_ns": moment.at_ns,
        "is_change": moment.is_change,
        "level": level,
        "issues": moment.issues,
    }


def _measured(
    connection: Connection, line: Line, at_ns: int, params: HealthParams
) -> dict[str, Any]:
    """Return what is measured of a line, in the window so far."""
    found = latencies(line, connection.venue, params)
    skew = skew_ns(line)
    begin_ns = (at_ns - 1) // WINDOW_NS * WINDOW_NS
    begin_ns = max(begin_ns, (line.uptime.first_ns or at_ns) - SECOND)
    elapsed_s = max(at_ns - begin_ns, SECOND) / SECOND
    normal = connection.normals.expected(at_ns, params.rates)
    slow = line.brought.slow
    more = [f"and {len(slow) - _MOST_SLOW} more"] if len(slow) > _MOST_SLOW else []
    return {
        **_named("network", found.network),
        **_named("feed", found.feed),
        "skew_ms": None if skew is None else skew / MS,
        "rate": line.frames / elapsed_s,
        "normal_rate": None if normal is None else normal / 60,
        "slow": ",".join(sorted(slow)[:_MOST_SLOW] + more),
        "octets_rate": line.octets / elapsed_s,
    }


def _named(name: str, spread: Spread | None) -> dict[str, float]:
    if spread is None:
        return {}
    return {
        f"{name}_{field}_ms": float(value) for field, value in spread._asdict().items()
    }


def _uptimes(uptime: Uptime, at_ns: int, is_up: bool | None) -> dict[str, Any]:
    return {
        "uptime_1h": uptime.share(at_ns, HOUR_MINUTES, is_up),
        "uptime_24h": uptime.share(at_ns, DAY_MINUTES, is_up),
        "uptime": uptime.share(at_ns, None, is_up),
    }


def _attempts(attempts: Attempts, failover: Failover, at_ns: int) -> dict[str, Any]:
    return {
        "drops": attempts.drops,
        "attempts": attempts.attempts,
        "successes": attempts.successes,
        "success_rate": attempts.success_rate,
        "since_drop_s": since_s(at_ns, attempts.drop_ns),
        "since_attempt_s": since_s(at_ns, attempts.attempt_ns),
        "since_success_s": since_s(at_ns, attempts.success_ns),
        "failovers": failover.count,
        "failover_ms": failover.took_ms,
    }
