"""What a recording is played on."""

import json

import pytest

from config.load import ConfigError
from config.settings import Settings
from flows.plan import of_recording

TOP = {"u": 1, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "1"}
BINANCE = {"stream": "btcusdt@bookTicker", "data": TOP}
OKX = {"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": []}


def write(path, frames):
    place = {"line": "a", "kind": "ws", "received_ns": 1, "url": ""}
    rows = [
        {"venue": venue, "connection": f"{venue}-0", **place, "data": json.dumps(data)}
        for venue, data in frames
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_it_is_the_connection_that_the_frames_were_recorded_on(tmp_path):
    path = write(tmp_path / "one.jsonl", [("binance", BINANCE)])

    (connection,) = of_recording(Settings(), path).ingest.connections

    assert (connection.name, connection.venue) == ("binance-0", "binance")
    assert connection.symbols == ("BTC-USDT",)
    assert connection.channels == ("bookTicker",)
    assert connection.simulated


def test_a_recording_of_two_venues_is_refused_and_both_are_named(tmp_path):
    path = write(tmp_path / "two.jsonl", [("binance", BINANCE), ("okx", OKX)])

    with pytest.raises(ConfigError, match="Expected one venue, not binance, okx"):
        of_recording(Settings(), path)
