"""A venue's list is fetched when it must be, kept whole, and its age is said."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from connectors import instruments as module
from connectors.instruments import Fetched, InstrumentsError, Listing, instruments
from connectors.venues import binance_usdm
from connectors.venues.venue import Venue
from operators.records.time import SECOND

VENUE: Venue = binance_usdm
BODY = json.dumps(
    {
        "symbols": [
            {
                "symbol": f"{base}USDT",
                "baseAsset": base,
                "quoteAsset": "USDT",
                "status": "TRADING",
                "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.10"}],
            }
            for base in ("BTC", "ETH")
        ]
    }
).encode()


class Answers(BaseHTTPRequestHandler):
    """Answer as the test has set it up."""

    server: "Server"

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.path)
        self.send_response(server.status)
        length = len(server.body) + server.missing
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A venue's REST address.

    Attributes:
        status: Of the answers.
        body: Of the answers.
        missing: How many bytes fewer are sent than announced.
        asked: The paths that were asked for.
    """

    daemon_threads = True
    status = 200
    body = BODY
    missing = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def fetch(server: Server, folder: Path, max_age_s: float = 3_600.0) -> Fetched:
    asked = instruments(VENUE, folder, max_age_s=max_age_s, rest_url=server.url)
    return asyncio.run(asked)


def names(fetched: Fetched) -> list[str]:
    return [each.symbol for each in fetched.listing.instruments]


def age(folder: Path, seconds: float) -> None:
    """Make the kept list older."""
    path = folder / "binance_usdm.json"
    listing = msgspec.json.decode(path.read_bytes(), type=Listing)
    older_ns = listing.fetched_ns - int(seconds * SECOND)
    path.write_bytes(
        msgspec.json.encode(msgspec.structs.replace(listing, fetched_ns=older_ns))
    )


def test_a_list_is_fetched_once_and_kept_with_its_time(
    server: Server, tmp_path: Path
) -> None:
    before_ns = time.time_ns()
    first = fetch(server, tmp_path / "new" / "folder")
    assert names(first) == ["BTC-USDT-PERP", "ETH-USDT-PERP"]
    assert (first.cached, first.reason) == (False, "")
    assert before_ns <= first.listing.fetched_ns <= time.time_ns()

    second = fetch(server, tmp_path / "new" / "folder")
    assert second == Fetched(first.listing, cached=True)
    assert str(second.listing.instruments[0].tick_size) == "0.10"
    assert server.asked == ["/fapi/v1/exchangeInfo"]
    assert os.listdir(tmp_path / "new" / "folder") == ["binance_usdm.json"]


def test_an_old_list_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    age(tmp_path, 61)
    assert not fetch(server, tmp_path, max_age_s=60.0).cached
    assert fetch(server, tmp_path, max_age_s=60.0).cached
    assert len(server.asked) == 2


def test_a_list_of_the_future_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    age(tmp_path, -1_000)
    assert not fetch(server, tmp_path).cached


class Answer(NamedTuple):
    """An answer that is no list, and what is told of it."""

    told: str
    status: int = 200
    body: bytes = BODY
    missing: int = 0


ANSWERS = (
    Answer("HTTPStatusError: Server error '503", status=503),
    Answer("HTTPStatusError: Client error '429", status=429),
    Answer("HTTPStatusError", status=302),
    Answer("DecodeError", body=b"<html>"),
    Answer("missing required field `symbols`", body=b"{}"),
    Answer("Error", body=b"\xff"),
    Answer("an empty list", body=b'{"symbols":[]}'),
    Answer("RemoteProtocolError", missing=10),
    Answer("Error", body=b"[" * 100_000),
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_where_the_venue_gives_no_list_the_kept_one_is_returned_and_it_is_said(
    server: Server, tmp_path: Path, answer: Answer
) -> None:
    first = fetch(server, tmp_path)
    age(tmp_path, 7_200)
    server.status, server.body = answer.status, answer.body
    server.missing = answer.missing
    second = fetch(server, tmp_path)
    assert second.cached
    assert answer.told in second.reason
    assert second.reason.startswith(f"{server.url}/fapi/v1/exchangeInfo: ")
    assert second.listing.instruments == first.listing.instruments

    with pytest.raises(InstrumentsError, match="none is kept") as caught:
        fetch(server, tmp_path / "empty")
    assert answer.told in str(caught.value)


def test_a_venue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.url
    with pytest.raises(InstrumentsError, match="ConnectError") as caught:
        asyncio.run(instruments(VENUE, tmp_path, max_age_s=1.0, rest_url=url))
    assert f"{url}/fapi/v1/exchangeInfo" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kept", [b"", b"{", b'{"venue":"other","fetched_ns":1,"instruments":[]}']
)
def test_a_kept_list_that_cannot_be_read_is_none(
    server: Server, tmp_path: Path, kept: bytes
) -> None:
    path = tmp_path / "binance_usdm.json"
    path.write_bytes(kept)
    assert not fetch(server, tmp_path).cached
    assert msgspec.json.decode(path.read_bytes(), type=Listing).venue == "binance_usdm"

    path.write_bytes(kept)
    server.status = 500
    with pytest.raises(InstrumentsError, match=r"binance_usdm\.json: "):
        fetch(server, tmp_path)


def test_a_list_that_cannot_be_kept_is_returned_and_it_is_said(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    fetched = fetch(server, tmp_path / "file")
    assert names(fetched) == ["BTC-USDT-PERP", "ETH-USDT-PERP"]
    assert not fetched.cached
    assert "binance_usdm.json: " in fetched.reason


def test_what_cannot_replace_the_kept_list_leaves_nothing_behind(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "binance_usdm.json").mkdir()
    fetched = fetch(server, tmp_path)
    assert "IsADirectoryError" in fetched.reason
    assert os.listdir(tmp_path) == ["binance_usdm.json"]


def test_an_answer_without_end_is_cut(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(InstrumentsError, match="more than 100 bytes"):
        fetch(server, tmp_path)
