"""Settings of features."""

from typing import Annotated

import msgspec

from operators.features.bars import check_lengths

Count = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class FeaturesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Features`.

    Attributes:
        lengths_ms: Lengths of the windows, each a multiple of the first, which is the
            grid that mids are sampled on [ms].
        lateness_ms: How far behind the latest event a trade may come and still be in
            its window [ms]; windows are said that much later.
        stands: How many windows of the first length may pass at once and still be
            said: for so long a quote is taken to stand while nothing is heard.
        levels: Over how many levels a side the deep order flow goes.
        reach: Depth is measured within so many moves that are usual for the symbol [1].
        reach_s: In this time [s].
        memory_s: After how long a move counts 1/e in the volatility [s].
        warm_s: How much time must have been seen until the volatility is known [s].
        atr_periods: The periods of the average true range [windows].
        efficiency: Over how many windows the efficiency ratio goes.
        horizons: Over how many windows returns are said.
    """

    lengths_ms: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] = (
        *(1_000, 10_000, 60_000),
        *(300_000, 900_000, 3_600_000),
    )
    lateness_ms: Natural = 1_000
    stands: Natural = 60
    levels: Count = 5
    reach: Positive = 2.0
    reach_s: Positive = 60.0
    memory_s: Positive = 300.0
    warm_s: Positive = 30.0
    atr_periods: tuple[Count, ...] = (5, 7, 10, 14, 21, 28, 34, 55)
    efficiency: Count = 10
    horizons: tuple[Count, ...] = (1, 4, 16)

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        check_lengths(self.lengths_ms)
