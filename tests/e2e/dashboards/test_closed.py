"""What Superset does not let anybody do, and what is kept from whom."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from infra.superset import keys
from infra.superset.specs import load
from tests.e2e.dashboards.made_lake import MadeLake
from tests.e2e.dashboards.served import Served

SLUGS = [dashboard.slug for dashboard in load()]
SHUT_OUT = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
KINDS = ("chart", "dashboard", "dataset", "database", "saved_query")
OWN = {"127.0.0.1"}
_GUESSES = 42


@pytest.fixture
def anonymous(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=60) as client:
        yield client


@pytest.mark.parametrize("slug", SLUGS)
def test_who_has_not_logged_in_is_led_to_the_login(anonymous: httpx.Client, slug: str):
    answer = anonymous.get(f"/superset/dashboard/{slug}/")
    assert answer.status_code == httpx.codes.FOUND
    assert urlsplit(answer.headers["location"]).path == "/login/"


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_not_logged_in_is_told_nothing(anonymous: httpx.Client, kind: str):
    for path in (f"/api/v1/{kind}/", f"/api/v1/{kind}/1", f"/api/v1/{kind}/export/"):
        assert anonymous.get(path).status_code in SHUT_OUT, path


def test_who_has_not_logged_in_can_ask_for_no_rows(anonymous: httpx.Client):
    told = {"datasource": {"id": 1, "type": "table"}, "queries": [{"columns": []}]}
    for path in ("/api/v1/chart/data", "/api/v1/sqllab/execute/"):
        status = anonymous.post(path, json=told).status_code
        assert status in {*SHUT_OUT, httpx.codes.BAD_REQUEST}, path  # no CSRF token


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/dashboard/1"),
        ("DELETE", "/api/v1/dashboard/1"),
        ("POST", "/api/v1/dashboard/"),
        ("PUT", "/api/v1/chart/1"),
        ("DELETE", "/api/v1/chart/1"),
        ("POST", "/api/v1/chart/"),
        ("PUT", "/api/v1/dataset/1"),
        ("DELETE", "/api/v1/dataset/1"),
        ("GET", "/api/v1/database/"),
        ("POST", "/api/v1/database/"),
        ("PUT", "/api/v1/database/1"),
        ("POST", "/api/v1/assets/import/"),
        ("POST", "/api/v1/dashboard/import/"),
        ("POST", "/api/v1/sqllab/execute/"),
        ("GET", "/api/v1/security/users/"),
        ("GET", "/api/v1/log/"),
    ],
)
def test_a_viewer_changes_nothing_and_uses_no_sql(screen, method: str, path: str):
    page = screen("viewer")
    told = {"database_id": 1, "sql": "select 1"} if "sqllab" in path else {}
    assert page.ask(method, path, told).status in SHUT_OUT


def test_a_viewer_is_offered_no_edit_and_no_sql(screen):
    page = screen("viewer")
    page.open(load()[0])
    assert page.page.get_by_text("Edit dashboard").count() == 0
    assert page.page.get_by_text("SQL", exact=True).count() == 0


def test_a_page_asks_nobody_else_for_anything(screen):
    page = screen("viewer")
    page.open(load()[0])
    elsewhere = {
        address: became
        for address, became in page.asked.items()
        if urlsplit(address).scheme in {"http", "https", "ws", "wss"}
        and urlsplit(address).hostname not in OWN
    }
    assert all(became == "csp" for became in elsewhere.values()), elsewhere


def test_a_page_may_ask_nobody_else_for_anything(served: Served):
    policy = httpx.get(f"{served.address}/login/").headers["content-security-policy"]
    assert "script-src 'self' 'strict-dynamic' 'nonce-" in policy
    assert "unsafe-eval" not in policy
    assert "://" not in policy


def test_a_cookie_is_for_this_server_alone(served: Served):
    cookie = httpx.get(f"{served.address}/login/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from read_parquet('http://127.0.0.1:9/x.parquet')",
        "copy (select 1) to '{elsewhere}/written.csv'",
        "copy (select 1) to '{lake}/written.csv'",
        "attach '{elsewhere}/other.duckdb'",
        "attach ':memory:' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset enable_external_access",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
        "set memory_limit = '100GB'",
        "explain analyze copy (select 1) to '{lake}/written.csv'",
        "select 1; copy (select 1) to '{lake}/written.csv'",
        "create table made (x int)",
        "create view made as select 1",
        "drop view trades",
    ],
)
def test_not_even_an_administrator_gets_at_more_than_the_lake(
    screen, made: MadeLake, tmp_path: Path, query: str
):
    page = screen("admin")
    asked = query.format(elsewhere=tmp_path, lake=made.folder)
    told = {"database_id": 1, "sql": asked, "runAsync": False, "queryLimit": 10}
    answer = page.ask("POST", "/api/v1/sqllab/execute/", told)
    assert not answer.ok, answer.text()
    assert list(tmp_path.iterdir()) == []
    assert not (made.folder / "written.csv").exists()


def test_an_administrator_asks_the_lake_by_sql(screen, served: Served):
    page = screen("admin")
    told = {"database_id": 1, "sql": "select count(*) as n from trades"}
    answer = page.ask("POST", "/api/v1/sqllab/execute/", told)
    assert answer.ok, answer.text()
    (row,) = answer.json()["data"]
    assert row["n"] >= 0


def test_a_query_that_takes_too_long_is_ended(screen):
    page = screen("admin")
    endless = "select count(*) from range(1e9::bigint) a, range(1e9::bigint) b"
    told = {"database_id": 1, "sql": endless}
    answer = page.ask("POST", "/api/v1/sqllab/execute/", told)
    assert not answer.ok
    assert "interrupt" in answer.text().lower()


@pytest.mark.parametrize(
    "uri",
    [
        "duckdb:///:memory:",
        "duckdb:////tmp/another.duckdb",
        "sqlite:////tmp/another.db",
    ],
)
def test_an_administrator_opens_no_other_database(screen, uri: str):
    page = screen("admin")
    told = {"database_name": "other", "sqlalchemy_uri": uri}
    answer = page.ask("POST", "/api/v1/database/test_connection/", told)
    assert not answer.ok


def test_it_listens_on_the_loopback_alone(served: Served):
    port = int(served.address.rpartition(":")[2])
    listens = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(name).read_text().splitlines()[1:]:
            host, _, number = line.split()[1].partition(":")
            if int(number, 16) == port and line.split()[3] == "0A":
                listens.add(host)
    assert listens == {"0100007F"}


def test_it_says_where_the_passwords_are_and_not_what_they_are(served: Served):
    assert "log in as `admin` (password: the file " in served.said[1]
    said = [*served.said, *(log.read_text() for log in served.home.glob("*.log"))]
    for name in keys.SHORTEST:
        secret = (served.home / name).read_text().strip()
        assert not [text for text in said if secret in text]
        assert secret not in served.environment().values()


def test_what_is_set_up_is_not_set_up_again(served: Served):
    assert "setting Superset up" in served.said[0]
    assert "setting Superset up" not in served.said[1]


def test_without_its_secret_key_it_does_not_start(served: Served, tmp_path: Path):
    env = {
        **os.environ,
        **served.environment(),
        "TAPEWATCH_SUPERSET_HOME": str(tmp_path),
    }
    words = ["-c", "from superset.app import create_app; create_app()"]
    done = subprocess.run(
        [served.home / "venv" / "bin" / "python", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode != 0
    assert "secret_key: no such file" in done.stderr


def test_guessing_passwords_is_slowed_down(
    anonymous: httpx.Client, states: dict[str, object]
):
    """Each worker counts for itself; after this, nobody logs in for a minute."""
    assert states  # who has logged in before stays so
    page = anonymous.get("/login/").text
    (token,) = re.findall(r'name="csrf_token"[^>]*?value="([^"]*)"', page, re.DOTALL)
    found: dict[str, set[int]] = {"form": set(), "api": set()}
    for number in range(_GUESSES):
        guess = {"username": "admin", "password": f"guess {number}"}
        form = {**guess, "csrf_token": token}
        headers = {"Referer": f"{anonymous.base_url}/login/"}
        answer = anonymous.post("/login/", data=form, headers=headers)
        found["form"].add(answer.status_code)
        told = {**guess, "provider": "db"}
        answer = anonymous.post("/api/v1/security/login", json=told)
        found["api"].add(answer.status_code)
    assert found["form"] == {httpx.codes.FOUND, httpx.codes.TOO_MANY_REQUESTS}
    assert found["api"] == {httpx.codes.UNAUTHORIZED, httpx.codes.TOO_MANY_REQUESTS}
    assert anonymous.get("/api/v1/chart/").status_code in SHUT_OUT
