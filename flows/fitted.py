"""The slow parts of calibration, fitted at once: the pool, and each symbol's own.

A symbol's windows are taken in blocks, each of which gives an estimate of its own. How
much those differ within symbols, and how much more the symbols differ, says by how many
windows a symbol can be believed (Bühlmann and Straub): ``k = within / between``. All is
done on logarithms, the season taken out.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from math import exp, log
from typing import Final, NamedTuple

import numpy as np

from flows.fit_seasons import at_hours, factors, hourly, seasons
from flows.fit_windows import NUMBERS, Floats, Windows
from operators.calibration.params import MixParams
from operators.calibration.prior import Doubt, Entry, Hours, Parameters, Pool
from operators.numerics.buhlmann import Parts, parts
from operators.numerics.hedge import Hedge, log_mean, qlike
from operators.records.time import SECOND

BLOCK: Final = 240
FEWEST: Final = 120
_DAY_NS: Final = 86_400 * SECOND
_WOBBLE: Final = log(2.0)

Blocks = list[tuple[float, float]]


class How(NamedTuple):
    """How a fit is made.

    Attributes:
        length_ms: Length of the windows [ms].
        alarm_rate: The share of windows that may be wide, and that may be thin [1].
        expires_d: How long the fits hold [d].
        mix: How periods of the ATR are mixed.
    """

    length_ms: int = 60_000
    alarm_rate: float = 0.01
    expires_d: float = 30.0
    mix: MixParams = MixParams()


class Fitted(NamedTuple):
    """What a fit found.

    Attributes:
        pool: What all symbols have in common.
        entries: Each symbol's own.
        few: ``venue:symbol`` of those with too few windows for one.
    """

    pool: Pool
    entries: list[Entry]
    few: list[str]


class _Own(NamedTuple):
    """A symbol's estimate of a parameter, a logarithm: whole, in blocks, in halves."""

    whole: float
    n: int
    blocks: Blocks
    halves: tuple[float, float] | None


def fit(samples: Sequence[Windows], how: How) -> Fitted:
    """Fit the pool and every symbol that has enough windows."""
    hours = _hours(samples)
    owns = [
        dict(_owns(each, of_symbol, how))
        for each, of_symbol in zip(samples, hours.own, strict=True)
    ]
    doubt, level = Doubt(), {}
    for name in Parameters.__struct_fields__:
        known = [own[name] for own in owns if name in own]
        if not known:
            continue
        found = parts([own.blocks for own in known])
        k = _bounded(found.k) if found is not None else getattr(doubt, name)
        if found is not None:
            doubt = _replaced(doubt, name, k)
        trust = [own.n / (own.n + k) for own in known]
        whole = sum(z * own.whole for z, own in zip(trust, known, strict=True))
        level[name] = exp(whole / sum(trust))
    if hours.k is not None:
        doubt = _replaced(doubt, "hours", _bounded(hours.k))
    pool = Pool(
        length_ms=how.length_ms,
        fitted_from_ns=min((int(each.start_ns[0]) for each in samples), default=0),
        fitted_to_ns=max((int(each.end_ns[-1]) for each in samples), default=0),
        symbols=sum(len(each.end_ns) >= FEWEST for each in samples),
        parameters=Parameters(**level),
        doubt=doubt,
        hours=hours.pool,
        code=version("tapewatch"),
    )
    entries, few = [], []
    for each, own, of_symbol in zip(samples, owns, hours.own, strict=True):
        if len(each.end_ns) < FEWEST or not own:
            few.append(f"{each.venue}:{each.symbol}")
        else:
            entries.append(_entry(each, own, of_symbol, pool, how))
    return Fitted(pool, entries, few)


def drawn(own: float, n: int, pool: float, k: float) -> float:
    """Return an own parameter, drawn to the pool's on its logarithm."""
    return exp(Parts(log(pool), 0.0, 0.0, k).drawn(log(own), n))


class _AllHours(NamedTuple):
    pool: Hours
    own: list[Hours]
    k: float | None


