"""A book that holds little for the symbol."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from operators.numerics.guarded import Guarded
from operators.numerics.quantile import Quantile, Share
from operators.quality.finding import Finding
from operators.records.book import Book, BookState
from operators.records.market import Heartbeat, Level
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]

_THIN = IssueKind.THIN_DEPTH
_WELL = Finding(_THIN, None)


class ThinDepthParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`ThinDepth`.

    Attributes:
        levels: Fewer levels than this are few, unless that is normal for the symbol.
        reach: Depth is measured within so many normal spreads of the mid [1].
        reach_bps: And at least within this [bps].
        quantile: The low quantile of depth and levels that is normal [1].
        factor: Depth is thin below that divided by this [1].
        empty: And nearly nothing below that divided by this [1].
        warm_up: Seconds that the own bounds are learnt from at first.
        patience: Seconds of thin depth that are not learnt from.
        rate: How fast they are learnt; see :class:`Quantile`.
        hold: How many seconds in a row it must be thin.
    """

    levels: Annotated[int, msgspec.Meta(ge=0)] = 5
    reach: Positive = 10.0
    reach_bps: Positive = 5.0
    quantile: Share = 0.02
    factor: Annotated[float, msgspec.Meta(ge=1)] = 4.0
    empty: Annotated[float, msgspec.Meta(ge=1)] = 40.0
    warm_up: Count = 120
    patience: Annotated[int, msgspec.Meta(ge=0)] = 60
    rate: Positive = 0.05
    hold: Count = 3


class ThinDepthState(msgspec.Struct):
    """What :class:`ThinDepth` remembers of one symbol.

    Attributes:
        levels: Levels of the shorter side and one more, what of it is normal.
        depth: Notional of the thinner side within reach, what of it is normal [quote].
        spread: The median spread [bps].
        bids: The best levels to sell to; None while there is no book.
        asks: The best levels to buy from.
        second: The second that lasts.
        thin: How many seconds in a row it has been thin.
    """

    levels: Guarded
    depth: Guarded
    spread: Quantile
    bids: tuple[Level, ...] | None = None
    asks: tuple[Level, ...] = ()
    second: int = 0
    thin: int = 0


class ThinDepth:
    """Judge once a second how many levels the book has, and how much is near the mid.

    Near is within some normal spreads of the symbol, which are learnt first; the
    thinner side counts. A book
    of one level, or of none, is healthy where that is normal. While that is not yet
    known, only the number of levels speaks: LOW. Else LOW, and MEDIUM where next to
    nothing is left of a book that normally has levels.
    """

    sees: tuple[type[Any], ...] = (Book, BookState, Heartbeat)

    def __init__(self, params: ThinDepthParams) -> None:
        self._params = params
        low = Quantile(params.quantile, params.rate, params.warm_up)
        self.state = ThinDepthState(
            levels=Guarded(low, params.patience),
            depth=Guarded(msgspec.structs.replace(low, first=[]), params.patience),
            spread=Quantile(0.5, params.rate, -(-params.warm_up // 4)),
        )

    @property
    def warm(self) -> bool:
        """Whether the own bounds are known."""
        return self.state.levels.value is not None

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a record; say, once a second, whether the book is thin."""
        state, kind = self.state, type(seen)
        said: Iterable[Finding] = ()
        if seen.event_ns // SECOND > state.second:
            state.second = seen.event_ns // SECOND
            if state.bids is not None:
                said = self._judge(state.bids, state.asks)
        if kind is Book:
            state.bids, state.asks = seen.bids, seen.asks
        elif kind is BookState:
            state.bids = None
        return said

    def _judge(self, bids: Sequence[Level], asks: Sequence[Level]) -> Iterable[Finding]:
        state = self.state
        count = min(len(bids), len(asks))
        few, shallow = self._few(count), None
        state.levels.update(count + 1, is_off=few is not None)
        if count and bids[0][0] > 0.0:
            state.spread.update((asks[0][0] / bids[0][0] - 1.0) * 1e4)
        if state.spread.value is not None:
            depth = self._depth(bids, asks, state.spread.value) if count else 0.0
            shallow = self._shallow(depth)
            state.depth.update(depth, is_off=shallow is not None)
        if few is None and shallow is None:
            was_thin, state.thin = state.thin >= self._params.hold, 0
            return (_WELL,) if was_thin else ()
        state.thin += 1
        found = shallow if few is None else few
        return (found,) if found and state.thin >= self._params.hold else ()

    def _few(self, count: int) -> Finding | None:
        """Return what is wrong with the number of levels."""
        bound, normal = self._params.levels, self.state.levels.value
        if count >= bound or (normal is not None and count + 1 >= normal / 1.25):
            return None
        is_bare = count == 0 and normal is not None and normal > bound
        severity = Severity.MEDIUM if is_bare else Severity.LOW
        text = f"{count} levels on a side"
        if normal is not None:
            text += f", normally {normal - 1:.0f} at least"
        return Finding(_THIN, severity, count, bound, "levels", text)

    def _shallow(self, depth: float) -> Finding | None:
        """Return what is wrong with the depth."""
        params, normal = self._params, self.state.depth.value
        if normal is None or depth >= normal / params.factor:
            return None
        is_bare = depth < normal / params.empty
        is_bare = is_bare and (self.state.levels.value or 0.0) > params.levels
        severity = Severity.MEDIUM if is_bare else Severity.LOW
        text = f"{depth:.6g} of notional near the mid, normally {normal:.6g} at least"
        return Finding(_THIN, severity, depth, normal / params.factor, "quote", text)

    def _depth(
        self, bids: Sequence[Level], asks: Sequence[Level], spread_bps: float
    ) -> float:
        """Return the notional of the thinner side within reach of the mid [quote]."""
        params = self._params
        mid = (bids[0][0] + asks[0][0]) / 2
        reach = abs(mid) * max(params.reach * spread_bps, params.reach_bps) / 1e4
        bid = sum([price * size for price, size in bids if mid - price <= reach])
        ask = sum([price * size for price, size in asks if price - mid <= reach])
        return min(bid, ask)
