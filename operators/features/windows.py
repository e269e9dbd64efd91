"""Windows of several lengths, from the moment they open until they are said."""

import msgspec

from operators.features.bars import NEVER
from operators.features.params import FeaturesParams
from operators.features.past import Past, nothing
from operators.features.said import feature
from operators.features.slice import Slice
from operators.records.feature import Feature
from operators.records.time import MS


class Windows(msgspec.Struct):
    """Open windows, and for each length what came before.

    Attributes:
        place: ``(venue, symbol)``, once known.
        slices: Windows of the first length, by start.
        longer: For each further length [ns], its one open window by start, if any.
        ends_ns: The first end of those.
        pasts: For each length [ns], what came before.
    """

    place: tuple[str, str] | None = None
    slices: dict[int, Slice] = msgspec.field(default_factory=dict)
    longer: dict[int, dict[int, Slice]] = msgspec.field(default_factory=dict)
    ends_ns: int = NEVER
    pasts: dict[int, Past] = msgspec.field(default_factory=dict)

    def fit(self, params: FeaturesParams) -> None:
        """Make room for each length; what settings no longer name is forgotten."""
        lengths_ns = [length * MS for length in params.lengths_ms]
        kept = {
            each: past
            for each, past in self.pasts.items()
            if past.bank.periods == params.atr_periods
        }
        self.pasts = {each: kept.get(each) or nothing(params) for each in lengths_ns}
        self.longer = {each: self.longer.get(each, {}) for each in lengths_ns[1:]}

    def close(self, watermark_ns: int, params: FeaturesParams) -> list[Feature]:
        """Return each window that ends at or before the watermark, by end and length.

        They are open no longer.
        """
        said: list[Feature] = []
        slices, length_ns = self.slices, params.lengths_ms[0] * MS
        for start_ns in sorted(slices):
            if start_ns + length_ns > watermark_ns:
                break
            if start_ns >= self.ends_ns:
                said += self._close_longer(start_ns, params)
            slice_ = slices.pop(start_ns)
            said.append(self._said(start_ns, length_ns, slice_, params))
            for longer_ns, longer in self.longer.items():
                first_ns = start_ns - start_ns % longer_ns
                if first_ns not in longer:
                    longer[first_ns] = Slice()
                    self.ends_ns = min(self.ends_ns, first_ns + longer_ns)
                longer[first_ns].merge(slice_, first_ns)
        if watermark_ns >= self.ends_ns:
            said += self._close_longer(watermark_ns, params)
        return said

    def _close_longer(self, until_ns: int, params: FeaturesParams) -> list[Feature]:
        ends = sorted(
            (start_ns + length_ns, length_ns, start_ns)
            for length_ns, longer in self.longer.items()
            for start_ns in longer
        )
        due = [each for each in ends if each[0] <= until_ns]
        self.ends_ns = ends[len(due)][0] if len(due) < len(ends) else NEVER
        return [
            self._said(
                start_ns, length_ns, self.longer[length_ns].pop(start_ns), params
            )
            for _, length_ns, start_ns in due
        ]

    def _said(
        self, start_ns: int, length_ns: int, slice_: Slice, params: FeaturesParams
    ) -> Feature:
        end_ns, before = start_ns + length_ns, self.pasts[length_ns]
        place = self.place or ("", "")
        return feature(place, (end_ns, length_ns), slice_, before, params)
