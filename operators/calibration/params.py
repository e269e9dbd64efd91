"""Settings of calibration."""

from typing import Annotated

import msgspec

from operators.numerics.quantile import Share

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Factor = Annotated[float, msgspec.Meta(gt=1, le=1e9)]


class MixParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`operators.calibration.mixed_atr.MixedAtr`.

    The first two were chosen on the first half of real bars of 1 and 5 minutes; there
    and on the second half they do better than 0.5 and 0.01.

    Attributes:
        rate: How fast a period loses weight by its losses, eta [1].
        share: How much of all weight is dealt out anew at each window, alpha [1].
        most: The largest loss that counts.
    """

    rate: Positive = 0.1
    share: Share = 0.001
    most: Positive = 5.0


class CalibrationParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`operators.calibration.calibrate.Calibrate`.

    Attributes:
        length_ms: Length of the windows that are learnt from [ms]; others are ignored.
        mix: How periods of the ATR are mixed.
        alarm_rate: The share of windows that may be wide, and that may be thin [1].
        threshold_rate: How fast those bounds are learnt; see
            :class:`operators.numerics.quantile.Quantile`.
        threshold_start: How many windows give their first value.
        warm_up: How many windows must have been seen before anything is measured by
            their mean and deviation.
        memory: How many windows it takes to forget one to 1/e; what is known is worth
            no more than so many.
        revert: How much of the expected volatility is that of the last day, the season
            taken out, as an exponent [1].
        season_weeks: How many weeks it takes to forget an hour of the week to 1/e, and
            one of the day.
        stale_days: After how many days what was learnt is worth 1/e [d].
        step: By how much a parameter may move within a day, as a factor [1].
        change: By how much it must have moved to be said again at once, as a factor.
        wobble: By how much it may be away from what it was in the last day until its
            stability is 1/e, as a factor.
    """

    length_ms: Annotated[int, msgspec.Meta(ge=1, le=86_400_000)] = 60_000
    mix: MixParams = MixParams()
    alarm_rate: Share = 0.01
    threshold_rate: Positive = 0.05
    threshold_start: Count = 120
    warm_up: Annotated[int, msgspec.Meta(ge=2, le=10**9)] = 60
    memory: Count = 10_080
    revert: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1
    season_weeks: Count = 8
    stale_days: Positive = 7.0
    step: Factor = 3.0
    change: Factor = 1.1
    wobble: Factor = 2.0
