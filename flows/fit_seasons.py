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
_SMALLEST: Final = 1e-6
_INDICATORS: Final = np.hstack([np.eye(WEEK), np.tile(np.eye(_DAY), (7, 1))])
"""[168, 192]: the hours of the week, and beside them the hours of the day."""


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
    own = [pool if k is None else pool + credible(each, k) for each in left]
    return Seasons(pool, own, k)


def ridged(hours: Hourly, k: float) -> Floats:
    """Return 168 logarithms, each drawn to that of its hour of the day, and this to 0.

    A ridge over indicators of the hours of the day and of the week.

    Args:
        hours: What was seen.
        k: The penalty [windows].
    """
    if not hours.at.size or k >= MOST:
        return np.zeros(WEEK)
    weight, mean = _by_bucket(hours)
    model = Ridge(alpha=max(k, _SMALLEST), fit_intercept=False, solver="cholesky")
    model.fit(_INDICATORS, mean, sample_weight=weight)
    logs: Floats = np.asarray(model.predict(_INDICATORS), dtype=np.float64)
    return logs


def credible(hours: Hourly, k: float) -> Floats:
    """Return the same as :func:`ridged`, in closed form: there are many symbols.

    With ``q = w k / (w + k)``, the hour of the day is ``sum q m / (sum q + k)``, and
    what an hour of the week adds to it ``w / (w + k)`` of what is left of its mean.

    Source:
        W. Jewell, "The use of collateral data in credibility theory: a hierarchical
        model", Giornale dell'Istituto Italiano degli Attuari 38, 1975.
    """
    if not hours.at.size or k >= MOST:
        return np.zeros(WEEK)
    k = max(k, _SMALLEST)
    weight, mean = _by_bucket(hours)
    part = (weight * k / (weight + k)).reshape(-1, _DAY)
    means = mean.reshape(-1, _DAY)
    of_day = (part * means).sum(axis=0) / (part.sum(axis=0) + k)
    own = (weight / (weight + k)).reshape(-1, _DAY)
    logs: Floats = (of_day + own * (means - of_day)).ravel()
    return logs


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


def _by_bucket(hours: Hourly) -> tuple[Floats, Floats]:
    """Return the weight and the mean of each hour of the week, [168]."""
    weight: Floats = np.bincount(
        hours.bucket, weights=hours.weight, minlength=WEEK
    ).astype(np.float64)
    total = np.bincount(
        hours.bucket, weights=hours.value * hours.weight, minlength=WEEK
    )
    return weight, total / np.where(weight > 0.0, weight, 1.0)


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
