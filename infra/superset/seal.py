"""What DuckDB may do inside Superset: read this lake, for a bounded time, no more.

A read-only DuckDB connection can still read and write any file, and load extensions.
So each connection of SQLAlchemy to it is made here, whatever the database in Superset
says: only a catalogue of this lake is opened, read-only; its configuration is locked
before any query; what is no question is refused, since `copy` could still write into
the lake; and what takes too long is interrupted (the web server's own limits do not
stop a thread).
"""

import glob
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final
from weakref import WeakKeyDictionary

import duckdb
from duckdb import StatementType
from duckdb_engine import CursorWrapper, Dialect

_LOOK_S: Final = 1.0
_CONFIG: Final = {"threads": 2, "memory_limit": "1GB"}

# Without this, DuckDB 1.5.6 ends in an internal error where a column of a natural key
# has one of several words, and event_time lies between two: as filters of a dashboard
# ask it. (`qualify row_number() ... = 1` in the view is what it is about.)
_FAULTY: Final = "top_n_window_elimination"

_ASKS: Final = {StatementType.SELECT, StatementType.TRANSACTION}

_connect: Final = Dialect.connect
_execute: Final = CursorWrapper.execute

# Connections of one process to one file share their configuration.
_SEALING: Final = Lock()


class RefusedError(Exception):
    """A file that is no catalogue of the lake, or a statement that is no question."""


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
    CursorWrapper.execute = _ask


def _ask(cursor: Any, statement: str, *named: Any, **more: Any) -> None:
    """Execute what only asks.

    Raises:
        RefusedError: If anything else is in it.
    """
    for each in cursor.extract_statements(statement):
        if each.type not in _ASKS:
            what = each.type.name.lower()
            raise RefusedError(f"Only questions may be asked here, and this is: {what}")
    _execute(cursor, statement, *named, **more)


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
        asked = connection.execute("select current_setting('lock_configuration')")
        if asked.fetchall() == [(True,)]:
            return
        connection.execute(f"set disabled_optimizers = '{_FAULTY}'")
        connection.execute(f"set allowed_directories = [{folders}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")


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
