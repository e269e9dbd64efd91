"""Features of a made symbol."""

from typing import Any

from hypothesis import strategies as st

from operators.calibration.params import CalibrationParams
from operators.calibration.prior import Doubt, Entry, Hours, Parameters, Pool, Prior
from operators.records.feature import Feature
from operators.records.time import MINUTE

MONDAY_NS = 1_704_067_200_000_000_000
PERIODS = (5, 14, 55)
HASTY = CalibrationParams(threshold_start=5, warm_up=3, memory=50, alarm_rate=0.1)
POOL = Pool(
    parameters=Parameters(atr_period=12.0, wide_bps=40.0, thin=900.0, volatility=1e-3),
    doubt=Doubt(atr_period=50.0, wide_bps=10.0, thin=10.0, volatility=20.0),
    hours=Hours(spread=tuple(1.0 + hour % 24 / 24 for hour in range(168))),
)


def feature(number: int, symbol: str = "X-Y", **more: Any) -> Feature:
    """Return the window that ends so many minutes after a Monday began."""
    known: dict[str, Any] = {
        "venue": "okx",
        "symbol": symbol,
        "event_ns": MONDAY_NS + number * MINUTE,
        "length_ns": MINUTE,
        "volume": 0.0,
        "signed_volume": 0.0,
        "turnover": 0.0,
        "trades": 0,
    }
    return Feature(**{**known, **more})


def traded(number: int, price: float, size: float, symbol: str = "X-Y") -> Feature:
    """Return a window in which all is known, by a price and a size of its numbers."""
    return feature(
        number,
        symbol,
        open=price,
        high=price * (1.0 + 0.002 * size),
        low=price * (1.0 - 0.001 * size),
        close=price,
        mid=price,
        turnover=1e5 * size,
        volume=1e5 * size / price,
        trades=7,
        spread_bps=11.0 * size,
        spread_mean_bps=10.0 * size,
        bid_depth=5_000.0 / size,
        ask_depth=4_000.0 / size,
        realised_variance=1e-6 * size * size,
        atr_periods=PERIODS,
        atr=tuple(price * 0.001 * (size + n / 100) for n in PERIODS),
    )


def entry(fitted_to: int, expires: int, **more: Any) -> Entry:
    """Return a fit, its times in minutes after the Monday."""
    parameters = Parameters(atr_period=30.0, wide_bps=8.0, thin=99.0, volatility=3e-3)
    known: dict[str, Any] = {
        "venue": "okx",
        "symbol": "X-Y",
        "fitted_from_ns": MONDAY_NS - 10**15,
        "fitted_to_ns": MONDAY_NS + fitted_to * MINUTE,
        "expires_ns": MONDAY_NS + expires * MINUTE,
        "n": 40,
        "parameters": parameters,
    }
    return Entry(**{**known, **more})


def windows(symbol: str = "X-Y") -> st.SearchStrategy[list[Feature]]:
    """Windows with holes, repeats, silences of hours, and much that is not known."""
    later = st.sampled_from([1] * 12 + [0, 2, 60, 1_500])
    price, size = st.floats(90, 110), st.sampled_from([0.5, 1.0, 1.1, 1.3, 2.0, 20.0])
    kind = st.sampled_from(["traded"] * 6 + ["quiet", "silent", "still", "other"])
    drawn = st.tuples(later, price, size, kind)

    def numbered(each: list[Any]) -> list[Feature]:
        found, number = [], 0
        for later, price, size, kind in each:
            number += later
            found.append(_of_kind(kind, number, price, size, symbol))
        return found

    return st.lists(drawn, max_size=60).map(numbered)


def _of_kind(kind: str, number: int, price: float, size: float, symbol: str) -> Feature:
    match kind:
        case "traded":
            return traded(number, price, size, symbol)
        case "quiet":
            quoted = {"mid": price, "spread_mean_bps": 9.0, "bid_depth": 5.0}
            atr = {"atr_periods": PERIODS, "atr": (None, 0.1, None)}
            return feature(number, symbol, **quoted, **atr, realised_variance=0.0)
        case "still":
            same = dict.fromkeys(("open", "high", "low", "close", "mid"), price)
            atr = {"atr_periods": PERIODS, "atr": (0.0, 0.1, None)}
            return feature(number, symbol, **same, **atr, spread_mean_bps=0.0)
        case "other":
            return feature(number, symbol, length_ns=1_000_000_000)
        case _:
            return feature(number, symbol)


def priors() -> st.SearchStrategy[Prior]:
    """Pools, fits that are old, valid or of the future, and pins."""
    pins = st.sampled_from(
        [Parameters(), Parameters(wide_bps=7.0), Parameters(atr_period=14.0, thin=1.0)]
    )
    fits = st.one_of(
        st.none(),
        st.tuples(st.integers(-9, 99), st.integers(1, 90)).map(
            lambda it: entry(it[0], it[0] + it[1])
        ),
    )
    return st.builds(
        Prior,
        pool=st.sampled_from([Pool(), POOL]),
        entry=fits,
        pins=pins,
        origin=st.just("abc"),
    )
