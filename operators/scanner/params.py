"""Settings of the scanner."""

from typing import Annotated

import msgspec

from operators.records.time import MS

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Weight = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**7)]
Seconds = Annotated[int, msgspec.Meta(ge=5, le=10**7)]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much each component counts, beside the others.

    Attributes:
        volatility: Of that component [1].
        turnover: Likewise.
        spread: Likewise.
        depth: Likewise.
        momentum: Likewise.
        order_flow: Likewise.
        data_quality: Likewise.
    """

    volatility: Weight = 0.3
    turnover: Weight = 0.15
    spread: Weight = 0.15
    depth: Weight = 0.1
    momentum: Weight = 0.1
    order_flow: Weight = 0.1
    data_quality: Weight = 0.1

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if not sum(msgspec.structs.astuple(self)):
            raise ValueError("Expected at least one weight above 0")

    @property
    def shares(self) -> tuple[float, ...]:
        """They, 1 together, in the order of their names."""
        whole = msgspec.structs.astuple(self)
        total = sum(whole)
        return tuple(each / total for each in whole)


class TierParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a symbol enters a tier, and when it leaves it; by its place.

    A place is the share of the symbols ranked before it and half of itself: 0 for the
    first of many, 1 for the last.

    Attributes:
        high: Up to which place a symbol becomes HIGH [1].
        high_until: Up to which it stays so [1].
        low_from: From which place one that is LOW stays so [1].
        low: From which one becomes LOW [1].
        dwell: For how many windows a tier is kept at least, except that what is not
            tradable is LOW at once.
    """

    high: Share = 0.2
    high_until: Share = 0.3
    low_from: Share = 0.5
    low: Share = 0.6
    dwell: Count = 5

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if not self.high <= self.high_until <= self.low_from <= self.low:
            raise ValueError("Expected `high` <= `high_until` <= `low_from` <= `low`")


class LearningParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How weights are learnt.

    Attributes:
        share: Which share of the symbols, by how far their price then went beyond its
            cost, was worth watching [1].
        costs: How many times its spread a price must go to be worth anything [1].
        least: How many symbols there must be to learn from a window.
        strength: How much the weights that are given are believed to say: how many
            logits there are between the least and the most of everything [1].
        variance: How far each coefficient may be from that, squared [1].
        memory: How many windows it takes to forget one to 1/e, about.
        doubt: ``k``: how many windows of its own are worth as much, for a symbol, as
            what all symbols together say; of sixteen real ones, by moments, it was
            400 to 3,000 by component.
        step: How far a weight may go in a day [1].
        every_s: How often they go [s].
        tolerance: How far one must have gone to be said again [1].
    """

    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.25
    costs: Annotated[float, msgspec.Meta(ge=0, le=1e3)] = 1.0
    least: Annotated[int, msgspec.Meta(ge=2)] = 4
    strength: Annotated[float, msgspec.Meta(gt=0, le=100)] = 4.0
    variance: Annotated[float, msgspec.Meta(gt=0, le=100)] = 1.0
    memory: Count = 5_000
    doubt: Annotated[float, msgspec.Meta(gt=0)] = 2_000.0
    step: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    every_s: Seconds = 3_600
    tolerance: Share = 0.01


class ScannerParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`operators.scanner.scanner.Scanner`.

    Attributes:
        length_ms: Of which features: the length of their windows; whole five seconds,
            at which quality is said [ms].
        patience_s: How far one symbol may be behind another, and how long one is waited
            for that says nothing more; at least one window [s].
        apart_s: How far features may be read ahead of quality, or behind, until the
            other is believed to be silent [s].
        forget_s: After how long a symbol that is absent was never there [s].
        reference: The base asset that others are measured by.
        beta_windows: How many windows it takes to forget one to 1/e, in betas.
        beta_least: How many windows a beta must be made of.
        dollars: Quote assets worth the same; turnover and depth are compared among
            symbols of one quote asset, or of these.
        weights: How much each component counts before anything is learnt.
        learning: How that is learnt.
        tiers: Which tier follows from a rank.
    """

    length_ms: Annotated[int, msgspec.Meta(ge=5_000, multiple_of=5_000)] = 60_000
    patience_s: Seconds = 180
    apart_s: Seconds = 3_600
    forget_s: Seconds = 86_400
    reference: str = "BTC"
    beta_windows: Count = 1_440
    beta_least: Count = 30
    dollars: tuple[str, ...] = ("USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI")
    weights: Weights = Weights()
    learning: LearningParams = LearningParams()
    tiers: TierParams = TierParams()

    @property
    def length_ns(self) -> int:
        """Length of a window [ns]."""
        return self.length_ms * MS
