"""ATRs of several periods, mixed by how well each foretells the next range."""

from math import exp, log

import msgspec

from operators.calibration.base import DAY_NS, Base
from operators.calibration.parameter import DAY_MS, Parameter
from operators.calibration.params import CalibrationParams
from operators.numerics.credibility import shares
from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.hedge import Hedge, log_mean, qlike, weights_at

_DOUBT = 100.0
_SQUARES = 1.5
"""The mean of a squared true range beside the square of its mean, about so."""


def _period() -> Parameter:
    return Parameter("atr_period")


class MixedAtr(msgspec.Struct):
    """The mix, and the period that it amounts to.

    Each ATR foretells the square of the next true range as its own square, times what
    that has been on average. The geometric mean of the periods is the effective period.
    It is linear in the weights on its logarithm, so drawing it to the pool, moving it
    slowly and pinning it are all done to the weights.

    Attributes:
        periods: [k], ascending.
        hedge: The symbol's own weights.
        weights: [k], those in force.
        anchors: [k], those in force when the day began.
        atr: [k], the latest [quote].
        value: The mixed ATR; None until it is known [quote].
        scale: Of squared true ranges beside the square of the mixed ATR.
        period: The effective period.
    """

    periods: tuple[int, ...] = ()
    hedge: Hedge = msgspec.field(default_factory=lambda: Hedge([]))
    weights: list[float] = msgspec.field(default_factory=list)
    anchors: list[float] = msgspec.field(default_factory=list)
    atr: tuple[float | None, ...] = ()
    value: float | None = None
    scale: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    period: Parameter = msgspec.field(default_factory=_period)

    def learn(self, true_range: float | None, params: CalibrationParams) -> bool:
        """Judge each ATR by the window behind it; return whether that could be.

        Args:
            true_range: Of that window; None if it had none [quote].
            params: Settings.
        """
        mixed = self.value
        if true_range is None or mixed is None:
            return False
        x, n = true_range * true_range, self.scale.n
        scale = (self.scale.mean * n + _SQUARES * _DOUBT) / (n + _DOUBT)
        mix = params.mix
        losses = [
            qlike(x, scale * atr * atr, mix.most) if atr else None for atr in self.atr
        ]
        self.hedge.update(losses, mix.rate, mix.share)
        self.scale.update(x / (mixed * mixed), params.memory)
        return True

    def take(
        self, periods: tuple[int, ...], atr: tuple[float | None, ...], follows: bool
    ) -> None:
        """Take in the ATRs at a window's end; begin anew if their periods are new."""
        if periods and periods != self.periods:
            self.periods, self.hedge = periods, Hedge.of(len(periods))
            self.weights, self.scale = list(self.hedge.weights), ExponentialMean()
            self.anchors, self.period = list(self.weights), _period()
            self.atr = ()
        if len(atr) == len(self.periods) and any(each is not None for each in atr):
            self.atr = atr
        elif not follows or not self.atr:
            self.atr = (None,) * len(self.periods)

    def settle(
        self, pin: float | None, base: Base, at_ns: int, params: CalibrationParams
    ) -> None:
        """Put weights in force; see :meth:`Parameter.settle`.

        Args:
            pin: The period that a person has fixed, if so [windows].
            base: What the own weights are drawn to.
            at_ns: When they come into force [ns UTC].
            params: Settings.
        """
        if not self.periods:
            return
        if pin is None:
            self._move(base, at_ns, params)
        else:
            self.weights = self.anchors = weights_at(self.periods, pin)
            self.period.pin(pin, at_ns)
        self.value = log_mean(self.weights, self.atr)

    def _move(self, base: Base, at_ns: int, params: CalibrationParams) -> None:
        """Go towards the weights that are wanted, as far as may be in a day."""
        wanted = self._drawn(base, params)
        steady, logs = self.period.steady, [log(n) for n in self.periods]
        day = at_ns // DAY_NS
        if steady.value is None:
            self.anchors = wanted
        elif day != steady.day:
            self.anchors = self.weights
        far = sum(w * n for w, n in zip(wanted, logs, strict=True))
        near = sum(w * n for w, n in zip(self.anchors, logs, strict=True))
        day_windows = max(DAY_MS // params.length_ms, 1)
        most = log(params.step)
        steady.move(exp(far), day, most, day_windows)
        self.weights = wanted
        if abs(far - near) > most:
            reach = most / abs(far - near)
            self.weights = [
                a + reach * (w - a) for a, w in zip(self.anchors, wanted, strict=True)
            ]

    def _drawn(self, base: Base, params: CalibrationParams) -> list[float]:
        """Return the symbol's own weights, drawn to those of its fit and the pool."""
        own = float(min(self.hedge.n, params.memory))
        self.period.believe(own, base)
        pool, entry = base.pool.atr_period, base.entry.atr_period
        known = [
            base.doubt.atr_period if pool is not None else 0.0,
            base.worth if entry is not None else 0.0,
            own,
        ]
        parts = shares(known)
        if not parts or parts[2] == 1.0:
            return list(self.hedge.weights)
        drawn = [parts[2] * weight for weight in self.hedge.weights]
        for part, period in zip(parts, (pool, entry), strict=False):
            if part and period is not None:
                for k, weight in enumerate(weights_at(self.periods, period)):
                    drawn[k] += part * weight
        return drawn
