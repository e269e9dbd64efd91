"""What clients ask of the simulated exchange: paths, queries, messages."""

from collections.abc import Callable
from functools import cache
from typing import Final

from config.exchange import ExchangeParams
from connectors.exchange.message import Answer, Bare, Feed, Floor, Message
from connectors.exchange.protocols import PROTOCOLS
from connectors.exchange.server import is_path
from connectors.exchange.simulation import feed_of
from operators.records.time import SECOND
from tests.fuzz.laws import check
from tests.fuzz.mutate import SEPARATOR
from tests.fuzz.tape import NOW_NS

SYMBOLS: Final = {
    "binance": ("BTC-USDT", "DOGE-USDT"),
    "bybit_spot": ("BTC-USDT", "DOGE-USDT"),
    "bybit_linear": ("BTC-USDT-PERP", "ETH-USDC-PERP"),
    "okx": ("BTC-USDT", "DOGE-USDT-PERP"),
    "coinbase": ("BTC-USD", "DOGE-USD"),
    "kraken": ("BTC-USD", "DOGE-USD"),
}
PATHS: Final = {
    "binance": "/stream?streams=btcusdt@trade",
    "bybit_spot": "/v5/public/spot?line=a",
    "bybit_linear": "/v5/public/linear?line=a",
    "okx": "/ws/v5/public?line=a",
    "coinbase": "/?line=a",
    "kraken": "/v2?line=a",
}
_MOST_STREAMS: Final = 10_000


@cache
def feed(venue: str) -> Feed:
    """Return an exchange that has traded for two seconds."""
    params = ExchangeParams(venue=venue, symbols=SYMBOLS[venue], rate=3.0)
    made = feed_of(params, NOW_NS)
    for _ in made.until(NOW_NS + 2 * SECOND):
        pass
    return made


def talked(venue: str) -> Callable[[bytes], None]:
    """Return the check of a conversation: a path, then messages.

    Each message is taken twice: by an exchange that lists something, and by one that
    plays a recording and takes any name.
    """
    protocol = PROTOCOLS[venue]

    def run(raw: bytes) -> None:
        first, *messages = raw.split(SEPARATOR)
        path = first.decode("ascii", "surrogateescape")
        floors: tuple[Floor, ...] = (feed(venue), Bare(NOW_NS))
        for floor in floors:
            session = protocol.open_session(path, floor) if is_path(path) else None
            if session is None:
                session = protocol.open_session(PATHS[venue], floor)
            assert session is not None
            for message in messages:
                for reply in session.answer(_received(message)):
                    told = reply if isinstance(reply, str) else session.dress(reply)
                    check(isinstance(told, bytes) or bool(told.encode()), "no reply")
            check(len(session.streams) <= _MOST_STREAMS, "too many streams")
            for stream in session.streams:
                session.dress(Message("", stream, "{}", "{}"))

    return run


def asked(venue: str) -> Callable[[bytes], None]:
    """Return the check of a REST request, and of a recorded answer's origin."""
    protocol = PROTOCOLS[venue]

    def run(raw: bytes) -> None:
        first, *bodies = raw.split(SEPARATOR)
        path = first.decode("ascii", "surrogateescape")
        answer = feed(venue).rest(path) if is_path(path) else None
        check(answer is None or isinstance(answer, Answer), "no answer")
        if answer is not None:
            check(bool(answer.body.encode()), "an answer without a body")
        for body in bodies:
            protocol.about(_received(body))
            protocol.snapshot_path(_received(body))

    return run


def _received(message: bytes) -> str | bytes:
    """Return a message as a socket hands it on: text, if it is UTF-8."""
    try:
        return message.decode()
    except UnicodeDecodeError:
        return message
