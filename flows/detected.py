"""Which faults of the exchange a run told of, by which words, and how soon.

A fault is detected by a sign (see :mod:`flows.signs`) that is accepted for its kind, of
a line or symbol that it met, from the moment at which it touched the first frame,
request or client, to the next fault of that line; where a sign names no line, to the
next fault of any. Accepted are the ``WORDS`` below, and nothing else: no
``locked book``, nothing of spread, depth, price or score, and not that a line is slow
after its clock was wrong.

A run without faults, with the same market, is read in the same way, as if it had had
these faults at these moments: what it "detects" is how often a sign comes by itself.
What is the better for it that another line brought the same is nowhere to be seen: a
hot pair tells nothing of a dropped frame, and should not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from flows.signs import Sign
from flows.suffered import Fault
from operators.records.time import MS

_LOST: Final = ("gap sequence", "gap line", "issue sequence gap", "issue checksum")
_SLOW: Final = ("health feed latency", "issue late")
_DOWN: Final = ("event closed", "health down")
_CROSSED: Final = ("issue crossed book", "issue checksum")

WORDS: Final[Mapping[str, frozenset[str]]] = {
    kind: frozenset(words)
    for kind, words in {
        "disconnect": _DOWN,
        "mass_disconnect": _DOWN,
        "stall": (
            *("event silent", "health silent", "health rate", "health slow"),
            *(*_SLOW, "issue stale", "issue heartbeat missing"),
        ),
        "delay": _SLOW,
        "drip": _SLOW,
        "drop": (*_LOST, "issue crossed book"),
        "duplicate": ("flaw duplicate", "issue duplicate"),
        "reorder": (
            *(*_LOST, "issue crossed book"),
            *("flaw out of order", "issue out of order"),
        ),
        "garbage": ("dead letter", "issue malformed"),
        "crossed": _CROSSED,
        "checksum": ("issue checksum",),
        "skew": ("issue clock skew", "health clock step"),
        "stale": ("gap sequence", "event no snapshot", *_CROSSED),
        "too_many": ("event rate limited", "event no snapshot", "health still down"),
        "refuse": ("event failed", "health still down"),
    }.items()
}
"""The signs that are accepted, by kind."""


class Found(NamedTuple):
    """What became of the faults of one kind.

    Attributes:
        faults: How many took effect.
        seen_ms: From each that anything told of, until the first sign of it [ms].
        judged_ms: Likewise until health or quality told of it [ms].
        words: How often which sign was the first that told of one.
        missed: How many did harm, and nothing told of them.
        by_itself: How many a run without faults "detects" in their place.
    """

    faults: int
    seen_ms: list[float]
    judged_ms: list[float]
    words: Counter[str]
    missed: int
    by_itself: int


def detected(
    faults: list[Fault],
    harmed: list[bool],
    said: list[Sign],
    control: list[Sign],
    shift_ns: int,
) -> dict[str, Found]:
    """Return what became of the faults of each kind.

    Args:
        faults: The faults, in order.
        harmed: Of each, whether it did any harm.
        said: The signs of the run.
        control: Those of a run without faults.
        shift_ns: By how much that began later [ns].
    """
    found: defaultdict[str, list[Found]] = defaultdict(list)
    judgements = [sign for sign in said if sign.is_judgement]
    for number, (fault, harm) in enumerate(zip(faults, harmed, strict=True)):
        ends = _ends(fault, faults[number + 1 :])
        first = _first(fault, ends, said)
        moved = fault._replace(first_ns=fault.first_ns + shift_ns)
        later = {line: at_ns + shift_ns for line, at_ns in ends.items()}
        found[fault.kind].append(
            Found(
                faults=1,
                seen_ms=_delay(fault, first),
                judged_ms=_delay(fault, _first(fault, ends, judgements)),
                words=Counter([first.word] if first else ()),
                missed=int(harm and first is None),
                by_itself=int(_first(moved, later, control) is not None),
            )
        )
    return {kind: total(each) for kind, each in sorted(found.items())}


def total(found: Iterable[Found]) -> Found:
    """Return the sum of several."""
    every = list(found)
    return Found(
        faults=sum(each.faults for each in every),
        seen_ms=[delay for each in every for delay in each.seen_ms],
        judged_ms=[delay for each in every for delay in each.judged_ms],
        words=sum((each.words for each in every), Counter()),
        missed=sum(each.missed for each in every),
        by_itself=sum(each.by_itself for each in every),
    )


def _ends(fault: Fault, later: list[Fault]) -> dict[str | None, int]:
    """Return until when a sign counts, by the line that it names, if any."""
    ends: dict[str | None, int] = {}
    for next_ in later:
        ends.setdefault(None, next_.begin_ns)
        for line in fault.lines & next_.lines:
            ends.setdefault(line, next_.begin_ns)
    return ends


def _first(
    fault: Fault, ends: Mapping[str | None, int], said: Iterable[Sign]
) -> Sign | None:
    words = WORDS[fault.kind.partition(" ")[0]]
    for sign in said:
        if sign.at_ns < fault.first_ns or sign.word not in words:
            continue
        if sign.line is not None and sign.line not in fault.lines:
            continue
        if sign.symbol is not None and sign.symbol not in fault.symbols:
            continue
        if sign.at_ns < ends.get(sign.line, 2**63):
            return sign
    return None


def _delay(fault: Fault, sign: Sign | None) -> list[float]:
    return [(sign.at_ns - fault.first_ns) / MS] if sign else []
