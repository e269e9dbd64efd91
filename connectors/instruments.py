"""A venue's list of instruments: fetched over REST, kept in a folder for a while."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import msgspec

from connectors.venues.venue import Venue
from operators.records.base import UNREADABLE, Int64
from operators.records.instrument import Instrument
from operators.records.time import SECOND

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
MAX_BYTES: Final = 64 * 1024 * 1024
"""A longer answer is no list of instruments."""


class InstrumentsError(Exception):
    """A venue's list cannot be had, neither from it nor from the folder."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's list, as it is kept.

    Attributes:
        venue: Whose.
        fetched_ns: When it was fetched, by our clock [ns UTC].
        instruments: The list.
    """

    venue: str
    fetched_ns: Int64
    instruments: tuple[Instrument, ...]


class Fetched(NamedTuple):
    """A list, and how it was had.

    Attributes:
        listing: The list.
        cached: Whether it is the kept one.
        reason: Why the kept one is older than wanted or a fetched one could not be
            kept, else empty.
    """

    listing: Listing
    cached: bool = False
    reason: str = ""


_listing: Final = msgspec.json.Decoder(Listing)


async def instruments(
    venue: Venue, folder: Path, *, max_age_s: float, rest_url: str | None = None
) -> Fetched:
    """Return a venue's instruments: the kept list if young enough, else a fetched one.

    A list exactly ``max_age_s`` old is young enough. If the venue does not answer, or
    not with a list, the kept one is returned however old it is, and the reason said.

    Args:
        venue: The venue.
        folder: Where lists are kept, one file a venue; made if need be.
        max_age_s: How old a list may be without asking the venue [s].
        rest_url: Where to ask in the venue's place.

    Raises:
        InstrumentsError: If the venue gives none and none is kept.
    """
    path = folder / f"{venue.VENUE}.json"
    kept, unkept = _load(path, venue.VENUE)
    now_ns = time.time_ns()
    if kept and 0 <= now_ns - kept.fetched_ns <= max_age_s * SECOND:
        return Fetched(kept, cached=True)
    url = (rest_url or venue.REST_URL) + venue.instruments_path()
    try:
        listed = venue.instruments(await _get(url))
        if not listed:
            raise InstrumentsError("an empty list")
    except (httpx.HTTPError, httpx.InvalidURL, InstrumentsError, *UNREADABLE) as error:
        reason = f"{url}: {type(error).__name__}: {error}"
        if kept is None:
            raise InstrumentsError(f"{reason}; {unkept}") from error
        return Fetched(kept, cached=True, reason=reason)
    listing = Listing(venue=venue.VENUE, fetched_ns=now_ns, instruments=tuple(listed))
    return Fetched(listing, reason=_save(path, listing))


async def _get(url: str) -> bytes:
    """Return the body of a successful answer."""
    async with (
        httpx.AsyncClient(
            headers={"Accept-Encoding": "identity"}, timeout=_TIMEOUT, trust_env=False
        ) as rest,
        rest.stream("GET", url) as answer,
    ):
        answer.raise_for_status()
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MAX_BYTES:
                raise InstrumentsError(f"an answer of more than {MAX_BYTES} bytes")
    return bytes(body)


def _load(path: Path, venue: str) -> tuple[Listing | None, str]:
    """Return the kept list, or why there is none."""
    try:
        listing = _listing.decode(path.read_bytes())
    except FileNotFoundError:
        return None, f"{path}: none is kept"
    except (OSError, *UNREADABLE) as error:
        return None, f"{path}: {type(error).__name__}: {error}"
    if listing.venue != venue:
        return None, f"{path}: it is a list of `{listing.venue}`"
    return listing, ""


def _save(path: Path, listing: Listing) -> str:
    """Keep a list whole or not at all; return why it could not be kept, if so."""
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(msgspec.json.encode(listing))
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
        return f"{path}: {type(error).__name__}: {error}"
    return ""
