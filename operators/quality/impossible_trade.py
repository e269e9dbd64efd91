"""A trade that cannot have happened."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Annotated, Any

import msgspec

from operators.quality.finding import Finding
from operators.records.market import Trade
from operators.records.quality import IssueKind, Severity

Grid = Mapping[str, tuple[float | None, float | None]]
"""Tick [quote] and lot [base, or contracts] by ``venue:symbol``, as far as known."""

_OFF = (None, None)


class ImpossibleTradeParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`ImpossibleTrade`.

    Attributes:
        tolerance: How far from a multiple of its step a number may be, as a share of
            the number of steps or of one step, whichever is more: floats are not exact.
    """

    tolerance: Annotated[float, msgspec.Meta(gt=0, lt=0.5)] = 1e-12


class ImpossibleTrade:
    """Look at the price and the quantity of each trade.

    HIGH where one of them is not finite, or negative, or the price is zero; MEDIUM
    where the quantity is zero, as of a trade too small for its decimals. MEDIUM where
    one is no multiple of the instrument's tick or lot, if these are known: it may be
    that the venue has changed them.
    """

    sees: tuple[type[Any], ...] = (Trade,)
    warm = True

    def __init__(self, params: ImpossibleTradeParams, grid: Grid) -> None:
        self._tolerance = params.tolerance
        self._grid = grid
        self.state = None

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a trade; say whether it is impossible."""
        price, quantity = seen.price, seen.quantity
        if not (price > 0.0 and quantity > 0.0 and isfinite(price + quantity)):
            is_small = quantity == 0.0 and price > 0.0 and isfinite(price)
            severity = Severity.MEDIUM if is_small else Severity.HIGH
            text = f"trade {seen.trade_id}: price {price}, quantity {quantity}"
            return (_found(severity, min(price, quantity), 0.0, text),)
        if not self._grid:
            return ()
        tick, lot = self._grid.get(seen.key, _OFF)
        for name, value, step in (("price", price, tick), ("quantity", quantity, lot)):
            if step and not self._fits(value, step):
                text = f"trade {seen.trade_id}: {name} {value} is no multiple of {step}"
                return (_found(Severity.MEDIUM, value, step, text),)
        return ()

    def _fits(self, value: float, step: float) -> bool:
        steps = value / step
        if steps * self._tolerance >= 0.5:
            return True  # a float does not tell so many steps apart
        return abs(steps - round(steps)) <= self._tolerance * max(steps, 1.0)


def _found(severity: Severity, value: float, bound: float, text: str) -> Finding:
    return Finding(IssueKind.IMPOSSIBLE_TRADE, severity, value, bound, "", text)
