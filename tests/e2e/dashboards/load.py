"""Browsers that refresh every few seconds while much is written: what fails, how slow.

python -m tests.e2e.dashboards.load [--minutes 10] [--browsers 8] [--rows 10000]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from playwright.sync_api import Page, Request, Response, Route, sync_playwright

from config.dashboards import Dashboards
from operators.records.base import Side
from operators.records.market import Heartbeat, Top, Trade
from sinks.parquet import LakeSink
from tests.e2e.dashboards.browsing import ANSWERED, Screen
from tests.e2e.dashboards.chromium import FLAGS, chromium
from tests.e2e.dashboards.made_lake import MadeLake
from tests.e2e.dashboards.served import Served

REFRESH_S: Final = 5
_SLUGS: Final = ("system-status", "connections", "data-quality", "controls")
_SYMBOLS: Final = [f"S{number}-USDT" for number in range(50)]
_LOOK_S: Final = 30
_MEMORY: Final = ("gunicorn", "flows keep")


def write(lake: Path, rate: int) -> None:
    """Write so many rows a second, for ever, a file a table a second."""
    part = LakeSink(lake, "flood").build_part("write", "flood", None)
    number, due_s = 0, time.time()
    while True:
        rows: list[Any] = []
        for _ in range(rate):
            number += 1
            now = {"event_ns": time.time_ns(), "received_ns": time.time_ns()}
            place = {"venue": "flood", "symbol": _SYMBOLS[number % 50], **now}
            if number % 5 < 3:
                what = {"price": 1.0 + number % 7, "quantity": 1.0, "side": Side.BUY}
                rows.append(Trade(**place, trade_id=str(number), **what))
            elif number % 5 == 3:
                best = {
                    "bid": 1.0,
                    "bid_quantity": 2.0,
                    "ask": 3.0,
                    "ask_quantity": 4.0,
                }
                rows.append(Top(**place, sequence=number, **best))
            else:
                rows.append(Heartbeat(**place))
        part.write_batch([rows])
        part.snapshot()
        due_s = max(due_s + 1, time.time() - 1)
        time.sleep(max(0.0, due_s - time.time()))
        print(number, flush=True)


class Watch:
    """What pages were answered: how long it took, and what failed.

    A page that asks a chart's data anew breaks off what it asked before and has no
    answer to yet: that is counted by itself, and is no failure of the chart.
    """

    def __init__(self) -> None:
        self.took_ms: list[float] = []
        self.failed: Counter[str] = Counter()
        self.broken_off = 0
        self.refused: list[Response] = []

    def follow(self, page: Page) -> None:
        """Follow a page."""
        page.on("response", self._take)
        page.on("requestfailed", self._miss)

    def _miss(self, request: Request) -> None:
        if ANSWERED not in request.url:
            return
        if request.failure == "net::ERR_ABORTED":
            self.broken_off += 1
        else:
            self.failed[str(request.failure)] += 1

    def _take(self, response: Response) -> None:
        if ANSWERED not in response.url:
            return
        if response.status >= 400:
            self.failed[f"{response.status}"] += 1
            self.refused.append(response)
            return
        self.took_ms.append(max(response.request.timing["responseStart"], 0.0))


def memory_mb() -> dict[str, float]:
    """Return what the server and the keeper hold."""
    found: Counter[str] = Counter()
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            for name in _MEMORY:
                if name in words:
                    pages = int((process / "statm").read_text().split()[1])
                    found[name] += pages * 4096
        except (OSError, ValueError):  # gone, or no process
            continue
    return {name: round(size / 1e6) for name, size in found.items()}


def faster(route: Route) -> None:
    """Answer with a dashboard that refreshes as often as its menu allows."""
    answer = route.fetch()
    told = answer.json()
    if isinstance(told.get("result"), dict) and told["result"].get("json_metadata"):
        metadata = json.loads(told["result"]["json_metadata"])
        metadata["refresh_frequency"] = REFRESH_S
        told["result"]["json_metadata"] = json.dumps(metadata)
    route.fulfill(response=answer, json=told)


def behind_s(screen: Screen) -> float:
    """Return how old the newest trade is that Superset can show, since it arrived."""
    (database,) = screen.ask("GET", "/api/v1/database/").json()["result"]
    query = (
        "select epoch_us(now()) / 1e6 - max(received_ns) / 1e9 as behind from trades"
        " where event_time >= (now() at time zone 'UTC') - interval 1 minute"
    )
    asked = {"database_id": database["id"], "sql": query, "schema": "main"}
    answer = screen.ask("POST", "/api/v1/sqllab/execute/", asked)
    assert answer.ok, answer.text()
    return float(answer.json()["data"][0]["behind"])


def run(folder: Path, minutes: float, browsers: int, rate: int) -> bool:
    """Run it, say what came of it, and return whether nothing failed."""
    lake = MadeLake(folder / "lake").fill()
    served = Served(folder, lake.folder, query_timeout_s=Dashboards().query_timeout_s)
    flows = [sys.executable, "-m", "flows", "keep", "--lake", str(lake.folder)]
    this = [sys.executable, "-m", "tests.e2e.dashboards.load", "--lake"]
    log = (folder / "flood.log").open("w+")
    others = [
        subprocess.Popen(flows),
        subprocess.Popen([*this, str(lake.folder), "--rows", str(rate)], stdout=log),
    ]
    watch = Watch()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=list(FLAGS)
            )
            pages, screens = [], []
            for number in range(browsers):
                page = browser.new_context().new_page()
                screen = Screen(page, served.address)
                screen.log_in("admin", served.password("admin"))
                page.route("**/api/v1/dashboard/*", faster)
                watch.follow(page)
                slug = _SLUGS[number % len(_SLUGS)]
                page.goto(f"{served.address}/superset/dashboard/{slug}/")
                pages.append(page)
                screens.append(screen)
            behind: list[float] = []
            ends_s = time.monotonic() + 60 * minutes
            while time.monotonic() < ends_s:
                before = len(watch.took_ms)
                until_s = min(time.monotonic() + _LOOK_S, ends_s)
                while time.monotonic() < until_s:
                    pages[0].wait_for_timeout(500)
                late = watch.took_ms[before:] or [0.0]
                log.seek(0)
                failed = sum(watch.failed.values())
                behind.append(behind_s(screens[0]))
                print(
                    f"{len(watch.took_ms)} answers, {failed} failed,"
                    f" {watch.broken_off} broken off by the page,"
                    f" these {_LOOK_S} s: {len(late)}, p95"
                    f" {quantiles([*late, *late], n=20)[-1]:,.0f} ms; newest row"
                    f" {behind[-1]:.1f} s old; rows written"
                    f" {(log.read().split() or ['0'])[-1]}; MB {memory_mb()}",
                    flush=True,
                )
            alerts = sum(
                page.locator('[data-test="error-alert"]').count() for page in pages
            )
            for each in watch.refused[:5]:
                print(f"{each.status}: {each.text()[:500]}")
            browser.close()
    finally:
        for each in others:
            each.terminate()
            each.wait()
        lake.close()
        served.close()
        log.close()
    cuts = quantiles(watch.took_ms, n=100)
    print(
        f"{len(watch.took_ms)} answers: p50 {cuts[49]:,.0f}, p95 {cuts[94]:,.0f}, p99"
        f" {cuts[98]:,.0f} ms; failed: {dict(watch.failed) or 'none'};"
        f" {watch.broken_off} broken off by the page; charts that show"
        f" an error at the end: {alerts}; newest row {median(behind):.1f} s old (median"
        f" of {len(behind)}), {max(behind):.1f} s at most"
    )
    return not watch.failed and not alerts


def main() -> None:
    """Run it; exit with 1 if anything failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--browsers", type=int, default=8)
    asked.add_argument("--rows", type=int, default=10_000)
    asked.add_argument("--lake", type=Path, help="only write into this one, for ever")
    given = asked.parse_args()
    if given.lake:
        write(given.lake, given.rows)
    with tempfile.TemporaryDirectory() as folder:
        is_well = run(Path(folder), given.minutes, given.browsers, given.rows)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
