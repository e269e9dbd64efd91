"""The dashboards beside the pipeline of ``up``, which never waits for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from flows.children import Child, ChildError
from flows.dashboarding import LOGIN

_READY: Final = "ready on "
_ERROR: Final = "tapewatch: "
_ALONE: Final = "tapewatch dashboards"

Say = Callable[[str], None]


class Beside:
    """The process that installs, sets up and serves them; what it says is passed on.

    Where it fails before it is ready (there is no network to install from, say), that
    is said once, and it is left so. Later it is started again, a few times.
    """

    def __init__(self) -> None:
        """Begin without it."""
        self._child: Child | None = None
        self._read = 0
        self._newest = ""
        self._is_over = False

    @property
    def restarts(self) -> int:
        """How often it had to be started again."""
        return self._child.restarts if self._child else 0

    def start(self, settings: Path, logs: Path) -> None:
        """Start it, with a file of settings."""
        words = ("dashboards", "--config", str(settings))
        self._child = Child("dashboards", words, logs)

    def look(self, say: Say) -> None:
        """Pass on what it has said since the last time, and whether it has ended."""
        if self._child is None or self._is_over:
            return
        ended = self._child.ended  # before its last words are read
        self._pass_on(self._child, say)
        if ended is None:
            return
        try:
            if LOGIN not in self._newest:
                why = self._child.log().rpartition(_ERROR)[2].strip()
                raise ChildError(why or f"exit code {ended}")
            self._child.keep_alive()
            say("the dashboards had ended and were started again")
        except ChildError as error:
            self._is_over = True
            say(f"no dashboards, and the rest goes on without them: {error}")

    def stop(self) -> None:
        """Stop it, whatever it is at."""
        if self._child is not None:
            self._child.stop()

    @property
    def last_words(self) -> str:
        """What is said of it at the end."""
        if self._child is None:
            return ""
        if LOGIN in self._newest:
            return f" Look at it: `{_ALONE}`, or in the next run; {self._newest}."
        if self._is_over:
            return f" There were no dashboards: `{_ALONE}` says why."
        newest = self._newest or "just started"
        return f" The dashboards were not ready yet: {newest}; `{_ALONE}` goes on."

    def _pass_on(self, child: Child, say: Say) -> None:
        said = child.log()
        whole = said[self._read : said.rfind("\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            if line.startswith(_ERROR):
                return
            if line.strip() and not line.startswith(_READY):
                self._newest = line
                say(line)
