"""Records of one symbol at times in seconds, and what a check says of them."""

from collections.abc import Iterable
from typing import Any

from operators.quality.finding import Check, Finding
from operators.records.base import Side
from operators.records.book import Book, BookState
from operators.records.market import (
    BookDelta,
    Flaw,
    FlawKind,
    Gap,
    Heartbeat,
    Level,
    Top,
    Trade,
)
from operators.records.quality import Severity
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND

Said = tuple[float, Severity | None]


def place(at_s: float) -> dict[str, Any]:
    at_ns = T0_NS + round(at_s * SECOND)
    return {
        "venue": "binance",
        "symbol": "BTC-USDT",
        "event_ns": at_ns,
        "received_ns": at_ns,
    }


def heartbeat(at_s: float) -> Heartbeat:
    return Heartbeat(**place(at_s))


def beats(start_s: int, end_s: int) -> list[Heartbeat]:
    return [heartbeat(at_s) for at_s in range(start_s, end_s)]


def top(at_s: float, bid: float, ask: float, size: float = 1.0) -> Top:
    sizes = {"bid_quantity": size, "ask_quantity": size}
    return Top(**place(at_s), bid=bid, ask=ask, **sizes)


def side(best: float, step: float, levels: int, size: float) -> tuple[Level, ...]:
    return tuple((best + step * number, size) for number in range(levels))


def book(
    at_s: float, bid: float, ask: float, levels: int = 10, size: float = 1.0
) -> Book:
    step = bid * 1e-5
    bids, asks = side(bid, -step, levels, size), side(ask, step, levels, size)
    return Book(**place(at_s), bids=bids, asks=asks)


def trade(at_s: float, price: float = 100.0, quantity: float = 1.0) -> Trade:
    what = {"price": price, "quantity": quantity, "side": Side.BUY}
    return Trade(**place(at_s), trade_id="1", **what)


def delta(at_s: float) -> BookDelta:
    return BookDelta(**place(at_s), bids=(), asks=())


def state(at_s: float, reason: str = "") -> BookState:
    return BookState(**place(at_s), ok=not reason, reason=reason)


def gap(at_s: float, reason: str = "sequence") -> Gap:
    return Gap(**place(at_s), last=1, next=3, reason=reason)


def flaw(at_s: float, kind: FlawKind, count: int = 1, line: str = "x/a") -> Flaw:
    return Flaw(**place(at_s), kind=kind, count=count, line=line)


def found(check: Check, records: Iterable[Any]) -> list[tuple[float, Finding]]:
    """Show records to a check as the flow does: those that it sees, in order."""
    return [
        ((record.event_ns - T0_NS) / SECOND, finding)
        for record in records
        if isinstance(record, check.sees)
        for finding in check.look(record)
    ]


def said(check: Check, records: Iterable[Any]) -> list[Said]:
    """Return when which severity was found."""
    return [(at_s, finding.severity) for at_s, finding in found(check, records)]
