"""Static facts of a symbol."""

from decimal import Decimal
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Whether it trades."""

    TRADING = "trading"
    HALTED = "halted"
    CLOSED = "closed"


class Instrument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a venue's list says of a symbol; exact, since orders are made by it.

    Attributes:
        venue: Where it trades.
        symbol: Canonical name.
        native: The venue's name.
        base: Currency traded.
        quote: Currency priced in.
        tick_size: Smallest step of the price [quote], or None if not stated.
        lot_size: Smallest step of the quantity [base, or contracts].
        min_quantity: Smallest quantity of an order [base, or contracts].
        min_notional: Smallest notional of an order [quote].
        multiplier: What a contract stands for [base; quote on inverse contracts];
            1 on spot.
        inverse: Whether it is priced in quote but settled in base.
        status: Whether it trades.
    """

    venue: str
    symbol: str
    native: str
    base: str
    quote: str
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    inverse: bool = False
    status: Status = Status.TRADING
