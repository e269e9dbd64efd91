"""Settings of healing."""

from typing import Annotated

import msgspec

from operators.healing.case import Limit

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e9)]


class HealParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`HealSymbols` and :class:`HealLines`.

    Attributes:
        resync: How often the book of a symbol is sent for.
        resubscribe: How often a silent symbol is subscribed to again.
        fail_over: How often a line leaves its socket.
        pause: How often a line is paused; here the pause is the order itself, after
            which the line is opened again.
        storm_frames: Fewest unreadable frames in a window that are a storm [1].
        storm_share: And their smallest share of the window's frames [1].
        flood_rate: Fewest frames a second that are a flood [1/s].
        flood_times: And how many times what is normal at this hour [1].
        fresh_s: How long ago another line of the connection may have been measured to
            be relied on; two windows and a little [s].
    """

    resync: Limit = Limit(first_s=5, longest_s=60, per_hour=60)
    resubscribe: Limit = Limit(first_s=30, longest_s=300, per_hour=20)
    fail_over: Limit = Limit(first_s=30, longest_s=300, per_hour=10)
    pause: Limit = Limit(first_s=60, longest_s=600, per_hour=6)
    storm_frames: Annotated[int, msgspec.Meta(ge=1)] = 100
    storm_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    flood_rate: Positive = 5_000.0
    flood_times: Positive = 50.0
    fresh_s: Positive = 12.0
