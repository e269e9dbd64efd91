"""A real update is lost: it is seen at once, its book recovers, no other is touched."""

import random
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import Book, BookState
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot

WS = Path(__file__).parents[4] / "shared" / "data" / "ws"
TOOL = WS.parents[1] / "tools" / "to_recording.py"
CAPTURES = {
    "binance": ["BINANCE.http.0.0", "BINANCE.ws.1.0"],
    "binance_usdm": ["BINANCE_FUTURES.http.0.0", "BINANCE_FUTURES.ws.1.0"],
    "binance_coinm": ["BINANCE_DELIVERY.http.0.0", "BINANCE_DELIVERY.ws.1.0"],
    "okx": ["OKX.ws.1.0"],
    "kraken_v1": ["KRAKEN.ws.50.0"],
}
TIMES = 12
ANSWER = 3
"""How many updates of the symbol come before the snapshot that heals its book."""

pytestmark = pytest.mark.skipif(
    not TOOL.exists(), reason="the real recordings of ../shared are not here"
)


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
        noticed: After how many further updates of the symbol the loss was seen, or
            None.
        lost: The symbols whose book was not believed for a time.
        last: The last best levels of each symbol.
    """

    noticed: int | None
    lost: set[str]
    last: dict[str, tuple[Any, Any]]


def heard_of(venue: str, folder: Path) -> list[Heard]:
    out = folder / f"{venue}.jsonl"
    words = [f"{venue}={WS / name}.zst" for name in CAPTURES[venue]]
    subprocess.run([sys.executable, TOOL, out, *words], check=True, capture_output=True)
    listens: dict[str, Listen] = {}
    found = []
    with Recording(out) as recording:
        for frame in recording:
            assert isinstance(frame, Frame)
            new = Listen(DecodeParams(), PARSERS)
            listen = listens.setdefault(frame.key, new)
            found += [
                each for each in listen.update([frame]) if isinstance(each, Heard)
            ]
    return found


def run(heard: list[Heard], without: int | None) -> Outcome:
    """Run all symbols, one update taken out; answer a lost book from the truth."""
    arbiters: dict[str, Arbitrate] = {}
    books: dict[str, OrderBook] = {}
    truth: dict[str, OrderBook] = {}
    last: dict[str, tuple[Any, Any]] = {}
    lost: set[str] = set()
    noticed, since, due = None, 0, -1
    victim = None if without is None else heard[without].key
    for number, each in enumerate(heard):
        key = each.key
        if key not in books:
            arbiters[key] = Arbitrate(ArbitrateParams())
            books[key] = OrderBook(OrderBookParams())
            truth[key] = OrderBook(OrderBookParams(levels=10_000))
        for _ in truth[key].update([each.event]):
            pass
        if number == without:
            continue
        events: list[Any] = list(arbiters[key].update([each]))
        is_update = isinstance(each.event, BookDelta)
        if without is not None and key == victim and number > without and is_update:
            since += 1
            due -= 1
            if due == 0:
                events.append(snapshot_of(truth[key], each.event))
        for said in books[key].update(events):
            if isinstance(said, Book):
                last[key] = (said.bids, said.asks)
            elif isinstance(said, BookState) and not said.ok:
                lost.add(key)
                noticed = since if noticed is None else noticed
                if key == victim and due <= 0:
                    due = ANSWER
    return Outcome(noticed, lost, last)


def snapshot_of(book: OrderBook, cause: BookDelta) -> BookSnapshot:
    state = book.state
    return BookSnapshot(
        **cause.stamp,
        received_ns=cause.received_ns,
        sequence=state.sequence,
        bids=state.bids.best(10_000),
        asks=state.asks.best(10_000),
        bid_texts=tuple(state.bids.best_texts(10_000)) if state.bids.texts else (),
        ask_texts=tuple(state.asks.best_texts(10_000)) if state.asks.texts else (),
        depth=state.depth,
        fetched=state.sequence is not None,
    )


@pytest.mark.parametrize("venue", CAPTURES)
def test_a_lost_update_is_noticed_and_healed(
    venue: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    heard = heard_of(venue, tmp_path_factory.mktemp("lost"))
    whole = run(heard, None)
    assert whole.lost == set()
    order = list(range(len(heard)))
    random.Random(venue).shuffle(order)
    drawn = list(islice((n for n in order if is_candidate(heard, n)), TIMES))
    assert len(drawn) == TIMES
    for without in drawn:
        outcome = run(heard, without)
        assert outcome.noticed == 1, heard[without]
        assert outcome.lost == {heard[without].key}
        assert outcome.last == whole.last


def is_candidate(heard: list[Heard], number: int) -> bool:
    """Return whether the loss of a record must show at the next one of its symbol.

    It is an update of a book that has begun, with enough others behind it; where the
    updates are not numbered, it changes the venue's checksum, and the next one does not
    put right by itself what it changed.
    """
    each = heard[number]
    if not isinstance(each.event, BookDelta):
        return False
    mine = [other.event for other in heard if other.key == each.key]
    place = mine.index(each.event)
    begun = [e.sequence or 0 for e in mine[:place] if isinstance(e, BookSnapshot)]
    before = [e for e in mine[:place] if isinstance(e, BookDelta)]
    after = [e for e in mine[place + 1 :] if isinstance(e, BookDelta)]
    if not begun or not before or len(after) < ANSWER + 8:
        return False
    if each.event.previous is not None:
        return each.event.previous > begun[-1]
    mended = {price for price, _ in (*after[0].bids, *after[0].asks)}
    changed = {price for price, _ in (*each.event.bids, *each.event.asks)}
    return each.event.checksum != before[-1].checksum and not changed <= mended
