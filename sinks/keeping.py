"""Keep a lake: put files together, drop what is too old, set aside what is damaged."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sinks import manifest
from sinks.aside import Aside, set_aside
from sinks.catalog import publish
from sinks.compaction import Closed, closed, listed, plan
from sinks.floor import raise_floor
from sinks.lake import TABLES, LakeError, Table, hot, segment
from sinks.manifest import Manifest, Part, hot_files, written
from sinks.merge import DamagedError, footer, merge
from sinks.sweep import sweep

_DAY_S: Final = 86_400


class Done(NamedTuple):
    """What a round has done.

    Attributes:
        merged: Files that were put together.
        into: Files that they became.
        dropped: Parts that were too old.
        removed: Files that nobody can be reading any more.
    """

    merged: int = 0
    into: int = 0
    dropped: int = 0
    removed: int = 0


class _Table(NamedTuple):
    """What becomes of a table's files."""

    gone: frozenset[str]
    added: tuple[Part, ...]
    merged: int
    dropped: int


class Keeper:
    """Keep one lake.

    Attributes:
        aside: What was set aside since it was opened.
    """

    def __init__(
        self,
        lake: Path,
        keep_days: Mapping[str, float] | None = None,
        grace_s: float = 900.0,
    ) -> None:
        """Take a lake to keep; see :func:`keeping`.

        Args:
            lake: The lake.
            keep_days: How long rows are kept, by table; for ever where not given [d].
            grace_s: As in :func:`sinks.sweep.sweep`.
        """
        self.aside: list[Aside] = []
        self._lake = lake.resolve()
        self._keep_days = dict(keep_days or {})
        self._grace_s = grace_s
        self._seen: set[Path] = set()
        if not (self._lake / "catalog" / "current").exists():
            publish(self._lake)

    def round(self, now_s: float) -> Done:
        """Put together what is closed, drop what is too old, remove what is left over.

        Args:
            now_s: What time it is [s UTC].

        Raises:
            OSError: If the disk refuses.
        """
        floor = raise_floor(self._lake, segment(now_s))
        sure = closed(self._lake, floor)
        tables = {
            table.name: self._table(table, sure, now_s) for table in TABLES.values()
        }
        if any(each.gone or each.added for each in tables.values()):
            publish(self._lake, lambda told: self._changed(told, tables, floor))
        return Done(
            merged=sum(each.merged for each in tables.values()),
            into=sum(len(each.added) for each in tables.values()),
            dropped=sum(each.dropped for each in tables.values()),
            removed=sweep(self._lake, now_s, self._grace_s),
        )

    def look(self) -> list[Aside]:
        """Set aside what is no whole file, of what is new or has changed its size."""
        told = manifest.current(self._lake)
        found: set[Path] = set()
        before = len(self.aside)
        for table in TABLES.values():
            for path in hot_files(self._lake, table.name, told):
                found.add(path)
                if path not in self._seen:
                    self._check(path, None)
            for part in told.of(table.name):
                path = self._lake / part.path
                found.add(path)
                self._check(path, part)
        self._seen = found
        return self.aside[before:]

    def _check(self, path: Path, part: Part | None) -> None:
        try:
            if part is None or path not in self._seen:
                footer(path)
            if part is not None and path.stat().st_size != part.octets:
                raise DamagedError(path, f"expected {part.octets} bytes")
        except DamagedError as error:
            self._set_aside(path, str(error))
        except FileNotFoundError:
            if part is not None and self._is_listed(part):
                self._set_aside(path, "is gone")

    def _is_listed(self, part: Part) -> bool:
        table = Path(part.path).parts[1]
        return part in manifest.current(self._lake).of(table)

    def _set_aside(self, path: Path, why: str) -> None:
        self.aside.append(set_aside(self._lake, path, why, time.time_ns()))

    def _table(self, table: Table, sure: Closed, now_s: float) -> _Table:
        """Put a table's files together; what cannot be read is set aside on the way."""
        days = self._keep_days.get(table.name)
        while True:
            told = manifest.current(self._lake)
            planned = plan(self._lake, table, told, sure, days)
            try:
                added = [merge(self._lake, table, run) for run in planned.merges]
                added += [listed(self._lake, table, path) for path in planned.open]
                break
            except DamagedError as error:
                self._set_aside(error.path, str(error))
            except FileNotFoundError:  # taken back by its writer, or gone altogether
                self.look()
        kept = set(planned.kept)
        oldest = segment(now_s - days * _DAY_S) if days is not None else ""
        expired = [part.path for part in planned.kept if part.last < oldest]
        gone = [part.path for part in told.of(table.name) if part not in kept]
        return _Table(
            frozenset([*gone, *expired]),
            tuple(added),
            sum(map(len, planned.merges)),
            len(expired),
        )

    def _changed(
        self, told: Manifest, tables: Mapping[str, _Table], floor: str
    ) -> Manifest:
        """Return what counts from now on; a writer may have taken files back."""
        parts = {}
        for name, of_table in tables.items():
            some = [part for part in told.of(name) if part.path not in of_table.gone]
            some += [part for part in of_table.added if self._stands(name, part, told)]
            parts[name] = tuple(sorted(some, key=lambda part: (part.first, part.path)))
        withdrawn = tuple(
            path
            for path in told.withdrawn
            if written(self._lake / path).segment >= floor
        )
        return Manifest(watermark=floor, parts=parts, withdrawn=withdrawn)

    def _stands(self, table: str, part: Part, told: Manifest) -> bool:
        if part.writer is None:
            return True
        file = hot(self._lake, table).joinpath(*Path(part.path).parts[-2:])
        return file.exists() and str(file.relative_to(self._lake)) not in told.withdrawn


@contextmanager
def keeping(lake: Path) -> Iterator[None]:
    """Keep a lake while no other process does.

    Raises:
        LakeError: If another one does, or history is computed into it.
    """
    if (lake / "reprocess.json").exists():
        raise LakeError(
            f"{lake}: made by `tapewatch reprocess`, which makes it anew; `tapewatch"
            " promote` shows its rows in a lake that is kept"
        )
    folder = lake / "catalog"
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder / "keeper", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            text = f"{lake}: another `tapewatch keep` keeps this lake; stop it"
            raise LakeError(text) from error
        yield
    finally:
        os.close(held)
