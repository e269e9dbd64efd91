"""One parameter of a symbol: drawn to the pool, moved slowly, or pinned."""

from math import log

import msgspec

from operators.calibration.base import DAY_NS, Base
from operators.calibration.params import CalibrationParams
from operators.numerics.credibility import credibility, drawn
from operators.numerics.steady import Steady

DAY_MS = 86_400_000


class Parameter(msgspec.Struct):
    """A parameter in force.

    Attributes:
        name: What :class:`Parameters` call it.
        steady: The number in force.
        credibility: Z, of the symbol's own fit and what was learnt since; None while
            neither is there.
    """

    name: str
    steady: Steady = msgspec.field(default_factory=Steady)
    credibility: float | None = None

    @property
    def value(self) -> float | None:
        """The number in force; None until it is known."""
        return self.steady.value

    def settle(
        self,
        own: float | None,
        n: float,
        base: Base,
        at_ns: int,
        params: CalibrationParams,
    ) -> None:
        """Put in force what the symbol has shown by itself and what else is known.

        Args:
            own: The own estimate; None if there is none.
            n: From how many windows it comes.
            base: What it is drawn to.
            at_ns: When it comes into force [ns UTC].
            params: Settings.
        """
        name = self.name
        pool: float | None = getattr(base.pool, name)
        entry: float | None = getattr(base.entry, name)
        doubt: float = getattr(base.doubt, name)
        known = min(n, params.memory) if own is not None else 0.0
        wanted = drawn([(pool, doubt), (entry, base.worth), (own, known)])
        self.believe(known, base)
        day_windows = max(DAY_MS // params.length_ms, 1)
        self.steady.move(wanted, at_ns // DAY_NS, log(params.step), day_windows)

    def pin(self, value: float, at_ns: int) -> None:
        """Put in force what a person has fixed."""
        self.steady = Steady(value, value, value, at_ns // DAY_NS)

    def believe(self, known: float, base: Base) -> None:
        """Take in how many windows the own estimate is worth."""
        doubt: float = getattr(base.doubt, self.name)
        if getattr(base.entry, self.name) is not None:
            known += base.worth
        self.credibility = credibility(doubt, known) if known > 0.0 else None
