"""What is normal for a symbol, how far that is known, and what is so beside it."""

from typing import ClassVar

from operators.records.base import Int64, OfSymbol


class Calibration(OfSymbol, frozen=True, kw_only=True, gc=False):
    """A symbol's own parameters from here on.

    Each estimate is drawn to the pool by how little is known of the symbol: by its
    credibility ``Z = n / (n + k)`` it is its own, by ``1 - Z`` the pool's. Numbers
    that are not known are None.

    Attributes:
        length_ns: Length of the windows that it is learnt from [ns].
        reason: What has changed, by commas: ``atr_period``, ``wide_bps``, ``thin``,
            ``volatility`` (the normal one), ``pinned``, ``origin``; ``hour`` where it
            is only said again, ``start`` at first.
        windows: How many windows have been learnt from.
        credibility: Z, 0 to 1 [1].
        freshness: 1 where it was learnt from just now, less by age, 0 to 1 [1].
        coverage: How near the thresholds are passed as often as they claim, 0 to 1 [1].
        stability: How little it has changed lately, 0 to 1 [1].
        confidence: The product of these four [1].
        atr_period: The effective period of the mixed ATR [windows].
        atr_periods: The periods that it is mixed of.
        atr_weights: The weight of each, 1 together [1].
        volatility: Expected of the next window, by the mixed ATR, the season taken into
            account, as a standard deviation of the logarithmic return [1].
        normal_volatility: The geometric mean of a window's volatility, the season taken
            out [1].
        season: What the hour of the week makes of the volatility [1].
        wide_bps: A spread beyond this is wide, for the symbol at this hour [bps].
        thin: A depth below this is thin, likewise; the thinner side within reach
            [quote].
        pinned: What a person has fixed, by commas, named as in ``reason``.
        origin: The hash of the file that is drawn on; empty if none is.
    """

    table: ClassVar[str] = "calibrations"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns")

    length_ns: Int64
    reason: str
    windows: Int64
    credibility: float
    freshness: float
    coverage: float
    stability: float
    confidence: float
    atr_period: float | None = None
    atr_periods: tuple[int, ...] = ()
    atr_weights: tuple[float, ...] = ()
    volatility: float | None = None
    normal_volatility: float | None = None
    season: float = 1.0
    wide_bps: float | None = None
    thin: float | None = None
    pinned: str = ""
    origin: str = ""


class Normalised(OfSymbol, frozen=True, kw_only=True, gc=False):
    """A window of a symbol, measured by what is normal for it.

    ``event_ns`` is the end of the window. What is normal is as it was before the
    window. Numbers that are not known are None.

    Attributes:
        length_ns: Length of the window [ns].
        z_return: Return of the mid in its own expected standard deviations [1].
        z_volatility: Its volatility beside the normal, as a logarithm, in standard
            deviations [1].
        z_turnover: Likewise its turnover [1].
        z_spread: Likewise its mean spread [1].
        z_depth: Likewise its depth [1].
        atr: The mixed average true range [quote].
        natr: The same beside the close [%].
        is_wide: Whether the spread is beyond what is wide for the symbol.
        is_thin: Whether the depth is below what is thin for it.
    """

    table: ClassVar[str] = "normalised"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "length_ns", "event_ns"),
    )

    length_ns: Int64
    z_return: float | None = None
    z_volatility: float | None = None
    z_turnover: float | None = None
    z_spread: float | None = None
    z_depth: float | None = None
    atr: float | None = None
    natr: float | None = None
    is_wide: bool | None = None
    is_thin: bool | None = None
