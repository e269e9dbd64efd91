"""system: how connections and symbols do -> how each venue does, and all.

connection_health ─┬─► by_time ──► system_health ──► system_health
quality_scores ────┘
"""

from operator import attrgetter

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.health.system_health import SystemHealths
from operators.records import topics
from operators.records.health import ConnectionHealth
from operators.records.quality import QualityScore
from operators.step import Batches

Word = ConnectionHealth | QualityScore


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("system")

    health = io.read(flow, topics.CONNECTION_HEALTH)
    scores = io.read(flow, topics.QUALITY_SCORES)
    both: Batches[Word] = op.merge("system_words", health, scores)
    by_one_key = op.flat_map_batch("system_by_time", both, by_time)
    system = step.stateful(
        "system_health",
        by_one_key,
        lambda: SystemHealths(settings.system),
        closes=io.closes,
    )
    io.write(system, topics.SYSTEM_HEALTH)

    return flow


def by_time(batches: list[tuple[str, list[Word]]]) -> list[tuple[str, list[Word]]]:
    """Put what came together under one key, in the order in which it was seen.

    A batch holds one key after the other, each of a long time where records are few.
    """
    words = [word for _, batch in batches for word in batch]
    return [("all", sorted(words, key=attrgetter("received_ns")))]
