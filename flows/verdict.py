"""What came of a run against the misbehaving exchange, by the exchange's journal."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from flows.chaos import Plan
from flows.rehearsal import Run
from operators.records.book import Book, BookState
from operators.records.healing import Decision
from operators.records.time import MS, US

_NEVER: Final = 2**63


class Judged(NamedTuple):
    """A run beside the truth.

    Attributes:
        trades: Trades that the exchange meant to send.
        lost: Of those, never passed on.
        twice: Passed on more than once.
        disordered: Passed on behind a later one.
        books: Moments at which the true best levels and ours are both known.
        wrong: Of those, how often they differ.
        faults: When each fault began, by our clock, and its kind.
    """

    trades: int
    lost: int
    twice: int
    disordered: int
    books: int
    wrong: int
    faults: list[tuple[int, str]]


def judge(done: Run, journal: Path) -> Judged:
    """Compare a run with the exchange's journal."""
    sent: defaultdict[str, list[str]] = defaultdict(list)
    faults, books, wrong, clocks = [], 0, 0, _Clocks()
    for text in journal.read_text(encoding="utf-8").splitlines():
        line = msgspec.json.decode(text)
        clocks.note(line)
        within = done.settled_ns < line["wall_ns"] < done.ended_ns
        if line["what"] == "sent" and within:
            sent[line["symbol"]] += line["trades"]
        elif line["what"] == "fault" and line["is"] == "begin" and line["clients"]:
            faults.append((line["wall_ns"], line["kind"]))
        elif line["what"] == "book":
            ours = done.books.get((line["symbol"], line["id"]))
            if ours is None and not clocks.are_wrong(line["event_ns"]):
                ours = done.books.get((line["symbol"], line["event_ns"] // US))
            if ours is not None:
                books += 1
                wrong += not _same(ours, line)
    lost = twice = disordered = total = 0
    for symbol, ids in sent.items():
        got = [trade.trade_id for trade in done.trades[symbol]]
        place = {each: number for number, each in enumerate(got)}
        total += len(ids)
        lost += sum(each not in place for each in ids)
        twice += len(got) - len(place)
        order = [place[each] for each in ids if each in place]
        disordered += sum(b < a for a, b in pairwise(order))
    return Judged(total, lost, twice, disordered, books, wrong, faults)


class _Clocks:
    """Knows which times may be stated by what is of another moment."""

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def note(self, line: dict[str, Any]) -> None:
        """Take in a line of the journal."""
        if line["what"] != "fault" or line["kind"] != "skew":
            return
        number, at_ns = line["fault"], line["event_ns"]
        if line["is"] == "begin":
            self._begun[number] = at_ns + line["params"]["by_ms"] * MS
            self._ended[number] = _NEVER
        else:
            by_ns = line["lasted_ns"] - at_ns + self._begun[number]
            self._ended[number] = at_ns + by_ns

    def are_wrong(self, event_ns: int) -> bool:
        """Return whether two moments may be stated as this one."""
        return any(
            begun_ns <= event_ns <= self._ended[number]
            for number, begun_ns in self._begun.items()
        )


def _same(ours: Book, line: dict[str, Any]) -> bool:
    bids = [(float(price), float(quantity)) for price, quantity in line["bids"]]
    asks = [(float(price), float(quantity)) for price, quantity in line["asks"]]
    count = min(len(ours.bids), len(bids)), min(len(ours.asks), len(asks))
    return (
        list(ours.bids[: count[0]]) == bids[: count[0]]
        and list(ours.asks[: count[1]]) == asks[: count[1]]
    )


def silences_ms(done: Run, faults: list[tuple[int, str]]) -> dict[str, list[float]]:
    """Return the longest time without a record passed on after each fault [ms].

    It is looked for from the fault to the next one, and is no shorter than the time
    from the fault until records flow again.
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    passed = np.array(sorted(done.passed_ns), dtype=np.int64)
    times = sorted(faults)
    ends = [at_ns for at_ns, _ in times[1:]] + [done.ended_ns]
    for (at_ns, kind), end_ns in zip(times, ends, strict=True):
        first, last = np.searchsorted(passed, [at_ns, end_ns])
        within = passed[max(first - 1, 0) : last + 1]
        if len(within) > 1:
            found[kind].append(float(np.diff(within).max()) / MS)
    return dict(found)


def healed_ms(done: Run) -> dict[str, list[float]]:
    """Return for how long each book could not be believed, by why [ms, arrival].

    A book that never was right again is not among them: see :func:`unhealed`.
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    lost: dict[str, BookState] = {}
    for state in done.states:
        if not state.ok:
            lost.setdefault(state.symbol, state)
        elif state.symbol in lost:
            before = lost.pop(state.symbol)
            lasted_ns = state.received_ns - before.received_ns
            found[before.reason].append(lasted_ns / MS)
    return dict(found)


def unhealed(done: Run) -> list[str]:
    """Return the symbols whose book was not right again at the end."""
    ok = {state.symbol: state.ok for state in done.states}
    return sorted(symbol for symbol, is_ok in ok.items() if not is_ok)


def report(plan: Plan, done: Run, judged: Judged) -> tuple[str, bool]:
    """Return what came of it as lines of text, and whether it is well."""
    pair = "hot pair" if plan.lines > 1 else "lone line with a backup"
    text = [
        f"{plan.venue}, {pair}: {plan.faults} faults, {len(judged.faults)} on a line"
        f" that was open; {judged.trades} trades sent: {judged.lost} lost,"
        f" {judged.twice} twice, {judged.disordered} out of order;"
        f" {judged.books} books compared: {judged.wrong} wrong;"
        f" {len(done.gaps)} gaps named, {len(done.dead)} dead letters",
        "longest silence after a fault:",
        f"{'fault':12} {'times':>6} {'p50 ms':>8} {'p99 ms':>8} {'worst':>8}",
    ]
    silent = silences_ms(done, judged.faults)
    for kind, times in sorted(silent.items()):
        text.append(_line(kind, times))
    text.append(_line("all", [each for times in silent.values() for each in times]))
    text += _healing(done)
    broken = judged.lost + judged.twice + judged.disordered if plan.lines > 1 else 0
    return "\n".join(text), not broken and not judged.wrong and judged.books > 0


def _healing(done: Run) -> list[str]:
    """Return how long books were not right, and what was done, as lines of text."""
    healed = healed_ms(done)
    orders = Counter(
        str(each.action) for each in done.healings if each.decision is Decision.ORDERED
    )
    said = ", ".join(f"{count} {action}" for action, count in sorted(orders.items()))
    left = ", ".join(unhealed(done))
    text = [f"books not right, by why; ordered: {said or 'nothing'}"]
    text += [_line(why, times) for why, times in sorted(healed.items())]
    text.append(_line("all", [each for times in healed.values() for each in times]))
    return [*text, f"not right at the end: {left}"] if left else text


def _line(kind: str, times: list[float]) -> str:
    if not times:
        return f"{kind:12} {0:6}"
    cuts = np.percentile(times, [50, 99])
    return f"{kind:12} {len(times):6} {cuts[0]:8.1f} {cuts[1]:8.1f} {max(times):8.1f}"
