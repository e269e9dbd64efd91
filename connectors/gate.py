"""What keeps us within a venue's limits: one gate a venue, for all its connections."""

import asyncio
import random
import time

from connectors.venues.venue import Limits

_MINUTE_S = 60.0
_FIRST_BURST = 5


class Gate:
    """Lets connections through at the venue's rate, and none while it says to wait."""

    def __init__(self, limits: Limits) -> None:
        self._pause_s = _MINUTE_S / limits.connects_per_minute
        self._next_s = 0.0
        self._not_before_s = 0.0

    async def pass_through(self) -> None:
        """Wait until a connection may be opened."""
        now_s = time.monotonic()
        earliest_s = now_s - _FIRST_BURST * self._pause_s
        turn_s = max(self._next_s, earliest_s)
        self._next_s = turn_s + self._pause_s
        await asyncio.sleep(max(turn_s, self._not_before_s) - now_s)

    def wait(self, seconds: float) -> None:
        """Let nothing through for so long: the venue has asked for it."""
        until_s = time.monotonic() + seconds
        self._not_before_s = max(self._not_before_s, until_s)


def backoff_s(attempt: int, first_s: float, cap_s: float) -> float:
    """Draw how long to wait before an attempt: evenly from zero to a doubling bound.

    Source:
        M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: "full
        jitter".

    Args:
        attempt: How many attempts have failed, from 1.
        first_s: The bound after the first [s].
        cap_s: The highest bound [s].
    """
    return random.uniform(0.0, min(first_s * 2.0 ** min(attempt - 1, 32), cap_s))
