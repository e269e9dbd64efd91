"""GREEN, YELLOW or RED, without flapping."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from operators.records.health import Level

Positive = Annotated[int, msgspec.Meta(ge=1)]
Ease = Annotated[float, msgspec.Meta(gt=0, le=1)]
_ORDER: Final = (Level.GREEN, Level.YELLOW, Level.RED)
_RANKS: Final = {level: rank for rank, level in enumerate(_ORDER)}


class LevelParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Held`.

    Attributes:
        worse_windows: How many windows of five seconds in a row must be worse for the
            level to become worse, unless the line has gone.
        better_windows: How many must be better for it to become better.
        ease: What is better keeps below this share of its bound.
    """

    worse_windows: Positive = 2
    better_windows: Positive = 3
    ease: Ease = 0.8


class Concern(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        text: What, with figures.
        enters: The level that it asks for.
        stays: The level that it lets one stay at; as bad, or worse.
    """

    text: str
    enters: Level
    stays: Level


class Held(msgspec.Struct):
    """A level that is held against noise.

    A line that has gone, be it down or silent, is RED at once. Once back it is YELLOW
    at the end of that window, so that nobody mends what has mended itself; but if it
    goes again before it was GREEN, it stays RED until it has been well for as long as
    is asked for.

    Attributes:
        level: The level.
        worse: The levels of the last windows, all of them worse.
        better: Likewise, all of them better.
        is_gone: Whether it has gone, up to the end of the window in which it came back.
        falls: How often it has gone since it was last GREEN.
    """

    level: Level = Level.GREEN
    worse: list[Level] = msgspec.field(default_factory=list)
    better: list[Level] = msgspec.field(default_factory=list)
    is_gone: bool = False
    falls: int = 0

    def go(self, level: Level) -> None:
        """Become worse at once, if this is worse; what was better no longer counts."""
        if not self.is_gone:
            self.is_gone = True
            self.falls += 1
        self.better.clear()
        if _RANKS[level] > _RANKS[self.level]:
            self.level = level
            self.worse.clear()

    def end_window(
        self, concerns: Sequence[Concern], params: LevelParams, *, is_gone: bool = False
    ) -> None:
        """Take in the concerns of a window, and whether it is gone at its end."""
        enters = worst(concern.enters for concern in concerns)
        stays = worst(concern.stays for concern in concerns)
        is_back = self.is_gone and not is_gone
        self.is_gone = is_gone
        if _RANKS[enters] > _RANKS[self.level]:
            self.better.clear()
            self.worse.append(enters)
            if len(self.worse) >= params.worse_windows:
                self.level = best(self.worse)
                self.worse.clear()
        elif _RANKS[stays] < _RANKS[self.level]:
            self.worse.clear()
            self.better.append(stays)
            if is_back and self.falls == 1:
                self.level = worst((stays, Level.YELLOW))
            elif len(self.better) >= params.better_windows:
                self.level = worst(self.better)
                self.better.clear()
        else:
            self.worse.clear()
            self.better.clear()
        if self.level is Level.GREEN:
            self.falls = 0

    def said(self, concerns: Sequence[Concern]) -> str:
        """Return what keeps the level where it is, by commas."""
        if self.level is Level.GREEN:
            return ""
        texts = [each.text for each in concerns if each.stays is not Level.GREEN]
        return ", ".join(texts) or "recovering"


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of levels; GREEN of none."""
    return max(levels, key=_RANKS.__getitem__, default=Level.GREEN)


def best(levels: Iterable[Level]) -> Level:
    """Return the best of levels; GREEN of none."""
    return min(levels, key=_RANKS.__getitem__, default=Level.GREEN)


def rank(level: Level) -> int:
    """Return how bad a level is, 0 for GREEN."""
    return _RANKS[level]


def above(
    text: str, value: float, warns: float, critical: float, ease: float
) -> Concern | None:
    """Return the concern that a value is too large, if it is; at a bound it is."""
    enters = _level(value, warns, critical)
    stays = _level(value, ease * warns, ease * critical)
    return None if stays is Level.GREEN else Concern(text, enters, stays)


def _level(value: float, warns: float, critical: float) -> Level:
    if value >= critical:
        return Level.RED
    return Level.YELLOW if value >= warns else Level.GREEN
