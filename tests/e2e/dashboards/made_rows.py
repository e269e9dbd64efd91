"""Made but plausible rows of all that dashboards show."""

from collections.abc import Iterator
from typing import Final

from operators.records.alerts import Alert, AlertPhase, Delivery, Outcome
from operators.records.base import Record, Side
from operators.records.book import Action, Command
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind
from operators.records.healing import Decision, Healing
from operators.records.health import ConnectionHealth, Level, Reading, SystemHealth
from operators.records.market import Trade
from operators.records.priority import Priority, Tier
from operators.records.process import ProcessState
from operators.records.quality import (
    IssueKind,
    Phase,
    QualityIssue,
    QualityScore,
    Severity,
)
from operators.records.time import SECOND
from tests.e2e.dashboards.made_calibrations import calibrated
from tests.e2e.dashboards.waves import wave

MARKETS: Final = {
    "binance": ("BTC-USDT", "ETH-USDT", "SOL-USDT"),
    "kraken": ("BTC-USD", "ETH-USD"),
}
PROCESSES: Final = ("ingest", "market", "bars", "book", "quality", "health", "archive")
HAPPENS_S: Final = 600
"""How often something happens [s]."""


def steady(at_s: int, phase_s: int) -> Iterator[Record]:
    """Yield what is said all the time."""
    at_ns = at_s * SECOND
    for number, venue in enumerate(("", *MARKETS)):
        yield SystemHealth(
            venue=venue,
            event_ns=at_ns,
            score=wave(phase_s + 7 * number, 50, 71, 97),
            level=Level.GREEN if venue == "binance" else Level.YELLOW,
            issues="" if venue == "binance" else "latency",
            connections=2 if venue == "" else 1,
            connections_green=1,
            connections_yellow=0 if venue == "binance" else 1,
            feed_p95_ms=wave(phase_s, 300, 40, 160),
            rate=wave(phase_s, 120, 900, 2_400),
            uptime_24h=99.93 - number / 100,
            symbols=5 if venue == "" else len(MARKETS[venue]),
            symbols_high_priority=1,
            quality_score=wave(phase_s + 3 * number, 85, 88, 99),
            open_high=1,
            books=5,
            execution_rate=wave(phase_s, 200, 30, 60),
            mean_confidence=wave(phase_s, 230, 0.4, 0.8),
        )
    for number, (venue, symbols) in enumerate(MARKETS.items()):
        yield from _of_venue(venue, symbols, at_ns, phase_s + 11 * number)
    for number, name in enumerate(PROCESSES):
        yield ProcessState(
            name=name,
            process=name,
            event_ns=at_ns,
            is_up=True,
            restarts=number // 3,
            started_ns=at_ns - 7_200 * SECOND,
            lag=int(wave(phase_s + number, 40, 0, 900)),
            behind_s=wave(phase_s + number, 40, 0, 1.5),
            memory_bytes=int(wave(phase_s + number, 400, 9e7, 2e8)),
            waiting=3 if name == "ingest" else None,
        )


def _of_venue(
    venue: str, symbols: tuple[str, ...], at_ns: int, phase_s: int
) -> Iterator[Record]:
    place = {"venue": venue, "connection": f"{venue}-0"}
    for line in ("", "a", "b"):
        delay_ms = wave(phase_s, 60, 30, 150)
        yield ConnectionHealth(
            **place,
            line=line,
            received_ns=at_ns,
            level=Level.GREEN if venue == "binance" else Level.YELLOW,
            issues="" if venue == "binance" else "latency",
            is_up=True,
            network_mean_ms=delay_ms / 3,
            feed_mean_ms=delay_ms,
            feed_p50_ms=delay_ms * 0.9,
            feed_p95_ms=delay_ms * 1.7,
            feed_p99_ms=delay_ms * 2.1,
            skew_ms=1.31,
            rate=wave(phase_s, 45, 300, 700),
            octets_rate=wave(phase_s, 45, 60_000, 140_000),
            uptime_1h=99.97,
            uptime_24h=99.91,
            drops=2,
            attempts=3,
            successes=3,
            success_rate=100.0,
            failovers=1,
            failover_ms=41.7,
            lines=1 if line else 2,
            lines_up=1 if line else 2,
        )
        if line:
            told = {**place, "line": line, "received_ns": at_ns}
            yield Reading(**told, frames=500)
            yield Frame(**told, kind=FrameKind.WS, url="", data="{}")
    for rank, symbol in enumerate(symbols, 1):
        yield from _of_symbol(venue, symbol, rank, at_ns, phase_s + 5 * rank)


