"""features: the market -> numbers of each symbol and window, of several lengths.

market ──► features ──► features
"""

from bytewax.dataflow import Dataflow
from msgspec.structs import replace

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.features.features import Features
from operators.market.order_book import OrderBook
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("features")
    params = settings.features
    book = replace(settings.book, levels=params.levels)

    market = io.read(flow, topics.MARKET)
    features = step.stateful(
        "features", market, lambda: Features(params, OrderBook(book)), closes=io.closes
    )
    io.write(features, topics.FEATURES)

    return flow
