"""Where what a frame says comes from."""

from collections.abc import Callable
from typing import NamedTuple

from operators.market.decode import Line
from operators.records.frame import Frame


class Origin(NamedTuple):
    """What is known of a frame besides what it says.

    Attributes:
        frame: The frame.
        line: What is known of its line.
        venue: The venue's name.
        canonical: The names of its symbols.
    """

    frame: Frame
    line: Line
    venue: str
    canonical: Callable[[str], str]
