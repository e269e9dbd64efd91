"""Whether the settings can be run, and what is kept under them can be read."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import duckdb
import msgspec
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect as open_socket

from config.load import ConfigError
from config.security import Security
from config.settings import Settings
from connectors.supervisor import check, sharded
from flows.diagnosis import Diagnosis, problem, warning, well
from flows.newest import Newest
from flows.store import Store, StoreError
from operators.records.time import MS, SECOND
from sinks import aside
from sinks.catalog import connect
from sinks.lake import TABLES, LakeError

_ANSWER_S: Final = 10.0
_SKEW_MS: Final = SECOND // MS


def connections(settings: Settings) -> Iterator[Diagnosis]:
    """Look at what is to be listened to."""
    feeds = settings.ingest.connections
    try:
        check(settings.ingest)
    except ConfigError as error:
        yield problem("connections", str(error), "mend the settings")
        return
    symbols = sum(len(each.symbols) for each in feeds)
    venues = ", ".join(sorted({each.venue for each in feeds}))
    text = f"{len(feeds)} of {venues}, {symbols} symbols"
    lone = [each.name for each in feeds if _is_lone(each)]
    if lone:
        hint = "give each a second line, or a backup address"
        names = ", ".join(lone)
        yield warning("connections", f"{text}; one line alone: {names}", hint)
    else:
        yield well("connections", text)


def _is_lone(feed: Any) -> bool:
    return len(feed.lines) == 1 and not feed.lines[0].backups and not feed.simulated


def secrets(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether the variables that hold secrets are set; of none is its value read.

    They are all fields of the settings whose name ends in ``_env``.
    """
    names = sorted(set(_variables(settings)))
    missing = [name for name in names if not os.environ.get(name)]
    for name in missing:
        hint = "set it where the processes are started; never in a file of settings"
        yield problem("secrets", f"the environment variable {name} is not set", hint)
    if not missing:
        text = f"set: {', '.join(names)}" if names else "the settings need none"
        yield well("secrets", text)


def _variables(tree: Any) -> Iterator[str]:
    if isinstance(tree, Security) and not tree.asks:
        return
    if isinstance(tree, msgspec.Struct):
        for name in tree.__struct_fields__:
            value = getattr(tree, name)
            if name.endswith("_env") and isinstance(value, str) and value:
                yield value
            else:
                yield from _variables(value)
    elif isinstance(tree, tuple | list):
        for each in tree:
            yield from _variables(each)
    elif isinstance(tree, dict):
        yield from _variables(list(tree.values()))


def recovery(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether every flow's state is whole."""
    folder = Path(settings.recovery.path)
    count = 0
    try:
        for each in folder.iterdir() if folder.exists() else ():
            if each.is_dir():  # a pattern passes over what is shut to us
                os.scandir(each).close()
        for state in sorted(folder.glob("*-v2/*/state")):
            Store(state.parent).check()
            count += 1
    except StoreError as error:
        yield problem("recovery", str(error), "as it says")
        return
    except OSError as error:
        hint = "let the user of the flows read it"
        yield problem("recovery", f"{error.filename}: {error.strerror}", hint)
        return
    text = f"{folder}: {count} stores are whole" if count else f"{folder}: none yet"
    yield well("recovery", text)


def lake(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether the catalogue can be read and is complete, and at its clocks."""
    folder = Path(settings.lake.path)
    anew = "start the archive (`tapewatch flow archive`, or `up`): it makes it anew"
    try:
        with connect(folder) as connection:
            rows = connection.execute("show tables").fetchall()
        missing = {table.name for table in TABLES.values()} - {name for (name,) in rows}
        newest = Newest(folder)
        try:
            lines = newest.rows("connection_health", ("venue", "connection", "line"))
        finally:
            newest.close()
    except LakeError as error:
        grade = problem if folder.exists() else warning
        yield grade("lake", str(error), anew)
        return
    except (duckdb.Error, OSError) as error:
        yield problem("lake", f"{folder}: {error}".splitlines()[0], anew)
        return
    if missing:
        text = f"{folder}: no {', '.join(sorted(missing))} in the catalogue"
        yield warning("lake", text, anew)
    else:
        yield well("lake", f"{folder}: {len(rows)} views can be read")
    if damaged := aside.listed(folder):
        text = f"{folder}/aside: {len(damaged)} files could not be read; the last was"
        hint = "`tapewatch reprocess` their time, and `tapewatch promote` it"
        yield warning("lake", f"{text} {damaged[-1].path}", hint)
    skews = {each["venue"]: each["skew_ms"] for each in lines if each["skew_ms"]}
    for venue, skew_ms in sorted(skews.items()):
        if abs(skew_ms) > _SKEW_MS:
            side = "ahead of" if skew_ms > 0 else "behind"
            text = f"ours is {abs(skew_ms):,.0f} ms {side} that of {venue}"
            hint = "set this machine's clock; where venues agree on it, it is ours"
            yield warning("venues' clocks", text, hint)


def venues(settings: Settings) -> Iterator[Diagnosis]:
    """Try every address of every line, from here, as ingest would."""
    urls: dict[str, str] = {}
    for feed in settings.ingest.connections:
        for part in sharded(feed):
            for line in part.lines:
                for url in filter(None, (line.url, *line.backups)):
                    urls.setdefault(url, f"{feed.name}/{line.name}")
            if part.rest_url:
                urls.setdefault(part.rest_url, f"{feed.name}, REST")
    for url, name in urls.items():
        yield _venue(name, url)


def _venue(name: str, url: str) -> Diagnosis:
    hint = "mend the address, or let this machine out to it (proxy, firewall, DNS)"
    try:
        if url.startswith("ws"):
            open_socket(url, open_timeout=_ANSWER_S, close_timeout=1).close()
        else:
            here = urlsplit(url)
            port = here.port or (443 if here.scheme == "https" else 80)
            socket.create_connection((here.hostname, port), _ANSWER_S).close()
    except (OSError, InvalidHandshake) as error:
        text = f"{url}: {type(error).__name__}: {error}"
        return problem(f"venue {name}", text, hint)
    return well(f"venue {name}", f"{url} answers")
