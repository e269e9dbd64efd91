"""RFC 3339 times as whole nanoseconds, exactly.

https://www.rfc-editor.org/rfc/rfc3339#section-5.6
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from operators.records.base import NotARecordError
from operators.records.time import SECOND

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - both ends of a difference are UTC
_SECOND: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)", re.ASCII)
_TIME: Final = re.compile(
    r"(.{19})(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_SCALE: Final = tuple(int(10 ** (9 - digits)) for digits in range(10))
_LAST_YEAR: Final = 2261
"""The last whole year that 64 bits of nanoseconds reach."""


def ns_of(text: str) -> int:
    """Return the time that a text such as ``2023-06-23T20:31:26.12Z`` states [ns UTC].

    Digits beyond the nanosecond are dropped.

    Raises:
        NotARecordError: If it is no such time, or not one of the years 1970 to 2261.
    """
    digits = text[20:-1]
    places = len(digits)
    if (
        text[19:20] == "."
        and text[-1] == "Z"
        and 0 < places <= 9
        and digits.isdigit()
        and digits.isascii()
    ):
        return _second_ns(text[:19]) + int(digits) * _SCALE[places]
    return _uncommon_ns(text)


def _uncommon_ns(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise NotARecordError(f"no RFC 3339 time `{text[:40]}`")
    second, digits, sign, hours, minutes = match.groups()
    time_ns = _second_ns(second) + int((digits or "")[:9].ljust(9, "0"))
    if not sign:
        return time_ns
    offset_ns = (int(hours) * 60 + int(minutes)) * 60 * SECOND
    return time_ns - offset_ns if sign == "+" else time_ns + offset_ns


@lru_cache(maxsize=1_000)
def _second_ns(text: str) -> int:
    match = _SECOND.fullmatch(text)
    try:
        if match is None or int(match[1]) > _LAST_YEAR:
            raise ValueError
        year, month, day, hour, minute, second = map(int, match.groups())
        since = datetime(year, month, day, hour, minute, second) - _EPOCH  # noqa: DTZ001
        if since < timedelta(0):
            raise ValueError
    except ValueError as error:
        raise NotARecordError(f"no RFC 3339 time `{text[:40]}`") from error
    return (since.days * 86_400 + since.seconds) * SECOND
