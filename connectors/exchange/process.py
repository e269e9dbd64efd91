"""The random process behind the market: fair prices and arrivals of orders.

Advances in steps of simulated time. One factor moves all instruments, each has noise
of its own; a Markov chain of regimes sets how volatile and how busy the market is; each
arrival makes further ones likelier for about a second.

Source:
    J. D. Hamilton, "A new approach to the economic analysis of nonstationary time
    series and the business cycle", Econometrica 57(2), 1989 (regimes).
    A. G. Hawkes, "Spectra of some self-exciting and mutually exciting point
    processes", Biometrika 58(1), 1971 (arrivals; here counted in steps).
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from connectors.exchange.listing import Listing
from operators.records.time import MS, SECOND

STEP_NS: Final = 100 * MS
_STEP_S: Final = STEP_NS / SECOND
_YEAR_S: Final = 365 * 86_400

_VOLATILITY: Final = (0.5, 1.0, 3.0)
_ACTIVITY: Final = (0.85, 1.0, 1.8)
_STAY_S: Final = (60.0, 60.0, 20.0)
"""Calm, normal and wild: volatility and activity [1], how long they last [s]."""

_COMMON: Final = 0.65
"""Share of the common factor in the variance of an instrument whose beta is 1."""

_BRANCHING: Final = 0.5
_SHARED: Final = 0.3
_EXCITED_S: Final = 1.0
"""Arrivals that follow from one; the share of them elsewhere; for how long [s]."""

_RETURN_S: Final = 43_200.0
"""Prices return to where they began over this time, to run for weeks [s]."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Process:
    """Fair prices and numbers of arrivals, step by step.

    Attributes:
        regime: 0 calm, 1 normal, 2 wild.
        prices: Fair prices [k] [quote].
    """

    def __init__(
        self, listings: tuple[Listing, ...], rate: float, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self.regime = 1
        self._start: Floats = np.array([listing.price for listing in listings])
        self._log = np.zeros(len(listings))
        volatility = np.array([x.volatility_pct / 100 for x in listings])
        step = volatility * math.sqrt(_STEP_S / _YEAR_S)
        self._common = step * np.array([x.beta for x in listings]) * math.sqrt(_COMMON)
        self._own = step * math.sqrt(1 - _COMMON)
        activity = np.array([x.activity for x in listings]) * rate
        self._base = activity * (1 - _BRANCHING)
        self._share = activity / activity.sum()
        self._excited = activity * _BRANCHING
        self.prices = self._start.copy()

    def step(self) -> Ints:
        """Move on by one step; return how many orders arrive in it [k]."""
        self._switch()
        self._move()
        return self._arrive()

    def _switch(self) -> None:
        if self._rng.random() < _STEP_S / _STAY_S[self.regime]:
            others = [regime for regime in range(3) if regime != self.regime]
            self.regime = others[int(self._rng.random() * 2)]

    def _move(self) -> None:
        noise = self._rng.standard_normal(len(self._log) + 1)
        moves = self._common * noise[0] + self._own * noise[1:]
        self._log *= 1 - _STEP_S / _RETURN_S
        self._log += _VOLATILITY[self.regime] * moves
        self.prices = self._start * np.exp(self._log)

    def _arrive(self) -> Ints:
        intensity = self._base * _ACTIVITY[self.regime] + self._excited
        counts: Ints = self._rng.poisson(intensity * _STEP_S)
        caused = (1 - _SHARED) * counts + _SHARED * self._share * counts.sum()
        decay = math.exp(-_STEP_S / _EXCITED_S)
        self._excited *= decay
        self._excited += _BRANCHING * (1 - decay) / _STEP_S * caused
        return counts
