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
        score: 0 to 100: the mean of the components that are known, by the symbol's
            weights; 0 while it is not tradable.
        rank: Its place by score among all symbols of the window, from 1.
        tier: What follows from both.
        volatility: How much its price moves.
        turnover: How much of it is traded.
        spread: How narrow its spread is.
        depth: How much its book holds near the best prices.
        momentum: How far its price has gone one way.
        order_flow: How one-sided its trades are.
        data_quality: How far its data can be believed.
        confidence: How much of the weights is its own and how many components are
            known, 0 to 1 [1].
        beta: How far it moves with the reference symbol of the scanner [1].
        residual: Its return in the window that this does not explain, by beta as it was
            before the window [1].
        late: How many words of it came too late for their window, since its last
            record.
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
    confidence: float | None = None
    beta: float | None = None
    residual: float | None = None
    late: Int64 = 0


class PriorityWeights(OfSymbol, frozen=True, kw_only=True, gc=False):
    """How much each component counts in a symbol's priority, from here on.

    Learnt from whether the symbol was then worth watching, and drawn to the weights of
    all symbols together by ``Z = n / (n + k)``. They are not negative, and 1 together.

    Attributes:
        reason: Why it is said: ``start``, ``learnt``, ``pinned``.
        n: How many outcomes it is learnt from.
        credibility: Z, 0 to 1 [1].
        volatility: Weight of that component [1].
        turnover: Likewise.
        spread: Likewise.
        depth: Likewise.
        momentum: Likewise.
        order_flow: Likewise.
        data_quality: Likewise.
    """

    table: ClassVar[str] = "priority_weights"
    remembers: ClassVar[bool] = True
    natural_key: ClassVar[tuple[str, ...]] = ("venue", "symbol", "event_ns")

    reason: str
    n: Int64
    credibility: float
    volatility: float
    turnover: float
    spread: float
    depth: float
    momentum: float
    order_flow: float
    data_quality: float
