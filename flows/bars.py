"""bars: trades -> open, high, low, close, volume and VWAP of windows of time.

market ──► bars ──┬─► bars
                  └─► market.late
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.features.bars import Bars
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("bars")

    market = io.read(flow, topics.MARKET)
    bars = step.stateful("bars", market, lambda: Bars(settings.bars), closes=io.closes)
    io.write(bars, topics.BARS, topics.LATE)

    return flow
