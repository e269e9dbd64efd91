"""Features and quality of all symbols in a window -> what makes each worth watching.

All components but one are the symbol's place among all (see
:mod:`operators.numerics.percentiles`). A place needs no scale, is not moved by a single
wild number, and says what is asked: where to look first, at this moment. What is
unusual for the symbol itself is the business of calibration. What is told in the quote
currency is compared among symbols of one. How far data can be believed is no matter of
others: it is the quality score itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

from operators.numerics.percentiles import percentiles
from operators.records.feature import Feature
from operators.records.quality import QualityScore
from operators.records.time import SECOND


class Components(NamedTuple):
    """What makes a symbol worth watching: 0 (least) to 1 (most), None if not known.

    Attributes:
        volatility: By the volatility of its mid.
        turnover: By what is traded, among symbols of its quote currency.
        spread: By how narrow its mean spread is.
        depth: By the thinner side of its book within reach, likewise.
        momentum: By how far its mid has gone one way, in its own standard deviations,
            on the mean over the horizons.
        order_flow: By how one-sided its trades are, beside what chance makes of as many
            trades of one size.
        data_quality: Its quality score; 0 where it is not tradable.
    """

    volatility: float | None
    turnover: float | None
    spread: float | None
    depth: float | None
    momentum: float | None
    order_flow: float | None
    data_quality: float | None


def components(
    features: Sequence[Feature],
    scores: Sequence[QualityScore | None],
    dollars: Sequence[str],
) -> list[Components]:
    """Return the components of each symbol of a window, in their order.

    Args:
        features: One of each symbol, ``n``.
        scores: Its quality, where that is known, ``n``.
        dollars: Quote assets that are worth the same.
    """
    quotes = [_quote(each.symbol, dollars) for each in features]
    everyone = [""] * len(features)
    columns = (
        _places((each.volatility for each in features), everyone),
        _places((each.turnover for each in features), quotes),
        _places(map(_narrowness, features), everyone),
        _places(map(_depth, features), quotes),
        _places(map(_momentum, features), everyone),
        _places(map(_one_sidedness, features), everyone),
        map(_believed, scores),
    )
    return [Components(*row) for row in zip(*columns, strict=True)]


def _places(
    values: Iterable[float | None], groups: Iterable[str]
) -> list[float | None]:
    """Return the place of each value that is known among those of its group."""
    found: list[float | None] = []
    known: defaultdict[str, list[int]] = defaultdict(list)
    for place, (value, group) in enumerate(zip(values, groups, strict=True)):
        found.append(value)
        if value is not None:
            known[group].append(place)
    for places in known.values():
        shares = percentiles([found[place] or 0.0 for place in places])
        for place, share in zip(places, shares, strict=True):
            found[place] = share
    return found


def _quote(symbol: str, dollars: Sequence[str]) -> str:
    """Return the asset that a symbol's prices are in: ``BTC-USDT-PERP``."""
    quote = symbol.split("-", 2)[1]
    return "$" if quote in dollars else quote


def _narrowness(feature: Feature) -> float | None:
    mean_bps = feature.spread_mean_bps
    spread_bps = feature.spread_bps if mean_bps is None else mean_bps
    return None if spread_bps is None else -spread_bps


def _depth(feature: Feature) -> float | None:
    if feature.bid_depth is None or feature.ask_depth is None:
        return None
    return min(feature.bid_depth, feature.ask_depth)


def _momentum(feature: Feature) -> float | None:
    if not feature.volatility:
        return None
    length_s = feature.length_ns / SECOND
    known = [
        abs(gone) / sqrt(windows * length_s)
        for windows, gone in zip(feature.horizons, feature.returns, strict=False)
        if gone is not None
    ]
    return sum(known) / len(known) / feature.volatility if known else None


def _one_sidedness(feature: Feature) -> float | None:
    if feature.volume <= 0.0:
        return None
    return abs(feature.signed_volume) / feature.volume * sqrt(feature.trades)


def _believed(score: QualityScore | None) -> float | None:
    if score is None:
        return None
    return min(max(score.score / 100.0, 0.0), 1.0) if score.tradable else 0.0
