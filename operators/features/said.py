"""A window that is over, and what came before it -> a record."""

from operators.features.bars import Window
from operators.features.liquidity import imbalance
from operators.features.params import FeaturesParams
from operators.features.past import Past, remembered
from operators.features.slice import UNSEEN, Slice
from operators.numerics.realised import (
    jump_share,
    median_variance,
    realised_variance,
    rogers_satchell,
)
from operators.records.feature import Feature
from operators.records.time import MS


def feature(
    place: tuple[str, str],
    when: tuple[int, int],
    slice_: Slice,
    past: Past,
    params: FeaturesParams,
) -> Feature:
    """Return what is said of a window; the past then includes it.

    Args:
        place: Venue and symbol.
        when: End of the window, and its length [ns].
        slice_: What is known of it.
        past: What its length remembers.
        params: Settings.
    """
    end_ns, length_ns = when
    bar, sample = slice_.traded, slice_.sample or UNSEEN
    if bar is not None:
        past.trade(bar)
    mean_bps = sample.spread_bps
    if slice_.time_ns:
        mean_bps = slice_.area / slice_.time_ns
    if sample.at_ns != end_ns:
        sample = UNSEEN
    past.sample(sample.mid, end_ns, length_ns, remembered(params))
    windows = length_ns // (params.lengths_ms[0] * MS)
    realised = realised_variance(slice_.squares, slice_.covered, windows)
    median = median_variance(slice_.medians, slice_.triples, windows)
    return Feature(
        venue=place[0],
        symbol=place[1],
        event_ns=end_ns,
        length_ns=length_ns,
        open=None if bar is None else bar.open,
        high=None if bar is None else bar.high,
        low=None if bar is None else bar.low,
        close=None if bar is None else bar.close,
        vwap=bar.turnover / bar.volume if bar and bar.volume else None,
        volume=0.0 if bar is None else bar.volume,
        signed_volume=slice_.signed,
        turnover=0.0 if bar is None else bar.turnover,
        trades=0 if bar is None else bar.trades,
        mid=sample.mid,
        microprice=sample.microprice,
        spread_bps=sample.spread_bps,
        spread_mean_bps=mean_bps,
        reach_bps=sample.reach_bps,
        bid_depth=sample.bid_depth,
        ask_depth=sample.ask_depth,
        imbalance=imbalance(sample.bid_depth, sample.ask_depth),
        order_flow=slice_.flow,
        order_flow_deep=slice_.deep,
        realised_variance=realised,
        median_variance=median,
        jump_share=jump_share(realised, median),
        rogers_satchell=None if bar is None else _range(bar),
        volatility=sample.volatility,
        atr_periods=past.bank.periods,
        atr=past.atr,
        natr=past.natr,
        efficiency_ratio=past.efficiency(params.efficiency),
        horizons=params.horizons,
        returns=past.returns(params.horizons),
    )


def _range(bar: Window) -> float | None:
    return rogers_satchell(bar.open, bar.high, bar.low, bar.close)
