"""Every venue: its own parser reads all that is sent, and rebuilds the true books."""

from collections import defaultdict
from decimal import Decimal

import pytest

from connectors.exchange.protocols import PROTOCOLS
from operators.records.book import Book, BookState
from operators.records.market import BookDelta, BookSnapshot, Mark, Top, Trade

VENUES = ["bybit_linear", "bybit_spot", "coinbase", "kraken", "okx"]


@pytest.fixture
def client(name, venue_client):
    return venue_client(name)


@pytest.mark.parametrize("name", VENUES)
def test_all_that_is_sent_is_read_and_books_are_the_true_ones(client, name):
    client.until(0.7)
    client.subscribe()
    for quarter in range(4, 50):
        client.until(quarter / 4)
        client.settle()
        for symbol, book in client.books.items():
            state = book.state
            mine = (state.bids.best(10), state.asks.best(10))
            assert mine == client.truth(symbol)
    kinds = {type(event) for event in client.events}
    assert {Trade, Top, BookDelta, BookSnapshot} <= kinds
    assert (Mark in kinds) == (name in {"bybit_linear", "okx"})
    states = [said for said in client.said if isinstance(said, BookState)]
    assert [said.ok for said in states] == [True] * len(client.symbols)
    assert len([said for said in client.said if isinstance(said, Book)]) > 100


@pytest.mark.parametrize("name", VENUES)
def test_a_parsed_trade_is_the_one_that_the_truth_names(client, name):
    client.subscribe()
    client.until(5)
    published, got = defaultdict(list), defaultdict(list)
    for message in client.published:
        published[message.symbol] += message.trades
    for event in client.events:
        if isinstance(event, Trade):
            got[event.symbol].append(event.trade_id)
    assert got == {symbol: ids for symbol, ids in published.items() if ids}
    assert all(len(set(ids)) == len(ids) > 5 for ids in got.values())


@pytest.mark.parametrize("name", VENUES)
def test_a_book_is_sent_anew_when_it_is_subscribed_to_anew(client, name):
    client.subscribe()
    client.until(3)
    before = len(client.events)
    for text in client.venue.resync(client.symbols[0]):
        client.send(text)
    snapshots = [x for x in client.events[before:] if isinstance(x, BookSnapshot)]
    assert [x.symbol for x in snapshots] == [client.symbols[0]]
    client.until(4)
    client.settle()
    state = client.books[client.symbols[0]].state
    assert state.ok
    mine = (state.bids.best(10), state.asks.best(10))
    assert mine == client.truth(client.symbols[0])


@pytest.mark.parametrize("name", VENUES)
def test_the_list_of_instruments_is_read(client, name):
    paths = getattr(
        client.venue, "INSTRUMENTS_PATHS", [client.venue.instruments_path()]
    )
    listed = {}
    for path in paths:
        answer = client.feed.rest(path)
        listed |= {x.symbol: x for x in client.venue.instruments(answer.body.encode())}
    assert set(listed) == set(client.symbols)
    for listing in client.feed.market.listings:
        found = listed[listing.symbol]
        steps = Decimal(listing.tick), Decimal(listing.lot)
        assert (found.tick_size, found.lot_size) == tuple(x / 10**8 for x in steps)


@pytest.mark.parametrize("name", VENUES)
def test_a_recorded_frame_tells_its_stream(client, name):
    client.subscribe()
    client.until(3)
    about = PROTOCOLS[name].about
    for message in client.published:
        stream, native = about(message.raw)
        assert native == message.stream.partition("@")[0]
        if stream is not None and "ticker" not in stream:
            assert stream == message.stream
    assert about(b"\xff") == (None, "")


@pytest.mark.parametrize("name", VENUES)
def test_a_stale_greeting_is_of_the_past_and_frames_do_not_change(
    client, name, venue_client
):
    other = venue_client(name)
    client.until(2)
    still = client.feed.frozen()
    streams = [m.stream for m in client.published if m.update is not None]
    before = [list(still.greet(stream)) for stream in streams[:3]]
    client.until(4)
    assert [list(still.greet(stream)) for stream in streams[:3]] == before
    assert [list(client.feed.greet(stream)) for stream in streams[:3]] != before
    other.until(4)
    assert other.published == client.published
