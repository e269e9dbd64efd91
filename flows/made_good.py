"""What came of the faults, as text: detected, and made good."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flows.chaos import Plan
from flows.detected import Found, detected, total
from flows.rehearsal import Run
from flows.restored import NEVER, Restored, harmed, ills, restored, suffering
from flows.signs import Sign, signs
from flows.suffered import suffered
from operators.records.book import Command
from operators.records.health import ConnectionHealth


def account(plan: Plan, done: Run, control: Run, still: Path) -> str:
    """Return what was told of each kind of fault and how it was made good, as text.

    Args:
        plan: What was done.
        done: What came of it.
        control: What came of the same without faults.
        still: The journal of that.
    """
    is_lone = plan.lines == 1
    begun_ns, faults = suffered(plan.journal, is_lone=is_lone)
    began_ns, _ = suffered(still, is_lone=is_lone)
    said, base = signs(done), signs(control)
    ill = suffering(faults, done)
    harm = [harmed(fault, mine, done) for fault, mine in zip(faults, ill, strict=True)]
    found = detected(faults, harm, said, base, began_ns - begun_ns)
    return "\n".join(
        [
            f"{len(faults)} of {plan.faults} faults took effect; seen by any sign,"
            " judged by health or quality; and so many times in a run without faults:",
            *_told(found),
            f"without faults: {_words(base) or 'no sign at all'}",
            "made good after a fault:",
            *_made_good(restored(faults, ill, done)),
            *_end(done),
        ]
    )


def _told(found: dict[str, Found]) -> list[str]:
    head = f"{'fault':18}{'times':>6}{'seen':>6}{'p50 ms':>9}{'p99 ms':>9}"
    head += f"{'judged':>8}{'p50 ms':>9}{'p99 ms':>9}{'missed':>8}{'control':>9}"
    rows = [f"{head}  first seen by"]
    for kind, one in [*found.items(), ("all", total(found.values()))]:
        words = ", ".join(f"{word} {n}" for word, n in one.words.most_common())
        text = f"{kind:18}{one.faults:6}{_cuts(one.seen_ms, 6)}"
        text += f"{_cuts(one.judged_ms, 8)}{one.missed:8}{one.by_itself:9}"
        rows.append(f"{text}  {words}" if kind != "all" else text)
    return rows


def _made_good(found: dict[str, Restored]) -> list[str]:
    head = f"{'fault':18}{'no harm':>8}{'healed':>8}{'p50 ms':>9}{'p99 ms':>9}"
    rows = [f"{head}{'left':>6}  by"]
    for kind, one in found.items():
        means = ", ".join(f"{word} {n}" for word, n in one.means.most_common())
        left = ", ".join(f"{word} {n}" for word, n in one.left.most_common())
        count = sum(one.left.values())
        rows.append(
            f"{kind:18}{one.untouched:8}{_cuts(one.took_ms, 8)}{count:6}  {means}"
            + (f"; left: {left}" if left else "")
        )
    return rows


def _end(done: Run) -> Iterable[str]:
    """Yield how all stands at the end of the run."""
    health = {
        said.line or "connection": said
        for at_ns, said in done.said
        if isinstance(said, ConnectionHealth) and at_ns < done.ended_ns
    }
    for name, last in sorted(health.items()):
        yield f"at the end {name}: {last.level}{_because(last.issues)}"
    orders = Counter(
        f"{said.action} for {said.reason.partition(':')[0]}"
        for _, said in done.said
        if isinstance(said, Command)
    )
    yield "ordered by heal: " + (
        ", ".join(f"{word} {n}" for word, n in orders.most_common()) or "nothing"
    )
    left = [f"{ill.what} {ill.whose}" for ill in ills(done) if ill.end_ns == NEVER]
    yield f"at the end not well: {', '.join(left) or 'nothing'}"


def _because(issues: str) -> str:
    return f" ({issues})" if issues else ""


def _words(said: list[Sign]) -> str:
    counts: dict[str, int] = {}
    for sign in said:
        counts[sign.word] = counts.get(sign.word, 0) + 1
    return ", ".join(f"{word} {n}" for word, n in sorted(counts.items()))


def _cuts(times: list[float], width: int) -> str:
    if not times:
        return f"{0:{width}}{'-':>9}{'-':>9}"
    p50, p99 = np.percentile(times, [50, 99])
    return f"{len(times):{width}}{p50:9.0f}{p99:9.0f}"
