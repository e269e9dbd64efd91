"""Four real connections with one subscription: merged, and with some of them killed."""

import random
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.recording import Recording
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.heard import Heard, Moved
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, BookSnapshot, Gap, Tally, Top

SHARED = Path(__file__).parents[4] / "shared"
CAPTURES = [SHARED / "data" / "ws" / f"HITBTC.ws.{n}.0.zst" for n in (1, 2, 3, 4)]
KILLS = 50

pytestmark = pytest.mark.skipif(
    not CAPTURES[0].exists(), reason="the real recordings of ../shared are not here"
)


class _Level(msgspec.Struct):
    price: float
    size: float


class _Params(msgspec.Struct):
    symbol: str = ""
    sequence: int = 0
    ask: list[_Level] | str = ""
    bid: list[_Level] | str = ""
    timestamp: str = ""


class _Message(msgspec.Struct):
    method: str = ""
    params: _Params | None = None


_decode = msgspec.json.Decoder(_Message, strict=False).decode


def parse(frame: Frame) -> Any:
    """Return the delta, snapshot or quote in a frame, if any."""
    if "andles" in frame.payload or "Trades" in frame.payload:
        return None
    message = _decode(frame.payload)
    if message.params is None:
        return None
    params = message.params
    at = msgspec.convert(params.timestamp, datetime)
    place = {
        "venue": "hitbtc",
        "symbol": params.symbol,
        "event_ns": round(at.timestamp() * 1000) * 1_000_000,
        "received_ns": frame.received_ns,
    }
    if message.method == "ticker":
        prices = (float(params.bid), float(params.ask))
        return Top(
            **place, bid=prices[0], bid_quantity=0, ask=prices[1], ask_quantity=0
        )
    sides = {
        "bids": tuple((each.price, each.size) for each in params.bid),
        "asks": tuple((each.price, each.size) for each in params.ask),
    }
    if message.method == "snapshotOrderbook":
        return BookSnapshot(**place, sequence=params.sequence, **sides)
    number = params.sequence
    return BookDelta(**place, sequence=number, previous=number - 1, **sides)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[Heard]:
    """Return all that the four lines bring, in order of arrival."""
    out = tmp_path_factory.mktemp("hitbtc") / "four.jsonl"
    tool = SHARED / "tools" / "to_recording.py"
    words = [f"hitbtc={path}" for path in CAPTURES]
    subprocess.run([sys.executable, tool, out, *words], check=True, capture_output=True)
    found = []
    with Recording(out) as recording:
        for frame in recording:
            if isinstance(frame, Frame) and frame.kind is FrameKind.WS:
                event = parse(frame)
                if event is not None:
                    found.append(Heard(event.key, frame.line, event))
    return found


def merge(heard: list[Heard | Moved]) -> list[Any]:
    arbiters: defaultdict[str, Arbitrate] = defaultdict(
        lambda: Arbitrate(ArbitrateParams())
    )
    return [out for each in heard for out in arbiters[each.key].update([each])]


def deltas_of(outs: list[Any]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for out in outs:
        if isinstance(out, BookDelta):
            found[out.key].append(out.sequence)
    return dict(found)


@pytest.fixture(scope="module")
def whole(heard: list[Heard]) -> dict[str, list[int]]:
    """Return the numbers of every delta that any line brought, by symbol."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for each in heard:
        if isinstance(each.event, BookDelta):
            found[each.key].add(each.event.sequence)
    return {key: sorted(numbers) for key, numbers in found.items()}


def test_every_delta_of_the_four_comes_once_and_in_sequence(heard, whole):
    outs = merge(list(heard))

    assert deltas_of(outs) == whole
    assert sum(map(len, whole.values())) == 517
    for numbers in whole.values():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert not any(isinstance(out, Gap) for out in outs)


def test_every_quote_of_the_four_comes_once_and_never_an_older_one(heard):
    outs = merge(list(heard))

    quotes = [(out.key, out.event_ns) for out in outs if isinstance(out, Top)]
    newest: defaultdict[str, int] = defaultdict(int)
    overtaken = set()
    for each in heard:
        key, event = each.key, each.event
        if isinstance(event, Top):
            if event.event_ns < newest[key] and (key, event.event_ns) not in quotes:
                overtaken.add((key, event.event_ns))
            newest[key] = max(newest[key], event.event_ns)
    told = {(e.key, e.event.event_ns) for e in heard if isinstance(e.event, Top)}
    assert len(quotes) == len(set(quotes))
    assert set(quotes) | overtaken == told
    assert len(overtaken) == 1  # first brought when another line had a newer one


def test_all_of_it_is_accounted_for(heard):
    arbiters: dict[str, Arbitrate] = {}
    for each in heard:
        arbiter = arbiters.setdefault(each.key, Arbitrate(ArbitrateParams()))
        list(arbiter.update([each]))
    tallies = [
        out
        for arbiter in arbiters.values()
        for out in arbiter.close()
        if isinstance(out, Tally)
    ]
    counted = sum(t.taken + t.repeated + t.stale for t in tallies)
    assert counted == len(heard)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("told", [True, False], ids=["closed", "vanished"])
def test_killing_lines_at_any_moment_loses_nothing(heard, whole, count, told):
    """At 50 random moments, one or two of the four lines end for good."""
    chance = random.Random(f"{count} {told}")
    for _ in range(KILLS):
        moment = chance.randrange(len(heard))
        killed = chance.sample("abcd", count)
        kept: list[Heard | Moved] = []
        for number, each in enumerate(heard):
            if number == moment and told:
                at_ns = each.event.received_ns
                keys = {other.key for other in heard}
                kept += [Moved(k, line, False, at_ns) for k in keys for line in killed]
            if number < moment or each.line not in killed:
                kept.append(each)

        outs = merge(kept)

        assert deltas_of(outs) == whole, (moment, killed)
        assert not any(isinstance(out, Gap) for out in outs)
