"""Real frames of Binance's three markets: all are read, and every chain holds."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import zstandard

from connectors.recording import Recording
from connectors.venues import binance, binance_coinm, binance_usdm
from connectors.venues.venue import Venue
from operators.market.decode import Decode, DecodeParams
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.instrument import Status
from operators.records.market import BookDelta, BookSnapshot, Top, Trade

SHARED = Path(__file__).resolve().parents[4] / "shared"
pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason=f"no recordings in {SHARED}"
)
SPOT: Venue = binance
USDM: Venue = binance_usdm
COINM: Venue = binance_coinm


class Capture(NamedTuple):
    """A capture, and what is in it; changes of the book less symbols are links."""

    venue: Venue
    name: str
    trades: int
    tops: int
    deltas: int
    snapshots: int
    klines: int


CAPTURES = (
    Capture(SPOT, "BINANCE", 2, 84, 177, 4, 2),
    Capture(USDM, "BINANCE_FUTURES", 91, 613, 764, 4, 67),
    Capture(COINM, "BINANCE_DELIVERY", 51, 2_240, 2_047, 10, 33),
)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda each: each.name)
def test_every_frame_is_read_and_every_change_follows_the_one_before(
    capture: Capture, tmp_path: Path
) -> None:
    name = capture.venue.VENUE
    out = tmp_path / "real.jsonl"
    tool = [sys.executable, str(SHARED / "tools/to_recording.py"), str(out)]
    files = [f"data/ws/{capture.name}.{part}.0.zst" for part in ("ws.1", "http.0")]
    subprocess.run([*tool, *(f"{name}={SHARED / file}" for file in files)], check=True)
    decode = Decode(DecodeParams(), {name: capture.venue.parse})
    said: Counter[type] = Counter()
    ignored: Counter[str] = Counter()
    received = links = 0
    last: dict[str, int | None] = {}
    with Recording(out) as frames:
        for frame in frames:
            assert isinstance(frame, Frame)
            received += frame.kind in {FrameKind.WS, FrameKind.REST}
            for each in decode.update([frame]):
                assert not isinstance(each, DeadLetter), each.reason
                said[type(each)] += 1
                if isinstance(each, Ignored):
                    ignored[each.reason] += 1
                if isinstance(each, BookDelta):
                    if each.symbol in last:
                        assert each.previous == last[each.symbol]
                        links += 1
                    last[each.symbol] = each.sequence
    assert said[Trade] == capture.trades
    assert said[Top] == capture.tops
    assert said[BookDelta] == capture.deltas
    assert said[BookSnapshot] == capture.snapshots
    assert ignored - Counter(open=1, sent=1) == Counter(kline=capture.klines)
    assert received == sum(capture[2:])
    assert links == capture.deltas - len(last)
    assert len(last) == capture.snapshots


def listed(name: str) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the answer that a capture begins with, and the symbols in it."""
    raw = (SHARED / f"data/ws/{name}.0.zst").read_bytes()
    line = zstandard.ZstdDecompressor().stream_reader(raw).read().split(b"\n")[0]
    body = line[line.index(b": {") + 2 :]
    return body, json.loads(body)["symbols"]


@pytest.mark.parametrize(
    ("venue", "name", "count"),
    [(SPOT, "BINANCE", 1_695), (USDM, "BINANCE_FUTURES", 122)]
    + [(COINM, "BINANCE_DELIVERY", 36)],
)
def test_every_listed_symbol_has_a_name_and_is_split_as_the_venue_does(
    venue: Venue, name: str, count: int
) -> None:
    body, symbols = listed(name)
    found = venue.instruments(body)
    assert len(found) == len(symbols) == count
    assert len({each.symbol for each in found}) == count
    for each, instrument in zip(symbols, found, strict=True):
        assert instrument.native == each["symbol"]
        assert venue.canonical(each["symbol"]) == instrument.symbol
        assert venue.native(instrument.symbol) == each["symbol"]
        pair = f"{each['baseAsset']}-{each['quoteAsset']}"
        assert instrument.symbol.partition(pair)[0] == ""
        assert instrument.tick_size
        assert instrument.lot_size
        assert instrument.min_quantity
        assert (instrument.min_notional is None) == (venue is COINM)
        trades = each.get("status", each.get("contractStatus")) == "TRADING"
        assert (instrument.status is Status.TRADING) == trades
