"""How often a line went down, and was opened again."""

import msgspec

from operators.records.time import SECOND


class Attempts(msgspec.Struct):
    """Drops, attempts to connect and successes of a line, or of several together.

    Attributes:
        drops: Times that it went down.
        attempts: Attempts to connect.
        successes: Those that led to an open line.
        drop_ns: When it last went down [ns UTC].
        attempt_ns: When it was last tried [ns UTC].
        success_ns: When it last opened [ns UTC].
        pending: Sockets whose attempt has been counted, and not its success.
    """

    drops: int = 0
    attempts: int = 0
    successes: int = 0
    drop_ns: int | None = None
    attempt_ns: int | None = None
    success_ns: int | None = None
    pending: dict[str, None] = msgspec.field(default_factory=dict)

    def dropped(self, at_ns: int) -> None:
        """Take in that it went down."""
        self.drops += 1
        self.drop_ns = at_ns

    def tried(self, at_ns: int, socket: str) -> None:
        """Take in that a socket is being opened."""
        self.attempts += 1
        self.attempt_ns = at_ns
        self.pending[socket] = None

    def opened(self, at_ns: int, socket: str) -> None:
        """Take in that a socket is open; a recording may not tell of the attempt."""
        if socket not in self.pending:
            self.tried(at_ns, socket)
        self.pending.pop(socket, None)
        self.successes += 1
        self.success_ns = at_ns

    def failed(self, at_ns: int, socket: str) -> None:
        """Take in that a socket could not be opened."""
        if socket not in self.pending:
            self.tried(at_ns, socket)
        self.pending.pop(socket, None)

    @property
    def success_rate(self) -> float | None:
        """Share of the attempts that led to an open line [%]; None before the first.

        An attempt that has not ended yet is none of them.
        """
        ended = self.attempts - len(self.pending)
        return 100 * self.successes / ended if ended > 0 else None


def since_s(now_ns: int, then_ns: int | None) -> float | None:
    """Return the time since a moment, or None if there was none [s]."""
    return None if then_ns is None else max(now_ns - then_ns, 0) / SECOND


def latest(moments: list[int | None]) -> int | None:
    """Return the latest of moments, or None if there was none [ns UTC]."""
    return max((each for each in moments if each is not None), default=None)
