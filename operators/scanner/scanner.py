"""Features and quality of all symbols -> how much attention each deserves."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from operators.members import Members, Standing, Waits
from operators.progress import Progress
from operators.records.feature import Feature
from operators.records.priority import Priority
from operators.records.quality import QualityScore
from operators.records.time import SECOND
from operators.scanner.params import ScannerParams
from operators.scanner.ranking import Out, Ranked, Ranking

Word = Feature | QualityScore


class ScannerState(Progress):
    """What :class:`Scanner` remembers of all.

    Attributes:
        features: Who speaks of features.
        quality: Who speaks of quality.
        ranked: What is known of those who are ranked.
        late: Words of each symbol that came when their window was over, since its last
            record.
    """

    features: Members[Feature] = msgspec.field(default_factory=Members)
    quality: Members[QualityScore] = msgspec.field(default_factory=Members)
    ranked: Ranked = msgspec.field(default_factory=Ranked)
    late: dict[str, int] = msgspec.field(default_factory=dict)

    def topics(self) -> tuple[Members[Feature], Members[QualityScore]]:
        """Return who speaks."""
        return self.features, self.quality


class Scanner:
    """Rank all symbols by the attention they deserve, window by window.

    One operator for all keys. Windows are of event time; all symbols are ranked by what
    they did until the same moment. A window is over when everybody in both topics has
    passed it; see :mod:`operators.members` for who is waited for. So what is said does
    not depend on the order between symbols, nor on how far one topic is read ahead of
    the other; what comes too late for that is counted in its symbol's next record. A
    symbol that has no feature of the window is not ranked in it: what was said of it
    last stands. Nothing is said for a patience from the start.

    Weights are learnt from outcomes that have come: what was seen at the end of a
    window is judged by the move until the end of the next, and made use of from there.

    In:  Feature of one length, and QualityScore on the whole end of such a window; each
         symbol in order. Others are passed over.
    Out: Priority of each symbol, ranks 1 to n, by key; PriorityWeights at the start of
         each symbol and when they have changed.
    """

    def __init__(self, params: ScannerParams) -> None:
        self._length_ns = params.length_ns
        patience, self._apart, forget = (
            -(-seconds * SECOND // self._length_ns)
            for seconds in (params.patience_s, params.apart_s, params.forget_s)
        )
        self._patience = patience
        self._waits = Waits(patience, max(forget, patience))
        self._ranking = Ranking(params)
        self.state = ScannerState()

    def update(self, words: Iterable[Word]) -> Iterator[Out]:
        """Take in words; yield what is said of the windows that are over by that."""
        state, length_ns = self.state, self._length_ns
        for word in words:
            members: Members[Feature] | Members[QualityScore]
            if isinstance(word, Feature):
                if word.length_ns != length_ns:
                    continue
                members = state.features
            elif word.is_change or word.event_ns % length_ns:
                continue
            else:
                members = state.quality
            self._hear(members, word)
            while state.awaited is not None and self._is_over(state.awaited):
                yield from self._say(state.awaited)

    def close(self) -> Iterator[Out]:
        """Yield the windows that are left: nobody will be heard any more."""
        state = self.state
        last = state.newest()
        while state.awaited is not None and state.awaited <= last:
            yield from self._say(state.awaited)

    def _hear(self, members: Members[Any], word: Word) -> None:
        state, window = self.state, word.event_ns // self._length_ns
        members.note(window, state.said)
        if state.hear(members, word.key, window, word, self._waits):
            state.late[word.key] = state.late.get(word.key, 0) + 1

    def _is_over(self, window: int) -> bool:
        """Return whether all has been heard that is to be heard of a window."""
        features, quality = self.state.features, self.state.quality
        if features.is_over(window, self._patience):
            return quality.is_over(window, self._patience) or features.is_far(
                window, self._apart
            )
        return quality.is_over(window, self._patience) and quality.is_far(
            window, self._apart
        )

    def _say(self, window: int) -> Iterator[Out]:
        """Yield the records of a window, and go on to the next."""
        state, end_ns = self.state, window * self._length_ns
        standings = state.features.move(window, self._waits)
        scores = _present(state.quality.move(window, self._waits))
        features = [
            each.word
            for each in standings
            if each.is_present and each.word.event_ns == end_ns
        ]
        if features:
            found = [scores.get(each.key) for each in features]
            said = self._ranking.rank(state.ranked, window, features, found)
            yield from map(self._told, said)
        self._ranking.forget(state.ranked, window, self._waits.forget)
        alone = not scores and not any(each.is_present for each in standings)
        state.move_on(window, self._patience, alone=alone)

    def _told(self, out: Out) -> Out:
        """Return a record with the count of words that came too late for it."""
        late = self.state.late
        if not late or not isinstance(out, Priority) or out.key not in late:
            return out
        return msgspec.structs.replace(out, late=late.pop(out.key))


def _present(standings: Iterable[Standing[QualityScore]]) -> dict[str, QualityScore]:
    return {each.word.key: each.word for each in standings if each.is_present}
