"""Where the past is read from: Kafka while it holds it, else the lake's frames."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from config.load import ConfigError
from config.settings import Settings
from connectors.kafka_history import KafkaHistory
from connectors.lake_history import LakeHistory
from connectors.reader import KafkaError
from flows.moment import written
from operators.records import topics
from operators.records.dead import DeadLetter
from operators.records.frame import Frame
from operators.records.span import EVER, Span
from operators.records.time import MS, SECOND
from operators.records.topics import Topic
from sinks import manifest
from sinks.lake import TABLES, catalog


class Wish(NamedTuple):
    """What to compute again.

    Attributes:
        into: The lake that is made.
        span: When its rows are dated.
        topic: What is read: ``frames`` or ``market``.
        flows: What is run; all that the topic feeds if empty.
        source: From where: ``auto``, ``kafka`` or ``lake``.
        lake: The lake that is read, and that stays as it is.
        warm_up_s: How much is read before (beside the longest bar) and after, so that
            state exists and what came late is there [s].
    """

    into: Path
    span: Span = EVER
    topic: str = "frames"
    flows: tuple[str, ...] = ()
    source: str = "auto"
    lake: Path | None = None
    warm_up_s: float = 60.0


class Opened(NamedTuple):
    """Where the past is read from.

    Attributes:
        history: The past.
        why: Why from there.
        since_ns: Since when nothing of it is gone, where that is later than wanted.
    """

    history: KafkaHistory | LakeHistory
    why: str
    since_ns: int | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return "Kafka" if isinstance(self.history, KafkaHistory) else "the lake"


@contextmanager
def opened(settings: Settings, wish: Wish, topic: Topic[Any]) -> Iterator[Opened]:
    """Yield where the past is read from, and why.

    Raises:
        ConfigError: If it cannot be read from where it was asked to be.
        KafkaError: If the broker cannot be asked, and there is no lake.
    """
    before_ns, after_ns = _margins(settings, wish)
    wanted = wish.span.wider(before_ns, after_ns)
    lake = lake_of(settings, wish)
    with ExitStack() as stack:
        kept = _lake_history(stack, lake, wanted) if topic is topics.FRAMES else None
        if wish.source == "lake":
            if topic is not topics.FRAMES:
                raise ConfigError(
                    "--source lake: Expected --topic frames, not"
                    f" `{wish.topic}`: the order of {topic.name} is only in Kafka;"
                    " compute it again from the frames"
                )
            if kept is None:
                raise ConfigError(f"--lake {lake}: no lake here; name one")
            yield Opened(kept, "asked for")
            return
        try:
            kafka = KafkaHistory(settings.kafka, topic, wanted)
            stack.callback(kafka.close)
            holds, why = _holds(kafka, kept, wanted)
        except KafkaError as error:
            if wish.source == "kafka" or kept is None:
                raise
            yield Opened(kept, f"Kafka cannot be asked: {error}")
            return
        if not holds and wish.source == "auto" and kept is not None:
            yield Opened(kept, why)
        elif holds:
            yield Opened(kafka, why)
        else:
            since_ns = kafka.since_ns() or kafka.first_ns()
            other = "no lake to read" if wish.source == "auto" else "asked for"
            yield Opened(kafka, f"{other}, though {why}", since_ns)


def _holds(
    kafka: KafkaHistory, kept: LakeHistory | None, wanted: Span
) -> tuple[bool, str]:
    """Return whether Kafka still holds the start, and that as a sentence."""
    first_ns = kafka.first_ns()
    if first_ns is None:
        return False, "Kafka holds nothing"
    oldest = written(first_ns)
    if wanted.from_ns is not None:
        since = written(wanted.from_ns)
        if kafka.reaches(wanted.from_ns):
            return True, f"Kafka holds everything since {since}"
        return False, f"Kafka holds nothing before {oldest}, {since} is needed"
    kept_ns = kept.first_ns() if kept else None
    if kept_ns is not None and kept_ns < first_ns:
        return False, f"Kafka holds nothing before {oldest}, the lake does"
    if not kafka.reaches(None):
        return False, f"Kafka has deleted what was before {oldest}"
    return True, "Kafka holds everything since its beginning"


def whole(settings: Settings, wish: Wish, opened: Opened, now_ns: int) -> Span:
    """Return between when no row can be missing.

    At an end that is not long past, rows may be missing whose frames had not come.
    """
    before_ns, after_ns = _margins(settings, wish)
    from_ns, to_ns = wish.span
    if opened.since_ns is not None:
        from_ns = max(from_ns or 0, opened.since_ns + before_ns)
    history = opened.history
    reach_ns = history.newest_ns + 1 if isinstance(history, LakeHistory) else now_ns
    return Span(from_ns, min(reach_ns - after_ns, to_ns or reach_ns))


def _margins(settings: Settings, wish: Wish) -> tuple[int, int]:
    """Return how much is read before and after the span [ns].

    A window that ends in the span is right only if it was seen from its beginning.
    """
    warm_up_ns = round(wish.warm_up_s * SECOND)
    longest_ns = max(settings.bars.lengths_ms) * MS if "bars" in wish.flows else 0
    return warm_up_ns + longest_ns, warm_up_ns


def lake_of(settings: Settings, wish: Wish) -> Path:
    """Return the lake that may be read."""
    return wish.lake or Path(settings.lake.path)


def _lake_history(stack: ExitStack, lake: Path, wanted: Span) -> LakeHistory | None:
    if not catalog(lake).exists():
        return None
    generation = catalog(lake).parent.resolve()
    stack.enter_context(manifest.leased(generation))
    told = manifest.read(generation)
    frames, dead = (
        partial(manifest.files, lake, TABLES[kind].name, told)
        for kind in (Frame, DeadLetter)
    )
    return LakeHistory(frames, dead, wanted)
