"""Replay a recording through the same flows into a lake; no broker needed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bytewax.errors import BytewaxRuntimeError

from config.load import ConfigError
from config.settings import Settings
from connectors.recording import Recording, RecordingError
from flows.catalogue import FLOWS
from flows.io import ReplayIO
from flows.run import run_to_end
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from sinks.catalog import publish

_REPORT_EVERY: Final = 500

Progress = Callable[[int, int], None]


class Replayed(NamedTuple):
    """What a replay read.

    Attributes:
        lines: Lines of the recording, blank ones included.
        frames: Frames among them.
    """

    lines: int
    frames: int


def replay(
    settings: Settings,
    recording: Path,
    lake: Path,
    *,
    flows: Sequence[str] = ("market", "book", "bars"),
    batch: int = 1_000,
    closes: bool = True,
    progress: Progress = lambda position, size: None,
) -> Replayed:
    """Replay a recording as fast as it goes.

    Args:
        settings: The whole tree; of it, only what the flows use.
        recording: The file.
        lake: Where everything is kept; made where it is missing.
        flows: Which flows; each needs those whose topics it reads.
        batch: How many frames are handed on at a time; changes nothing.
        closes: Whether the recording is whole, so that windows close at its end.
        progress: Told now and then how many of how many bytes have been read.

    Raises:
        ConfigError: If a flow is unknown, or one that it reads from is missing.
        RecordingError: If the file cannot be read.
    """
    unknown = [name for name in flows if name not in FLOWS]
    if unknown:
        known = ", ".join(FLOWS)
        raise ConfigError(f"--flows: Expected some of {known}, not `{unknown[0]}`")
    counted = {"lines": 0, "frames": 0}

    def frames(source: Recording) -> Iterator[Frame | DeadLetter]:
        for each in source:
            counted["lines"] = source.lines
            counted["frames"] += isinstance(each, Frame)
            if counted["frames"] % _REPORT_EVERY == 0:
                progress(source.position, source.size)
            yield each

    with Recording(recording) as source:
        publish(lake)
        io = ReplayIO(lambda: frames(source), lake, batch, closes=closes)
        for name in [each for each in FLOWS if each in flows or each == "archive"]:
            try:
                flow = FLOWS[name](settings, io)
            except KeyError as error:
                text = (
                    f"--flows: `{name}` reads {error}, and no flow before it writes it"
                )
                raise ConfigError(text) from error
        try:
            run_to_end(flow)
        except BytewaxRuntimeError as error:
            if isinstance(error.__cause__, RecordingError):
                raise error.__cause__ from None
            raise
        progress(source.size, source.size)
        return Replayed(**counted)
