"""What Binance really sent is read, all of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from connectors.recording import Recording
from connectors.venues import PARSERS, binance
from operators.market.decode import Decode, DecodeParams
from operators.records.dead import DeadLetter
from operators.records.market import BookDelta, BookSnapshot, Top, Trade

SHARED = Path(__file__).resolve().parents[4] / "shared"
real = pytest.mark.skipif(not SHARED.exists(), reason=f"no recordings in {SHARED}")


@real
def test_every_symbol_of_the_venues_own_list_is_split_as_the_venue_does() -> None:
    raw = (SHARED / "data/ws/BINANCE.0.zst").read_bytes()
    text = zstandard.ZstdDecompressor().stream_reader(raw).read().split(b"\n")[0]
    listed = json.loads(text[text.index(b": {") + 2 :])["symbols"]
    assert len(listed) > 1_000
    wrong = {
        each["symbol"]: name
        for each in listed
        if (name := binance.canonical(each["symbol"]))
        != f"{each['baseAsset']}-{each['quoteAsset']}"
    }
    assert wrong == {}


@real
@pytest.mark.parametrize(
    "paths",
    [
        *[(path,) for path in sorted((SHARED / "data/tick").glob("*.gz"))],
        ("data/ws/BINANCE.ws.1.0.zst", "data/ws/BINANCE.http.0.0.zst"),
    ],
    ids=lambda paths: Path(paths[0]).name,
)
def test_every_real_frame_is_read(paths: tuple[Any, ...], tmp_path: Path) -> None:
    out = tmp_path / "real.jsonl"
    tool = [sys.executable, str(SHARED / "tools/to_recording.py"), str(out)]
    subprocess.run([*tool, *(f"binance={SHARED / path}" for path in paths)], check=True)
    decode = Decode(DecodeParams(), PARSERS)
    with Recording(out) as frames:
        outs = [said for frame in frames for said in decode.update([frame])]
    assert [out for out in outs if isinstance(out, DeadLetter)] == []
    kinds = {type(out) for out in outs}
    assert {Top, BookDelta} <= kinds
    assert {Trade, BookSnapshot} & kinds
