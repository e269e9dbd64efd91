"""Faults of a line: put among its frames, and looked for in what its readings say."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from connectors.venues import PARSERS
from operators.health.connection_health import HealthOfConnections
from operators.health.judgement import HealthParams
from operators.market.decode import DecodeParams
from operators.market.listen import Listen
from operators.quality.issues import IssuesParams
from operators.quality.lines import Lines, LinesParams
from operators.records.frame import Frame, FrameKind
from operators.records.health import Reading
from operators.records.quality import Phase
from operators.records.time import SECOND

_PLACE: Final = 0.6
_LATE_NS: Final = 2 * SECOND
_LASTS_NS: Final = 10 * SECOND

WORDS: Final = {
    "half a frame": frozenset({"issue malformed"}),
    "2 s late for 10 s": frozenset({"issue late", "health feed latency"}),
    "clock 2 s back": frozenset({"issue clock skew", "health clock step"}),
}
"""What tells of each fault."""


def faults(frames: list[Frame]) -> Iterator[tuple[str, int, list[Frame]]]:
    """Yield the name of each fault, when it begins, and the frames."""
    received = [n for n, each in enumerate(frames) if each.kind is FrameKind.WS]
    at = received[int(len(received) * _PLACE)]
    at_ns = frames[at].received_ns
    half = replace(frames[at], data=(frames[at].data or "")[:-9])
    if frames[at].data is not None:
        yield "half a frame", at_ns, [*frames[:at], half, *frames[at + 1 :]]
    yield "2 s late for 10 s", at_ns, list(_late(frames, at_ns))
    back = [
        replace(each, received_ns=each.received_ns - _LATE_NS) if n >= at else each
        for n, each in enumerate(frames)
    ]
    yield "clock 2 s back", at_ns - _LATE_NS, back


def _late(frames: list[Frame], at_ns: int) -> Iterator[Frame]:
    """Yield frames of which those of a while come late, and no later one before."""
    latest_ns = 0
    for each in frames:
        late = at_ns <= each.received_ns < at_ns + _LASTS_NS
        due_ns = each.received_ns + (_LATE_NS if late else 0)
        latest_ns = max(latest_ns, due_ns)
        yield replace(each, received_ns=latest_ns)


def signs(frames: list[Frame], words: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield when something of these words was said that was new, and the word."""
    lines, health = (
        Lines(LinesParams(), IssuesParams()),
        HealthOfConnections(HealthParams()),
    )
    known: dict[str, str] = {}
    for each in Listen(DecodeParams(), PARSERS).update(frames):
        if not isinstance(each, Reading):
            continue
        for issue in lines.update([each]):
            word = f"issue {issue.kind}"
            if issue.phase is Phase.OPEN and word in words:
                yield issue.received_ns, word
        for said in health.update([each]):
            before = known.get(said.line, "")
            known[said.line] = said.issues
            for word in words:
                text = word.removeprefix("health ")
                if text != word and text in said.issues and text not in before:
                    yield said.received_ns, word
