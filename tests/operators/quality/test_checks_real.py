"""Healthy captures of real venues raise no alarm; faults put into them are found."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.checks import ChecksParams, checks
from operators.quality.finding import Finding
from operators.quality.price_jump import PriceJumpParams
from operators.quality.stale import StaleParams
from operators.quality.thin_depth import ThinDepthParams
from operators.quality.wide_spread import WideSpreadParams
from operators.records.book import Book, BookState
from operators.records.market import BookDelta, Heartbeat, MarketEvent, Trade
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND
from tests.injected.captures import CAPTURED

SHARED = Path(__file__).parents[4] / "shared"
WS, TICK = SHARED / "data" / "ws", SHARED / "data" / "tick"
LEARNT = ("binance_usdm", "kraken_v1", "kucoin")
QUICK = ChecksParams(
    wide_spread=WideSpreadParams(warm_up=8),
    thin_depth=ThinDepthParams(warm_up=8),
    stale=StaleParams(warm_up_s=8.0),
    price_jump=PriceJumpParams(warm_up=8),
)
"""The captures last half a minute: let the checks know their symbol after a third."""

Streams = dict[str, list[MarketEvent]]
Change = Callable[[Any], Any]

pytestmark = pytest.mark.skipif(
    not WS.exists(), reason="the real recordings of ../shared are not here"
)


def streams(out: Path, words: list[str]) -> Streams:
    """Return what the market flow makes of captures, by symbol."""
    tool = SHARED / "tools" / "to_recording.py"
    subprocess.run([sys.executable, tool, out, *words], check=True, capture_output=True)
    listen = Listen(DecodeParams(), PARSERS)
    lines: dict[str, Arbitrate] = defaultdict(lambda: Arbitrate(ArbitrateParams()))
    found: Streams = defaultdict(list)
    with Recording(out) as frames:
        for heard in listen.update(frames):
            if isinstance(heard, Heard | Moved):
                said = lines[heard.key].update([heard])
                found[heard.key] += [e for e in said if isinstance(e, MarketEvent)]
    return found


def of_venue(venue: str, folder: Path) -> Streams:
    if venue not in PARSERS:
        pytest.skip(f"`{venue}` is no venue yet")
    files = sorted(WS.glob(f"{CAPTURED[venue]}.http.*"))
    files += sorted(WS.glob(f"{CAPTURED[venue]}.ws.*"))
    assert files
    return streams(folder / "venue.jsonl", [f"{venue}={file}" for file in files])


def shown(
    events: list[MarketEvent],
    params: ChecksParams,
    change: Change = lambda said: said,
) -> Iterator[tuple[int, Finding]]:
    """Show a symbol and its book to every check; ``change`` alters the book's."""
    book = OrderBook(OrderBookParams())
    watches = checks(params, {})
    for event in events:
        for seen in [event, *map(change, book.update([event]))]:
            for check in watches:
                if isinstance(seen, check.sees):
                    for finding in check.look(seen):
                        yield seen.event_ns, finding


@pytest.mark.parametrize("venue", CAPTURED)
def test_a_healthy_capture_raises_no_alarm_of_young_or_learnt_checks(venue, tmp_path):
    found = of_venue(venue, tmp_path)

    assert found
    for key, events in found.items():
        for params in (ChecksParams(), QUICK):
            for _, finding in shown(events, params):
                is_grave = finding.severity in {Severity.HIGH, Severity.CRITICAL}
                assert not is_grave, (key, finding)


def test_a_recorder_with_a_wrong_clock_raises_no_alarm_at_all(tmp_path):
    file = TICK / "spot_btcusdt_20240808.gz"
    events = streams(tmp_path / "tick.jsonl", [f"binance={file}"])["binance:BTC-USDT"]

    assert len(events) > 10_000
    assert [each for _, each in shown(events, ChecksParams()) if each.severity] == []


def faults(events: list[MarketEvent]) -> Iterator[tuple[str, set[IssueKind], Any]]:
    """Yield each fault that these can suffer: its name, how it shows, and the result.

    A result is the events and what is changed of the book that follows.
    """
    at = next(
        number
        for number, event in enumerate(events)
        if number > len(events) * 0.6 and isinstance(event, BookDelta)
    )
    t_ns, delta = events[at].event_ns, events[at]
    assert isinstance(delta, BookDelta)
    if delta.sequence is not None:
        without = events[:at] + events[at + 1 :]
        yield "dropped delta", {IssueKind.SEQUENCE_GAP}, (without, same)
    if delta.checksum is not None:
        wrong = replace(delta, checksum=delta.checksum ^ 1)
        changed = [*events[:at], wrong, *events[at + 1 :]]
        yield "wrong checksum", {IssueKind.CHECKSUM}, (changed, same)

    def cross(said: Any) -> Any:
        if not isinstance(said, Book) or said.event_ns < t_ns:
            return said
        return replace(said, bids=((said.asks[0][0] * 1.001, 1.0), *said.bids))

    def cut(said: Any) -> Any:
        if not isinstance(said, Book) or said.event_ns < t_ns:
            return said
        return replace(said, bids=said.bids[:1], asks=said.asks[:1])

    yield "crossed book", {IssueKind.CROSSED_BOOK}, (events, cross)
    yield "cut depth", {IssueKind.THIN_DEPTH}, (events, cut)
    silent = [
        Heartbeat(**delta.stamp, received_ns=delta.received_ns) for _ in range(60)
    ]
    beats = [
        replace(beat, event_ns=t_ns + number * SECOND)
        for number, beat in enumerate(silent)
    ]
    yield "silence", {IssueKind.STALE}, (events[:at] + beats, same)
    trades = [n for n, event in enumerate(events) if isinstance(event, Trade)]
    for number in trades[-1:]:
        zero = replace(events[number], price=0.0)  # type: ignore[call-arg]
        changed = [*events[:number], zero, *events[number + 1 :]]
        yield "zero price", {IssueKind.IMPOSSIBLE_TRADE}, (changed, same)


def same(said: Book | BookState) -> Book | BookState:
    return said


@pytest.mark.parametrize("venue", LEARNT)
def test_faults_in_a_real_stream_are_found(venue, tmp_path):
    tried: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for events in of_venue(venue, tmp_path).values():
        for name, kinds, (changed, change) in faults(events):
            tried[name] += 1
            found = {
                finding.kind
                for _, finding in shown(changed, QUICK, change)
                if finding.severity is not None
            }
            missed[name] += not kinds & found

    assert tried["crossed book"] >= 3
    assert tried["dropped delta"] + tried["wrong checksum"] >= 3
    # A book may stand still, and a symbol may be quiet, for the rest of a capture.
    hard = {"cut depth", "silence"}
    assert {name for name, count in missed.items() if count} <= hard
    assert all(missed[name] <= tried[name] / 4 for name in hard)
