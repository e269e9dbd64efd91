"""Calibrations of any shape, for tests."""

from typing import Any

from hypothesis import strategies as st

from operators.calibration.prior import Entry, Hours, Parameters

DAY_NS = 86_400 * 10**9
NOW_NS = 1_700_000_000 * 10**9

POSITIVE = st.floats(
    min_value=0, max_value=1e300, exclude_min=True, allow_nan=False, width=64
)
SHARES = st.floats(0, 1)
HOURS = st.lists(st.floats(0.01, 100), min_size=168, max_size=168).map(tuple)
VENUES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True).filter(
    lambda name: name != "past"
)
PART = st.text(
    st.characters(
        exclude_categories=["Z", "C", "Ll"], exclude_characters="-_/", codec="utf-8"
    ),
    min_size=1,
    max_size=8,
).filter(lambda part: part.isprintable())
SYMBOLS = st.lists(PART, min_size=2, max_size=3).map("-".join)


def parameters() -> Any:
    """Return a strategy of parameters, some known."""
    names = Parameters.__struct_fields__
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, POSITIVE)).map(
        lambda known: Parameters(**known)
    )


def hours() -> Any:
    """Return a strategy of seasons: of few, since they are long."""
    names = Hours.__struct_fields__
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names[:2], HOURS)).map(
        lambda known: Hours(**known)
    )


@st.composite
def entries(draw: Any) -> Entry:
    """Return a strategy of fits."""
    times = sorted(draw(st.lists(st.integers(-(2**62), 2**62), min_size=2, max_size=2)))
    return Entry(
        venue=draw(VENUES),
        symbol=draw(SYMBOLS),
        length_ms=draw(st.integers(1, 10**9)),
        fitted_from_ns=times[0],
        fitted_to_ns=times[1],
        expires_ns=times[1] + draw(st.integers(1, 2**61)),
        n=draw(st.integers(0, 2**50)),
        credibility=draw(SHARES),
        confidence=draw(SHARES),
        parameters=draw(parameters()),
        hours=draw(hours()),
        code=draw(st.text(st.characters(codec="utf-8"), max_size=12)),
    )


def entry(symbol: str = "BTC-USDT", **changes: Any) -> Entry:
    """Return a fit of a month that ended a day ago."""
    to_ns = NOW_NS - DAY_NS
    values = {
        "venue": "binance",
        "symbol": symbol,
        "fitted_from_ns": to_ns - 30 * DAY_NS,
        "fitted_to_ns": to_ns,
        "expires_ns": to_ns + 30 * DAY_NS,
        "n": 43_200,
        "credibility": 0.9,
        "confidence": 0.8,
        "parameters": Parameters(
            atr_period=14.0, wide_bps=3.5, thin=125_000.0, volatility=6.5e-4
        ),
        "hours": Hours(volatility=(1.25,) * 168),
        "code": "0.1.0",
    }
    return Entry(**values | changes)
