"""archive: every topic -> the lake.

all topics ──► lake
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("archive")

    io.keep(io.read_all(flow))

    return flow
