"""What went wrong, and what is true: JSON lines, one object each.

All have ``what``; ``event_ns`` is simulated time, ``wall_ns`` the clock's [ns UTC].

| what      | when                              | besides                              |
|-----------|-----------------------------------|--------------------------------------|
| `begin`   | the exchange begins               | `venue`, `seed`, `rate`, `symbols`   |
| `client`  | one comes (`is`: `open`), or has  | `client` (a number), `path`          |
|           | left (`closed`)                   |                                      |
| `fault`   | one begins (`is`: `begin`)        | `fault` (its place in the script),   |
|           |                                   | `kind`, `params`, `clients`          |
|           | or ends (`end`)                   | `fault`, `kind`, `why`, `frames`,    |
|           |                                   | `lasted_ns`                          |
| `frame`   | a fault touches one               | `fault`, `client`, `did`, `channel`, |
|           |                                   | `symbol`, `trades`, `update`         |
| `request` | a fault touches one               | `fault`, `did`, `path`               |
| `sent`    | a simulated second is over        | `symbol`, `trades`, `updates`        |
| `book`    | the first change of a book of a   | `symbol`, `channel`, `id`, `bids`,   |
|           | channel in a simulated second     | `asks`                               |
| `end`     | the exchange ends                 |                                      |

`did` is `lost`, `late`, `doubled`, `moved`, `preceded` (by garbage), `changed`, or
`stale`; of requests `stale`, `429`, `cut off`. A fault ends because its `time` is over,
because it is `done`, because its clients are `gone` (what was to come late to them
never came), or as the exchange is `stopped`; where there is no client to act on, with
`nobody`. `frames` counts what it did, by word.

`sent` is what the exchange means to send in the second that begins at its `event_ns`,
before any fault and whoever is subscribed: ids of trades, and by channel the first and
last id of each change of the book, in order. `book` has the true ten best levels as of
the update `id`: text, best first. Ids are the venue's, or the exchange's own counter of
changes where the venue has none; its `event_ns` is the time that the frame states, to
the digits that the venue gives.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

import msgspec

from connectors.exchange.listing import ExchangeError
from connectors.exchange.message import Feed, Message
from connectors.exchange.spelling import plain
from operators.records.time import SECOND

_LEVELS: Final = 10


class Journal:
    """Writes the file; without one, nothing."""

    def __init__(self, path: str, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Open the file anew.

        Raises:
            ExchangeError: If it cannot be written.
        """
        self._clock_ns = clock_ns
        self._file: TextIO | None = None
        self._second = 0
        self._trades: dict[str, list[str]] = defaultdict(list)
        self._updates: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(dict)
        self._shown: dict[tuple[str, str], int] = {}
        self._counts: dict[int, Counter[str]] = defaultdict(Counter)
        if not path:
            return
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
        except OSError as error:
            text = f"journal: {path} cannot be written: {error.strerror}"
            raise ExchangeError(text) from error

    def write(self, what: str, event_ns: int, **more: object) -> None:
        """Write one line."""
        if self._file is None:
            return
        times = {"event_ns": event_ns, "wall_ns": self._clock_ns()}
        line = msgspec.json.encode({"what": what, **times, **more}).decode()
        self._file.write(line + "\n")

    def touched(
        self, fault: int, client: int, did: str, event_ns: int, message: Message
    ) -> None:
        """Write what becomes of a frame."""
        self._counts[fault][did] += 1
        self.write(
            "frame",
            event_ns,
            fault=fault,
            client=client,
            did=did,
            channel=message.kind,
            symbol=message.symbol,
            trades=message.trades,
            update=message.update,
        )

    def asked(self, fault: int, did: str, event_ns: int, path: str) -> None:
        """Write what becomes of a request."""
        self._counts[fault][did] += 1
        self.write("request", event_ns, fault=fault, did=did, path=path)

    def counted(self, fault: int) -> dict[str, int]:
        """Return how often a fault did what, and forget it."""
        return dict(self._counts.pop(fault, {}))

    def note(self, message: Message, feed: Feed) -> None:
        """Take in what is published, as the exchange means it."""
        if self._file is None:
            return
        second = feed.now_ns // SECOND
        if second > self._second:
            self._flush()
            self._second = second
        if message.trades:
            self._trades[message.symbol].extend(message.trades)
        if message.update is not None:
            updates = self._updates[message.symbol]
            updates.setdefault(message.kind, []).append(message.update)
            self._show(message, message.update[1], feed)

    def close(self, event_ns: int) -> None:
        """Write what is left, and that this is the end."""
        if self._file is not None:
            self._flush()
            self.write("end", event_ns)
            self._file.close()

    def _show(self, message: Message, number: int, feed: Feed) -> None:
        """Write the true book of a symbol, once a second and channel."""
        key = message.symbol, message.kind
        if self._shown.get(key) == self._second:
            return
        self._shown[key] = self._second
        market = feed.market
        listing = next(x for x in market.listings if x.symbol == message.symbol)
        bids, asks = (
            [
                (plain(ticks * listing.tick), plain(lots * listing.lot))
                for ticks, lots in side.best_levels(_LEVELS)
            ]
            for side in (
                market.books[message.symbol].bids,
                market.books[message.symbol].asks,
            )
        )
        self.write(
            "book",
            feed.now_ns,
            symbol=message.symbol,
            channel=message.kind,
            id=number,
            bids=bids,
            asks=asks,
        )

    def _flush(self) -> None:
        """Write what was sent in the second that is over."""
        for symbol in sorted({*self._trades, *self._updates}):
            self.write(
                "sent",
                self._second * SECOND,
                symbol=symbol,
                trades=self._trades.get(symbol, []),
                updates=self._updates.get(symbol, {}),
            )
        self._trades.clear()
        self._updates.clear()
