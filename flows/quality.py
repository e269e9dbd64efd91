"""quality: what cannot be believed of the market and of the lines, and what can.

market ──► quality ──┬─► quality_scores
                     └─► quality_issues
readings ──► lines ────► quality_issues
"""

from bytewax.dataflow import Dataflow

from config.instruments import steps
from config.settings import Settings
from flows.io import IO
from operators import step
from operators.market.order_book import OrderBook
from operators.quality.checks import checks
from operators.quality.lines import Lines
from operators.quality.quality import Quality
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow.

    Raises:
        ConfigError: If a list of instruments cannot be read.
    """
    flow = io.flow("quality")
    params, grid = settings.quality, steps(settings.quality.instruments)

    def new() -> Quality:
        return Quality(params, checks(params.checks, grid), OrderBook(settings.book))

    market = io.read(flow, topics.MARKET)
    quality = step.stateful("quality", market, new, closes=io.closes)
    io.write(quality, topics.QUALITY_ISSUES, topics.QUALITY_SCORES)

    readings = io.read(flow, topics.READINGS)
    lines = step.stateful(
        "lines", readings, lambda: Lines(params.lines, params.issues), closes=io.closes
    )
    io.write(lines, topics.QUALITY_ISSUES)

    return flow
