"""What is said of a symbol and of a window."""

from collections.abc import Iterator
from math import exp, log
from typing import Final

from operators.calibration.base import HOUR_NS, Base, fresh
from operators.calibration.params import CalibrationParams
from operators.calibration.prior import Parameters
from operators.calibration.state import CalibrateState, Factors, Judged, Said
from operators.records.calibration import Calibration, Normalised
from operators.records.feature import Feature

NAMES: Final = Parameters.__struct_fields__


def normalised(feature: Feature, judged: Judged, state: CalibrateState) -> Normalised:
    """Return the record of a window."""
    atr, close = state.atr.value, state.close
    return Normalised(
        **feature.stamp,
        length_ns=feature.length_ns,
        z_return=judged.z_return,
        z_volatility=judged.z_volatility,
        z_turnover=judged.z_turnover,
        z_spread=judged.z_spread,
        z_depth=judged.z_depth,
        atr=atr,
        natr=100.0 * atr / close if atr is not None and close else None,
        is_wide=judged.is_wide,
        is_thin=judged.is_thin,
    )


def calibration(
    feature: Feature,
    state: CalibrateState,
    factors: Factors,
    base: Base,
    *,
    pins: Parameters,
    params: CalibrationParams,
) -> Calibration | None:
    """Return the record of a symbol, if there is something to say; note that it was.

    Args:
        feature: The window behind it.
        state: What is remembered.
        factors: What the hour makes of each from here on.
        base: What is known from elsewhere.
        pins: What a person has fixed.
        params: Settings.
    """
    fixed = {name: getattr(pins, name) for name in NAMES}
    pinned = ",".join(name for name, pin in fixed.items() if pin is not None)
    learnt = {
        "atr_period": state.atr.period.value,
        "wide_bps": state.wide.bound.value,
        "thin": state.thin.bound.value,
        "volatility": state.volatility.level.value,
    }
    in_force = {
        name: learnt[name] if fixed[name] is None else fixed[name] for name in NAMES
    }
    now = Said(feature.event_ns // HOUR_NS, in_force, pinned, base.origin)
    reason = ",".join(_changed(state.said, now, log(params.change)))
    if not reason:
        return None
    state.said = now
    terms = _terms(feature.event_ns, state, base, params)
    return Calibration(
        **feature.stamp,
        length_ns=feature.length_ns,
        reason=reason,
        windows=state.windows,
        credibility=terms[0],
        freshness=terms[1],
        coverage=terms[2],
        stability=terms[3],
        confidence=terms[0] * terms[1] * terms[2] * terms[3],
        atr_period=in_force["atr_period"],
        atr_periods=state.atr.periods,
        atr_weights=tuple(state.atr.weights),
        volatility=state.volatility.expected(factors.volatility, pins.volatility),
        normal_volatility=in_force["volatility"],
        season=factors.volatility,
        wide_bps=state.wide.at(factors.spread, pins.wide_bps),
        thin=state.thin.at(factors.depth, pins.thin),
        pinned=pinned,
        origin=base.origin,
    )


def _changed(said: Said | None, now: Said, most: float) -> Iterator[str]:
    """Yield why something is said: what has changed, or else that an hour has begun."""
    if said is None:
        yield "start"
        return
    is_quiet = True
    for name in NAMES:
        before, after = said.parameters[name], now.parameters[name]
        if (before is None) != (after is None) or (
            before and after and abs(log(after / before)) > most
        ):
            is_quiet = False
            yield name
    for name in ("pinned", "origin"):
        if getattr(said, name) != getattr(now, name):
            is_quiet = False
            yield name
    if is_quiet and said.hour != now.hour:
        yield "hour"


def _terms(
    at_ns: int, state: CalibrateState, base: Base, params: CalibrationParams
) -> tuple[float, float, float, float]:
    """Return credibility, freshness, coverage and stability, each 0 to 1.

    Credibility and stability are those of the parameter that has the least; coverage is
    that of the bound that has the least.
    """
    four = (
        state.atr.period,
        state.wide.bound,
        state.thin.bound,
        state.volatility.level,
    )
    known = [each.credibility for each in four if each.credibility is not None]
    own = float(min(state.windows, params.memory))
    evidence = own + base.seen
    left = own * fresh(at_ns - state.learnt_ns, params) + base.worth
    rate = params.alarm_rate
    change = max(each.steady.change for each in four)
    return (
        min(known, default=0.0),
        left / evidence if evidence > 0.0 else 0.0,
        min(state.wide.coverage(rate), state.thin.coverage(rate)),
        exp(-change / log(params.wobble)),
    )
