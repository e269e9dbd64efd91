"""Frames of the recordings in ``../shared/data``, as seeds of runs outside CI."""

import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Final

from connectors.recording import Recording
from operators.records.frame import Frame
from tests.fuzz.tape import written

_SHARED: Final = Path(__file__).resolve().parents[3] / "shared"
_CAPTURES: Final = {
    "binance": "data/ws/BINANCE.ws.1.0.zst",
    "binance_usdm": "data/ws/BINANCE_FUTURES.ws.1.0.zst",
    "binance_coinm": "data/ws/BINANCE_DELIVERY.ws.1.0.zst",
    "okx": "data/ws/OKX.ws.1.0.zst",
    "coinbase": "data/ws/COINBASE.ws.28.0.zst",
    "kraken_v1": "data/ws/KRAKEN.ws.48.0.zst",
}
_READ: Final = 4_000
_EVERY: Final = 200
_TAPE: Final = 40
_LONGEST: Final = 20_000


def recorded() -> dict[str, list[bytes]]:
    """Return seeds by folder of the corpus; none where there are no recordings."""
    found: dict[str, list[bytes]] = {}
    for venue, capture in _CAPTURES.items():
        if (_SHARED / capture).exists():
            frames = _frames(venue, _SHARED / capture)
            some = [each for each in frames[::_EVERY] if len(each.payload) < _LONGEST]
            found[f"frames-{venue}"] = [written([each]) for each in some]
            starts = range(0, len(frames), len(frames) // 4 + 1)
            tapes = [written(frames[start : start + _TAPE]) for start in starts]
            found[f"tape-{venue}"] = [
                tape for tape in tapes if len(tape) < 2 * _LONGEST
            ]
    return found


def _frames(venue: str, capture: Path) -> list[Frame]:
    tool = _SHARED / "tools/to_recording.py"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"{venue}.jsonl"
        words = [sys.executable, str(tool), str(out), f"{venue}={capture}"]
        subprocess.run(words, check=True, capture_output=True)
        with Recording(out) as recording:
            read = islice(recording, _READ)
            return [frame for frame in read if isinstance(frame, Frame)]
