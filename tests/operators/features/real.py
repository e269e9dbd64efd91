"""The market of the tick captures, as the market flow makes it."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.records.market import MarketEvent

SHARED = Path(__file__).parents[4] / "shared"
TICK = SHARED / "data" / "tick"
OHLCV = SHARED / "data" / "ohlcv"


def market(name: str, folder: Path) -> list[MarketEvent]:
    """Return the events of a tick capture."""
    out = folder / f"{name}.jsonl"
    tool = SHARED / "tools" / "to_recording.py"
    words = [sys.executable, tool, out, f"binance={TICK / name}.gz"]
    subprocess.run(words, check=True, capture_output=True)
    listen = Listen(DecodeParams(), PARSERS)
    lines: dict[str, Arbitrate] = defaultdict(lambda: Arbitrate(ArbitrateParams()))
    found: list[MarketEvent] = []
    with Recording(out) as frames:
        for heard in listen.update(frames):
            if isinstance(heard, Heard | Moved):
                said = lines[heard.key].update([heard])
                found += [each for each in said if isinstance(each, MarketEvent)]
    return found
