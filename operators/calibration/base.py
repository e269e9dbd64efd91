"""What of a prior may be used at a time, and what it is worth then."""

from math import exp
from typing import Final, NamedTuple

from operators.calibration.params import CalibrationParams
from operators.calibration.prior import Doubt, Hours, Parameters, Pool, Prior
from operators.numerics.hour_factors import WEEK
from operators.records.time import MINUTE

HOUR_NS: Final = 60 * MINUTE
DAY_NS: Final = 24 * HOUR_NS
_MONDAY: Final = 72  # 1970 began on a Thursday, three days behind a Monday
_NOTHING: Final = Parameters()
_NO_POOL: Final = Pool()


class Base(NamedTuple):
    """What a symbol's own estimates are drawn to.

    Attributes:
        pool: The pool's parameters.
        doubt: What they are worth, in windows.
        entry: Those of the symbol's own fit.
        seen: How many windows that was fitted on, as far as they count.
        worth: How many of them it is worth by its age.
        hours: The factors of the hours: the entry's, else the pool's.
        origin: The hash of what is used.
    """

    pool: Parameters
    doubt: Doubt
    entry: Parameters
    seen: float
    worth: float
    hours: Hours
    origin: str

    def season(self, name: str, hour: int) -> float:
        """Return what is known of an hour of the week from elsewhere.

        Args:
            name: Of what, as :class:`Hours` names it.
            hour: Of the week, 0 to 167.
        """
        factors: tuple[float, ...] = getattr(self.hours, name)
        return factors[hour] if factors else 1.0


def base_at(prior: Prior, at_ns: int, params: CalibrationParams) -> Base:
    """Return what may be used at an event time: nothing that was fitted later.

    Nor what was fitted on windows of another length, nor an entry that has expired.
    """
    pool, entry = prior.pool, prior.entry
    is_pooled = pool.length_ms == params.length_ms and at_ns >= pool.fitted_to_ns
    if not is_pooled:
        pool = _NO_POOL
    pinned = prior.pins != _NOTHING
    if (
        entry is None
        or entry.length_ms != params.length_ms
        or not entry.fitted_to_ns <= at_ns < entry.expires_ns
    ):
        is_origin = pinned or (entry is None and is_pooled)
        origin = prior.origin if is_origin else ""
        return Base(
            *(pool.parameters, pool.doubt, _NOTHING, 0.0, 0.0, pool.hours, origin)
        )
    seen = float(min(entry.n, params.memory))
    worth = seen * fresh(at_ns - entry.fitted_to_ns, params)
    hours = entry.hours if entry.hours != Hours() else pool.hours
    return Base(
        *(pool.parameters, pool.doubt, entry.parameters, seen, worth, hours),
        prior.origin,
    )


def fresh(age_ns: int, params: CalibrationParams) -> float:
    """Return what is left of the worth of what was learnt so long ago, 0 to 1."""
    return exp(-age_ns / (params.stale_days * DAY_NS))


def hour_of_week(at_ns: int) -> int:
    """Return the hour of the week in UTC, 0 to 167; the first is Monday's."""
    return (at_ns // HOUR_NS + _MONDAY) % WEEK
