"""Trades -> bars of several lengths, in event time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final

import msgspec

from operators.records.bar import Bar
from operators.records.market import Heartbeat, LateTrade, MarketEvent, Trade
from operators.records.time import MS

NEVER: Final = 2**63
Positive = Annotated[int, msgspec.Meta(ge=1)]


class BarsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Bars`.

    Attributes:
        lengths_ms: Lengths of the bars, each a multiple of the first [ms].
        lateness_ms: How far behind the latest event a trade may come and still be in
            its bar [ms]; bars close that much later.
    """

    lengths_ms: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)] = (
        1_000,
        60_000,
    )
    lateness_ms: Annotated[int, msgspec.Meta(ge=0)] = 1_000

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        check_lengths(self.lengths_ms)


def check_lengths(lengths_ms: Sequence[int]) -> None:
    """Check lengths of windows, the longer of which are put together from the first.

    Raises:
        ValueError: If one is no multiple of the first, or is there twice.
    """
    first = lengths_ms[0]
    if any(length % first for length in lengths_ms):
        text = f"Expected multiples of the first length, {first} ms - at"
        raise ValueError(f"{text} `lengths_ms`: {list(lengths_ms)}")
    if len(set(lengths_ms)) < len(lengths_ms):
        text = "Expected each length once - at"
        raise ValueError(f"{text} `lengths_ms`: {list(lengths_ms)}")


