"""Rows of health, quality and alerts, as flows would have them written."""

from operators.records.alerts import Alert, AlertPhase, Delivery, Outcome
from operators.records.base import Record
from operators.records.book import Action, Command
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.healing import Decision, Healing
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import (
    IssueKind,
    Phase,
    QualityIssue,
    QualityScore,
    Severity,
)
from operators.records.time import SECOND


def health(at_ns: int, line: str, level: Level, issues: str = "") -> ConnectionHealth:
    return ConnectionHealth(
        venue="binance",
        connection="binance-0",
        line=line,
        received_ns=at_ns,
        level=level,
        issues=issues,
        is_up=level is not Level.RED,
        rate=120.0,
        octets_rate=10_000.0,
        feed_p95_ms=12.5,
        network_p95_ms=30.0 if line == "b" else None,
        uptime_24h=99.5,
    )


def score(at_ns: int, symbol: str, value: float, **changes: object) -> QualityScore:
    well = {"tradable": True, "has_book": True, "book_ok": True, "active": True}
    return QualityScore(
        venue="binance",
        symbol=symbol,
        event_ns=at_ns,
        received_ns=at_ns,
        score=value,
        **(well | changes),  # type: ignore[arg-type]
    )


def issue(at_ns: int, phase: Phase, **changes: object) -> QualityIssue:
    what = {
        "symbol": "ETH-USDT",
        "kind": IssueKind.CROSSED_BOOK,
        "severity": Severity.CRITICAL,
        "opened_ns": at_ns - 10 * SECOND,
        "evidence": "bid 101 >= ask 100",
    }
    return QualityIssue(
        venue="binance",
        event_ns=at_ns,
        received_ns=at_ns,
        phase=phase,
        **(what | changes),  # type: ignore[arg-type]
    )


def everything(at_ns: int) -> list[Record]:
    """Return a bad moment: one book of two not right, one line of two down."""
    stale = {"symbol": "ADA-USDT", "kind": IssueKind.STALE, "severity": Severity.HIGH}
    stale |= {"opened_ns": at_ns - SECOND}
    silent = {"symbol": None, "connection": "binance-0", "line": "b"}
    silent |= {"kind": IssueKind.HEARTBEAT_MISSING, "severity": Severity.HIGH}
    bad = {"tradable": False, "book_ok": False, "open_critical": 1}
    place = {"venue": "binance", "symbol": "ETH-USDT", "event_ns": at_ns}
    return [
        health(at_ns - 5 * SECOND, "", Level.GREEN),
        health(at_ns, "", Level.RED, "line b is down"),
        health(at_ns, "a", Level.GREEN),
        health(at_ns, "b", Level.RED, "down"),
        score(at_ns, "BTC-USDT", 99.5),
        score(at_ns - 5 * SECOND, "ETH-USDT", 99.0),
        score(at_ns, "ETH-USDT", 40.0, **bad),
        issue(at_ns, Phase.OPEN),
        issue(at_ns, Phase.OPEN, **silent),
        issue(at_ns - 1, Phase.OPEN, **stale),
        issue(at_ns, Phase.CLOSE, **stale),
        SystemHealth(
            venue="", event_ns=at_ns, score=41.0, level=Level.RED, connections=1
        ),
        Command(**place, action=Action.RESYNC, reason="crossed"),
        Healing(
            **place,
            received_ns=at_ns,
            decision=Decision.ORDERED,
            action=Action.RESYNC,
            cause="crossed book",
        ),
        Alert(
            rule="red",
            subject="binance-0",
            event_ns=at_ns,
            severity=Severity.CRITICAL,
            phase=AlertPhase.FIRING,
            opened_ns=at_ns,
            title="binance-0 is red",
        ),
        Delivery(
            alert_id="red",
            target="post",
            attempt=1,
            outcome=Outcome.SENT,
            received_ns=at_ns,
        ),
        ConnectionEvent(
            venue="binance",
            connection="binance-0",
            line="a",
            received_ns=at_ns,
            event=LineEvent.CONNECTING,
            url="",
        ),
    ]
