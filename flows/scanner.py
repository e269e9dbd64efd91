"""scanner: features and quality of all symbols -> how much attention each deserves.

features ───────┬─► by_time ──► scanner ──┬─► priorities
quality_scores ─┘                         └─► weights
"""

from operator import attrgetter

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.records import topics
from operators.records.feature import Feature
from operators.records.quality import QualityScore
from operators.scanner.scanner import Scanner
from operators.step import Batches

Word = Feature | QualityScore


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("scanner")

    features = io.read(flow, topics.FEATURES)
    scores = io.read(flow, topics.QUALITY_SCORES)
    both: Batches[Word] = op.merge("scanner_words", features, scores)
    by_one_key = op.flat_map_batch("scanner_by_time", both, by_time)
    ranked = step.stateful(
        "scanner", by_one_key, lambda: Scanner(settings.scanner), closes=io.closes
    )
    io.write(ranked, topics.PRIORITIES, topics.WEIGHTS)

    return flow


def by_time(batches: list[tuple[str, list[Word]]]) -> list[tuple[str, list[Word]]]:
    """Put what came together under one key, in order of event time.

    A batch holds one key after the other, each of a long time where records are few.
    """
    words = [word for _, batch in batches for word in batch]
    return [("all", sorted(words, key=attrgetter("event_ns")))]
