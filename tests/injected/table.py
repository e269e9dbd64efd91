"""Every fault that each recording can suffer, and the table of what came of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from operators.records.quality import IssueKind
from operators.records.time import MS
from tests.injected import lines, symbols
from tests.injected.captures import Capture, frames, heard


class Tried(NamedTuple):
    """A fault that was put in.

    Attributes:
        name: What it is called.
        where: Recording and symbol.
        delay_ns: From what it touched to the first word of it, in time of arrival; None
            where there is none [ns].
        by_itself: Whether the recording as it is says one of these words behind it too.
    """

    name: str
    where: str
    delay_ns: int | None
    by_itself: bool


def tried(capture: Capture, folder: Path) -> Iterator[Tried]:
    """Yield what came of each fault that a recording can suffer."""
    whole = frames(capture, folder)
    for name, at_ns, changed in lines.faults(whole):
        words = lines.WORDS[name]
        said = [ns - at_ns for ns, _ in lines.signs(changed, words) if ns >= at_ns]
        clean = [ns for ns, _ in lines.signs(whole, words) if ns >= at_ns]
        yield Tried(name, capture.name, min(said, default=None), bool(clean))
    is_long = capture.is_long
    for key, told in heard(whole).items():
        as_it_is = list(symbols.opened(told, is_long=is_long))
        for one in symbols.faults(told):
            opened = symbols.opened(one.told, one.change, is_long=is_long)
            delay_ns = next(
                (ns - one.at_ns for ns, kind in opened if _tells(one, ns, kind)), None
            )
            by_itself = any(_tells(one, ns, kind) for ns, kind in as_it_is)
            yield Tried(one.name, key, delay_ns, by_itself)


def _tells(one: symbols.Injected, at_ns: int, kind: IssueKind) -> bool:
    return at_ns >= one.at_ns and kind in one.kinds


def left_out(found: list[Tried]) -> str:
    """Return where faults were not found, and how many of how many, as text."""
    rows = []
    for name in dict.fromkeys(each.name for each in found):
        mine = [each for each in found if each.name == name]
        tries = Counter(each.where.partition(":")[0] for each in mine)
        missed = Counter(
            each.where.partition(":")[0] for each in mine if each.delay_ns is None
        )
        words = (f"{at} {n} of {tries[at]}" for at, n in missed.most_common())
        rows.append(f"{name:20}  {', '.join(words) or 'nowhere'}")
    return "\n".join(["not found:", *rows])


def table(found: list[Tried]) -> str:
    """Return how many of each fault were found, and how soon, as text."""
    rows = [
        f"{'fault':20}{'times':>7}{'found':>7}{'rate':>8}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'by itself':>11}"
    ]
    for name in dict.fromkeys(each.name for each in found):
        mine = [each for each in found if each.name == name]
        delays = [each.delay_ns / MS for each in mine if each.delay_ns is not None]
        cuts = np.percentile(delays, [50, 99]) if delays else (np.nan, np.nan)
        rows.append(
            f"{name:20}{len(mine):7}{len(delays):7}{len(delays) / len(mine):8.1%}"
            f"{cuts[0]:9.0f}{cuts[1]:9.0f}{sum(each.by_itself for each in mine):11}"
        )
    return "\n".join(rows)
