"""Faults in the protocols of venues: their own parsers see what a fault does."""

import asyncio
import importlib
import json
from collections import Counter

import msgspec
import pytest

from config.exchange import ExchangeParams, Script
from connectors.exchange.client import Client
from connectors.exchange.faults.saboteur import Saboteur
from connectors.exchange.message import Outbound
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.simulation import feed_of
from operators.market.decode import Decode, DecodeParams
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import BookState
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.market import BookDelta, BookSnapshot, Trade
from operators.records.time import MS, SECOND

START_NS = 1_723_161_253_937_085_768
SYMBOLS = {
    "bybit_spot": "BTC-USDT",
    "bybit_linear": "BTC-USDT-PERP",
    "okx": "BTC-USDT",
    "coinbase": "BTC-USD",
    "kraken": "BTC-USD",
}
PATHS = {
    "bybit_spot": "/v5/public/spot",
    "bybit_linear": "/v5/public/linear",
    "okx": "/ws/v5/public",
    "coinbase": "/",
    "kraken": "/v2",
}
VENUES = sorted(SYMBOLS)
BOOKS = {
    "bybit_spot": "orderbook.200",
    "bybit_linear": "orderbook.200",
    "okx": "books",
    "coinbase": "level2",
    "kraken": "book-100",
}


class Wire:
    def __init__(self):
        self.sent = []

    async def send(self, payload):
        self.sent.append(payload)

    async def close(self, code, reason):
        pass


async def lines(name, fault, journal, again_s=None):
    """Return what two lines are sent; the fault is of the first, which asks again."""
    script = msgspec.convert({"faults": [{"at_s": 1, **fault}]}, Script)
    params = ExchangeParams(
        venue=name,
        symbols=(SYMBOLS[name],),
        rate=3,
        script=script,
        journal=str(journal),
    )
    feed = feed_of(params, START_NS)
    protocol, venue = (
        PROTOCOLS[name],
        importlib.import_module(f"connectors.venues.{name}"),
    )
    saboteur = Saboteur(params, feed, protocol.bids)
    wires, clients = [Wire(), Wire()], []

    def ask(client, requests):
        for text in requests:
            for reply in client.session.answer(text):
                is_text = isinstance(reply, str)
                client.offer(
                    Outbound("reply", reply) if is_text else client.dressed(reply)
                )

    for number, wire in enumerate(wires, 1):
        path = f"{PATHS[name]}?line={'ab'[number - 1]}"
        session = protocol.open_session(path, feed)
        clients.append(Client(wire, session, 100_000, number=number, path=path))
        saboteur.opened(clients[-1])
        ask(clients[-1], venue.subscribe(params.symbols, venue.CHANNELS))
    for part_s in [again_s, 4] if again_s else [4]:
        for message in saboteur.until(START_NS + int(part_s * SECOND)):
            for client in clients:
                if client.wants(message):
                    client.offer(client.dressed(message))
        if part_s == again_s:
            ask(clients[0], venue.resync(SYMBOLS[name]))
    saboteur.relent()
    for client in clients:
        client.close(1000, "")
    await asyncio.gather(*(client.write(Counter()) for client in clients))
    saboteur.close()
    return [wire.sent for wire in wires]


def read(name, payloads):
    """Return the events in frames, what the book says of them, and it."""
    venue = importlib.import_module(f"connectors.venues.{name}")
    decode = Decode(DecodeParams(), {name: venue.parse})
    book = OrderBook(OrderBookParams())
    events, said = [], []
    for number, payload in enumerate(payloads):
        text = payload if isinstance(payload, str) else None
        frame = Frame(
            venue=name,
            connection="c",
            line="a",
            kind=FrameKind.WS,
            received_ns=START_NS + number * MS,
            url="",
            data=text,
            b64=None if text is not None else payload,
        )
        for event in decode.update([frame]):
            events.append(event)
            if not isinstance(event, Ignored | DeadLetter):
                said += book.update([event])
    return events, said, book


