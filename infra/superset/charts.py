"""What ``assets/*.yaml`` say of a chart: its kind, what it shows, and how."""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

COLUMNS: Final = 12
"""How many columns of the grid a row of a dashboard has."""

Text = Annotated[str, Meta(min_length=1)]
Column = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Columns = Annotated[tuple[Column, ...], Meta(min_length=1)]
Width = Annotated[int, Meta(ge=1, le=COLUMNS)]


class Filter(StrEnum):
    """What a reader of a dashboard can choose."""

    VENUE = "venue"
    SYMBOL = "symbol"
    TIME = "time"
    GRAIN = "grain"


class How(StrEnum):
    """How a column's values become one number.

    ``chosen`` is the value in the row with the highest ``chosen``, a column that such a
    view has.
    """

    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    COUNT = "count"
    MEDIAN = "p50"
    P95 = "p95"
    CHOSEN = "chosen"


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of it."""


class Metric(Spec, frozen=True, kw_only=True):
    """A number that is made of a column.

    Attributes:
        column: Of which.
        how: How.
        label: What it is called; as the column if not given.
    """

    column: Column
    how: How = How.MAX
    label: Text | None = None


class Threshold(Spec, frozen=True, kw_only=True):
    """From where on, or for which word, a value has a colour.

    Attributes:
        colour: By the name that ``colours.py`` gives it.
        above: The value is this or more.
        below: The value is less than this.
        word: The value is this.
    """

    colour: Text
    above: float | None = None
    below: float | None = None
    word: str | None = None

    def __post_init__(self) -> None:
        """Refuse what says no range, or a range and a word."""
        ranged = self.above is not None or self.below is not None
        if ranged == (self.word is not None):
            raise ValueError("Expected `above` and `below`, or one of them, or `word`")


class Condition(Spec, frozen=True, kw_only=True):
    """Which rows count: those with one of these words in a column.

    Attributes:
        column: The column.
        words: They.
    """

    column: Column
    words: Annotated[tuple[str, ...], Meta(min_length=1)]


class Chart(Spec, frozen=True, kw_only=True):
    """What all charts have.

    Attributes:
        name: Unique within the dashboard; tests and styles find it by that.
        view: The view of the lake that it shows.
        about: What it means to who reads it; shown where its name is pointed at.
        waits: What it waits for where there is no data.
        width: How many of the row's columns it takes; an equal share if not given.
        where: Which rows count.
        unfiltered: Filters of the dashboard that leave it alone all the same.
    """

    name: Text
    view: Column
    about: Text
    waits: Text
    width: Width | None = None
    where: tuple[Condition, ...] = ()
    unfiltered: tuple[Filter, ...] = ()


class Number(Chart, frozen=True, kw_only=True, tag_field="kind", tag="number"):
    """One number, large.

    Attributes:
        value: What it shows.
        format: As d3 has it, or a name that Superset gives a format.
        colours: Its colours; the last that fits.
    """

    value: Metric
    format: Text = ",.0f"
    colours: tuple[Threshold, ...] = ()


class Word(Chart, frozen=True, kw_only=True, tag_field="kind", tag="word"):
    """One word, large: that of the row with the highest ``chosen``.

    Attributes:
        column: What it shows.
        colours: Its colours.
    """

    column: Column
    colours: tuple[Threshold, ...] = ()


class Table(Chart, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """Rows.

    Attributes:
        columns: What it shows, from left to right.
        order: By which columns; ``-`` before one puts the greatest first.
        formats: Formats of columns, as of a number.
        colours: Colours of columns.
        widths: Least widths of columns that need room [px].
        rows: The most that it shows.
        is_dated: Whether the time that was chosen applies; its view has event_time.
    """

    columns: Columns
    order: tuple[Annotated[str, Meta(pattern=r"^-?[a-z][a-z0-9_]*$")], ...] = ()
    formats: dict[Column, Text] = {}
    colours: dict[Column, tuple[Threshold, ...]] = {}
    widths: dict[Column, Annotated[int, Meta(ge=20, le=1_000)]] = {}
    rows: Annotated[int, Meta(ge=1, le=10_000)] = 200
    is_dated: bool = False


class Lines(Chart, frozen=True, kw_only=True, tag_field="kind", tag="lines"):
    """Numbers over time.

    Attributes:
        values: What it shows.
        by: Columns that tell its lines apart.
        unit: What its axis says.
        format: As of a number.
        style: How it is drawn.
        bounds: Where its axis begins and ends, where that is fixed.
        most: The most lines.
        first: Whether those with the greatest values are among them, or the least.
    """

    values: Annotated[tuple[Metric, ...], Meta(min_length=1)]
    by: tuple[Column, ...] = ()
    unit: Text
    format: Text = "SMART_NUMBER"
    style: Literal["line", "bar", "area", "scatter", "step"] = "line"
    bounds: tuple[float | None, float | None] = (None, None)
    most: Annotated[int, Meta(ge=1, le=100)] = 25
    first: Literal["most", "least"] = "most"


class Bars(Chart, frozen=True, kw_only=True, tag_field="kind", tag="bars"):
    """A number of each of some things.

    Attributes:
        value: What it shows.
        of: The column with the things.
        by: Columns whose values are stacked, and have the colours.
        unit: What its axis says.
        format: As of a number.
        most: The most bars.
        sort: Whether the greatest comes first, or the first by its name.
        is_dated: As of a table.
    """

    value: Metric
    of: Column
    by: tuple[Column, ...] = ()
    unit: Text
    format: Text = ",.0f"
    most: Annotated[int, Meta(ge=1, le=1_000)] = 25
    sort: Literal["value", "name"] = "value"
    is_dated: bool = False


class Shares(Chart, frozen=True, kw_only=True, tag_field="kind", tag="shares"):
    """What a whole is made of, as a ring.

    Attributes:
        value: What it shows.
        by: The column that tells its parts.
        unit: What is counted.
        is_dated: As of a table.
    """

    value: Metric
    by: Column
    unit: Text
    is_dated: bool = False


AnyChart = Number | Word | Table | Lines | Bars | Shares
