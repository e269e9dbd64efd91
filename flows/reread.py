"""Dead letters -> what they are by the code and the settings of today."""

from typing import Final

import msgspec

from config.settings import Settings
from connectors.venues import PARSERS
from operators.market.decode import Decode
from operators.market.redriven import redriven
from operators.records import topics
from operators.records.bar import Bar
from operators.records.base import UNREADABLE, Record
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, Ignored
from operators.records.market import LateTrade, Tally, Trade

TOPICS: Final = {topic.name: topic for topic in topics.ALL}
_ALONE: Final = (Trade, LateTrade, Bar, Tally, Ignored, DeadLetter)
"""Records of a fact, not of how things stand: one that comes late is still true."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the code of today makes of a letter.

    Attributes:
        record: What to publish, where that helps.
        said: What the bytes say.
        refused: Why they are still no record.
        impossible: Why they cannot, or must not, be driven again.
    """

    record: Record | None = None
    said: tuple[Record, ...] = ()
    refused: str = ""
    impossible: str = ""


def judge(dead: DeadLetter, settings: Settings) -> Verdict:
    """Return what the code of today, with these settings, makes of a letter."""
    if why := _unfit(dead):
        return Verdict(impossible=why)
    if dead.venue is not None:
        return _framed(_frame(dead), settings, is_kept=True)
    try:
        record = TOPICS[dead.topic].decode(dead.raw)
    except UNREADABLE as error:
        return Verdict(refused=str(error))
    if isinstance(record, Frame):
        return _framed(record, settings, is_kept=False)
    if not isinstance(record, _ALONE):
        late = f"a late {type(record).__name__} would be believed as the newest"
        return Verdict(said=(record,), impossible=late)
    return Verdict(record=record, said=(record,))


def _unfit(dead: DeadLetter) -> str:
    """Return why a letter cannot be read again at all, if so."""
    if dead.topic == "recording":
        return "a recording's line: `tapewatch replay` reads it"
    if dead.topic not in TOPICS:
        return f"unknown topic `{dead.topic}`"
    if dead.size > len(dead.raw):
        return "only its first bytes were kept"
    return ""


def _frame(dead: DeadLetter) -> Frame:
    """Return the frame that a letter was: a fetched one is known by its URL."""
    try:
        data, b64 = dead.raw.decode(), None
    except UnicodeDecodeError:
        data, b64 = None, dead.raw
    return Frame(
        venue=dead.venue or "",
        connection=dead.connection or "",
        line=dead.line or "",
        kind=FrameKind.REST if dead.url else FrameKind.WS,
        received_ns=dead.received_ns or 0,
        url=dead.url or "",
        data=data,
        b64=b64,
        repeat=dead.repeat or 0,
    )


def _framed(frame: Frame, settings: Settings, *, is_kept: bool) -> Verdict:
    """Return what the venue's parser makes of a frame.

    One that is not kept among the frames is worth publishing for that alone.
    """
    if frame.venue not in PARSERS:
        return Verdict(impossible=f"unknown venue `{frame.venue}`")
    again = msgspec.structs.replace(frame, line=redriven(frame.line))
    said = tuple(Decode(settings.decode, PARSERS).update([again]))
    first = said[0]
    if isinstance(first, DeadLetter):
        return Verdict(refused=first.reason)
    if is_kept and isinstance(first, Ignored):
        return Verdict(said=said, impossible=f"now ignored: {first.reason}")
    if is_kept and not any(isinstance(each, Trade) for each in said):
        why = "no trade in it, and states have moved on: `tapewatch reprocess`"
        return Verdict(said=said, impossible=why)
    return Verdict(record=again, said=said)