def _hours(samples: Sequence[Windows]) -> _AllHours:
    found = {
        name: seasons([hourly(each, name) for each in samples]) for name in NUMBERS
    }
    pool = {name: factors(each.pool) for name, each in found.items()}
    own = [
        Hours(**{name: factors(each.own[at]) for name, each in found.items()})
        for at in range(len(samples))
    ]
    return _AllHours(Hours(**pool), own, found["volatility"].k)


def _owns(windows: Windows, hours: Hours, how: How) -> Iterator[tuple[str, _Own]]:
    """Yield the own estimates of a symbol, by the parameter's name."""
    flat = {
        name: windows.numbers[name] / at_hours(getattr(hours, name), windows.hours)
        for name in NUMBERS
    }
    for name, number, share in (
        ("wide_bps", "spread", 1.0 - how.alarm_rate),
        ("thin", "depth", how.alarm_rate),
        ("volatility", "volatility", None),
    ):
        x = flat[number]
        logs = np.log(x[x > 0.0])
        if logs.size >= FEWEST:
            yield name, _own(logs, share)
    periods = _effective(windows, how.mix)
    if periods.size >= FEWEST:
        yield "atr_period", _own(periods, None)


def _own(logs: Floats, share: float | None) -> _Own:
    def of(x: Floats) -> float:
        return float(x.mean() if share is None else np.quantile(x, share))

    count = max(len(logs) // BLOCK, 1)
    blocks = [(float(len(x)), of(x)) for x in np.array_split(logs, count)]
    halves = None
    if len(logs) >= 2 * FEWEST:
        first, second = np.array_split(logs, 2)
        halves = of(first), of(second)
    return _Own(of(logs), len(logs), blocks, halves)


def _effective(windows: Windows, mix: MixParams) -> Floats:
    """Return the logarithm of the mixed ATR's effective period after each window."""
    hedge, found = Hedge.of(max(len(windows.periods), 1)), []
    ratio, n = 1.5, 100
    for true_range, atr in zip(
        windows.true_range.tolist(), windows.atr.tolist(), strict=True
    ):
        known = [each if each > 0.0 else None for each in atr]
        mixed = log_mean(hedge.weights, known) if known else None
        if mixed is None or not true_range >= 0.0:
            continue
        x = true_range * true_range
        losses = [each and qlike(x, ratio * each * each, mix.most) for each in known]
        hedge.update(losses, mix.rate, mix.share)
        n += 1
        ratio += (x / (mixed * mixed) - ratio) / n
        period = log_mean(hedge.weights, [float(each) for each in windows.periods])
        found.append(log(period) if period else 0.0)
    return np.array(found)


def _entry(
    windows: Windows, own: dict[str, _Own], hours: Hours, pool: Pool, how: How
) -> Entry:
    trust = [
        each.n / (each.n + getattr(pool.doubt, name)) for name, each in own.items()
    ]
    credibility = sum(trust) / len(trust)
    moved = [
        abs(a - b) for each in own.values() if each.halves for a, b in [each.halves]
    ]
    stability = exp(-(sum(moved) / len(moved)) / _WOBBLE) if moved else 1.0
    to_ns = int(windows.end_ns[-1])
    return Entry(
        venue=windows.venue,
        symbol=windows.symbol,
        length_ms=how.length_ms,
        fitted_from_ns=int(windows.start_ns[0]),
        fitted_to_ns=to_ns,
        expires_ns=to_ns + int(how.expires_d * _DAY_NS),
        n=len(windows.end_ns),
        credibility=round(credibility, 6),
        confidence=round(credibility * stability, 6),
        parameters=Parameters(**{name: exp(each.whole) for name, each in own.items()}),
        hours=hours,
        code=version("tapewatch"),
    )


def _bounded(k: float) -> float:
    return max(k, 1e-6)


def _replaced(doubt: Doubt, name: str, k: float) -> Doubt:
    values = {each: getattr(doubt, each) for each in Doubt.__struct_fields__}
    return Doubt(**values | {name: k})
