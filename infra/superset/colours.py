"""The colours of what has one meaning wherever it is shown."""

from typing import Final

GREEN: Final = "#2fa36b"
YELLOW: Final = "#d99a00"
ORANGE: Final = "#e8743b"
RED: Final = "#d64550"
GREY: Final = "#8a8f98"
BLUE: Final = "#3d7dd8"

NAMED: Final = {
    "green": GREEN,
    "yellow": YELLOW,
    "orange": ORANGE,
    "red": RED,
    "grey": GREY,
    "blue": BLUE,
}
"""What thresholds may name: readable as text on white and on black."""

OF_WORDS: Final = {
    # Levels.
    "GREEN": GREEN,
    "YELLOW": YELLOW,
    "RED": RED,
    "ABSENT": GREY,
    # Whether something is there.
    "up": GREEN,
    "down": RED,
    "absent": GREY,
    # Severities.
    "critical": RED,
    "high": ORANGE,
    "medium": YELLOW,
    "low": BLUE,
    # What happened to lines.
    "failed": RED,
    "closed": ORANGE,
    "silent": YELLOW,
    "failed over": BLUE,
    "rotated": GREEN,
    "rate limited": GREY,
    # Sides.
    "buy": GREEN,
    "sell": RED,
    "all": BLUE,
}
"""What has a colour of its own in every chart that shows it."""
