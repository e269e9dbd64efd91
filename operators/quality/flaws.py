"""What a line brings twice, or in a wrong order."""

from collections.abc import Iterable
from math import exp
from typing import Annotated, Any

import msgspec

from operators.quality.finding import Finding
from operators.records.market import Flaw, FlawKind
from operators.records.quality import IssueKind, Severity
from operators.records.time import SECOND

_KINDS = {
    FlawKind.DUPLICATE: IssueKind.DUPLICATE,
    FlawKind.OUT_OF_ORDER: IssueKind.OUT_OF_ORDER,
}


class FlawsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Flaws`.

    Attributes:
        storm: How many such records of a line, lately, are a storm.
        memory_s: How long lately is [s].
    """

    storm: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    memory_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0


class Storm(msgspec.Struct):
    """How many there were lately, each counting exponentially less with its age.

    Attributes:
        count: They, at ``at_ns``.
        at_ns: When the last of them came [ns UTC].
    """

    count: float
    at_ns: int


class Flaws:
    """Turn flaws of a line into findings: LOW, MEDIUM in a storm.

    The market itself is whole: what came twice was left out, and what came in a wrong
    order was put in order, or counted as missing.
    """

    sees: tuple[type[Any], ...] = (Flaw,)
    warm = True

    def __init__(self, params: FlawsParams) -> None:
        self._params = params
        self.state: dict[tuple[str, FlawKind], Storm] = {}

    def look(self, seen: Any) -> Iterable[Finding]:
        """Take in a flaw; return what it is."""
        params, key = self._params, (seen.line, seen.kind)
        storm = self.state.get(key)
        if storm is None:
            storm = self.state[key] = Storm(0.0, seen.received_ns)
        age_s = max(seen.received_ns - storm.at_ns, 0) / SECOND
        storm.count = storm.count * exp(-age_s / params.memory_s) + seen.count
        storm.at_ns = seen.received_ns
        is_storm = storm.count > params.storm
        severity = Severity.MEDIUM if is_storm else Severity.LOW
        text = f"{seen.count} at once, {storm.count:.0f} lately, on {seen.line}"
        kind = _KINDS[seen.kind]
        value, bound = storm.count, params.storm
        return (Finding(kind, severity, value, bound, "records", text, seen.line),)
