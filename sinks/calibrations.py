"""The folder of calibrations, written so that no reader ever sees half a file.

A file is replaced by a whole new one (written beside, synced, renamed). Who writes has
the folder for itself as long as it reads a file and writes it again, so that a command
and the process that follows the flow never lose what the other has written.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from config.calibration_file import PAST, Kept, place_of, read
from config.calibrations import POOL, load
from operators.calibration.prior import Entry, Parameters, Pool
from operators.records.calibration import Calibration
from operators.records.priority import PriorityWeights
from sinks import calibration_text as text_of

SHORT: Final = 8
_ABOUT: Final = {"venue", "symbol", "type"}

Live = Calibration | PriorityWeights


class CalibrationsError(Exception):
    """A file of the store that must not be written over."""


class Store:
    """The files of a folder; each method is one change, whole or not at all."""

    def __init__(self, folder: Path, past: int = 20) -> None:
        """Take the folder, made when it is first written to.

        Args:
            folder: The folder.
            past: How many files that were replaced are kept of each symbol.
        """
        self.folder, self._past = folder, past

    def pool(self, pool: Pool) -> str:
        """Have this pool; return its hash.

        Raises:
            OSError: If the disk refuses.
        """
        with self._alone():
            path = self.folder / POOL
            if path.exists():
                known = load(self.folder).content or _digest(path)
                self._put_away(path, known)
            _replace(path, text_of.of_pool(pool))
        return text_of.content(pool)

    def fit(self, entry: Entry) -> Entry:
        """Have this fit of a symbol, its pins and live values as they were.

        Returns:
            The fit as it was written: it names the one that it replaces.

        Raises:
            CalibrationsError: If the file of before cannot be read: it may hold pins.
            OSError: If the disk refuses.
            ValueError: If it is of no venue and symbol.
        """
        with self._alone():
            path = place_of(self.folder, entry.venue, entry.symbol)
            kept = self._kept(path)
            parent = kept.content if kept else ""
            written = msgspec.structs.replace(entry, parent=parent, pins=Parameters())
            if kept is not None:
                self._put_away(path, parent or f"refused-{_digest(path)}")
            self._change(path, entry, lambda text: text_of.with_fit(text, written))
        return written

    def pin(
        self, venue: str, symbol: str, change: Callable[[Parameters], Parameters]
    ) -> Parameters:
        """Change the pins of a symbol; return those that it has now.

        Raises:
            CalibrationsError: If the file cannot be read.
            OSError: If the disk refuses.
            ValueError: If this is no venue and symbol.
        """
        with self._alone():
            path = place_of(self.folder, venue, symbol)
            kept = self._kept(path)
            pins = change(kept.pins if kept else Parameters())
            about = kept or Kept(file="", venue=venue, symbol=symbol)
            self._change(path, about, lambda text: text_of.with_pins(text, pins))
        return pins

    def live(self, newest: Mapping[str, Live]) -> None:
        """Have these records of one symbol, by what they are called, if none is newer.

        Raises:
            CalibrationsError: If the file cannot be read.
            OSError: If the disk refuses.
            ValueError: If they are of no venue and symbol.
        """
        about = next(iter(newest.values()))
        with self._alone():
            path = place_of(self.folder, about.venue, about.symbol)
            kept = self._kept(path)
            told = dict(kept.live if kept else {})
            for name, record in newest.items():
                if name not in told or told[name].event_ns <= record.event_ns:
                    told[name] = record
            plain = {name: _plain(record) for name, record in told.items()}
            self._change(path, about, lambda text: text_of.with_live(text, plain))

    def _kept(self, path: Path) -> Kept | None:
        if not path.exists():
            return None
        kept = read(self.folder, path)
        if not kept.is_whole:
            text = "it may hold pins, and is left as it is"
            raise CalibrationsError(f"{kept.refused[0]}; {text}")
        return kept

    def _change(
        self, path: Path, about: Entry | Kept | Live, made: Callable[[str], str]
    ) -> None:
        if path.exists():
            text = path.read_text(encoding="utf-8")
        else:
            text = text_of.fresh(about.venue, about.symbol)
        try:
            new = made(text)
        except text_of.TextError as error:
            raise CalibrationsError(f"{path}: {error}; mend it") from error
        if new != text or not path.exists():
            _replace(path, new)

    def _put_away(self, path: Path, known: str) -> None:
        """Keep a file that is about to be replaced, and not too many of them."""
        folder = path.parent / PAST
        name = known if known.startswith("refused-") else known[:SHORT]
        into = folder / f"{path.stem}.{name}.yaml"
        _replace(into, path.read_text(encoding="utf-8", errors="surrogateescape"))
        mine = [each for each in folder.iterdir() if is_past_of(each, path.stem)]
        mine.sort(key=lambda each: each.stat().st_mtime_ns, reverse=True)
        for each in mine[self._past :]:
            each.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        held = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)


def is_past_of(path: Path, stem: str) -> bool:
    """Return whether a file is what another of this stem has replaced."""
    return path.suffix == ".yaml" and path.stem.rpartition(".")[0] == stem


def past(folder: Path, venue: str, symbol: str) -> list[Path]:
    """Return the files of a symbol that were replaced, the newest first."""
    path = place_of(folder, venue, symbol)
    found = [each for each in path.parent.glob(f"{PAST}/*") if is_past_of(each, symbol)]
    return sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True)


def _plain(record: Live) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(record)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told))
    return {name: value for name, value in plain.items() if name not in _ABOUT}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:SHORT]


def _replace(path: Path, text: str) -> None:
    """Write a file, whole or not at all, whatever happens to this process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.tmp")
    with half.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    held = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
