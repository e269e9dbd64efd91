"""Which symbols deserve attention, and why."""

from enum import StrEnum
from typing import ClassVar

from operators.records.base import Int64, OfSymbol


class Tier(StrEnum):
    """How much attention a symbol gets."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Priority(OfSymbol, frozen=True, kw_only=True, gc=False):
    """How much attention a symbol deserves, beside all others, in a window of time.

    ``event_ns`` is the end of the window. Each component is 0 (least) to 1 (most) of
    what makes a symbol worth watching, None where it is not known.

    Attributes:
        score: 0 to 100.
        rank: Its place by score among all symbols of the window, from 1.
        tier: What follows from both.
        volatility: How much its price moves.
        turnover: How much of it is traded.
        spread: How narrow its spread is.
        depth: How much its book holds near the best prices.
        momentum: How far its price has gone one way.
        order_flow: How one-sided its trades are.
        data_quality: How far its data can be believed.
    """

    table: ClassVar[str] = "priorities"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns")

    score: float
    rank: Int64
    tier: Tier
    volatility: float | None = None
    turnover: float | None = None
    spread: float | None = None
    depth: float | None = None
    momentum: float | None = None
    order_flow: float | None = None
    data_quality: float | None = None
