"""A place among all symbols -> a tier that does not flap."""

import msgspec

from operators.records.priority import Tier
from operators.scanner.params import TierParams


class Held(msgspec.Struct):
    """The tier of a symbol.

    Attributes:
        tier: Which.
        windows: For how many windows, this one included.
    """

    tier: Tier
    windows: int = 1

    def move(self, place: float, tradable: bool, params: TierParams) -> None:
        """Take in the symbol's place in the next window.

        Args:
            place: 0 to 1, the first to the last.
            tradable: Whether its data can be believed, as far as is known.
            params: The bounds.
        """
        now = target(self.tier, place, params) if tradable else Tier.LOW
        if now is self.tier or (tradable and self.windows < params.dwell):
            self.windows += 1
        else:
            self.tier, self.windows = now, 1


def target(tier: Tier | None, place: float, params: TierParams) -> Tier:
    """Return which tier a place leads to, from a tier, or from none."""
    if place <= (params.high_until if tier is Tier.HIGH else params.high):
        return Tier.HIGH
    if place >= (params.low_from if tier is Tier.LOW else params.low):
        return Tier.LOW
    return Tier.MEDIUM
