"""system: how connections and symbols do -> how each venue does, and all.

connection_health ─┬─► by_time ──► system_health ──► system_health
quality_scores ────┘
"""

from operator import attrgetter

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from flows.together import together
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
    both: Batches[Word] = together("system", attrgetter("received_ns"), health, scores)
    system = step.stateful(
        "system_health",
        both,
        lambda: SystemHealths(settings.system),
        closes=io.closes,
    )
    io.write(system, topics.SYSTEM_HEALTH)

    return flow
