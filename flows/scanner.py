"""scanner: features and quality of all symbols -> how much attention each deserves.

features ───────┬─► by_time ──► scanner ──┬─► priorities
quality_scores ─┘                         └─► weights
"""

from operator import attrgetter

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from flows.together import together
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
    both: Batches[Word] = together("scanner", attrgetter("event_ns"), features, scores)
    ranked = step.stateful(
        "scanner", both, lambda: Scanner(settings.scanner), closes=io.closes
    )
    io.write(ranked, topics.PRIORITIES, topics.WEIGHTS)

    return flow
