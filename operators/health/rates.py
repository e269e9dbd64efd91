"""How much a line brings, beside what is normal for its symbols and the hour."""

from typing import Annotated, Final

import msgspec

from operators.numerics.exponential_mean import ExponentialMean
from operators.numerics.hour_factors import HOURS, HourFactors
from operators.numerics.poisson import at_most
from operators.records.time import MINUTE

Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]

WINDOWS: Final = 6
_HOUR_MINUTES: Final = 60
_ALMOST_NOTHING: Final = 1e-4


class RatesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Normals`.

    Attributes:
        minutes: Over how many of the last minutes symbols are judged.
        warm_minutes: How many minutes must have been seen before anything is judged.
        length_minutes: How many it takes to forget one to 1/e.
        slow_length_minutes: Likewise while it is slow, so that what has become less for
            good is normal after some hours.
        doubt_minutes: How many minutes of an hour of the day must have been seen until
            half of what they showed is believed.
        improbable: The count must be less probable than this.
        slow_below: And below this share of the expected.
    """

    minutes: Positive = 3
    warm_minutes: Positive = 30
    length_minutes: Positive = 1_440
    slow_length_minutes: Positive = 60
    doubt_minutes: Positive = 180
    improbable: Share = 1e-6
    slow_below: Share = 0.2


class Minute(msgspec.Struct):
    """What a line brought in a minute.

    Attributes:
        frames: Frames.
        symbols: Market records by symbol.
    """

    frames: int = 0
    symbols: dict[str, int] = msgspec.field(default_factory=dict)


class Brought(msgspec.Struct):
    """What a line brought of late.

    Attributes:
        minute: The present minute.
        is_whole: Whether the line has been up since the minute began.
        past: The last minutes, as long as it was up in all of them.
        windows: Frames of the last windows of five seconds, likewise.
        slow: Symbols of which it brings far less than is normal, by name.
        judged: How many symbols could be judged.
    """

    minute: Minute = msgspec.field(default_factory=Minute)
    is_whole: bool = False
    past: list[Minute] = msgspec.field(default_factory=list)
    windows: list[int] = msgspec.field(default_factory=list)
    slow: list[str] = msgspec.field(default_factory=list)
    judged: int = 0

    def add(self, frames: int, counts: dict[str, int]) -> None:
        """Take in what a reading tells."""
        minute, symbols = self.minute, self.minute.symbols
        minute.frames += frames
        for symbol, count in counts.items():
            symbols[symbol] = symbols.get(symbol, 0) + count

    def end_window(self, frames: int) -> None:
        """Take in that a window of five seconds has ended, with so many frames."""
        self.windows.append(frames)
        del self.windows[:-WINDOWS]

    def interrupt(self) -> None:
        """Take in that it is not up, or was not heard of for a while."""
        self.is_whole = False
        self.past.clear()
        self.windows.clear()
        self.slow.clear()
        self.judged = 0


class Normals(msgspec.Struct):
    """What is normal for a connection: its frames, each symbol, and the hour.

    All in counts per minute. A symbol is slow where so few, or fewer, would come by
    chance less than once in a million times. Records come in bursts, so chance is that
    of a Poisson count of bursts: as many records make one as the variance has of the
    mean. The hour's factor is learnt from the frames, and is the same for all symbols.

    Attributes:
        frames: Frames in a minute, the hour taken out.
        symbols: Market records in a minute by symbol, likewise.
        hours: How the hours differ.
    """

    frames: ExponentialMean = msgspec.field(default_factory=ExponentialMean)
    symbols: dict[str, ExponentialMean] = msgspec.field(default_factory=dict)
    hours: HourFactors = msgspec.field(default_factory=HourFactors)

    def expected(self, at_ns: int, params: RatesParams) -> float | None:
        """Return the frames that are normal in a minute; None while not known."""
        if self.frames.n < params.warm_minutes:
            return None
        return self.frames.mean * self._factor(at_ns, params)

    def is_low(self, count: float, minutes: float, at_ns: int, p: RatesParams) -> bool:
        """Return whether so few frames in so many minutes are improbable."""
        expected = self.expected(at_ns, p)
        if expected is None:
            return False
        return _chance(count, expected * minutes, self.frames) < p.improbable

    def end_minute(self, at_ns: int, lines: list[Brought], params: RatesParams) -> None:
        """Judge each line by the minute that ends; then learn from the fullest."""
        whole = []
        for line in lines:
            if line.is_whole:
                line.past.append(line.minute)
                del line.past[: -params.minutes]
                whole.append(line.minute)
                if len(line.past) == params.minutes:
                    self._judge(at_ns, line, params)
            else:
                line.interrupt()
            line.minute, line.is_whole = Minute(), True
        if whole:
            self._learn(at_ns, whole, lines, params)

    def _factor(self, at_ns: int, params: RatesParams) -> float:
        return self.hours.factor(_hour(at_ns), params.doubt_minutes)

    def _judge(self, at_ns: int, line: Brought, params: RatesParams) -> None:
        times = self._factor(at_ns, params) * params.minutes
        line.slow, line.judged = [], 0
        for symbol, normal in self.symbols.items():
            if normal.n < params.warm_minutes:
                continue
            line.judged += 1
            expected = normal.mean * times
            count = sum(each.symbols.get(symbol, 0) for each in line.past)
            if (
                count < params.slow_below * expected
                and _chance(count, expected, normal) < params.improbable
            ):
                line.slow.append(symbol)

    def _learn_frames(self, at_ns: int, frames: int, params: RatesParams) -> None:
        expected, factor = self.expected(at_ns, params), self._factor(at_ns, params)
        if expected is None or self.frames.mean <= 0.0:
            self.frames.update(frames / factor, params.length_minutes)
        elif frames < params.slow_below * expected and self.is_low(
            frames, 1.0, at_ns, params
        ):
            _get_used_to(self.frames, frames / factor, params.slow_length_minutes)
        else:
            ratio = frames / self.frames.mean
            self.hours.update(_hour(at_ns), ratio, 7 * _HOUR_MINUTES)
            self.frames.update(frames / factor, params.length_minutes)

    def _learn(
        self,
        at_ns: int,
        whole: list[Minute],
        lines: list[Brought],
        params: RatesParams,
    ) -> None:
        factor, length = self._factor(at_ns, params), params.length_minutes
        self._learn_frames(at_ns, max(minute.frames for minute in whole), params)
        counts: dict[str, int] = {}
        for minute in whole:
            for symbol, count in minute.symbols.items():
                counts[symbol] = max(count, counts.get(symbol, 0))
        for symbol in counts:
            self.symbols.setdefault(symbol, ExponentialMean())
        slow = {symbol for line in lines for symbol in line.slow}
        for symbol, normal in list(self.symbols.items()):
            brought = counts.get(symbol, 0) / factor
            if symbol in slow:
                _get_used_to(normal, brought, params.slow_length_minutes)
            else:
                normal.update(brought, length)
            if normal.mean < _ALMOST_NOTHING:
                del self.symbols[symbol]


def _get_used_to(normal: ExponentialMean, count: float, length: int) -> None:
    """Move the mean alone: a fall is no burst, and must not excuse itself as one."""
    burst = _burst(normal)
    normal.update(count, length)
    normal.variance = burst * normal.mean


def _burst(normal: ExponentialMean) -> float:
    return max(normal.variance / normal.mean, 1.0) if normal.mean > 0.0 else 1.0


def _chance(count: float, expected: float, normal: ExponentialMean) -> float:
    burst = _burst(normal)
    return at_most(count / burst, expected / burst)


def _hour(end_ns: int) -> int:
    """Return the hour of the day of the minute that ends then."""
    return (end_ns - 1) // (_HOUR_MINUTES * MINUTE) % HOURS
