"""Real bars as features: what can be said of them where there is no book.

The mid is the close, for want of another: at a minute it bounces little beside what it
moves. There is no spread, no depth and no aggressor, so that of the components three
are known: volatility, turnover and momentum.
"""

from collections import deque
from collections.abc import Iterator
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from operators.records.feature import Feature
from operators.records.time import MINUTE

BARS = Path(__file__).parents[4] / "shared/data/ohlcv/dcatp_binance_usdm_1m.parquet"
HORIZONS = (1, 5, 15, 60)
_KEPT = exp(-1 / 30)


def features(since: str, until: str) -> Iterator[list[Feature]]:
    """Yield the features of all symbols, minute by minute."""
    table = pq.read_table(BARS)
    dates = pc.cast(table["date"], "timestamp[ns]")
    table = table.set_column(1, "date", dates)
    inside = pc.and_(
        pc.greater_equal(dates, np.datetime64(since, "ns")),
        pc.less(dates, np.datetime64(until, "ns")),
    )
    table = table.filter(inside)
    by_symbol = {
        symbol: table.filter(pc.equal(table["symbol"], symbol)).sort_by("date")
        for symbol in sorted(set(table["symbol"].to_pylist()))
    }
    streams = [_of(symbol, bars) for symbol, bars in by_symbol.items()]
    waiting = [next(stream, None) for stream in streams]
    while any(each is not None for each in waiting):
        at_ns = min(each.event_ns for each in waiting if each is not None)
        window = []
        for place, each in enumerate(waiting):
            if each is not None and each.event_ns == at_ns:
                window.append(each)
                waiting[place] = next(streams[place], None)
        yield window


def _of(symbol: str, bars: object) -> Iterator[Feature]:
    name = symbol.replace("/", "-").partition(":")[0]
    if "-" not in name:
        name = f"{name.removesuffix('USDT')}-USDT"
    closes: deque[float] = deque(maxlen=HORIZONS[-1] + 1)
    variance: float | None = None
    rows = zip(
        bars["date"].cast("int64").to_pylist(),  # type: ignore[index]
        bars["close"].to_pylist(),  # type: ignore[index]
        bars["volume"].to_pylist(),  # type: ignore[index]
        strict=True,
    )
    for open_ns, close, volume in rows:
        closes.append(close)
        if len(closes) > 1:
            squared = log(close / closes[-2]) ** 2
            before = squared if variance is None else variance
            variance = _KEPT * before + (1 - _KEPT) * squared
        yield Feature(
            venue="binance_usdm",
            symbol=f"{name}-PERP",
            event_ns=open_ns + MINUTE,
            length_ns=MINUTE,
            volume=volume,
            signed_volume=0.0,
            turnover=volume * close,
            trades=0,
            mid=close,
            volatility=None if variance is None else sqrt(variance / 60),
            horizons=HORIZONS,
            returns=tuple(
                log(close / closes[-1 - back]) if len(closes) > back else None
                for back in HORIZONS
            ),
        )
