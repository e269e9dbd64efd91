"""The dashboards in a browser, over a lake that is written meanwhile."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.superset.charts import Number, Table, Word
from infra.superset.specs import Dashboard, load
from tests.e2e.dashboards.browsing import Screen, wait
from tests.e2e.dashboards.expected import MOVES, Chosen, Lake
from tests.e2e.dashboards.made_lake import MadeLake
from tests.e2e.dashboards.made_rows import MARKETS

DASHBOARDS = load()
STATUS, QUALITY = (
    next(each for each in DASHBOARDS if each.slug == slug)
    for slug in ("system-status", "data-quality")
)
PHONE = {"width": 390, "height": 844}
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
VENUES = next(each for each in STATUS.charts() if each.name == "Venues")
SHEET = "xl/worksheets/sheet1.xml"

Open = Callable[..., Screen]


def differences(
    screen: Screen, dashboard: Dashboard, lake: Lake, chosen: Chosen
) -> list[str]:
    """Compare the texts of a page with what the lake says."""
    found = []
    for chart in dashboard.charts():
        if isinstance(chart, Table):
            names = lake.still(chart)
            told = recent(names, lake.rows(chart, chosen))
            shown = recent(names, screen.rows(chart, names))
        elif isinstance(chart, Word):
            told, shown = lake.word(chart, chosen), screen.number(chart)
        elif isinstance(chart, Number) and chart.value.column not in MOVES:
            told, shown = lake.number(chart, chosen), screen.number(chart)
        else:
            continue
        if told != shown:
            found.append(f"{chart.name}: {told} in the lake, {shown} on the page")
    return found


def recent(names: list[str], rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out rows that are about to be too old for what a page shows."""
    if "event_time" not in names:
        return rows
    place = names.index("event_time")
    oldest = f"{datetime.now(UTC) - timedelta(minutes=50):%Y-%m-%d %H:%M:%S}"
    return [row for row in rows if row[place] >= oldest]


def check(screen: Screen, dashboard: Dashboard, lake: Lake, chosen: Chosen) -> None:
    """Wait until a page says what the lake says; show where it does not."""

    def agrees() -> bool:
        return not differences(screen, dashboard, lake, chosen)

    with suppress(TimeoutError):
        wait(agrees, screen.page, dashboard.slug)
    assert differences(screen, dashboard, lake, chosen) == []


def test_a_chart_of_an_empty_lake_says_what_it_waits_for(made: MadeLake, screen: Open):
    lake, page = Lake(made.folder, "1 hour"), screen()
    for dashboard in DASHBOARDS:
        page.open(dashboard)
        for chart in dashboard.charts():
            assert page.errors(chart) == [], chart.name
            if lake.has_data(chart):  # a count of none, or a list of the tables
                assert page.has_figure(chart), chart.name
            else:
                assert page.waits_for(chart) == f"Waits for: {chart.waits}."


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.slug)
def test_every_chart_shows_what_the_lake_says_in_light_and_dark(
    dashboard: Dashboard, still: Lake, screen: Open, artefacts: Path
):
    page = screen()
    page.open(dashboard)
    for chart in dashboard.charts():
        assert page.errors(chart) == [], chart.name
        assert page.has_figure(chart), chart.name
    check(page, dashboard, still, {})
    assert [each for each in page.refused if "/colors?" not in each[1]] == []
    page.picture(artefacts / f"{dashboard.slug}.png")

    light = page.page.evaluate(BACKGROUND)
    page.page.emulate_media(color_scheme="dark")
    wait(lambda: page.page.evaluate(BACKGROUND) != light, page.page, "dark")
    page.settle(dashboard)
    page.picture(artefacts / f"{dashboard.slug}-dark.png")
    assert light == "rgb(255, 255, 255)"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.slug)
def test_a_phone_shows_charts_below_each_other_and_no_wider_than_it_is(
    dashboard: Dashboard, filled: MadeLake, screen: Open, artefacts: Path
):
    page = screen(viewport=PHONE, is_mobile=True, has_touch=True)
    page.open(dashboard)
    width = page.page.evaluate("document.scrollingElement.scrollWidth")
    rows = page.page.locator(".grid-row").all()
    boxes = [page.chart(chart).bounding_box() for chart in dashboard.charts()]
    page.picture(artefacts / f"{dashboard.slug}-phone.png")

    assert width <= PHONE["width"]
    for row in rows:  # what is wider than its row is moved within it
        box = row.bounding_box()
        assert box["x"] + box["width"] <= PHONE["width"]
    for above, below in pairwise(boxes):
        is_beside = below["x"] >= above["x"] + above["width"]
        assert is_beside or below["y"] >= above["y"] + above["height"]


@pytest.mark.parametrize(
    ("dashboard", "chosen"),
    [
        (STATUS, {"venue": "kraken"}),
        (QUALITY, {"symbol": "ETH-USDT"}),
    ],
    ids=["venue", "symbol"],
)
def test_a_filter_changes_what_is_shown(
    dashboard: Dashboard, chosen: dict[str, str], still: Lake, screen: Open
):
    page = screen()
    page.open(dashboard)
    check(page, dashboard, still, {})
    for column, word in chosen.items():
        page.choose(dashboard, column, word)
    check(page, dashboard, still, chosen)
    assert differences(page, dashboard, still, {}) != []


def test_a_filter_of_all_there_is_leaves_all_as_it_was(still: Lake, screen: Open):
    """It asks for several words and a span of time, at which DuckDB alone fails."""
    page = screen()
    page.open(QUALITY)
    with page.page.expect_response(lambda each: "chart/data" in each.url):
        page.choose(QUALITY, "venue", *MARKETS)
    page.settle(QUALITY)
    for chart in QUALITY.charts():
        assert page.errors(chart) == [], chart.name
    check(page, QUALITY, still, {})


def test_a_value_refreshes_by_itself(filled: MadeLake, screen: Open):
    page = screen()
    page.open(STATUS)
    score = next(
        each for each in STATUS.charts() if each.name.startswith("Health score")
    )
    first = page.number(score)
    wait(lambda: page.number(score) != first, page.page, "a refresh")


def test_rows_can_be_taken_away_as_files(still: Lake, screen: Open):
    page = screen()
    page.open(STATUS)
    rows = len(still.rows(VENUES, {}))

    def downloaded(what: str) -> bytes:
        page.chart(VENUES).get_by_label("More Options").click()
        page.page.locator(
            ".ant-dropdown-menu-submenu-title", has_text="Download"
        ).hover()
        with page.page.expect_download() as got:
            page.page.get_by_text(what, exact=True).click()
        return Path(got.value.path()).read_bytes()

    text = downloaded("Export to .CSV").decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == rows
    with ZipFile(io.BytesIO(downloaded("Export to Excel"))) as book:
        assert book.read(SHEET).count(b"<row ") == rows + 1

    page.chart(VENUES).locator('[data-test="editable-title"] a').click()
    page.page.locator("tbody td").first.wait_for()
    page.page.get_by_label("Menu actions trigger").click()
    for menu in ("Data Export Options", "Export All Data"):
        page.page.locator(".ant-dropdown-menu-submenu-title", has_text=menu).hover()
    with page.page.expect_popup() as opened:  # JSON is shown, to be saved
        page.page.get_by_text("Export to .JSON", exact=True).first.click()
    told = json.loads(opened.value.locator("body").inner_text())
    assert len(told["result"][0]["data"]) == rows
