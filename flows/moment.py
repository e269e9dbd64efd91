"""Times as users give them: ISO 8601, a date, or so long ago."""

import re
from datetime import UTC, datetime
from typing import Final

from config.load import ConfigError
from operators.records.base import NotARecordError
from operators.records.rfc3339 import ns_of
from operators.records.span import Span
from operators.records.time import MINUTE, SECOND

_AGO: Final = re.compile(r"-(\d+(?:\.\d+)?)([smhd])")
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": 24 * 60 * MINUTE}


def moment(text: str, option: str, now_ns: int) -> int:
    """Return the time that a text states [ns UTC].

    Args:
        text: ``2026-11-22T08:00:00.5``, with or without an offset (UTC if without),
            ``2026-11-22`` or, from now, ``-90s``, ``-15m``, ``-2h``, ``-1.5d``.
        option: Which option it was given to.
        now_ns: What time it is [ns UTC].

    Raises:
        ConfigError: If it is none of these.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now_ns - round(float(ago[1]) * _UNITS[ago[2]])
    try:
        stated = datetime.fromisoformat(text)
        if stated.tzinfo is not None:
            stated = stated.astimezone(UTC)
        # Python's own times end at the microsecond; the digits behind come from here.
        digits = re.search(r"\.(\d+)", text)
        whole = f"{stated:%Y-%m-%dT%H:%M:%S}.{digits[1] if digits else '0'}Z"
        return ns_of(whole)
    except (ValueError, NotARecordError) as error:
        raise ConfigError(
            f"{option}: Expected a time such as 2026-11-22T08:00, a date, or -2h,"
            f" not `{text}`"
        ) from error


def span(since: str | None, until: str | None, now_ns: int) -> Span:
    """Return the time between two texts; one that is not given is open.

    Raises:
        ConfigError: If one is no time, or they are in the wrong order.
    """
    found = Span(
        None if since is None else moment(since, "--from", now_ns),
        None if until is None else moment(until, "--to", now_ns),
    )
    from_ns, to_ns = found
    if from_ns is not None and to_ns is not None and from_ns >= to_ns:
        raise ConfigError(f"--to: Expected a time after --from, not `{until}`")
    return found


def spoken(at: Span) -> str:
    """Return a span as a person reads it."""
    if not at.bounded:
        return "all"
    since = "the beginning" if at.from_ns is None else written(at.from_ns)
    until = "the end" if at.to_ns is None else written(at.to_ns)
    return f"{since} to {until}"


def written(at_ns: int) -> str:
    """Return a time in ISO 8601, UTC."""
    whole = datetime.fromtimestamp(at_ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{at_ns % SECOND:09d}".rstrip("0")
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"
