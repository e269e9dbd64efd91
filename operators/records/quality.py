"""What cannot be believed, how bad that is, and what it does to a symbol's score."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import Int64, OfSymbol, Record


class Severity(StrEnum):
    """How bad an issue is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IssueKind(StrEnum):
    """What is wrong."""

    CROSSED_BOOK = "crossed book"
    LOCKED_BOOK = "locked book"
    WIDE_SPREAD = "wide spread"
    THIN_DEPTH = "thin depth"
    STALE = "stale"
    SEQUENCE_GAP = "sequence gap"
    CHECKSUM = "checksum"
    PRICE_JUMP = "price jump"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out of order"
    LATE = "late"
    IMPOSSIBLE_TRADE = "impossible trade"
    HEARTBEAT_MISSING = "heartbeat missing"
    CLOCK_SKEW = "clock skew"
    MALFORMED = "malformed"


class Phase(StrEnum):
    """Where an issue is in its life."""

    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"


class QualityIssue(Record, frozen=True, kw_only=True, gc=False):
    """An issue opens, is still there, or closes.

    It is of a symbol, or of a line of a connection (``symbol`` is None). One kind of
    issue is open at most once of each subject: a storm is one issue with a count.

    Attributes:
        venue: Where.
        symbol: Of which symbol, or None.
        connection: Of which connection, where that is known.
        line: On which line, where that is known.
        event_ns: When this was seen: the symbol's event time; of a line, the arrival
            by our clock [ns UTC].
        received_ns: Arrival of what showed it [ns UTC].
        kind: What is wrong.
        severity: How bad, at worst, since it opened.
        phase: Whether it opens, is still there, or closes.
        opened_ns: Its ``event_ns`` when it opened [ns UTC].
        count: Times that it has been seen since it opened.
        value: What was measured last.
        bound: What it should have kept within.
        unit: Of both, e.g. ``bps``.
        evidence: What was seen, in a few words with figures.
        duration_ns: From opening to closing; None before [ns].
    """

    table: ClassVar[str] = "quality_issues"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "connection", "line", "kind", "opened_ns", "phase"),
        *("count", "event_ns", "received_ns"),
    )

    venue: str
    symbol: str | None = None
    connection: str | None = None
    line: str | None = None
    event_ns: Int64
    received_ns: Int64
    kind: IssueKind
    severity: Severity
    phase: Phase
    opened_ns: Int64
    count: Int64 = 1
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    evidence: str = ""
    duration_ns: Int64 | None = None

    @property
    def key(self) -> str:
        """``venue:symbol``, or ``venue:connection`` where it is of no symbol."""
        if self.symbol is not None:
            return f"{self.venue}:{self.symbol}"
        return f"{self.venue}:{(self.connection or '').partition('.')[0]}"


class QualityScore(OfSymbol, frozen=True, kw_only=True, gc=False):
    """How far a symbol's data can be believed.

    Every five seconds of the symbol's time, on the whole five seconds, and at once
    where ``tradable`` changes.

    Attributes:
        received_ns: Arrival of what completed the window, or changed it [ns UTC].
        is_change: Whether ``tradable`` changed here.
        score: 0 to 100; see :mod:`operators.quality.score` for the formula.
        tradable: Whether signals and orders may be made of it: no CRITICAL issue is
            open, and its book is proven right.
        reason: Why not; empty where it is.
        has_book: Whether it has ever had a book.
        book_ok: Whether its book is proven right.
        active: Whether it had data, not only time, in the last minute.
        open_critical: Open issues of that severity.
        open_high: Likewise.
        open_medium: Likewise.
        open_low: Likewise.
        warm: Whether its own bounds are known; before, only absolute ones speak.
    """

    table: ClassVar[str] = "quality_scores"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = (
        *("venue", "symbol", "event_ns", "is_change", "tradable", "received_ns"),
    )

    received_ns: Int64
    is_change: bool = False
    score: float
    tradable: bool
    reason: str = ""
    has_book: bool = False
    book_ok: bool = False
    active: bool = False
    open_critical: Int64 = 0
    open_high: Int64 = 0
    open_medium: Int64 = 0
    open_low: Int64 = 0
    warm: bool = False
