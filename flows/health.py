"""health: what lines brought -> how they do, and each connection as a whole.

readings ──► connection_health ──► connection_health
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.health.connection_health import HealthOfConnections
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("health")

    readings = io.read(flow, topics.READINGS)
    health = step.stateful(
        "connection_health",
        readings,
        lambda: HealthOfConnections(settings.health),
        closes=io.closes,
    )
    io.write(health, topics.CONNECTION_HEALTH)

    return flow
