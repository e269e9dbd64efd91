"""market: frames -> one clean stream per symbol.

frames ──► decode ──┬─► market
                    ├─► ignored
                    └─► dead
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from connectors.venues import PARSERS
from flows.io import IO
from operators import step
from operators.market.decode import Decode
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("market")

    frames = io.read(flow, topics.FRAMES)
    decoded = step.stateful(
        "decode", frames, lambda: Decode(settings.decode, PARSERS), closes=io.closes
    )
    io.write(decoded, topics.MARKET, topics.IGNORED, topics.DEAD)

    return flow
