"""What ``assets/*.yaml`` say: each dashboard, its filters, and its charts in rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from infra.superset.charts import COLUMNS, AnyChart, Filter, Spec, Text

ASSETS: Final = Path(__file__).with_name("assets")

Height = Annotated[int, Meta(ge=4, le=100)]


class AssetsError(Exception):
    """Assets that cannot be used: which file, where in it, what was expected."""


class Row(Spec, frozen=True, kw_only=True):
    """Charts beside each other, or a text.

    Attributes:
        height: How high [8 px].
        charts: They, from left to right.
        text: A text, in Markdown, in their place.
    """

    height: Height = 30
    charts: tuple[AnyChart, ...] = ()
    text: Text | None = None

    def __post_init__(self) -> None:
        """Refuse a row of both or neither, or one that is too wide."""
        if bool(self.charts) == bool(self.text):
            raise ValueError("Expected `charts` or `text`")
        if sum(chart.width or 1 for chart in self.charts) > COLUMNS:
            raise ValueError(f"Expected widths of {COLUMNS} together at most")


class Dashboard(Spec, frozen=True, kw_only=True):
    """A dashboard.

    Attributes:
        title: What it is called.
        slug: What its address ends with.
        place: Which one it is among the others, from 1.
        about: What it is for.
        filters: What can be chosen, from top to bottom.
        range: The time that is chosen at first, as Superset says it.
        words: Colours of words where they are not what they are elsewhere.
        grain: The time over which the charts over time gather at first, as ISO 8601.
        rows: From top to bottom.
    """

    title: Text
    slug: Annotated[str, Meta(pattern=r"^[a-z][a-z-]*$")]
    place: Annotated[int, Meta(ge=1)]
    about: Text
    filters: tuple[Filter, ...] = ()
    range: Text = 'DATEADD(DATETIME("now"), -1, hour) : now'
    grain: Text = "PT1M"
    words: dict[str, Text] = msgspec.field(default_factory=dict)
    rows: Annotated[tuple[Row, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse two charts of one name."""
        seen = set()
        for chart in self.charts():
            if chart.name in seen:
                text = f"Expected unique names, `{chart.name}` is there twice"
                raise ValueError(text)
            seen.add(chart.name)

    def charts(self) -> Iterator[AnyChart]:
        """Yield its charts in order."""
        for row in self.rows:
            yield from row.charts


def load(folder: Path = ASSETS) -> list[Dashboard]:
    """Return the dashboards of a folder, in their places.

    Raises:
        AssetsError: If one cannot be read, or says what it may not: file, place, and
            what was expected.
    """
    found: dict[Path, Dashboard] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path] = msgspec.yaml.decode(path.read_bytes(), type=Dashboard)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AssetsError(f"{path}: {error}") from error
        for other, dashboard in found.items():
            for name in ("slug", "title", "place"):
                same = getattr(dashboard, name) == getattr(found[path], name)
                if same and other != path:
                    text = f"{path}: Expected another than in {other} - at `$.{name}`"
                    raise AssetsError(text)
    if not found:
        raise AssetsError(f"{folder}: Expected dashboards, in YAML; there are none")
    return sorted(found.values(), key=lambda dashboard: dashboard.place)
