"""What keeps us within a venue's limits: one gate a venue, for all its connections."""

import asyncio
import random
import time
from itertools import count

from connectors.attention import NONE, Urgency

_MINUTE_S = 60.0


class Gate:
    """Lets connections through at the venue's rate, and none while it says to wait.

    A bucket of one minute's worth: that many may be opened at once, then as many a
    minute as the venue allows. Of those that wait the most urgent is the next; of those
    that are equally so, the one that came first.
    """

    def __init__(self, connects_per_minute: float) -> None:
        self._rate = connects_per_minute / _MINUTE_S
        self._most = connects_per_minute
        self._tokens = connects_per_minute
        self._counted_s = time.monotonic()
        self._not_before_s = 0.0
        self._numbers = count()
        self._waiting: dict[int, tuple[Urgency, asyncio.Event]] = {}

    async def pass_through(self, urgency: Urgency = NONE) -> None:
        """Wait until a connection may be opened."""
        number, turn = next(self._numbers), asyncio.Event()
        self._waiting[number] = (urgency, turn)
        try:
            while True:
                if number != self._foremost():
                    turn.clear()
                    await turn.wait()
                elif (wait_s := self._wait_s()) > 0.0:
                    await asyncio.sleep(wait_s)
                else:
                    self._tokens -= 1.0
                    return
        finally:
            del self._waiting[number]
            if self._waiting:
                self._waiting[self._foremost()][1].set()

    def _wait_s(self) -> float:
        """Return how long it takes until another may pass [s]."""
        now_s = time.monotonic()
        gained = (now_s - self._counted_s) * self._rate
        self._tokens = min(self._tokens + gained, self._most)
        self._counted_s = now_s
        wait_s = self._not_before_s - now_s
        if self._tokens < 1.0:
            wait_s = max(wait_s, (1.0 - self._tokens) / self._rate)
        return wait_s

    def _foremost(self) -> int:
        waiting = self._waiting
        return max(waiting, key=lambda number: (waiting[number][0], -number))

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
