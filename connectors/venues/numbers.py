"""Numbers as venues send them, and where each of them ends.

What a float or a 64-bit column can hold: no NaN, no infinity, no overflow, neither of
it nor of a price times a quantity.
"""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from operators.records.base import NotARecordError

Number = Annotated[float, msgspec.Meta(ge=-1e150, le=1e150)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=1e150)]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
Micros = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**15)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Places = Annotated[int, msgspec.Meta(ge=-30, le=30)]

_LEAST: Final = Decimal("1e-30")
_MOST: Final = Decimal("1e30")


def size(stated: Decimal | None) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0.

    Raises:
        NotARecordError: If it is no size at all.
    """
    if not stated:
        return None
    if not (stated.is_finite() and _LEAST <= stated <= _MOST):
        raise NotARecordError(f"no size `{str(stated)[:40]}`")
    return stated
