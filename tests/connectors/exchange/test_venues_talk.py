"""Every venue: what clients ask is answered as the venue does."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from config.exchange import ExchangeParams
from connectors.exchange.listing import ExchangeError
from connectors.exchange.simulation import feed_of, serve
from operators.records.frame import Ignored

VENUES = ["bybit_linear", "bybit_spot", "coinbase", "kraken", "okx"]
SPOT = ["binance", "bybit_spot", "coinbase", "kraken"]


@pytest.fixture
def client(name, venue_client):
    return venue_client(name)


@pytest.mark.parametrize("name", VENUES)
def test_unsubscribing_ends_the_frames(client):
    client.subscribe()
    client.until(1)
    for text in client.venue.subscribe(client.symbols, client.venue.CHANNELS):
        client.send(text.replace("subscribe", "unsubscribe", 1))
    before = len([x for x in client.events if not isinstance(x, Ignored)])
    client.until(3)
    assert before == len([x for x in client.events if not isinstance(x, Ignored)])


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize(
    "text", ["nonsense", "[]", "{}", '{"op":"x"}', b"\xff", "ping"]
)
def test_a_bad_request_is_answered(client, text):
    before = len(client.texts)
    client.send(text)
    assert len(client.texts) == before + 1
    assert not client.session.streams


@pytest.mark.parametrize("name", VENUES)
def test_a_symbol_that_is_not_listed_is_refused(client, name):
    unknown = "XLM-USDT-PERP" if name == "bybit_linear" else "XLM-USDT"
    for text in client.venue.subscribe([unknown], client.venue.CHANNELS[:1]):
        client.send(text)
    assert any(
        isinstance(x, Ignored) and x.reason == "error reply" for x in client.events
    )
    assert not {x for x in client.session.streams if not x.startswith("@")}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [*((name, "BTC-USDT-PERP") for name in SPOT), ("bybit_linear", "BTC-USDT")],
)
def test_a_symbol_that_the_venue_does_not_trade_stops_the_start(name, symbol):
    with pytest.raises(ExchangeError, match=f"{name} trades"):
        feed_of(ExchangeParams(venue=name, symbols=(symbol,)), 1)


@pytest.mark.parametrize("name", ["coinbase"])
def test_coinbase_counts_all_messages_of_a_connection(client):
    client.subscribe()
    client.until(3)
    numbers = [json.loads(text)["sequence_num"] for text in client.texts]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("name", ["coinbase", "kraken"])
def test_there_is_a_heartbeat_each_second(client):
    client.subscribe()
    client.until(10)
    beats = [text for text in client.texts if '"channel":"heartbeat' in text]
    assert len(beats) == 10


@pytest.mark.parametrize(
    ("name", "ping", "pong"),
    [
        ("bybit_spot", '{"op":"ping","req_id":"7"}', ("ret_msg", "pong")),
        ("bybit_linear", '{"op":"ping","req_id":"7"}', ("op", "ping")),
        ("kraken", '{"method":"ping","req_id":7}', ("method", "pong")),
    ],
)
def test_a_ping_is_answered(client, ping, pong):
    client.send(ping)
    reply = json.loads(client.texts[-1])
    assert reply[pong[0]] == pong[1]
    assert reply["req_id"] in {"7", 7}


@pytest.mark.parametrize("name", ["okx"])
def test_okx_answers_a_ping_of_bare_text(client):
    client.send("ping")
    assert client.texts == ["pong"]


@pytest.mark.parametrize("name", VENUES)
def test_a_venue_over_a_real_socket(running, client, name):
    params = ExchangeParams(venue=name, symbols=client.symbols, rate=5)

    async def scene():
        async with running(serve, params) as exchange:
            async with connect(exchange.ws + client.path) as line:
                venue = client.venue
                for text in venue.subscribe(client.symbols, venue.CHANNELS):
                    await line.send(text)
                frames = [await line.recv() for _ in range(60)]
            return frames, await exchange.report()

    frames, report = asyncio.run(scene())
    assert len(frames) == 60
    assert report.total >= 60
