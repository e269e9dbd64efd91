"""Every flow, by name, in the order of their topics."""

from collections.abc import Callable, Mapping
from typing import Final

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows import (
    alerts,
    archive,
    bars,
    book,
    calibration,
    features,
    heal,
    health,
    market,
    quality,
    scanner,
    system,
)
from flows.io import IO

Build = Callable[[Settings, IO], Dataflow]

FLOWS: Final[Mapping[str, Build]] = {
    "market": market.build,
    "book": book.build,
    "bars": bars.build,
    "features": features.build,
    "calibration": calibration.build,
    "health": health.build,
    "quality": quality.build,
    "scanner": scanner.build,
    "system": system.build,
    "heal": heal.build,
    "alerts": alerts.build,
    "archive": archive.build,
}
"""What ``tapewatch flow NAME`` and ``tapewatch up`` run; ``archive`` is the last."""
