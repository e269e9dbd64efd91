"""Fit calibrations from a lake, or from a recording that is replayed into one first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from config.load import ConfigError
from config.settings import Settings
from flows.calibrating import NAMES, RESTART, UNITS
from flows.catalogue import FLOWS
from flows.fit_windows import windows
from flows.fitted import Fitted, How, drawn, fit
from flows.outline import outline
from operators.records import topics
from sinks.calibrations import CalibrationsError, Store
from sinks.catalog import connect
from sinks.lake import catalog

__all__ = ["RESTART", "How", "fitted", "rows", "write"]

Say = Callable[[str], None]
_NEVER: Final = 2**63 - 1


def fitted(
    settings: Settings, source: Path, how: How, until_ns: int | None, say: Say
) -> Fitted:
    """Return what a lake or a recording says.

    Args:
        settings: The whole tree.
        source: A lake's folder, or a recording.
        how: How it is fitted.
        until_ns: Windows that end later are left out [ns UTC].
        say: Told what is being done.

    Raises:
        ConfigError: If it is neither, or has no windows of this length.
        RecordingError: If the recording cannot be read.
    """
    if source.is_dir():
        if not catalog(source).exists():
            raise ConfigError(f"--from {source}: no lake here, and no recording")
        return _of_lake(source, how, until_ns, say)
    needed = feeding(settings)
    from flows.replay import replay  # noqa: PLC0415 - a lake needs no engine

    with TemporaryDirectory(prefix="tapewatch-fit-") as folder:
        say(f"replaying {source.name}")
        lake = Path(folder) / "lake"
        replay(settings, source, lake, flows=needed)
        return _of_lake(lake, how, until_ns, say)


def feeding(settings: Settings) -> tuple[str, ...]:
    """Return the flows from frames to features, in order.

    Raises:
        ConfigError: If there is no flow that writes features.
    """
    seen = {name: outline(settings, name) for name in FLOWS if name != "archive"}
    wanted, needed = {topics.FEATURES.name}, set[str]()
    for name in reversed(seen):
        if wanted & {topic.name for topic in seen[name].writes}:
            needed.add(name)
            wanted |= {topic.name for topic in seen[name].reads}
    if not needed:
        text = "no flow writes features: fit from a lake that has them"
        raise ConfigError(f"--from: {text}")
    return tuple(name for name in seen if name in needed)


def write(store: Store, found: Fitted, only: set[str] | None) -> Iterator[str]:
    """Write a fit; yield what could not be written, and why.

    Args:
        store: Where to.
        found: What was fitted.
        only: Only these, by ``venue:symbol``, and no pool; None for all.
    """
    if only is None:
        store.pool(found.pool)
    for entry in found.entries:
        if only is None or f"{entry.venue}:{entry.symbol}" in only:
            try:
                store.fit(entry)
            except (CalibrationsError, ValueError) as error:
                yield str(error)


def rows(
    found: Fitted, only: set[str] | None
) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Return a fit as a table: each symbol's own, and in brackets as it is drawn."""
    names = (
        "symbol",
        "windows",
        "Z",
        "confidence",
        *(f"{n} [{UNITS[n]}]" for n in NAMES),
    )
    pool, doubt = found.pool.parameters, found.pool.doubt
    told: list[list[Any]] = [
        ["pool", found.pool.symbols, "", ""] + [_told(getattr(pool, n)) for n in NAMES],
        ["k", "", "", ""] + [_told(getattr(doubt, n)) for n in NAMES],
    ]
    for each in found.entries:
        key = f"{each.venue}:{each.symbol}"
        if only is not None and key not in only:
            continue
        values = []
        for name in NAMES:
            own, of_pool = getattr(each.parameters, name), getattr(pool, name)
            text = _told(own)
            if own is not None and of_pool is not None:
                text += f" ({_told(drawn(own, each.n, of_pool, getattr(doubt, name)))})"
            values.append(text)
        figures = [f"{each.credibility:.3f}", f"{each.confidence:.3f}"]
        told.append([key, each.n, *figures, *values])
    return names, told


def _of_lake(lake: Path, how: How, until_ns: int | None, say: Say) -> Fitted:
    samples = []
    with connect(lake) as connection:
        until = _NEVER if until_ns is None else until_ns
        for each in windows(connection, how.length_ms, until_ns=until):
            say(f"read {each.venue}:{each.symbol}, {len(each.end_ns):,} windows")
            samples.append(each)
    say(f"{len(samples)} symbols")
    return fit(samples, how)


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
