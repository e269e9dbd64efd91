"""What ``tapewatch up`` will run: the settings, with addresses that are now known."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from config.load import ConfigError
from config.settings import Connection, Line, Settings
from connectors.exchange.protocols import PROTOCOLS
from connectors.recording import Recording
from connectors.venues import VENUES
from operators.records.base import NotARecordError
from operators.records.frame import Frame, FrameKind

_CENTURY_S: Final = 100 * 365 * 86_400


def only_venues(settings: Settings, venues: tuple[str, ...]) -> Settings:
    """Return the settings with connections of these venues only; all if none named.

    Raises:
        ConfigError: If the settings have no connection of a venue.
    """
    if not venues:
        return settings
    kept = [each for each in settings.ingest.connections if each.venue in venues]
    missing = sorted(set(venues) - {connection.venue for connection in kept})
    if missing:
        text = f"--venues: the settings have no connection of `{missing[0]}`"
        raise ConfigError(text)
    return _with_connections(settings, kept)


def to_exchange(settings: Settings, port: int) -> Settings:
    """Return the settings with simulated connections led to our exchange."""
    connections = [
        _led_to(connection, port) if connection.simulated else connection
        for connection in settings.ingest.connections
    ]
    return _with_connections(settings, connections)


def of_recording(settings: Settings, recording: Path) -> Settings:
    """Return the settings with the connections that a recording was made on.

    Played frames arrive now and tell of long ago: the check of event times is off.

    Raises:
        RecordingError: If it cannot be read.
        ConfigError: If it has no frames of a venue that our exchange can play, or of
            several: an exchange speaks for one.
    """
    heard: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    with Recording(recording) as source:
        for frame in source:
            if isinstance(frame, Frame) and frame.kind is FrameKind.WS:
                _hear(frame, heard)
    if not heard:
        known = ", ".join(sorted(PROTOCOLS))
        raise ConfigError(f"--play {recording}: no frames of {known} in it")
    venues = sorted({venue for venue, _ in heard})
    if len(venues) > 1:
        found = ", ".join(venues)
        raise ConfigError(f"--play {recording}: Expected one venue, not {found}")
    connections = [
        Connection(
            name=name,
            venue=venue,
            symbols=tuple(symbols),
            channels=tuple(channels),
            lines=(Line(),),
            simulated=True,
        )
        for (venue, name), (symbols, channels) in heard.items()
    ]
    decode = msgspec.structs.replace(settings.decode, max_skew_s=_CENTURY_S)
    settings = msgspec.structs.replace(settings, decode=decode)
    return _with_connections(settings, connections)


def _hear(
    frame: Frame, heard: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]]
) -> None:
    protocol = PROTOCOLS.get(frame.venue)
    if protocol is None:
        return
    stream, native = protocol.about(frame.payload)
    if stream is None:
        return
    try:
        symbol = VENUES[frame.venue].canonical(native)
    except NotARecordError:
        return
    symbols, channels = heard.setdefault((frame.venue, frame.connection), ({}, {}))
    symbols[symbol] = None
    channels[stream.partition("@")[2]] = None


def _led_to(connection: Connection, port: int) -> Connection:
    venue = VENUES[connection.venue]
    lines = tuple(
        msgspec.structs.replace(line, url=_at(line.url or venue.URL, port), backups=())
        for line in connection.lines
    )
    rest_url = f"http://127.0.0.1:{port}"
    return msgspec.structs.replace(connection, lines=lines, rest_url=rest_url)


def _at(url: str, port: int) -> str:
    here = urlsplit(url)._replace(scheme="ws", netloc=f"127.0.0.1:{port}")
    return urlunsplit(here)


def _with_connections(settings: Settings, connections: list[Connection]) -> Settings:
    ingest = msgspec.structs.replace(settings.ingest, connections=tuple(connections))
    return msgspec.structs.replace(settings, ingest=ingest)
