"""Real captures as records, and what bends documented frames."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest
import zstandard
from hypothesis import strategies as st

from connectors.recording import Recording
from connectors.venues.venue import Venue
from operators.market.decode import Decode, DecodeParams
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import BookState
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from operators.records.market import BookDelta, BookSnapshot, Heartbeat

SHARED: Final = Path(__file__).resolve().parents[4] / "shared"
_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@st.composite
def bent(draw: st.DrawFn, samples: Sequence[str]) -> tuple[str, str]:
    """Return a sample, and the same with a few characters replaced by others."""
    raw = draw(st.sampled_from(samples))
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 8)))
    patch = draw(st.text(max_size=6) | _odd.map(json.dumps))
    return raw, raw[:start] + patch + raw[end:]


@st.composite
def altered(draw: st.DrawFn, samples: Sequence[str]) -> tuple[str, str]:
    """Return a sample, and the same with another value somewhere."""
    raw = draw(st.sampled_from(samples))
    tree = place = json.loads(raw)
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(list(keys)))
        if not place[key] or not isinstance(place[key], dict | list):
            break
        if draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    place[key] = draw(_odd)
    return raw, json.dumps(tree)


def needs(captures: Iterable[Path]) -> pytest.MarkDecorator:
    """Return the mark of a test that is skipped where captures are absent."""
    is_here = all(path.exists() for path in captures)
    return pytest.mark.skipif(not is_here, reason=f"no recordings in {SHARED}")


def paths(name: str, *parts: str) -> list[Path]:
    """Return the files of a capture."""
    return [SHARED / f"data/ws/{name}.{part}.0.zst" for part in parts]


def recorded(venue: Venue, captures: Iterable[Path], folder: Path) -> list[Frame]:
    """Return the frames of captures of a venue."""
    out = folder / "real.jsonl"
    tool = [sys.executable, str(SHARED / "tools/to_recording.py"), str(out)]
    words = [*tool, *(f"{venue.VENUE}={path}" for path in captures)]
    subprocess.run(words, check=True)
    with Recording(out) as frames:
        return [framed(each) for each in frames]


def said(venue: Venue, captures: Iterable[Path], folder: Path) -> list[object]:
    """Return all that the captures of a venue say."""
    decode = Decode(DecodeParams(), {venue.VENUE: venue.parse})
    frames = recorded(venue, captures, folder)
    return [each for frame in frames for each in decode.update([frame])]


def framed(read: Frame | DeadLetter) -> Frame:
    """Return what was read of a recording, which must be a frame."""
    assert isinstance(read, Frame)
    return read


def counted(events: Iterable[object]) -> Counter[type]:
    """Return how many there are of each class, but for heartbeats."""
    return Counter(type(each) for each in events if not isinstance(each, Heartbeat))


def believed(events: Iterable[object]) -> dict[str, OrderBook]:
    """Return the books that events lead to; once believed, each must stay so."""
    books: dict[str, OrderBook] = {}
    for event in events:
        if isinstance(event, BookSnapshot | BookDelta):
            book = books.setdefault(event.symbol, OrderBook(OrderBookParams()))
            for each in book.update([event]):
                assert not isinstance(each, BookState) or each.ok
    return books


def breaks(events: Iterable[object]) -> list[BookDelta]:
    """Return the deltas that do not follow on the one before of their symbol."""
    at: dict[str, int | None] = {}
    found: list[BookDelta] = []
    for event in events:
        if isinstance(event, BookDelta):
            if at.get(event.symbol, event.previous) != event.previous:
                found.append(event)
            at[event.symbol] = event.sequence
    return found


def listed(name: str) -> list[bytes]:
    """Return the bodies of the list of symbols, as the venue answered."""
    packed = (SHARED / f"data/ws/{name}.0.zst").open("rb")
    with packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        lines = reader.read().decode().splitlines()
    return [each.partition(": ")[2].encode() for each in lines if "://" in each[:10]]
