"""The smallest value seen, where what is measured may itself drift upwards."""

import msgspec

_PPM = 1_000_000


class DriftingMinimum(msgspec.Struct):
    """A minimum that falls at once, and rises no faster than a bounded drift.

    A larger value raises it by at most ``drift_ppm`` of the time since the last one,
    and never above that value. So of the delays between two clocks, a slowness that
    lasts is not taken for an offset of the clocks, yet their drift is followed. All in
    whole nanoseconds, so that nothing is lost beside large offsets.

    Attributes:
        drift_ppm: How fast it may rise [1e-6].
        value: The minimum, or None before the first value [ns].
        at_ns: When it was last told a value [ns UTC].
        rest: What of its rise is less than a nanosecond [1e-6 ns].

    Source:
        V. Paxson, "On calibrating measurements of packet transit times", SIGMETRICS
        1998: the offset of clocks is in the lower envelope of one-way delays.
    """

    drift_ppm: int = 50
    value: int | None = None
    at_ns: int = 0
    rest: int = 0

    def update(self, at_ns: int, value: int) -> int:
        """Take in a value, and when it was seen; return the minimum.

        No time passes where ``at_ns`` is before the newest time seen.
        """
        low = self.value
        if low is None or value <= low:
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
        self.value, self.rest = value, 0
        self.at_ns = max(self.at_ns, at_ns)
