"""Frames do not say what is true, or nothing that can be read."""

import re
from collections.abc import Iterable
from typing import Final

from config.exchange import Checksum, Crossed, Garbage, Skew
from connectors.exchange.faults.act import Act, CountedAct
from connectors.exchange.listing import decimal
from connectors.exchange.message import Outbound, Payload
from connectors.exchange.spelling import iso
from operators.records.rfc3339 import ns_of
from operators.records.time import MS

_NOISE_BYTES: Final = 64
_CHECKSUM: Final = re.compile(r'("checksum":)(-?\d+)')
_MILLIS: Final = re.compile(r'("(?:E|T|ts|cts)":"?)(\d{13})\b')
_DATE: Final = re.compile(r'("(?:timestamp|time|event_time)":")(2[^"]+)(?=")')


def text_of(payload: Payload) -> str:
    """Return a frame as text."""
    return payload if isinstance(payload, str) else payload.decode(errors="replace")


class Crossing(CountedAct[Crossed]):
    """Add a bid above the best ask to changes of a book."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Add it, where a frame is such a change."""
        text, (place, spelling) = text_of(frame.payload), self.scene.bids
        message = frame.message
        if message is None or message.update is None or place not in text:
            return (frame,)
        market = self.scene.feed.market
        listing = next(x for x in market.listings if x.symbol == message.symbol)
        price = decimal((market.books[message.symbol].top.ask + 1) * listing.tick)
        level = spelling.replace("PRICE", price).replace(
            "QUANTITY", decimal(listing.lot)
        )
        crossed = text.replace(place, f"{place}{level},", 1).replace(",]", "]", 1)
        self.tell("changed", frame)
        self.count()
        return (frame._replace(payload=crossed),)


class Miscounting(CountedAct[Checksum]):
    """Send checksums that are wrong."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Change a frame's checksum, where it has one that is not 0."""
        wrong, changes = _CHECKSUM.subn(_wrong, text_of(frame.payload))
        if not changes:
            return (frame,)
        self.tell("changed", frame)
        self.count()
        return (frame._replace(payload=wrong),)


class Garbling(CountedAct[Garbage]):
    """Send what nobody can read."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Put half the frame, or noise, before it or in its place."""
        payload: Payload = frame.payload[: len(frame.payload) // 2]
        if self.params.form == "noise":
            payload = self.scene.rng.bytes(_NOISE_BYTES)
        garbage = frame._replace(payload=payload)
        self.tell("lost" if self.params.instead else "preceded", frame)
        self.count()
        return (garbage,) if self.params.instead else (garbage, frame)


class Skewing(Act[Skew]):
    """Let frames state other times."""

    def touch(self, frame: Outbound) -> Iterable[Outbound]:
        """Change every time that a frame states."""
        by_ms = self.params.by_ms
        text = _MILLIS.sub(
            lambda found: f"{found[1]}{int(found[2]) + by_ms}", text_of(frame.payload)
        )
        text = _DATE.sub(
            lambda found: found[1] + iso(ns_of(found[2]) + by_ms * MS), text
        )
        if text == frame.payload:
            return (frame,)
        self.tell("changed", frame)
        return (frame._replace(payload=text),)


def _wrong(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2]) ^ 1 or 2}"
