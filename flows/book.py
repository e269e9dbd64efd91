"""book: the market -> books that can be believed.

market ──► order_book ──┬─► books
                        └─► book_states
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.market.order_book import OrderBook
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("book")

    market = io.read(flow, topics.MARKET)
    books = step.stateful(
        "order_book", market, lambda: OrderBook(settings.book), closes=io.closes
    )
    io.write(books, topics.BOOKS, topics.BOOK_STATES)

    return flow
