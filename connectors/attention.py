"""Which symbols deserve attention, as far as is known: what is opened first."""

import asyncio
import sys
from collections.abc import Iterable
from contextlib import aclosing
from typing import Final, NamedTuple

from config.access import AccessError
from config.settings import Connection, Kafka
from connectors.follow import follow
from operators.records import topics
from operators.records.priority import Priority, Tier

_BACK: Final = 10_000
"""How many of the newest priorities are looked at: the last minutes of a thousand
symbols. What was said longer ago is of no more use than nothing."""


class Urgency(NamedTuple):
    """How soon a connection is to be opened; the greatest first.

    Attributes:
        priority: What its settings say: that comes before everything.
        high: How many of its symbols are HIGH.
        medium: How many are MEDIUM.
    """

    priority: int = 0
    high: int = 0
    medium: int = 0


NONE: Final = Urgency()


class Attention:
    """The newest tier of each symbol. A symbol that has none is as one that is LOW."""

    def __init__(self, priorities: Iterable[Priority] = ()) -> None:
        self._newest: dict[str, tuple[int, Tier]] = {}
        for priority in priorities:
            self.note(priority)

    def note(self, priority: Priority) -> None:
        """Take in a symbol's priority, unless a newer one is known."""
        said = (priority.event_ns, priority.tier)
        if said[0] >= self._newest.get(priority.key, said)[0]:
            self._newest[priority.key] = said

    def urgency(self, connection: Connection) -> Urgency:
        """Return how soon a connection is to be opened."""
        tiers = [self._tier(connection, symbol) for symbol in connection.symbols]
        high, medium = tiers.count(Tier.HIGH), tiers.count(Tier.MEDIUM)
        return Urgency(connection.priority, high, medium)

    def ordered(self, connection: Connection) -> tuple[str, ...]:
        """Return a connection's symbols, HIGH ones first; else as they are given."""
        places = {Tier.HIGH: 0, Tier.MEDIUM: 1, Tier.LOW: 2}
        key = [places[self._tier(connection, each)] for each in connection.symbols]
        order = sorted(range(len(key)), key=key.__getitem__)
        return tuple(connection.symbols[place] for place in order)

    def _tier(self, connection: Connection, symbol: str) -> Tier:
        said = self._newest.get(f"{connection.venue}:{symbol}")
        return Tier.LOW if said is None else said[1]


async def attend(kafka: Kafka, attention: Attention, known: asyncio.Event) -> None:
    """Take in priorities as they are said, until cancelled.

    Where they may not be read all goes on without.

    Args:
        kafka: Where the broker is.
        attention: What takes them in.
        known: Set when those have been taken in that there were at first.
    """
    try:
        async with aclosing(follow(kafka, topics.PRIORITIES, _BACK)) as stream:
            async for said in stream:
                if said is None:
                    known.set()
                for priority in said or ():
                    attention.note(priority)
    except AccessError as error:
        print(f"ingest: priorities are not heeded: {error}", file=sys.stderr)
