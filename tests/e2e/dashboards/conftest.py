"""One Superset, one lake and one browser for all tests of the dashboards."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.dashboards.browsing import Screen
from tests.e2e.dashboards.chromium import FLAGS, chromium
from tests.e2e.dashboards.expected import Lake
from tests.e2e.dashboards.made_lake import MadeLake
from tests.e2e.dashboards.served import Served

DESK = {"width": 1_400, "height": 4_000}

Open = Callable[..., Screen]


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeLake]:
    """Yield a lake, which is empty at first."""
    lake = MadeLake(tmp_path_factory.mktemp("made") / "lake")
    yield lake
    lake.close()


@pytest.fixture(scope="package")
def served(
    made: MadeLake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("superset"), made.folder)
    yield found
    assert found.close() == 0


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium()
        opened = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def states(served: Served, browser: Browser) -> dict[str, Any]:
    """Return what a browser remembers of each user who has logged in."""
    found = {}
    for user in ("admin", "viewer"):
        screen = Screen(browser.new_page(), served.address)
        screen.log_in(user, served.password(user))
        found[user] = screen.page.context.storage_state()
        screen.page.context.close()
    return found


@pytest.fixture
def screen(served: Served, browser: Browser, states: dict[str, Any]) -> Iterator[Open]:
    """Return a function that opens a page as a user."""
    contexts = []

    def opened(user: str = "viewer", **options: Any) -> Screen:
        told = {"viewport": DESK, "color_scheme": "light", **options}
        contexts.append(browser.new_context(storage_state=states[user], **told))
        return Screen(contexts[-1].new_page(), served.address)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def artefacts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return where pictures of the dashboards go."""
    told = os.environ.get("TAPEWATCH_ARTEFACTS")
    folder = Path(told) if told else tmp_path_factory.mktemp("screens")
    folder.mkdir(parents=True, exist_ok=True)
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    terminal.write_line(f"pictures of the dashboards: {folder}")
    return folder


@pytest.fixture(scope="package")
def filled(made: MadeLake) -> MadeLake:
    """Return the lake with the rows of some hours, growing from now on."""
    return made.fill()


@pytest.fixture
def still(filled: MadeLake) -> Iterator[Lake]:
    """Yield the lake as it is asked, while what is new says nothing new."""
    filled.frozen.set()
    yield Lake(filled.folder, "1 hour")
    filled.frozen.clear()
