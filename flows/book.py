"""book: the market -> books that can be believed, and what ingest is to mend.

market ──┬─► order_book ──┬─► books
         │                ├─► book_states
         │                └─► commands
         └─► stale ─────────► commands
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.market.order_book import OrderBook
from operators.market.stale import Stale
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("book")

    market = io.read(flow, topics.MARKET)
    books = step.stateful(
        "order_book", market, lambda: OrderBook(settings.book), closes=io.closes
    )
    io.write(books, topics.BOOKS, topics.BOOK_STATES, topics.COMMANDS)

    stale = step.stateful(
        "stale", market, lambda: Stale(settings.stale), closes=io.closes
    )
    io.write(stale, topics.COMMANDS)

    return flow
