"""What one check has to say, before it is an issue with a life of its own."""

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from operators.records.book import Book, BookState
from operators.records.market import MarketEvent
from operators.records.quality import IssueKind, Severity

Seen = MarketEvent | Book | BookState
"""What a check may be shown: the market, and what follows from it for the book."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something is wrong just now, or is well again.

    Attributes:
        kind: What.
        severity: How bad; None says that what was wrong is well again. A check may say
            so more often than needed. What happens in a moment and has no end (a
            duplicate, a jump) is never said to be well: its issue closes by itself.
        value: What was measured.
        bound: What it should have kept within.
        unit: Of both.
        evidence: What was seen, in a few words with figures.
        line: ``connection/line``, where it is of one line alone.
    """

    kind: IssueKind
    severity: Severity | None
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    evidence: str = ""
    line: str | None = None


class Check(Protocol):
    """One thing to look at, for one symbol. Its state is all that it remembers.

    Attributes:
        state: What it remembers; replaced as a whole on resume.
        sees: The classes of records that it wants to be shown.
        warm: Whether it knows what is normal for the symbol; before, only its absolute
            bounds speak. True where it has no others.
    """

    state: Any
    sees: tuple[type[Any], ...]

    @property
    def warm(self) -> bool:
        """Whether it knows what is normal for the symbol."""
        ...

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in one record; return what is wrong, or well again."""
        ...
