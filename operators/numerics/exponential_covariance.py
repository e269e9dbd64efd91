"""How one number moves with another, newer pairs weighing more."""

import msgspec


class ExponentialCovariance(msgspec.Struct):
    """Covariance of pairs, and variance of their first numbers, about their means.

    Until ``length`` pairs have come all weigh the same; from then on each weighs
    ``1 - 1 / length`` times the next. Never subtracts two large sums.

    Attributes:
        n: Pairs seen.
        mean_x: Mean of the first numbers; means nothing before the first.
        mean_y: Mean of the second; likewise.
        variance: Variance of the first; likewise.
        covariance: Covariance of both; likewise.

    Source:
        T. Finch, "Incremental calculation of weighted mean and variance", University of
        Cambridge Computing Service, 2009, section 9, for a pair.
    """

    n: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    variance: float = 0.0
    covariance: float = 0.0

    def update(self, x: float, y: float, length: int) -> None:
        """Take in a pair.

        Args:
            x: The first number.
            y: The second.
            length: How many pairs it takes to forget one to 1/e.
        """
        self.n += 1
        weight = 1.0 / min(self.n, length)
        apart = x - self.mean_x
        step = weight * apart
        kept = 1.0 - weight
        beside = y - self.mean_y
        self.mean_x += step
        self.mean_y += weight * beside
        self.variance = kept * (self.variance + apart * step)
        self.covariance = kept * (self.covariance + step * beside)

    @property
    def slope(self) -> float | None:
        """How far the second moves with the first; None while the first stands still.

        The slope of the least squares line.
        """
        return self.covariance / self.variance if self.variance > 0.0 else None
