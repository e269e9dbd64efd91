"""Features -> what is normal for a symbol, and each window beside it."""

from collections.abc import Callable, Iterable, Iterator
from math import exp, log
from typing import Final

from operators.calibration.base import (
    DAY_NS,
    HOUR_NS,
    Base,
    base_at,
    hour_of_week,
)
from operators.calibration.params import CalibrationParams
from operators.calibration.prior import Parameters, Prior
from operators.calibration.spoken import calibration, normalised
from operators.calibration.state import CalibrateState, Factors, Judged, Seen
from operators.calibration.volatility import of_window
from operators.numerics.season import Lengths
from operators.records.calibration import Calibration, Normalised
from operators.records.feature import Feature
from operators.records.time import MS

_DAYS: Final = 7

Priors = Callable[[str], Prior]
"""What is known of a symbol from elsewhere, by its key."""


def nothing_known(_key: str) -> Prior:
    """Return a prior that knows nothing."""
    return Prior()


class Calibrate:
    """Learn what is normal for a symbol, and measure each window by it.

    A window is measured by what was normal before it, and learnt from after. What the
    symbol shows by itself is drawn to what is known from elsewhere by how much each is
    worth, on logarithms; see :mod:`operators.calibration.prior`. What a person has
    fixed is in force at once and at every hour.

    A window that is not behind the last one is passed over: it was learnt from already.
    Ranges and returns are learnt only from windows that follow each other.

    In:  Feature, one symbol, by time of their end; those of one length are looked at.
    Out: Normalised for each window; Calibration at first, when a parameter has moved,
         and in each hour.
    """

    def __init__(
        self, params: CalibrationParams, priors: Priors = nothing_known
    ) -> None:
        """Say by what to learn.

        Args:
            params: Settings.
            priors: What is known of a symbol before; asked once, at its first window
                here. It is no state: a changed one takes effect on restart.
        """
        self._params, self._priors = params, priors
        self._prior: Prior | None = None
        self._length_ns = params.length_ms * MS
        an_hour = max(HOUR_NS // self._length_ns, 1)
        weeks = params.season_weeks
        self._lengths = Lengths(params.memory, weeks * _DAYS * an_hour, weeks * an_hour)
        self.state = CalibrateState.of(params)

    def update(self, features: Iterable[Feature]) -> Iterator[Calibration | Normalised]:
        """Take in features; yield what follows from each."""
        length_ns, state = self._length_ns, self.state
        for feature in features:
            if feature.length_ns == length_ns and (
                state.event_ns is None or feature.event_ns > state.event_ns
            ):
                yield from self._window(feature)

    def close(self) -> Iterator[Calibration | Normalised]:
        """Nothing is left to say."""
        return iter(())

    def _window(self, feature: Feature) -> Iterator[Calibration | Normalised]:
        state, end_ns, params = self.state, feature.event_ns, self._params
        prior = self._prior
        if prior is None:
            prior = self._prior = self._priors(feature.key)
        pins, start_ns = prior.pins, end_ns - self._length_ns
        base = base_at(prior, start_ns, params)
        follows = state.event_ns == start_ns
        factors = state.factors
        if factors is None or not follows:
            factors = self._settle(base, pins, start_ns)
        seen, hour = self._seen(feature, follows), hour_of_week(start_ns)
        judged = self._judge(seen, factors, pins)
        self._learn(seen, factors, judged, hour)
        state.atr.take(feature.atr_periods, feature.atr, follows)
        if feature.close is not None:
            state.close = feature.close
        state.mid, state.event_ns = feature.mid, end_ns
        if any(each is not None for each in seen[1:]):
            state.windows, state.learnt_ns = state.windows + 1, end_ns
        base = base_at(prior, end_ns, params)
        factors = state.factors = self._settle(base, pins, end_ns)
        yield normalised(feature, judged, state)
        said = calibration(feature, state, factors, base, pins=pins, params=params)
        if said is not None:
            yield said

    def _seen(self, feature: Feature, follows: bool) -> Seen:
        """Return what a window shows."""
        state = self.state
        high, low, close, mid = feature.high, feature.low, state.close, feature.mid
        change = true_range = None
        if follows and mid is not None and state.mid is not None:
            change = log(mid / state.mid) if mid > 0.0 and state.mid > 0.0 else None
        if follows and high is not None and low is not None and close is not None:
            true_range = max(high, close) - min(low, close)
        bid, ask = feature.bid_depth, feature.ask_depth
        spread = feature.spread_mean_bps
        return Seen(
            feature.turnover,
            change,
            true_range,
            of_window(feature.realised_variance, feature.rogers_satchell),
            feature.spread_bps if spread is None else spread,
            None if bid is None or ask is None else min(bid, ask),
        )

    def _factors(self, base: Base, hour: int) -> Factors:
        """Return what an hour makes of each number, as far as is known."""
        state, doubt = self.state, base.doubt.hours
        return Factors(
            *(
                usual.season.factor(hour, doubt, base.season(name, hour))
                for name, usual in (
                    ("volatility", state.volatility.usual),
                    ("turnover", state.turnover),
                    ("spread", state.spread),
                    ("depth", state.depth),
                )
            )
        )

    def _judge(self, seen: Seen, factors: Factors, pins: Parameters) -> Judged:
        """Measure a window by what was normal before it."""
        state, start = self.state, self._params.warm_up
        volatility = state.volatility
        level = volatility.level.value if pins.volatility is None else pins.volatility
        expected = volatility.expected(factors.volatility, pins.volatility)
        wide = state.wide.at(factors.spread, pins.wide_bps)
        thin = state.thin.at(factors.depth, pins.thin)
        return Judged(
            seen.change / expected if seen.change is not None and expected else None,
            volatility.usual.z(seen.volatility, factors.volatility, start, level),
            state.turnover.z(seen.turnover, factors.turnover, start),
            state.spread.z(seen.spread, factors.spread, start),
            state.depth.z(seen.depth, factors.depth, start),
            None if seen.spread is None or wide is None else seen.spread > wide,
            None if seen.depth is None or thin is None else seen.depth < thin,
        )

    def _learn(self, seen: Seen, factors: Factors, judged: Judged, hour: int) -> None:
        """Take in a window."""
        state, params, lengths = self.state, self._params, self._lengths
        state.atr.learn(seen.true_range, params)
        period = state.atr.period.value
        state.volatility.learn(seen.change, factors.volatility, period, params.memory)
        rate = params.alarm_rate
        state.wide.update(seen.spread, judged.is_wide, factors.spread, rate)
        state.thin.update(seen.depth, judged.is_thin, factors.depth, rate)
        for usual, x, factor in (
            (state.volatility.usual, seen.volatility, factors.volatility),
            (state.turnover, seen.turnover, factors.turnover),
            (state.spread, seen.spread, factors.spread),
            (state.depth, seen.depth, factors.depth),
        ):
            usual.update(x, hour, factor, lengths)

    def _settle(self, base: Base, pins: Parameters, at_ns: int) -> Factors:
        """Put in force what is known at a time; return the factors from then on."""
        state, params = self.state, self._params
        state.wide.settle(base, at_ns, params)
        state.thin.settle(base, at_ns, params)
        logs = state.volatility.usual.logs
        own = exp(logs.mean) if logs.n >= params.warm_up else None
        state.volatility.level.settle(own, logs.n, base, at_ns, params)
        state.atr.settle(pins.atr_period, base, at_ns, params)
        factors = self._factors(base, hour_of_week(at_ns))
        atr, close = state.atr.value, state.close
        natr = atr / close if atr is not None and close else None
        day = max(DAY_NS // self._length_ns, 1)
        state.volatility.settle(natr, factors.volatility, params.revert, day)
        return factors
