"""A trade that may never have been in the market."""

import msgspec


class Suspect(msgspec.Struct):
    """A trade that the quotes may yet confirm.

    Attributes:
        price: Its price [quote].
        at_ns: When it happened, by the venue's clock.
        away: How far from what the quotes showed, as a logarithm [1].
        bound: How far would have been normal, likewise [1].
        text: The trade, in words.
    """

    price: float
    at_ns: int
    away: float
    bound: float
    text: str
