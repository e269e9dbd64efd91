"""What DuckDB may do inside Superset: read this lake, for a bounded time, no more.

A read-only DuckDB connection can still read and write any file, and load extensions.
So each connection of SQLAlchemy to it is made here, whatever the database in Superset
says: only a catalogue of this lake is opened, read-only; its configuration is
locked before any query; and what takes too long is interrupted (the web server's own
limits do not stop a thread).
"""

import glob
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final
from weakref import WeakKeyDictionary

import duckdb
from duckdb_engine import Dialect

_LOOK_S: Final = 1.0
_CONFIG: Final = {"threads": 2, "memory_limit": "1GB"}

# Without this, DuckDB 1.5.6 ends in an internal error where a column of a natural key
# has one of several words, and event_time lies between two: as filters of a dashboard
# ask it. (`qualify row_number() ... = 1` in the view is what it is about.)
_FAULTY: Final = "top_n_window_elimination"

_connect: Final = Dialect.connect

# Connections of one process to one file share their configuration.
_SEALING: Final = Lock()


class RefusedError(Exception):
    """A file that is no catalogue of the lake."""


def seal(lake: Path, longest_s: float) -> None:
    """See to it that engines open this lake's catalogue only, and are bounded.

    Args:
        lake: The lake.
        longest_s: How long a connection may live, of which Superset opens one for each
            query [s]; from then on whatever it does is interrupted.
    """
    lake = lake.resolve()
    watch = _Watch(longest_s)

    def connect(dialect: Any, database: str = "", **_: object) -> Any:
        file = str(_catalogue(lake, database))
        connection = _connect(dialect, file, read_only=True, config=dict(_CONFIG))
        _lock(connection, lake)
        watch.add(connection)
        return connection

    Dialect.connect = connect  # not by an event: this dialect is told of none


def _catalogue(lake: Path, named: str) -> Path:
    """Return the file to open.

    Raises:
        RefusedError: If it is not one of the lake's catalogues.
    """
    file = Path(named).resolve()
    if lake / "catalog" not in file.parents:
        raise RefusedError(f"{named}: no catalogue of the lake {lake}")
    if not file.exists():
        raise RefusedError(f"{named}: no lake here yet; `tapewatch up` writes one")
    return file


def _lock(connection: Any, lake: Path) -> None:
    # Some of DuckDB's checks take a folder's name for a pattern, others for itself.
    names = (str(lake), glob.escape(str(lake)))
    folders = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    with _SEALING:
        cursor = connection.cursor()
        cursor.execute("select current_setting('lock_configuration')")
        if cursor.fetchall() == [(True,)]:
            return
        cursor.execute(f"set disabled_optimizers = '{_FAULTY}'")
        cursor.execute(f"set allowed_directories = [{folders}]")
        cursor.execute("set enable_external_access = false")
        cursor.execute("set lock_configuration = true")


class _Watch:
    """One thread that interrupts connections that are open for too long."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._opened_s: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        self._lock = Lock()
        self._thread: Thread | None = None

    def add(self, connection: Any) -> None:
        with self._lock:
            self._opened_s[connection] = time.monotonic()
            if self._thread is None:  # not before: threads do not survive a fork
                self._thread = Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            for connection in self._overdue():
                try:
                    connection.interrupt()
                except duckdb.Error:  # closed meanwhile
                    continue

    def _overdue(self) -> Iterator[Any]:
        now_s = time.monotonic()
        with self._lock:
            opened = list(self._opened_s.items())
        for connection, since_s in opened:
            if now_s - since_s >= self._longest_s and not connection.closed:
                yield connection
