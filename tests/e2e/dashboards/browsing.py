"""A dashboard in a browser, as a person sees it."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import APIResponse, FloatRect, Locator, Page, Response

from infra.superset.charts import AnyChart, Number, Table, Word
from infra.superset.specs import Dashboard

BOUND_S: Final = 120
_TRIES: Final = 4
ANSWERED: Final = "api/v1/chart/data"
_LOOK_MS: Final = 200
_MARGIN: Final = 24
_ERRORS: Final = '[role="alert"], .ant-alert-error, [data-test="error-alert"]'
_EMPTY: Final = ".ant-empty, .subtitle-line.subheader-line"
_AFTER: Final = "each => getComputedStyle(each, '::after').content"
_CELLS: Final = """each => [...each.querySelectorAll('tbody tr')].map(
    row => [...row.querySelectorAll('td')].map(cell => cell.innerText.trim()))"""


class Screen:
    """A page of a browser that somebody has logged in with.

    Attributes:
        page: The page.
        refused: Requests that the server refused or failed at: status and address.
        asked: Addresses that were asked for, and what became of the request.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.refused: list[tuple[int, str]] = []
        self.asked: dict[str, str] = {}
        page.on("response", self._take)
        page.on("request", lambda each: self.asked.setdefault(each.url, "asked"))
        page.on(
            "requestfailed",
            lambda each: self.asked.update({each.url: str(each.failure)}),
        )

    def _take(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append((response.status, response.url))

    def log_in(self, user: str, password: str) -> None:
        """Come in by the form; again where it was sent before it had its token."""
        for _ in range(_TRIES):
            self.page.goto(f"{self.address}/login/", wait_until="networkidle")
            self.page.fill("input#username, [data-test=username-input]", user)
            self.page.fill("input#password, [data-test=password-input]", password)
            self.page.click("[data-test=login-button], button[type=submit]")
            with suppress(TimeoutError):
                wait(lambda: "/login" not in self.page.url, self.page, "login", 30)
                return
        raise AssertionError(f"{user} could not log in: {self.page.inner_text('body')}")

    def open(self, dashboard: Dashboard) -> None:
        """Open a dashboard, and wait until each of its charts has been drawn."""
        self.page.goto(f"{self.address}/superset/dashboard/{dashboard.slug}/")
        self.settle(dashboard)

    def settle(self, dashboard: Dashboard) -> None:
        """Wait until each chart has been drawn: its rows, or that there are none."""
        for chart in dashboard.charts():
            wait(lambda chart=chart: self.is_drawn(chart), self.page, chart.name)

    def is_drawn(self, chart: AnyChart) -> bool:
        """Return whether a chart shows something, and is not loading."""
        here = self.chart(chart)
        if here.count() != 1 or here.locator('[data-test="loading-indicator"]').count():
            return False
        return bool(
            self.has_figure(chart)
            or here.locator(_EMPTY).count()
            or here.locator(_ERRORS).count()
        )

    def chart(self, chart: AnyChart) -> Locator:
        """Return where a chart is."""
        return self.page.locator(f'[data-test-chart-name="{chart.name}"]')

    def has_figure(self, chart: AnyChart) -> bool:
        """Return whether a chart shows what it is there for."""
        inner = {Number: ".header-line", Table: "tbody td", Word: "tbody td"}
        found = self.chart(chart).locator(inner.get(type(chart), "canvas"))
        return bool(found.count()) and not self.chart(chart).locator(_EMPTY).count()

    def errors(self, chart: AnyChart) -> list[str]:
        """Return what a chart complains of."""
        return [each.inner_text() for each in self.chart(chart).locator(_ERRORS).all()]

    def waits_for(self, chart: AnyChart) -> str | None:
        """Return what an empty chart says to who looks at it."""
        for each in self.chart(chart).locator(_EMPTY).all():
            said = str(each.evaluate(_AFTER)).strip('"')
            if "Waits" in said and each.is_visible():
                return said.replace('\\"', '"')
        return None

    def number(self, chart: AnyChart) -> str | None:
        """Return the text of a large number or word; None where there is none."""
        if not self.has_figure(chart):
            return None
        inner = ".header-line" if isinstance(chart, Number) else "tbody td"
        return self.chart(chart).locator(inner).first.inner_text().strip()

    def rows(self, chart: Table, names: list[str]) -> list[tuple[str, ...]]:
        """Return the texts of a table's cells in some columns, in some order."""
        places = [chart.columns.index(name) for name in names]
        rows: Any = self.chart(chart).evaluate(_CELLS)
        return sorted(tuple(row[place] for place in places) for row in rows)

    def picture(self, file: Path) -> None:
        """Take a picture of the page, down to its last row."""
        box = self.page.locator(".grid-row").last.bounding_box()
        width = float(self.page.evaluate("innerWidth"))
        height = box["y"] + box["height"] + _MARGIN if box else width
        clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
        self.page.screenshot(path=file, full_page=True, clip=clip)

    def ask(self, method: str, path: str, told: Any = None) -> APIResponse:
        """Ask the API, as the pages do."""
        request = self.page.context.request
        token = request.get(f"{self.address}/api/v1/security/csrf_token/")
        headers = {"Referer": self.address}
        if token.ok:
            headers["X-CSRFToken"] = token.json()["result"]
        return request.fetch(
            f"{self.address}{path}", method=method, data=told, headers=headers
        )

    def choose(self, dashboard: Dashboard, column: str, *words: str) -> None:
        """Choose words in a filter of a dashboard, and apply it."""
        box = self.page.locator(f"input#NATIVE_FILTER-{dashboard.slug}-{column}")
        box.click()
        for word in words:
            self.page.locator(f'.ant-select-item-option[title="{word}"]').click()
        self.page.keyboard.press("Escape")
        self.page.locator('[data-test="filter-bar__apply-button"]').click()


def wait(
    until: Callable[[], bool], page: Page, what: str, bound_s: float = BOUND_S
) -> None:
    """Wait, within bounds.

    Raises:
        TimeoutError: If it does not come to pass.
    """
    deadline_s = time.monotonic() + bound_s
    while not until():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what}: not within {bound_s} s")
        page.wait_for_timeout(_LOOK_MS)
