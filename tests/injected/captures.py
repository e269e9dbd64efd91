"""The real recordings, and what the market flow makes of them."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.records.frame import Frame

SHARED: Final = Path(__file__).parents[3] / "shared"
_WS, _TICK = SHARED / "data" / "ws", SHARED / "data" / "tick"
CAPTURED: Final = {
    "binance": "BINANCE",
    "binance_coinm": "BINANCE_DELIVERY",
    "binance_usdm": "BINANCE_FUTURES",
    "bitget": "BITGET",
    "bitmex": "BITMEX",
    "bitstamp": "BITSTAMP",
    "coinbase": "COINBASE",
    "deribit": "DERIBIT",
    "gateio": "GATEIO",
    "gemini": "GEMINI",
    "hitbtc": "HITBTC",
    "kraken_futures": "KRAKEN_FUTURES",
    "kraken_v1": "KRAKEN",
    "kucoin": "KUCOIN",
    "okx": "OKX",
}
"""How the recordings of half a minute are called, by venue."""

Told = list[Heard | Moved]


class Capture(NamedTuple):
    """A recording of one venue.

    Attributes:
        name: What it is called here.
        venue: The venue.
        files: Its parts.
        is_long: Whether it lasts for minutes, so that checks learn from it by
            themselves; else it lasts half a minute.
    """

    name: str
    venue: str
    files: tuple[Path, ...]
    is_long: bool


def captures() -> Iterator[Capture]:
    """Yield the recordings that there are of venues that are known."""
    for venue, name in CAPTURED.items():
        files = (*sorted(_WS.glob(f"{name}.http.*")), *sorted(_WS.glob(f"{name}.ws.*")))
        if venue in PARSERS and files:
            yield Capture(venue, venue, files, is_long=False)
    for file in sorted(_TICK.glob("spot_*_20240808.gz")):
        yield Capture(file.name.partition(".")[0], "binance", (file,), is_long=True)


def frames(capture: Capture, folder: Path) -> list[Frame]:
    """Return the frames of a recording, in order."""
    out = folder / f"{capture.name}.jsonl"
    words = [f"{capture.venue}={file}" for file in capture.files]
    tool = SHARED / "tools" / "to_recording.py"
    subprocess.run([sys.executable, tool, out, *words], check=True, capture_output=True)
    with Recording(out) as recording:
        return list(recording)


def heard(frames: list[Frame]) -> dict[str, Told]:
    """Return what the lines bring of each symbol."""
    found: dict[str, Told] = defaultdict(list)
    for each in Listen(DecodeParams(), PARSERS).update(frames):
        if isinstance(each, Heard | Moved):
            found[each.key].append(each)
    return found
