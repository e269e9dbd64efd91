"""What a lake of history says of itself: what was computed, from what, and by what."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from config.settings import Settings
from flows.catalogue import FLOWS
from operators.records.span import Span

_FILE: Final = "reprocess.json"
_ROOT: Final = Path(__file__).parents[1]
_COMPUTING: Final = (
    *("operators/**/*.py", "connectors/venues/*.py"),
    *(f"flows/{name}.py" for name in FLOWS),
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What ``tapewatch reprocess`` did.

    Attributes:
        done: Whether it came to its end.
        from_ns: The first moment that rows were asked for [ns UTC]; None for all.
        to_ns: The first moment behind [ns UTC]; None for all.
        whole_from_ns: From when on no row is missing [ns UTC]; None from ever.
        whole_to_ns: Until when [ns UTC].
        topic: What was read.
        source: From where: ``Kafka`` or ``the lake``.
        why: Why from there.
        flows: What was run.
        tables: The tables that these flows fill.
        warm_up_s: How much was read besides, before and after [s].
        records: How many records were read.
        cold: How many lines were taken up in their midst.
        seconds: How long it took [s].
        code: The version of the code, and a hash of what computes in it.
        settings: A hash of the settings that the flows compute with.
    """

    done: bool = False
    from_ns: int | None = None
    to_ns: int | None = None
    whole_from_ns: int | None = None
    whole_to_ns: int | None = None
    topic: str
    source: str
    why: str
    flows: tuple[str, ...]
    tables: tuple[str, ...]
    warm_up_s: float
    records: int = 0
    cold: int = 0
    seconds: float = 0.0
    code: str
    settings: str

    @property
    def asked(self) -> Span:
        """When its rows are dated."""
        return Span(self.from_ns, self.to_ns)

    @property
    def whole(self) -> Span:
        """Between when no row is missing."""
        return Span(self.whole_from_ns, self.whole_to_ns)

    def is_same(self, other: "Account") -> bool:
        """Return whether both are of the same history, by whatever code."""
        mine, theirs = (
            (each.asked, each.topic, each.flows, each.warm_up_s)
            for each in (self, other)
        )
        return mine == theirs


def read(lake: Path) -> Account | None:
    """Return what a lake says of itself; None if it is no lake of history."""
    file = lake / _FILE
    if not file.exists():
        return None
    return msgspec.json.decode(file.read_bytes(), type=Account)


def write(lake: Path, account: Account) -> None:
    """Have a lake say this of itself."""
    lake.mkdir(parents=True, exist_ok=True)
    half = lake / f".{_FILE}.tmp"
    half.write_bytes(msgspec.json.format(msgspec.json.encode(account)) + b"\n")
    half.replace(lake / _FILE)


def code() -> str:
    """Return the version, and a hash of every file that has a say in the results."""
    digest = hashlib.sha256()
    for path in sorted(each for glob in _COMPUTING for each in _ROOT.glob(glob)):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return f"{version('tapewatch')}+{digest.hexdigest()[:12]}"


def settings_hash(settings: Settings) -> str:
    """Return a hash of the operators' settings; those of the edges change no row."""
    computing = {
        name: value
        for name in settings.__struct_fields__
        if type(value := getattr(settings, name)).__module__.startswith("operators.")
    }
    return hashlib.sha256(msgspec.json.encode(computing, order="sorted")).hexdigest()
