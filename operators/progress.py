"""Which windows of time are over, of which members speak."""

from typing import Any, Final, TypeVar

import msgspec

from operators.members import Members, SoFar, Waits

R = TypeVar("R")

_NEVER: Final = -(2**63)


class Progress(msgspec.Struct):
    """How far windows are of which members of one or several topics speak.

    Attributes:
        said: The last window that is over; very small before the first.
        awaited: The window that is waited for; None while nobody is expected.
        alone: Whether nobody was present in the last window that is over.
    """

    said: int = _NEVER
    awaited: int | None = None
    alone: bool = True

    def topics(self) -> tuple[Members[Any], ...]:
        """Return who speaks, by topic."""
        raise NotImplementedError

    def hear(
        self, members: Members[R], name: str, window: int, word: R, waits: Waits
    ) -> bool:
        """Take in a word; return whether it is late.

        It may make somebody count earlier than was expected.
        """
        awaited = self.awaited if self.awaited is not None else window
        so_far = SoFar(self.said, awaited, waits)
        is_late = members.speak(name, window, word, so_far)
        counts = max(window + waits.patience, self.said + 1)
        if self.alone and (self.awaited is None or counts < self.awaited):
            self._await(counts, waits.patience)
        return is_late

    def move_on(self, window: int, patience: int, *, alone: bool) -> None:
        """Let a window be over; await the next, or the next with anybody in it.

        Args:
            window: The one that is over, to which all members have been moved.
            patience: For how many windows one is waited for who is silent.
            alone: Whether nobody was present in it.
        """
        self.said, self.alone = window, alone
        if not alone:
            self._await(window + 1, patience)
            return
        found = (members.next_window(window, patience) for members in self.topics())
        soonest = min((each for each in found if each is not None), default=None)
        self._await(soonest, patience)

    def newest(self) -> int:
        """Return the newest window that anybody has spoken of."""
        return max(members.newest for members in self.topics())

    def _await(self, window: int | None, patience: int) -> None:
        self.awaited = window
        if window is not None:
            for members in self.topics():
                members.await_window(window, patience)