class Window(msgspec.Struct, gc=False):
    """A window that is still open: a bar to be, and when its first and last traded."""

    first_ns: int
    last_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    trades: int

    def take(self, price: float, quantity: float, at_ns: int) -> None:
        """Take in a trade."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        if at_ns >= self.last_ns:
            self.last_ns, self.close = at_ns, price
        elif at_ns < self.first_ns:
            self.first_ns, self.open = at_ns, price
        self.volume += quantity
        self.turnover += price * quantity
        self.trades += 1

    def merge(self, later: "Window") -> None:
        """Take in a window that lies wholly behind this one."""
        self.last_ns = later.last_ns
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.turnover += later.turnover
        self.trades += later.trades


class BarsState(msgspec.Struct):
    """What :class:`Bars` remembers of one symbol.

    Attributes:
        latest_ns: The latest trade or heartbeat seen.
        closes_ns: The latest event that closes a window next.
        windows: Open windows of the first length, by start.
        longer: For each further length, its one open window by start, if any.
        place: ``(venue, symbol)``, once known.
    """

    latest_ns: int = 0
    closes_ns: int = NEVER
    windows: dict[int, Window] = msgspec.field(default_factory=dict)
    longer: list[dict[int, Window]] = msgspec.field(default_factory=list)
    place: tuple[str, str] | None = None


class Bars:
    """Build bars of every length, each closed once and never changed after.

    The watermark is the latest trade or heartbeat less ``lateness_ms``; a window closes
    when the watermark reaches its end. Open and close go by event time; of equal times
    the first to come opens and the last to come closes. Longer bars are put together
    from closed ones of the first length, so a trade touches one window only. A window
    without trades has no bar.

    In:  MarketEvent, one symbol, in order of arrival.
    Out: Bar, by time of their end; LateTrade where a trade missed its bar.
    """

    def __init__(self, params: BarsParams) -> None:
        self._lateness_ns = params.lateness_ms * MS
        self._length_ns, *self._longer_ns = (n * MS for n in params.lengths_ms)
        self.state = BarsState(longer=[{} for _ in self._longer_ns])

    def update(self, events: Iterable[MarketEvent]) -> Iterator[Bar | LateTrade]:
        """Take in events; yield the bars that they close."""
        state, length_ns, windows = self.state, self._length_ns, self.state.windows
        latest_ns, closes_ns = state.latest_ns, state.closes_ns
        for event in events:
            at_ns = event.event_ns
            if at_ns > latest_ns and (type(event) is Trade or type(event) is Heartbeat):
                state.latest_ns = latest_ns = at_ns
                if at_ns >= closes_ns:
                    yield from self._close(at_ns - self._lateness_ns)
                    closes_ns = state.closes_ns
            if type(event) is not Trade:
                continue
            start_ns = at_ns - at_ns % length_ns
            window = windows.get(start_ns)
            if window is None:
                yield from self._open(event, start_ns)
                closes_ns = state.closes_ns
                continue
            window.take(event.price, event.quantity, at_ns)

    def close(self) -> Iterator[Bar]:
        """Close every window: the input has come to its true end."""
        if self.state.windows:
            yield from self._close(max(self.state.windows) + self._length_ns)
        yield from self._close_longer(NEVER)

    def _open(self, trade: Trade, start_ns: int) -> Iterator[LateTrade]:
        """Open the window of a trade, or say that it has been closed."""
        state = self.state
        end_ns = start_ns + self._length_ns
        if end_ns <= state.latest_ns - self._lateness_ns:
            yield _late(trade, self._length_ns)
            return
        if state.place is None:
            state.place = (trade.venue, trade.symbol)
        price, quantity, at_ns = trade.price, trade.quantity, trade.event_ns
        state.windows[start_ns] = Window(
            *(at_ns, at_ns, price, price, price, price), quantity, price * quantity, 1
        )
        state.closes_ns = min(state.closes_ns, end_ns + self._lateness_ns)

    def _close(self, watermark_ns: int) -> Iterator[Bar]:
        """Yield every bar that ends at or before the watermark, by end and length."""
        windows = self.state.windows
        for start_ns in sorted(windows):
            if start_ns + self._length_ns > watermark_ns:
                break
            yield from self._close_longer(start_ns)
            window = windows.pop(start_ns)
            yield self._bar(start_ns, self._length_ns, window)
            self._lengthen(start_ns, window)
        yield from self._close_longer(watermark_ns)
        self.state.closes_ns = self._closes_ns()

    def _closes_ns(self) -> int:
        """Return the event time at which a window of any length closes next."""
        ends = [start + self._length_ns for start in self.state.windows]
        for length_ns, longer in zip(self._longer_ns, self.state.longer, strict=True):
            ends += [start + length_ns for start in longer]
        return min(ends, default=NEVER) + self._lateness_ns

    def _close_longer(self, until_ns: int) -> Iterator[Bar]:
        due = []
        for length_ns, longer in zip(self._longer_ns, self.state.longer, strict=True):
            for start_ns in list(longer):
                if start_ns + length_ns <= until_ns:
                    due.append(self._bar(start_ns, length_ns, longer.pop(start_ns)))
        yield from sorted(due, key=lambda bar: (bar.event_ns, bar.length_ns))

    def _lengthen(self, start_ns: int, window: Window) -> None:
        for length_ns, longer in zip(self._longer_ns, self.state.longer, strict=True):
            longer_ns = start_ns - start_ns % length_ns
            if longer_ns in longer:
                longer[longer_ns].merge(window)
            else:
                longer[longer_ns] = msgspec.structs.replace(window)

    def _bar(self, start_ns: int, length_ns: int, window: Window) -> Bar:
        venue, symbol = self.state.place or ("", "")
        return Bar(
            venue=venue,
            symbol=symbol,
            event_ns=start_ns + length_ns,
            length_ns=length_ns,
            open=window.open,
            high=window.high,
            low=window.low,
            close=window.close,
            volume=window.volume,
            turnover=window.turnover,
            vwap=window.turnover / window.volume if window.volume else None,
            trades=window.trades,
        )


def _late(trade: Trade, length_ns: int) -> LateTrade:
    return LateTrade(
        **trade.stamp,
        received_ns=trade.received_ns,
        length_ns=length_ns,
        trade_id=trade.trade_id,
        price=trade.price,
        quantity=trade.quantity,
        side=trade.side,
    )
