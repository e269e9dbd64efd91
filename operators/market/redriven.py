"""Frames that are driven again: the name of the line that they travel on.

A frame that no parser could read comes back, after a fix, long after its line has gone
on. On its old line it would be out of order: it would turn back the line's clock and
counter. So it travels on a line of its own, which no connection can be named.
"""

from typing import Final

_MARK: Final = "!redriven"


def redriven(line: str) -> str:
    """Return the name of the line on which frames of a line are driven again."""
    return line if is_redriven(line) else line + _MARK


def is_redriven(line: str) -> bool:
    """Return whether a line, or a ``connection/line``, is such a one."""
    return line.endswith(_MARK)
