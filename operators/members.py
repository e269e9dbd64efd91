"""Who speaks once a window, and what each said last, whatever order it came in.

Each member is heard in order, but nothing is known of the order between members. What
is said of a window shall not depend on it, as long as no member is more than the
patience behind the one that is furthest. So a member counts only from a patience after
it is first heard: by then it has been heard wherever it was going to be. One that is
silent for longer than the patience is absent, and not waited for; when it is heard
again it counts again from a patience later. One that is absent for long has never been.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

R = TypeVar("R")

_NEVER: Final = -(2**63)


class Waits(NamedTuple):
    """For how many windows one is waited for, or remembered, who is silent.

    Attributes:
        patience: Until it is absent.
        forget: Until it was never there.
    """

    patience: int
    forget: int


class Standing(NamedTuple, Generic[R]):
    """How a member stands in a window.

    Attributes:
        word: Its latest word.
        counts: Whether it counts at all.
        is_present: Whether it is not absent.
    """

    word: R
    counts: bool
    is_present: bool


class Member(msgspec.Struct, Generic[R]):
    """One who speaks.

    Attributes:
        newest: The newest window that it has spoken in.
        counts: The first window in which it ever counts.
        again: The first in which it counts since it was last absent.
        at: Which window its latest word is of.
        latest: That word.
        waiting: Its words of later windows, each with its window; one a window.
    """

    newest: int
    counts: int
    again: int
    at: int
    latest: R
    waiting: list[tuple[int, R]] = msgspec.field(default_factory=list)

    def move(self, window: int, waits: Waits) -> None:
        """Take in what it said until a window."""
        count = 0
        for spoken, word in self.waiting:
            if spoken > window:
                break
            self._hear(spoken, word, waits)
            count += 1
        del self.waiting[:count]

    def standing(self, window: int, waits: Waits) -> Standing[R]:
        """Return how it stands in a window that it has been moved to."""
        is_present = self.again <= window <= self.at + waits.patience
        counts = self.counts <= window <= self.at + waits.forget
        return Standing(self.latest, counts, is_present)

    def speak(self, window: int, word: R, said: int, waits: Waits) -> bool:
        """Take in a word; return whether it should have counted in a past window.

        Of several in one window the first counts, so that nobody need wait for the end
        of the window to know which is the last.
        """
        if window <= self.newest:
            return False
        self.newest = window
        if window > said:
            self.waiting.append((window, word))
            return False
        self._hear(window, word, waits)
        return self.again <= said

    def next_window(self, after: int, patience: int) -> int | None:
        """Return the earliest window behind one in which it may be present."""
        first = max(after + 1, self.again)
        if first <= self.at + patience:
            return first
        return self.waiting[0][0] if self.waiting else None

    def _hear(self, window: int, word: R, waits: Waits) -> None:
        if window - self.at > waits.patience:
            self.again = window + waits.patience
        if window - self.at > waits.forget:
            self.counts = self.again
        self.at, self.latest = window, word


class SoFar(NamedTuple):
    """How far windows are.

    Attributes:
        said: The last that is over.
        awaited: The one that is waited for.
        waits: For how many windows one is waited for who is silent.
    """

    said: int
    awaited: int
    waits: Waits


class Members(msgspec.Struct, Generic[R]):
    """All who speak in one topic.

    Attributes:
        by_name: They.
        heard: In which windows that are not over any has spoken, in order. What is
            said of windows long gone counts where it is said: a silence that ends
            tells all its windows at once, and nobody else is late for that.
        behind: Who is waited for before the next window is over.
    """

    by_name: dict[str, Member[R]] = msgspec.field(default_factory=dict)
    heard: list[int] = msgspec.field(default_factory=list)
    behind: dict[str, None] = msgspec.field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The newest window that any has spoken of; very small before the first."""
        return max((each.newest for each in self.by_name.values()), default=_NEVER)

    def note(self, window: int, said: int) -> None:
        """Note that somebody has spoken in a window; said is the last that is over."""
        place = bisect_left(self.heard, window)
        if window > said and self.heard[place : place + 1] != [window]:
            self.heard.insert(place, window)

    def speak(self, name: str, window: int, word: R, so_far: SoFar) -> bool:
        """Take in a member's word; return whether it is late."""
        said, awaited, waits = so_far
        member = self.by_name.get(name)
        if member is None:
            counts = window + waits.patience
            member = Member(window, counts, counts, window, word)
            self.by_name[name] = member
            late = counts <= said
        else:
            late = member.speak(window, word, said, waits)
        if awaited - waits.patience <= member.newest < awaited:
            self.behind[name] = None
        else:
            self.behind.pop(name, None)
        return late

    def await_window(self, window: int, patience: int) -> None:
        """Note who is waited for: who is not yet that far, and not absent."""
        self.behind = {
            name: None
            for name, member in self.by_name.items()
            if window - patience <= member.newest < window
        }

    def is_over(self, window: int, patience: int) -> bool:
        """Return whether all have passed a window who are waited for."""
        if not self.heard or self.heard[-1] < window:
            return False
        return not self.behind or self.is_far(window, patience)

    def is_far(self, window: int, windows: int) -> bool:
        """Return whether they have been heard in so many windows behind one.

        Those in which nobody spoke, for a day perhaps, bring nobody any further.
        """
        return len(self.heard) >= windows and self.heard[-windows] > window

    def move(self, window: int, waits: Waits) -> list[Standing[R]]:
        """Let a window be over; return how those stand in it who count, by name."""
        found = []
        del self.heard[: bisect_right(self.heard, window)]
        for name, member in sorted(self.by_name.items()):
            member.move(window, waits)
            standing = member.standing(window, waits)
            if standing.counts:
                found.append(standing)
            if member.newest < window - waits.forget:
                del self.by_name[name]
        return found

    def words(self, window: int) -> Iterator[R]:
        """Yield the latest word of each as of a window that is not over yet."""
        for member in self.by_name.values():
            latest = member.latest
            for spoken, word in member.waiting:
                if spoken <= window:
                    latest = word
            yield latest

    def next_window(self, after: int, patience: int) -> int | None:
        """Return the earliest window behind one in which anybody may be present."""
        found = (
            member.next_window(after, patience) for member in self.by_name.values()
        )
        return min((each for each in found if each is not None), default=None)
