"""Spreads of real recordings, one a second, by the market's own operators."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.heard import Heard, Moved
from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.quote import quote_of, spread_bps
from operators.records.book import Book, BookState
from operators.records.market import Heartbeat, MarketEvent, Top, Trade
from operators.records.time import SECOND
from tests.evaluation.ohlcv import Numbers
from tests.injected.captures import Capture, captures, frames, heard

_DATA: Final = (Trade, Top, Heartbeat)


class Spreads(NamedTuple):
    """The spreads of a symbol.

    Attributes:
        capture: Of which recording.
        key: Of which symbol.
        bps: [n], the widest in each second in which the recording goes on [bps].
    """

    capture: str
    key: str
    bps: Numbers


def of_captures(*, long: bool) -> Iterator[Spreads]:
    """Yield the spreads of every symbol of the recordings.

    Args:
        long: Of those of minutes; else of those of half a minute.
    """
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures():
            if capture.is_long == long:
                yield from _of(capture, Path(folder))


def _of(capture: Capture, folder: Path) -> Iterator[Spreads]:
    for key, told in sorted(heard(frames(capture, folder)).items()):
        bps = seconds(told)
        if len(bps):
            yield Spreads(capture.name, key, bps)


def seconds(told: list[Heard | Moved]) -> Numbers:
    """Return the spread that stands at the end of each second, from the first on [n].

    Of the book where one is rebuilt, else of quotes. Time is arrival.
    """
    book = OrderBook(OrderBookParams())
    of_book: dict[int, float | None] = {}
    of_top: dict[int, float | None] = {}
    for event in Arbitrate(ArbitrateParams()).update(told):
        if not isinstance(event, MarketEvent):
            continue
        if isinstance(event, Top):
            of_top[event.received_ns // SECOND] = _bps(event)
        for said in book.update([event]):
            second = said.received_ns // SECOND
            of_book[second] = None if isinstance(said, BookState) else _bps(said)
    found = of_book if any(of_book.values()) else of_top
    if not found:
        return np.array([])
    standing, numbers = None, []
    for second in range(min(found), max(found) + 1):
        standing = found.get(second, standing)
        if standing is not None:
            numbers.append(standing)
    return np.array(numbers)


def _bps(seen: Book | Top) -> float | None:
    quote = quote_of(seen)
    return None if quote is None else spread_bps(quote)
