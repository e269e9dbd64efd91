"""What is normal, learnt from numbers that are not wildly off; for a while."""

import msgspec

from operators.numerics.quantile import Quantile


class Guarded(msgspec.Struct):
    """A quantile that a fault does not teach its own normality.

    A number that is said to be off is not learnt from, until ``patience`` more of them
    have come than others since: then it is no fault but a lasting change, and it is
    followed at the pace of the quantile. While the quantile is not known there is
    nothing to be off from, and all numbers are learnt.

    Attributes:
        quantile: What is normal.
        patience: How many numbers that are off are left out.
        off: How many more were off than not, lately.
    """

    quantile: Quantile
    patience: int = 60
    off: int = 0

    @property
    def value(self) -> float | None:
        """The quantile; None until it is known."""
        return self.quantile.value

    def update(self, x: float, *, is_off: bool) -> None:
        """Take in a number, and whether it is off."""
        if not is_off or self.quantile.value is None:
            self.off = max(self.off - 1, 0)
            self.quantile.update(x)
        elif self.off < self.patience:
            self.off += 1
        else:
            self.quantile.update(x)
