"""How long after a fault all was well again, and what had been done about it.

A line is ill from the end or the silence of its socket until one brings data; a book
while it is not proven right; a line or symbol while an issue of it is open. Issues of
what happens in a moment (duplicate, late, malformed, ...) are not counted: that they
close half a minute later is only memory. A line that is left because heal says so is
not ill. A fault has the ills that begin after it and before the next one, of the lines
and symbols that it met.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from flows.rehearsal import Run
from flows.suffered import Fault
from operators.quality.issues import MOMENTARY
from operators.records.book import BookState, Command
from operators.records.connection import LineEvent
from operators.records.health import Reading
from operators.records.quality import Phase, QualityIssue
from operators.records.time import MS

_STOPS: Final = frozenset({LineEvent.SILENT, LineEvent.CLOSED})
NEVER: Final = 2**63
"""The end of what does not end."""


class Ill(NamedTuple):
    """Something that was not well for a time.

    Attributes:
        begin_ns: From when, by our clock [ns UTC].
        end_ns: Until when; far in the future, if for good [ns UTC].
        what: ``line``, ``book``, or the kind of an issue.
        whose: The line's name, or the symbol.
    """

    begin_ns: int
    end_ns: int
    what: str
    whose: str


class Restored(NamedTuple):
    """What came of the faults of one kind.

    Attributes:
        untouched: How many made nothing ill.
        took_ms: From each other that was made good until all was well again [ms].
        left: How many were not made good by the end, and by what ill.
        means: What was done meanwhile, and after how many.
    """

    untouched: int
    took_ms: list[float]
    left: Counter[str]
    means: Counter[str]


def suffering(faults: list[Fault], done: Run) -> list[list[Ill]]:
    """Return what was not well after each fault, and because of it."""
    every = list(ills(done))
    ends_ns = [*(fault.begin_ns for fault in faults[1:]), done.ended_ns]
    return [
        [
            ill
            for ill in every
            if fault.begin_ns <= ill.begin_ns < until_ns
            and ill.whose in fault.lines | fault.symbols
        ]
        for fault, until_ns in zip(faults, ends_ns, strict=False)
    ]


def harmed(fault: Fault, mine: list[Ill], done: Run) -> bool:
    """Return whether a fault made anything ill, or a trade is missing for it."""
    passed = {
        (symbol, trade.trade_id)
        for symbol in {symbol for symbol, _ in fault.trades}
        for trade in done.trades[symbol]
    }
    return bool(mine) or not fault.trades <= passed


def restored(
    faults: list[Fault], suffered: list[list[Ill]], done: Run
) -> dict[str, Restored]:
    """Return what came of the faults of each kind, given what each made ill."""
    found: dict[str, Restored] = {}
    for fault, mine in zip(faults, suffered, strict=True):
        one = found.setdefault(fault.kind, Restored(0, [], Counter(), Counter()))
        if not mine:
            found[fault.kind] = one._replace(untouched=one.untouched + 1)
            continue
        well_ns = max(ill.end_ns for ill in mine)
        if well_ns == NEVER:
            one.left.update({ill.what for ill in mine if ill.end_ns == NEVER})
        else:
            one.took_ms.append((well_ns - fault.begin_ns) / MS)
        one.means.update(_means(fault, well_ns, done) or {"by itself"})
    return dict(sorted(found.items()))


def ills(done: Run) -> Iterator[Ill]:
    """Yield all that was not well while the lines ran, as it ends, or at the end."""
    open_: dict[tuple[str, str], int] = {}
    flowing: dict[str, set[str]] = {}
    left: set[str] = set()
    for at_ns, said in done.said:
        if at_ns >= done.ended_ns:
            break
        turn = None
        if isinstance(said, Command) and said.line is not None:
            left.add(said.line)
        elif isinstance(said, Reading):
            turn = _line(said, flowing, left)
        elif isinstance(said, BookState):
            turn = ("book", said.symbol), said.ok
        elif isinstance(said, QualityIssue) and said.kind not in MOMENTARY:
            whose = said.symbol or (said.line or "").rstrip("~")
            turn = (said.kind.value, whose), said.phase is Phase.CLOSE
        if turn is None:
            continue
        key, is_well = turn
        if not is_well:
            open_.setdefault(key, at_ns)
        elif key in open_:
            yield Ill(open_.pop(key), at_ns, *key)
    for key, begin_ns in open_.items():
        yield Ill(begin_ns, NEVER, *key)


def _line(
    reading: Reading, flowing: dict[str, set[str]], left: set[str]
) -> tuple[tuple[str, str], bool] | None:
    """Return whether a line is well after an event that may change that."""
    name = reading.line.rstrip("~")
    if reading.event is LineEvent.FLOWING:
        flowing.setdefault(name, set()).add(reading.line)
        left.discard(name)
    elif reading.event in _STOPS and name not in left:
        flowing.setdefault(name, set()).discard(reading.line)
    else:
        return None
    return ("line", name), bool(flowing[name])


def _means(fault: Fault, until_ns: int, done: Run) -> set[str]:
    """Return what was done for what a fault met, until all was well."""
    means = set()
    for at_ns, said in done.said:
        if not fault.begin_ns <= at_ns <= until_ns:
            continue
        if isinstance(said, Command):
            if said.symbol in fault.symbols or said.line in fault.lines:
                means.add(f"{said.action} by heal")
        elif isinstance(said, Reading) and said.line.rstrip("~") in fault.lines:
            if said.event is LineEvent.FLOWING:
                means.add("reconnect")
            elif said.event is LineEvent.FAILED_OVER:
                means.add("another address")
    return means
