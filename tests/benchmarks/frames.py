"""Real frames -> parsed, arbitrated, booked, best levels: beside a bare typed decode.

The peer decodes the same frames with msgspec into typed structs, and does nothing else:
no names, no times, no checks, no book. Both run in one process, in turn, over frames
that are in memory; what counts is CPU seconds.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from connectors.recording import Recording
from connectors.venues import PARSERS
from flows.run import calm_collector
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import Book
from operators.records.frame import Frame, FrameKind
from operators.records.market import Tally

SHARED: Final = Path(__file__).parents[3] / "shared"
CAPTURES: Final = {
    "binance BTC": ["binance=data/tick/spot_btcusdt_20240808.gz"],
    "binance ETH": ["binance=data/tick/spot_ethusdt_20240808.gz"],
    "binance_usdm": [
        "binance_usdm=data/ws/BINANCE_FUTURES.http.0.0.zst",
        "binance_usdm=data/ws/BINANCE_FUTURES.ws.1.0.zst",
    ],
    "binance_coinm": [
        "binance_coinm=data/ws/BINANCE_DELIVERY.http.0.0.zst",
        "binance_coinm=data/ws/BINANCE_DELIVERY.ws.1.0.zst",
    ],
    "okx": ["okx=data/ws/OKX.ws.1.0.zst"],
    "kraken_v1": ["kraken_v1=data/ws/KRAKEN.ws.50.0.zst"],
    "coinbase": ["coinbase=data/ws/COINBASE.ws.28.0.zst"],
}
RUNS: Final = 7
BATCH: Final = 1_000
_Levels = list[tuple[str, str]]


class _BinanceData(msgspec.Struct, gc=False):
    e: str = ""
    s: str = ""
    E: int = 0
    T: int = 0
    U: int = 0
    u: int = 0
    t: int = 0
    p: str = ""
    q: str = ""
    m: bool = False
    b: str | int | _Levels = ""
    a: str | int | _Levels = ""
    B: str = ""
    A: str = ""


class _Binance(msgspec.Struct, gc=False):
    stream: str = ""
    data: _BinanceData | None = None
    bids: _Levels | None = None
    asks: _Levels | None = None


class _OkxData(msgspec.Struct, gc=False):
    ts: str = ""
    asks: list[tuple[str, str, str, str]] | None = None
    bids: list[tuple[str, str, str, str]] | None = None
    checksum: int = 0
    px: str = ""
    sz: str = ""
    side: str = ""
    bidPx: str = ""  # noqa: N815 - as the venue spells it
    askPx: str = ""  # noqa: N815


class _Okx(msgspec.Struct, gc=False):
    arg: dict[str, str] | None = None
    action: str = ""
    data: list[_OkxData] | None = None


class _Coinbase(msgspec.Struct, gc=False):
    type: str = ""
    product_id: str = ""
    time: str = ""
    changes: list[tuple[str, str, str]] | None = None
    bids: _Levels | None = None
    asks: _Levels | None = None
    price: str = ""
    size: str = ""


_BARE: Final[dict[str, Any]] = {
    "okx": _Okx,
    "coinbase": _Coinbase,
    "kraken_v1": list[Any] | dict[str, Any],
}


def run() -> None:
    """Measure every capture; print frames per CPU-second, and the ratio to the peer."""
    if not SHARED.exists():
        print("frames: the real recordings of ../shared are not here; not measured")
        return
    calm_collector()
    for name, words in CAPTURES.items():
        frames = _frames(words)
        ours, bare = [], []
        for _ in range(RUNS):
            bare.append(_rate(frames, _decode_bare))
            ours.append(_rate(frames, _book_all))
        ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
        print(
            f"frames: {name:14} {statistics.median(ours):9,.0f} frames per CPU-second,"
            f" bare decode {statistics.median(bare):11,.0f}: ratio {ratio:.2f}"
            f" of {len(frames):,} frames (the aim is 0.25)"
        )


def _frames(words: list[str]) -> list[Frame]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "frames.jsonl"
        pairs = [word.replace("=", f"={SHARED}/") for word in words]
        tool = SHARED / "tools" / "to_recording.py"
        subprocess.run(
            [sys.executable, tool, out, *pairs], check=True, capture_output=True
        )
        with Recording(out) as recording:
            return [each for each in recording if isinstance(each, Frame)]


def _rate(frames: list[Frame], job: Callable[[list[Frame]], int]) -> float:
    begun_s = time.process_time()
    done = job(frames)
    spent_s = time.process_time() - begun_s
    if not done:
        raise RuntimeError("nothing was done")
    return len(frames) / spent_s


def _decode_bare(frames: list[Frame]) -> int:
    kind = _BARE.get(frames[0].venue, _Binance)
    decode = msgspec.json.Decoder(kind).decode
    data = (FrameKind.WS, FrameKind.REST)
    return len([decode(frame.data or "") for frame in frames if frame.kind in data])


def _book_all(frames: list[Frame]) -> int:
    """Do as the flows ``market`` and ``book`` do, batch by batch; count the books."""
    listens: dict[str, Listen] = {}
    arbiters: dict[str, Arbitrate] = {}
    books: dict[str, OrderBook] = {}
    count = 0
    for start in range(0, len(frames), BATCH):
        by_connection: defaultdict[str, list[Frame]] = defaultdict(list)
        for frame in frames[start : start + BATCH]:
            by_connection[frame.key].append(frame)
        by_symbol: defaultdict[str, list[Heard | Moved]] = defaultdict(list)
        for key, batch in by_connection.items():
            listen = listens.get(key)
            if listen is None:
                listen = listens[key] = Listen(DecodeParams(), PARSERS)
            for each in listen.update(batch):
                if isinstance(each, (Heard, Moved)):
                    by_symbol[each.key].append(each)
        for key, heard in by_symbol.items():
            if key not in arbiters:
                arbiters[key] = Arbitrate(ArbitrateParams())
                books[key] = OrderBook(OrderBookParams(levels=1))
            events = [e for e in arbiters[key].update(heard) if type(e) is not Tally]
            for said in books[key].update(events):
                count += type(said) is Book
    return count
