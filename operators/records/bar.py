"""Prices and amounts traded in a window of time."""

from typing import ClassVar

from operators.records.base import Int64, OfSymbol


class Bar(OfSymbol, frozen=True, kw_only=True, gc=False):
    """What traded in ``[event_ns - length_ns, event_ns)``; only windows with trades.

    Attributes:
        length_ns: Length of the window [ns]; ``event_ns`` is its end.
        open: Price of the first trade by event time [quote].
        high: Highest price [quote].
        low: Lowest price [quote].
        close: Price of the last trade by event time [quote].
        volume: Quantity traded [base].
        turnover: Notional traded [quote].
        vwap: Volume-weighted average price, ``turnover / volume`` [quote];
            None where nothing but empty trades came.
        trades: How many trades.
    """

    table: ClassVar[str] = "bars"
    natural_key: ClassVar[tuple[str, ...]] = (
        "venue",
        "symbol",
        "event_ns",
        "length_ns",
    )

    length_ns: Int64
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    vwap: float | None
    trades: Int64
