"""Books rebuilt from a real capture, against the best bid and ask that it states."""

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import Book
from operators.records.market import MarketEvent, Top

SHARED = Path(__file__).parents[4] / "shared"
TICK = SHARED / "data" / "tick" / "spot_btcusdt_20240808.gz"

pytestmark = pytest.mark.skipif(
    not TICK.exists(), reason="the real recordings of ../shared are not here"
)


def test_the_best_levels_equal_the_book_ticker_at_every_equal_update(tmp_path):
    out = tmp_path / "btc.jsonl"
    tool = SHARED / "tools" / "to_recording.py"
    words = [sys.executable, tool, out, f"binance={TICK}"]
    subprocess.run(words, check=True, capture_output=True)
    listen = Listen(DecodeParams(), PARSERS)
    arbiter, book = Arbitrate(ArbitrateParams()), OrderBook(OrderBookParams(levels=1))
    tops: dict[int, Top] = {}
    books: dict[int, Book] = {}
    with Recording(out) as frames:
        for heard in listen.update(frames):
            events = arbiter.update([heard]) if isinstance(heard, Heard) else ()
            for event in events:
                if not isinstance(event, MarketEvent):
                    continue
                if isinstance(event, Top):
                    tops[event.sequence] = event
                for said in book.update([event]):
                    if isinstance(said, Book):
                        books[said.sequence] = said

    shared = tops.keys() & books.keys()
    for number in shared:
        top = tops[number]
        assert books[number].bids == ((top.bid, top.bid_quantity),)
        assert books[number].asks == ((top.ask, top.ask_quantity),)
    assert len(shared) == 564
