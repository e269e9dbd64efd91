"""The smallest value seen, where what is measured may itself drift upwards."""

from typing import Final

import msgspec

_PPM: Final = 1_000_000
_FALL_NS: Final = 250_000_000
_ALIKE_NS: Final = 100_000_000
_STOOD_NS: Final = 10_000_000_000
_UNDONE_NS: Final = 300_000_000_000


class Fall(msgspec.Struct):
    """A fall that is more than the jitter of a way, and may prove to be none.

    Attributes:
        from_: The minimum before it [ns].
        at_ns: When it was [ns UTC].
    """

    from_: int
    at_ns: int


class DriftingMinimum(msgspec.Struct):
    """A minimum that falls at once, and rises no faster than a bounded drift.

    A larger value raises it by at most ``drift_ppm`` of the time since the last one,
    and never above that value. So of the delays between two clocks, a slowness that
    lasts is not taken for an offset of the clocks, yet their drift is followed. All in
    whole nanoseconds, so that nothing is lost beside large offsets.

    A clock that was wrong for a while, and then right again, must not leave all that
    follows slow for hours: a fall by more than a quarter of a second is undone where,
    within five minutes, the values are again what they were. A slowness that was there
    from the first value on does not come back so alike.

    Attributes:
        drift_ppm: How fast it may rise [1e-6].
        value: The minimum, or None before the first value [ns].
        at_ns: When it was last told a value [ns UTC].
        rest: What of its rise is less than a nanosecond [1e-6 ns].
        fall: The fall that may be undone: of those within ten seconds the first, for
            what piled up is worked off in steps.

    Source:
        V. Paxson, "On calibrating measurements of packet transit times", SIGMETRICS
        1998: the offset of clocks is in the lower envelope of one-way delays.
    """

    drift_ppm: int = 50
    value: int | None = None
    at_ns: int = 0
    rest: int = 0
    fall: Fall | None = None

    def update(self, at_ns: int, value: int) -> int:
        """Take in a value, and when it was seen; return the minimum.

        No time passes where ``at_ns`` is before the newest time seen.
        """
        low = self.value
        if low is None or value <= low:
            self._fall(at_ns, value)
            return value
        if self._is_undone(at_ns, value):
            self.begin(at_ns, value)
            return value
        if at_ns > self.at_ns:
            rise = (at_ns - self.at_ns) * self.drift_ppm + self.rest
            self.at_ns = at_ns
            low += rise // _PPM
            self.rest = rise % _PPM
            if low >= value:
                low, self.rest = value, 0
            self.value = low
        return low

    def begin(self, at_ns: int, value: int) -> None:
        """Begin anew from a value, whatever was seen before."""
        self.value, self.rest, self.fall = value, 0, None
        self.at_ns = max(self.at_ns, at_ns)

    def _fall(self, at_ns: int, value: int) -> None:
        low, fall = self.value, self.fall
        is_new = fall is None or at_ns - fall.at_ns >= _STOOD_NS
        if is_new and low is not None and low - value > _FALL_NS:
            fall = Fall(low, at_ns)
        self.begin(at_ns, value)
        self.fall = fall

    def _is_undone(self, at_ns: int, value: int) -> bool:
        fall = self.fall
        if fall is None:
            return False
        if at_ns - fall.at_ns > _UNDONE_NS:
            self.fall = None
            return False
        return abs(value - fall.from_) <= _ALIKE_NS
