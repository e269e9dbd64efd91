"""The exchange's journal -> which faults there were, and whom each of them met."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from operators.records.time import SECOND

DOORS: Final = frozenset({"stale", "too_many", "refuse"})
"""Faults that nobody meets who asks for nothing: another, which makes a line ask,
begins less than a second later and belongs to them."""

_ENDS: Final = frozenset({"disconnect", "mass_disconnect"})
_COUNTED: Final = frozenset(
    {"drop", "duplicate", "reorder", "crossed", "checksum", "garbage"}
)


class Fault(NamedTuple):
    """A fault that took effect.

    Attributes:
        kind: Its kind; one that touches a few frames, with what they held: ``book``,
            ``trade``, or ``quote``.
        begin_ns: When it began, by our clock [ns UTC].
        first_ns: When it first touched anything [ns UTC].
        lines: The lines that it met.
        symbols: The symbols that it touched; of whole lines, all.
        touched: Frames, requests and clients that it touched.
        trades: Symbol and id of each trade that it kept from being sent.
    """

    kind: str
    begin_ns: int
    first_ns: int
    lines: frozenset[str]
    symbols: frozenset[str]
    touched: int
    trades: frozenset[tuple[str, str]] = frozenset()


class _Met:
    """What the journal says of one fault."""

    def __init__(self, line: Mapping[str, Any], lines: set[str]) -> None:
        self.kind: str = line["kind"]
        self.begin_ns: int = line["wall_ns"]
        self.first_ns: int | None = None
        self.lines = lines
        self.of: str | None = line["params"].get("symbol")
        self.symbols: set[str] = set()
        self.held: set[str] = set()
        self.trades: set[tuple[str, str]] = set()
        self.touched = len(line["clients"]) if self.kind in _ENDS else 0

    def touch(self, line: Mapping[str, Any]) -> None:
        if self.first_ns is None:
            self.first_ns = line["wall_ns"]
        self.touched += 1
        if line["what"] == "frame":
            self.symbols.add(line["symbol"])
            held = "trade" if line["trades"] else "quote"
            self.held.add("book" if line["update"] is not None else held)
            if line["did"] == "lost":
                self.trades |= {(line["symbol"], each) for each in line["trades"]}

    def fault(self, every: frozenset[str]) -> Fault:
        kind = self.kind
        symbols = every if self.of is None else frozenset({self.of})
        if kind in _COUNTED and self.held:
            held = next(
                each for each in ("book", "trade", "quote") if each in self.held
            )
            kind, symbols = f"{kind} {held}", frozenset(self.symbols)
        first_ns = self.begin_ns if self.first_ns is None else self.first_ns
        lines, trades = frozenset(self.lines), frozenset(self.trades)
        return Fault(
            kind, self.begin_ns, first_ns, lines, symbols, self.touched, trades
        )


def suffered(journal: Path, *, is_lone: bool) -> tuple[int, list[Fault]]:
    """Return when the exchange began, and which faults took effect, in order.

    Args:
        journal: The journal.
        is_lone: Whether there is one line, whichever address it comes by.
    """
    begun_ns, every = 0, frozenset[str]()
    lines: dict[int, str] = {}
    met: dict[int, _Met] = {}
    last: _Met | None = None
    for line in _read(journal):
        what, state = line["what"], line.get("is")
        if what == "begin":
            begun_ns, every = line["wall_ns"], frozenset(line["symbols"])
        elif what == "client" and state == "open":
            lines[line["client"]] = _line_of(line["path"], is_lone=is_lone)
        elif what == "fault" and state == "begin":
            whose = {lines[each] for each in line["clients"]}
            if last is not None and _belongs(line, last):
                last.lines |= whose
                continue
            last = met[line["fault"]] = _Met(line, whose)
        elif what in {"frame", "request"} and line["fault"] in met:
            met[line["fault"]].touch(line)
    found = (one.fault(every) for one in met.values())
    return begun_ns, [fault for fault in found if fault.touched]


def _belongs(line: Mapping[str, Any], before: _Met) -> bool:
    """Return whether a fault only sends somebody to meet the one before."""
    soon = line["wall_ns"] - before.begin_ns < SECOND
    return before.kind in DOORS and soon


def _line_of(path: str, *, is_lone: bool) -> str:
    return "a" if is_lone else parse_qs(urlsplit(path).query).get("line", [""])[0]


def _read(journal: Path) -> Iterable[dict[str, Any]]:
    with journal.open("rb") as file:
        for text in file:
            yield msgspec.json.decode(text)