@pytest.fixture
def played(tmp_path):
    def play(name, again_s=None, **fault):
        fault = {"client": "?line=a", **fault}
        journal = tmp_path / "journal.jsonl"
        sent = asyncio.run(lines(name, fault, journal, again_s))
        events, said, _ = read(name, sent[1])
        assert not [x for x in events if isinstance(x, DeadLetter)]
        assert [x.ok for x in said if isinstance(x, BookState)] == [True]
        told = [json.loads(line) for line in journal.read_text().splitlines()]
        return sent[0], sent[1], [line for line in told if line["what"] == "frame"]

    return play


def states(name, payloads):
    said = read(name, payloads)[1]
    return [(x.ok, x.reason) for x in said if isinstance(x, BookState)]


@pytest.mark.parametrize("name", ["okx", "kraken"])
def test_a_wrong_checksum_is_noticed(name, played):
    touched, healthy, told = played(name, kind="checksum")
    assert len(touched) == len(healthy)
    assert states(name, touched) == [(True, ""), (False, "checksum")]
    assert [line["channel"] for line in told] == [BOOKS[name]]


@pytest.mark.parametrize("name", ["bybit_spot", "bybit_linear", "okx"])
def test_a_lost_change_of_a_book_is_noticed(name, played):
    touched, _, told = played(name, kind="drop", channel=BOOKS[name])
    assert states(name, touched) == [(True, ""), (False, "sequence")]
    assert told[0]["update"] is not None


def test_coinbase_shows_a_loss_in_the_counter_of_the_line(played):
    touched, healthy, _ = played("coinbase", kind="drop", count=2)
    numbers = [json.loads(text)["sequence_num"] for text in touched]
    assert len(touched) == len(healthy) - 2
    assert numbers[-1] - numbers[0] - len(numbers) + 1 == 2


@pytest.mark.parametrize("name", VENUES)
def test_a_crossed_book_is_crossed_to_the_reader(name, played):
    channel = BOOKS[name]
    touched, healthy, told = played(name, kind="crossed", channel=channel)
    assert len(told) == 1
    (bad,) = [text for text in touched if text not in healthy]
    (index,) = [index for index, text in enumerate(touched) if text == bad]
    events, _, _ = read(name, touched)
    assert not [x for x in events if isinstance(x, DeadLetter)]
    delta = next(x for x in read(name, [bad])[0] if isinstance(x, BookDelta))
    _, _, book = read(name, healthy[: index + 1])
    assert delta.bids[0][0] > book.state.asks.best(1)[0][0]


@pytest.mark.parametrize("name", VENUES)
def test_skewed_trades_are_of_another_time(name, played):
    touched, healthy, _ = played(name, kind="skew", by_ms=90_000, for_s=9)
    times = [
        {x.trade_id: x.event_ns for x in read(name, sent)[0] if isinstance(x, Trade)}
        for sent in (touched, healthy)
    ]
    apart = Counter(times[0][key] - times[1][key] for key in times[1])
    assert set(apart) == {0, 90 * SECOND}


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("form", ["truncated", "noise"])
def test_garbage_is_buried_and_nothing_else(name, form, played):
    touched, healthy, _ = played(name, kind="garbage", count=3, form=form)
    events = read(name, touched)[0]
    assert len([x for x in events if isinstance(x, DeadLetter)]) == 3
    assert [text for text in touched if text in healthy] == healthy


@pytest.mark.parametrize("name", VENUES)
def test_a_stale_snapshot_is_of_when_the_fault_began(name, played):
    touched, healthy, told = played(name, kind="stale", for_s=2.5, again_s=3)
    assert [line["did"] for line in told] == ["stale"]
    _, second = [x for x in read(name, touched)[0] if isinstance(x, BookSnapshot)]
    book = OrderBook(OrderBookParams())
    for event in read(name, healthy)[0]:
        if isinstance(event, BookSnapshot | BookDelta):
            if event.event_ns > START_NS + SECOND:
                break
            list(book.update([event]))
    state = book.state
    then = (state.bids.best(10), state.asks.best(10))
    assert (second.bids[:10], second.asks[:10]) == then


@pytest.mark.parametrize("name", VENUES)
def test_a_stale_snapshot_may_be_pushed_unasked(name, played):
    touched, healthy, told = played(name, kind="stale", for_s=1, push=True)
    assert {line["did"] for line in told} == {"stale"}
    counts = [
        sum(isinstance(x, BookSnapshot) for x in read(name, sent)[0])
        for sent in (touched, healthy)
    ]
    assert counts == [2, 1]
