"""Bytes of files and messages: topics, lists of instruments, recordings, settings."""

import gzip
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from config.load import ConfigError
from config.load import load as load_settings
from config.settings import Settings
from connectors.exchange.faults.schedule import load as load_faults
from connectors.exchange.faults.schedule import plan
from connectors.instruments import Listing
from connectors.recording import Recording, RecordingError
from connectors.venues import VENUES
from operators.records.base import UNREADABLE
from operators.records.dead import DeadLetter
from operators.records.topics import Topic
from tests.fuzz.laws import check, sound

_FOLDER: Final = Path(tempfile.gettempdir())
_listing: Final = msgspec.json.Decoder(Listing)
_SIZES: Final = ("tick_size", "lot_size", "min_quantity", "min_notional", "multiplier")


def topic(topic: Topic[Any]) -> Callable[[bytes], None]:
    """Return the check of a topic: a record that is sound, or an error it names."""

    def run(raw: bytes) -> None:
        try:
            record = topic.decode(raw)
        except UNREADABLE:
            return
        again = topic.decode(topic.encode(record))
        check(again == record, "another record comes back")
        check(bool(record.key.encode()), "no key")

    return run


def instruments(venue: str) -> Callable[[bytes], None]:
    """Return the check of a venue's list: what is in it can be kept and ordered by."""

    def run(raw: bytes) -> None:
        try:
            listed = VENUES[venue].instruments(raw)
        except UNREADABLE:
            return
        for each in listed:
            for name in _SIZES:
                size = getattr(each, name)
                check(size is None or (size.is_finite() and size > 0), f"{name} {size}")
        listing = Listing(venue=venue, fetched_ns=0, instruments=tuple(listed))
        kept = msgspec.json.encode(listing)
        check(_listing.decode(kept) == listing, "another list comes back")

    return run


def recording(suffix: str) -> Callable[[bytes], None]:
    """Return the check of a recording: frames, dead letters, or its one error."""

    def run(raw: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=suffix, dir=_FOLDER) as file:
            file.write(raw)
            file.flush()
            try:
                with Recording(Path(file.name)) as frames:
                    for each in frames:
                        if isinstance(each, DeadLetter):
                            check(each.size >= len(each.raw), "a letter without bytes")
                            check(each.offset == frames.lines, f"line {each.offset}")
                        sound(each)
            except RecordingError as error:
                check(file.name in str(error), "the error does not name the file")

    return run


def packed(raw: bytes, suffix: str) -> bytes:
    """Return a recording as a file of this kind would hold it."""
    if suffix.endswith(".gz"):
        return gzip.compress(raw, mtime=0)
    if suffix.endswith(".zst"):
        return zstandard.ZstdCompressor().compress(raw)
    return raw


def _written(raw: bytes, load: Callable[[Path], Any]) -> Any:
    with tempfile.NamedTemporaryFile(suffix=".yaml", dir=_FOLDER) as file:
        file.write(raw)
        file.flush()
        try:
            return load(Path(file.name))
        except ConfigError as error:
            check(file.name in str(error), "the error does not name the file")
            return None


def settings(raw: bytes) -> None:
    """Check that settings are read, or refused by name."""
    read = _written(raw, load_settings)
    check(read is None or isinstance(read, Settings), "something else was read")


def faults(raw: bytes) -> None:
    """Check that a script is read and planned, or refused by name."""
    script = _written(raw, load_faults)
    if script is not None:
        planned = list(islice(plan(script, "okx"), 50))
        times = [each.at_s for each in planned]
        check(times == sorted(times), "faults are planned out of order")
