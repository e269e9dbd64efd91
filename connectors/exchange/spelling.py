"""How several venues write times and numbers."""

from datetime import UTC, datetime
from typing import Final

from connectors.exchange.listing import UNIT
from operators.records.time import SECOND

_DIGITS: Final = 9


def iso(time_ns: int, digits: int = _DIGITS) -> str:
    """Return a time as RFC 3339 has it.

    >>> iso(1_723_161_253_937_085_768, 6)
    '2024-08-08T23:54:13.937085Z'
    """
    second, rest = divmod(time_ns, SECOND)
    text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{f'{rest:09d}'[:digits]}Z"


def plain(units: int) -> str:
    """Return whole multiples of 1e-8 as a number without zeros at its end.

    >>> plain(6_183_760_000_000), plain(100_000_000)
    ('61837.6', '1')
    """
    return fixed(units, 8).rstrip("0").rstrip(".")


def fixed(units: int, places: int) -> str:
    """Return whole multiples of 1e-8 with so many decimals; what is finer is cut.

    >>> fixed(6_183_760_000_000, 2)
    '61837.60'
    """
    whole, rest = divmod(units, UNIT)
    return f"{whole}.{rest:08d}"[: len(str(whole)) + 1 + places].rstrip(".")


def places(step: int) -> int:
    """Return how many decimals the multiples of a step have [1e-8].

    >>> places(1_000_000), places(100_000_000)
    (2, 0)
    """
    return len(plain(step).partition(".")[2])
