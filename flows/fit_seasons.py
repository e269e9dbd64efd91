"""What the hours of the week make of a number, for all symbols and for each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from sklearn.linear_model import Ridge

from flows.fit_windows import HOUR_NS, WEEK, Floats, Ints, Windows
from operators.numerics.buhlmann import MOST, parts

_LEAST: Final = 0.01
_GREATEST: Final = 100.0
_DAY: Final = 24
_FEWEST_DAYS: Final = 3


class Hourly(NamedTuple):
    """A number's logarithms in the calendar hours of a symbol, less their mean.

    Attributes:
        at: [n], hours since the epoch, each once.
        bucket: [n], of the week.
        value: [n], the mean of the hour's windows.
        weight: [n], how many windows.
    """

    at: Ints
    bucket: Ints
    value: Floats
    weight: Floats


class Seasons(NamedTuple):
    """Factors of the hours, as logarithms.

    Attributes:
        pool: [168], of all symbols together; empty if too little is known.
        own: [168] of each symbol, drawn to the pool's.
        k: After how many windows within an hour a symbol's own weighs as much as the
            pool's; None if not known.
    """

    pool: Floats
    own: list[Floats]
    k: float | None


def hourly(windows: Windows, name: str) -> Hourly:
    """Return a number by calendar hours; unknown hours are left out."""
    x = windows.numbers[name]
    known = x > 0.0
    at, place, count = np.unique(
        windows.start_ns[known] // HOUR_NS, return_inverse=True, return_counts=True
    )
    logs = np.log(x[known])
    value = np.bincount(place, weights=logs - (logs.mean() if logs.size else 0.0))
    bucket = (at + 72) % WEEK
    return Hourly(at, bucket, value / np.maximum(count, 1), count.astype(np.float64))


def seasons(of_symbols: Sequence[Hourly]) -> Seasons:
    """Fit the season of all symbols, and of each what it differs by.

    All symbols of one calendar hour share the news of that hour, so they count as one
    observation, of as many windows as one symbol has on average. How far an hour is
    believed follows from how alike it is from day to day.
    """
    nothing = Seasons(np.empty(0), [np.empty(0)] * len(of_symbols), None)
    market = _together(of_symbols)
    if len(set((market.at // _DAY).tolist())) < _FEWEST_DAYS:
        return nothing
    found = parts(_groups(market.bucket % _DAY, market))
    if found is None:
        return nothing
    pool = ridged(market, found.k)
    left = [each._replace(value=each.value - pool[each.bucket]) for each in of_symbols]
    groups = [group for each in left for group in _groups(each.bucket, each)]
    apart = parts(groups)
    k = None if apart is None else apart.k
    own = [pool if k is None else pool + ridged(each, k) for each in left]
    return Seasons(pool, own, k)


def ridged(hours: Hourly, k: float) -> Floats:
    """Return 168 logarithms, each drawn to that of its hour of the day, and this to 0.

    A ridge over indicators of the hours: for one set of indicators its penalty is
    credibility, ``n / (n + k)``; two sets share what the days have in common.

    Args:
        hours: What was seen.
        k: The penalty [windows].
    """
    if not hours.at.size or k >= MOST:
        return np.zeros(WEEK)
    indicators = _indicators(hours.bucket)
    model = Ridge(alpha=max(k, 1e-9), fit_intercept=False, solver="cholesky")
    model.fit(indicators, hours.value, sample_weight=hours.weight)
    logs: Floats = np.asarray(model.predict(_indicators(np.arange(WEEK))))
    level: Floats = logs - logs.mean()
    return level


def factors(logs: Floats) -> tuple[float, ...]:
    """Return factors of the hours as a file has them."""
    told = np.clip(np.exp(logs), _LEAST, _GREATEST)
    return tuple(round(float(each), 4) for each in told)


def at_hours(hours: Sequence[float], buckets: Ints) -> Floats:
    """Return the factor of each window; 1 where there is no season."""
    if not hours:
        return np.ones(len(buckets))
    found: Floats = np.array(hours)[buckets]
    return found


def _indicators(buckets: Ints) -> Floats:
    found = np.zeros((len(buckets), WEEK + _DAY))
    rows = np.arange(len(buckets))
    found[rows, buckets] = 1.0
    found[rows, WEEK + buckets % _DAY] = 1.0
    return found


def _together(of_symbols: Sequence[Hourly]) -> Hourly:
    at = np.concatenate([np.empty(0, np.int64), *(each.at for each in of_symbols)])
    value = np.concatenate([np.empty(0), *(each.value for each in of_symbols)])
    weight = np.concatenate([np.empty(0), *(each.weight for each in of_symbols)])
    hours, place, count = np.unique(at, return_inverse=True, return_counts=True)
    total = np.bincount(place, weights=weight)
    mean = np.bincount(place, weights=value * weight) / np.maximum(total, 1.0)
    return Hourly(hours, (hours + 72) % WEEK, mean, total / np.maximum(count, 1))


def _groups(keys: Ints, hours: Hourly) -> list[list[tuple[float, float]]]:
    groups: Mapping[int, list[tuple[float, float]]] = defaultdict(list)
    for key, weight, value in zip(
        keys.tolist(), hours.weight.tolist(), hours.value.tolist(), strict=True
    ):
        groups[key].append((weight, value))
    return list(groups.values())
