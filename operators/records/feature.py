"""Numbers of a symbol and a window: what calibration, scanner and signals see."""

from typing import ClassVar

from operators.records.base import Int64, OfSymbol


class Feature(OfSymbol, frozen=True, kw_only=True, gc=False):
    """What can be said of a symbol in one window, and of what came before.

    ``event_ns`` is the end of the window. Prices are of trades, where they are named
    so; all volatility is of mids, since trade prices bounce between bid and ask. A
    number that is not known (nothing traded, no book, too little past) is None.

    Attributes:
        length_ns: Length of the window [ns].
        open: Price of its first trade [quote].
        high: Highest price of a trade [quote].
        low: Lowest [quote].
        close: Price of its last trade [quote].
        vwap: Mean price by volume [quote].
        volume: Traded [base].
        signed_volume: Bought less sold, by the aggressor [base].
        turnover: Traded [quote].
        trades: How many.
        mid: Halfway between the best prices, at its end [quote].
        microprice: Mean of the best prices, each weighed by the other's quantity, at
            its end [quote].
        spread_bps: From best bid to best ask, beside the mid, at its end [bps].
        spread_mean_bps: The same, mean over its time, as it passed between arrivals
            [bps].
        reach_bps: How far from the mid depth is measured: some of the symbol's own
            moves [bps].
        bid_depth: Notional to sell to within reach, at its end; of a symbol that has
            quotes only, what rests at the best price [quote].
        ask_depth: Notional to buy from within reach [quote].
        imbalance: Bid less ask depth, beside their sum, -1 to 1 [1].
        order_flow: What was added to the best bid and taken from the best ask, less
            the contrary (order-flow imbalance), in its time [base].
        order_flow_deep: The same of several levels of a book, their mean [base].
        realised_variance: Sum of squared logarithmic returns of mids in its time; where
            some are not known, as if they had been like the others [1].
        median_variance: The same from medians of three returns, which jumps do not
            reach (MedRV) [1].
        jump_share: The share of the variance that is jumps, 0 to 1 [1].
        rogers_satchell: Variance by the window's open, high, low and close [1].
        volatility: Of mids, newer moves weighing more, for a second
            [1/sqrt(s)].
        atr_periods: The periods of the next two.
        atr: Wilder's average true range for each period [quote].
        natr: The same beside the close [%].
        efficiency_ratio: How far the mid went in the last windows, beside the way that
            it went there, 0 to 1 [1].
        horizons: Over how many windows the next are.
        returns: Logarithmic return of the mid over each horizon [1].
    """

    table: ClassVar[str] = "features"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "length_ns", "event_ns"),
    )

    length_ns: Int64
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    vwap: float | None = None
    volume: float
    signed_volume: float
    turnover: float
    trades: Int64
    mid: float | None = None
    microprice: float | None = None
    spread_bps: float | None = None
    spread_mean_bps: float | None = None
    reach_bps: float | None = None
    bid_depth: float | None = None
    ask_depth: float | None = None
    imbalance: float | None = None
    order_flow: float | None = None
    order_flow_deep: float | None = None
    realised_variance: float | None = None
    median_variance: float | None = None
    jump_share: float | None = None
    rogers_satchell: float | None = None
    volatility: float | None = None
    atr_periods: tuple[int, ...] = ()
    atr: tuple[float | None, ...] = ()
    natr: tuple[float | None, ...] = ()
    efficiency_ratio: float | None = None
    horizons: tuple[int, ...] = ()
    returns: tuple[float | None, ...] = ()
