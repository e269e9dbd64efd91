"""What must be true of whatever comes out of a decoder."""

from typing import Any, Final

from operators.records import topics
from operators.records.base import Record
from operators.records.dead import DeadLetter
from operators.records.frame import Ignored
from operators.records.market import BookDelta, BookSnapshot, Top, Trade
from operators.records.topics import Topic

_LONGEST_REASON: Final = 600
_LONGEST_NAME: Final = 64
_LONGEST_ID: Final = 200
_LONGEST_TEXT: Final = 150
_LONGEST_MESSAGE: Final = 32 * 1024 * 1024
"""As the settings of Kafka have it."""

TOPICS: Final[dict[type[Record], Topic[Any]]] = {
    record: topic for topic in topics.ALL for record in topic.records
}


class LawBrokenError(AssertionError):
    """Something came out that should not have."""


def check(law: bool, text: str) -> None:
    """Raise where a law is broken."""
    if not law:
        raise LawBrokenError(text)


def sound(record: Record) -> None:
    """Check that a record can be published, read again as it was, and kept.

    Numbers that no column holds do not come back: the types of records bound them, and
    what is not finite has no spelling in JSON.
    """
    topic = TOPICS[type(record)]
    raw = topic.encode(record)
    check(len(raw) <= _LONGEST_MESSAGE, f"{len(raw)} bytes for {topic.name}")
    check(topic.decode(raw) == record, f"another record comes back: {raw[:400]!r}")
    check(bool(record.key.encode()), "no key")
    if isinstance(record, DeadLetter | Ignored):
        check(0 < len(record.reason) <= _LONGEST_REASON, f"reason {record.reason!r}")
        return
    symbol = getattr(record, "symbol", "-")
    check(0 < len(symbol) <= _LONGEST_NAME, f"symbol {symbol[:100]!r}")
    if isinstance(record, Trade):
        check(len(record.trade_id) <= _LONGEST_ID, f"id of {len(record.trade_id)}")
        check(record.quantity >= 0, f"quantity {record.quantity}")
    elif isinstance(record, BookDelta | BookSnapshot):
        longest = max(map(len, (*record.bid_texts, *record.ask_texts)), default=0)
        check(longest <= _LONGEST_TEXT, f"text of {longest}")
        least = min((size for _, size in (*record.bids, *record.asks)), default=0.0)
        check(least >= 0, f"quantity {least}")
    elif isinstance(record, Top):
        least = min(record.bid_quantity, record.ask_quantity)
        check(least >= 0, f"quantity {least}")
