"""What passes from the lines to the arbiter: records, and the state of the lines."""

import msgspec

from operators.records.market import MarketEvent


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A record, and the line that brought it.

    Attributes:
        key: ``venue:symbol``.
        line: ``connection/line``.
        event: The record.
    """

    key: str
    line: str
    event: MarketEvent


class Moved(msgspec.Struct, frozen=True, gc=False):
    """A line that carries a symbol has opened or closed.

    Attributes:
        key: ``venue:symbol``.
        line: ``connection/line``.
        is_open: Which of the two.
        received_ns: When, by our clock [ns UTC].
    """

    key: str
    line: str
    is_open: bool
    received_ns: int
