"""What is known of a symbol before its first window: the pool, its own fit, its pins.

Whoever owns the store loads these; the operator is given them at its making and reads
no disk. All numbers are positive, and drawn to the pool on their logarithms.
"""

from typing import Annotated, Final

import msgspec

SCHEMA: Final = 1
WEEK: Final = 168

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e300)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Hour = Annotated[float, msgspec.Meta(ge=0.01, le=100)]


def _check(schema: int, from_ns: int, to_ns: int) -> None:
    if schema != SCHEMA:
        raise ValueError(f"Expected version {SCHEMA} - at `schema`: {schema}")
    if to_ns < from_ns:
        raise ValueError("Expected `fitted_to_ns` not before `fitted_from_ns`")


class _Section(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What can be read from a file and is never changed."""


class Parameters(_Section, frozen=True, kw_only=True):
    """The parameters of a symbol, or of the pool; None where not known.

    Those of a symbol at an hour are these times the hour's factor.

    Attributes:
        atr_period: The effective period of the mixed ATR [windows].
        wide_bps: A spread beyond this is wide [bps].
        thin: A depth below this is thin [quote].
        volatility: The geometric mean of the volatility of windows, each the root of
            its realised variance [1].
    """

    atr_period: Positive | None = None
    wide_bps: Positive | None = None
    thin: Positive | None = None
    volatility: Positive | None = None


class Doubt(_Section, frozen=True, kw_only=True):
    """After how many windows a symbol's own estimate weighs as much as the pool's, k.

    It is the variance of the estimate within a symbol, for one window, beside the
    variance of the true values between symbols.

    Attributes:
        atr_period: Of that parameter [windows].
        wide_bps: Likewise.
        thin: Likewise.
        volatility: Likewise.
        hours: Of an hour's factors [windows within that hour].
    """

    atr_period: Positive = 500.0
    wide_bps: Positive = 30.0
    thin: Positive = 30.0
    volatility: Positive = 300.0
    hours: Positive = 120.0


class Hours(_Section, frozen=True, kw_only=True):
    """What the hour of the week makes of a number: 168 factors, or none.

    The first is Monday, 0:00 to 1:00 UTC. Without factors all are 1.

    Attributes:
        volatility: Of the volatility [1].
        turnover: Of the turnover [1].
        spread: Of the mean spread [1].
        depth: Of the depth [1].
    """

    volatility: tuple[Hour, ...] = ()
    turnover: tuple[Hour, ...] = ()
    spread: tuple[Hour, ...] = ()
    depth: tuple[Hour, ...] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        for name in self.__struct_fields__:
            count = len(getattr(self, name))
            if count not in {0, WEEK}:
                text = f"Expected {WEEK} factors or none, not {count} - at"
                raise ValueError(f"{text} `{name}`")


class Pool(_Section, frozen=True, kw_only=True):
    """What all symbols have in common.

    Used at event times from ``fitted_to_ns`` on only: before, it would know the future.

    Attributes:
        schema: The version of this shape.
        length_ms: Length of the windows that it was fitted on [ms].
        fitted_from_ns: The start of the first of them [ns UTC].
        fitted_to_ns: The end of the last of them [ns UTC].
        symbols: How many symbols it was fitted on.
        parameters: The geometric means over the symbols.
        doubt: How far symbols differ from it.
        hours: The factors of the hours, over the symbols.
        code: The version of the code that fitted it.
    """

    schema: int = SCHEMA
    length_ms: Annotated[int, msgspec.Meta(ge=1)] = 60_000
    fitted_from_ns: Moment = 0
    fitted_to_ns: Moment = 0
    symbols: Count = 0
    parameters: Parameters = Parameters()
    doubt: Doubt = Doubt()
    hours: Hours = Hours()
    code: str = ""

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        _check(self.schema, self.fitted_from_ns, self.fitted_to_ns)


class Entry(_Section, frozen=True, kw_only=True):
    """A symbol's own fit, as it was before it is drawn to the pool.

    Used at event times in ``[fitted_to_ns, expires_ns)`` only: before, it would know
    the future; after, it is old. So many windows as ``n`` are then taken as seen.

    Attributes:
        schema: The version of this shape.
        venue: The symbol's venue.
        symbol: Its canonical name.
        length_ms: Length of the windows that it was fitted on [ms].
        fitted_from_ns: The start of the first of them [ns UTC].
        fitted_to_ns: The end of the last of them [ns UTC].
        expires_ns: From when on it is not used [ns UTC].
        n: How many windows it was fitted on.
        credibility: Z of the fit, for the reader [1].
        confidence: How far it could be trusted when it was fitted, likewise [1].
        parameters: The symbol's own.
        hours: Its factors of the hours, drawn to the pool's.
        parent: The hash of the entry that it replaces; empty for the first.
        code: The version of the code that fitted it.
        pins: What a person has fixed; the operator reads those of :class:`Prior`.
    """

    schema: int = SCHEMA
    venue: str
    symbol: str
    length_ms: Annotated[int, msgspec.Meta(ge=1)] = 60_000
    fitted_from_ns: Moment
    fitted_to_ns: Moment
    expires_ns: Moment
    n: Count = 0
    credibility: Share = 0.0
    confidence: Share = 0.0
    parameters: Parameters = Parameters()
    hours: Hours = Hours()
    parent: str = ""
    code: str = ""
    pins: Parameters = Parameters()

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        _check(self.schema, self.fitted_from_ns, self.fitted_to_ns)
        if self.expires_ns <= self.fitted_to_ns:
            raise ValueError("Expected `expires_ns` behind `fitted_to_ns`")


class Prior(_Section, frozen=True, kw_only=True):
    """What one symbol begins from.

    Attributes:
        pool: What all symbols have in common.
        entry: The symbol's own fit, if there is one that can be believed.
        pins: What a person has fixed: it holds at all times, even where the entry was
            refused, and is never learnt over.
        origin: The hash of the entry's file, or of the pool's where there is no entry;
            empty if from nothing.
    """

    pool: Pool = Pool()
    entry: Entry | None = None
    pins: Parameters = Parameters()
    origin: str = ""