def _of_symbol(
    venue: str, symbol: str, rank: int, at_ns: int, phase_s: int
) -> Iterator[Record]:
    stamp = {"venue": venue, "symbol": symbol, "event_ns": at_ns}
    yield QualityScore(
        **stamp,
        received_ns=at_ns + 40_000_000,
        score=wave(phase_s, 70, 82, 99.9),
        tradable=rank < 3,
        reason="" if rank < 3 else "its book is not proven right",
        has_book=True,
        book_ok=rank < 3,
        active=True,
        open_high=1 if rank == 3 else 0,
        warm=True,
    )
    place = rank if venue == "binance" else 3 + rank
    yield Priority(
        **stamp,
        score=wave(phase_s, 90, 20, 40) + 10 * (6 - place),
        rank=place,
        tier=Tier.HIGH if place < 2 else Tier.MEDIUM if place < 4 else Tier.LOW,
        volatility=wave(phase_s, 100, 0.1, 0.9),
        turnover=wave(phase_s, 110, 0.2, 0.9),
        spread=wave(phase_s, 120, 0.3, 0.9),
        depth=wave(phase_s, 130, 0.1, 0.8),
        momentum=wave(phase_s, 140, 0.0, 0.7),
        order_flow=wave(phase_s, 150, 0.2, 0.8),
        data_quality=wave(phase_s, 160, 0.8, 1.0),
        confidence=wave(phase_s, 180, 0.1, 0.6),
        beta=wave(phase_s, 190, 0.7, 1.4),
    )
    yield from calibrated(stamp, rank, phase_s)
    yield Trade(
        **stamp,
        received_ns=at_ns + 40_000_000,
        trade_id=f"{at_ns}",
        price=100.0 * rank,
        quantity=0.5,
        side=Side.BUY,
    )


def happenings(at_s: int) -> Iterator[Record]:
    """Yield one of each thing that happens now and then; an issue stays open."""
    at_ns = at_s * SECOND
    turn = at_s // HAPPENS_S
    venue = list(MARKETS)[turn % 2]
    symbol = MARKETS[venue][turn % 2]
    line = {"venue": venue, "connection": f"{venue}-0", "line": "a"}
    whose = {"venue": venue, "symbol": symbol, "received_ns": at_ns + 90_000_000}
    severity = list(Severity)[turn % 4]
    for kind, phase in ((IssueKind.WIDE_SPREAD, Phase.OPEN), (IssueKind.STALE, None)):
        opened_ns = at_ns if phase else at_ns - 45 * SECOND
        for each in (phase,) if phase else (Phase.OPEN, Phase.CLOSE):
            yield QualityIssue(
                **whose,
                event_ns=at_ns if each is not Phase.OPEN else opened_ns,
                kind=kind,
                severity=severity,
                phase=each,
                opened_ns=opened_ns,
                value=41.37,
                bound=12.5,
                unit="bps",
                evidence="made for a test",
                duration_ns=45 * SECOND if each is Phase.CLOSE else None,
            )
    for event in (LineEvent.CLOSED, LineEvent.FAILED_OVER, LineEvent.OPEN):
        yield ConnectionEvent(
            **line, received_ns=at_ns, event=event, url="wss://made", reason="made"
        )
    about = {**whose, "event_ns": at_ns, "action": Action.RESYNC, "cause": "stale"}
    yield Healing(**about, decision=Decision.ORDERED, attempt=1, within_hour=1)
    yield Healing(**about, decision=Decision.HEALED, duration_ns=7 * SECOND)
    yield Command(
        venue=venue, symbol=symbol, event_ns=at_ns, action=Action.RESYNC, reason="stale"
    )
    alert = Alert(
        rule="issue-high",
        subject=f"{venue}:{symbol}",
        venue=venue,
        symbol=symbol,
        event_ns=at_ns,
        severity=severity,
        phase=AlertPhase.FIRING,
        opened_ns=at_ns,
        title=f"wide spread of {venue} {symbol}",
        body="made for a test",
    )
    yield alert
    yield Delivery(
        alert_id=alert.alert_id,
        target="desk",
        attempt=1,
        outcome=Outcome.SENT,
        received_ns=at_ns,
    )
    yield DeadLetter(
        topic="frames.v1",
        reason="made for a test",
        raw=b"{",
        size=1,
        **line,
        received_ns=at_ns,
        repeat=0,
        url="",
    )
