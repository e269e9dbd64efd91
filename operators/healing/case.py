"""What was done for one subject, so that it is repeated neither at once nor for ever.

An order is followed by a pause, which doubles with each further one until the subject
is well. Beyond a number of orders an hour a person is called in place of another order.
"""

from typing import Annotated, Final

import msgspec

from operators.records.healing import Decision
from operators.records.time import SECOND

_HOUR_NS: Final = 3_600 * SECOND
_MOST_DOUBLINGS: Final = 40


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often something may be ordered of one subject.

    Attributes:
        first_s: The pause after the first order [s].
        longest_s: The longest pause; it doubles with each order until then [s].
        per_hour: Most orders in an hour; beyond them a person is called [1/h].
    """

    first_s: Annotated[float, msgspec.Meta(gt=0, le=1e9)]
    longest_s: Annotated[float, msgspec.Meta(gt=0, le=1e9)]
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Case(msgspec.Struct):
    """Something that is ordered of one subject, now and then.

    Attributes:
        is_open: Whether anything was decided that is not known to have helped.
        attempt: Orders since it was last well.
        first_ns: When the first of them was given [ns UTC].
        again_ns: Until when it is waited for what the last one does [ns UTC].
        orders: When it was ordered within the last hour [ns UTC].
        cooling: Whether it has been said that it is waited.
        called: Whether a person has been called since the last order.
    """

    is_open: bool = False
    attempt: int = 0
    first_ns: int | None = None
    again_ns: int | None = None
    orders: list[int] = msgspec.field(default_factory=list)
    cooling: bool = False
    called: bool = False

    def wish(self, at_ns: int, limit: Limit) -> Decision | None:
        """Take in that an order is wished for; return what is decided, if it is new."""
        self.orders = [each for each in self.orders if each > at_ns - _HOUR_NS]
        if self.again_ns is not None and at_ns < self.again_ns:
            if self.cooling or self.orders[-1:] == [at_ns]:
                return None
            self.cooling = True
            return Decision.COOLING
        if len(self.orders) >= limit.per_hour:
            return self.call()
        doubled = 2 ** min(self.attempt, _MOST_DOUBLINGS)
        pause_s = min(limit.first_s * doubled, limit.longest_s)
        self.attempt += 1
        self.first_ns = at_ns if self.first_ns is None else self.first_ns
        self.again_ns = at_ns + int(pause_s * SECOND)
        self.orders.append(at_ns)
        self.cooling = self.called = False
        self.is_open = True
        return Decision.ORDERED

    def call(self) -> Decision | None:
        """Call a person, unless that has been done since the last order."""
        if self.called:
            return None
        self.called = self.is_open = True
        return Decision.ESCALATED

    def heal(self) -> None:
        """Take in that the subject is well. The hour's orders stay in mind.

        So does that a person was called: until something is ordered again there is no
        more to say to them.
        """
        self.attempt, self.first_ns, self.again_ns = 0, None, None
        self.is_open = self.cooling = False
