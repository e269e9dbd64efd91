"""market: frames -> one clean stream per symbol, and how the lines do.

frames ──► listen ──┬─► by_symbol ──► arbitrate ──┬─► market
                    ├─► readings                  └─► tallies
                    ├─► ignored
                    └─► dead
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from connectors.venues import PARSERS
from flows.io import IO
from operators import step
from operators.market.arbitrate import Arbitrate
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.records import topics
from operators.records.dead import DeadLetter
from operators.records.frame import Ignored
from operators.records.health import Reading
from operators.step import Batches


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("market")

    frames = io.read(flow, topics.FRAMES)
    listened = step.stateful(
        "listen", frames, lambda: Listen(settings.decode, PARSERS), closes=io.closes
    )
    aside = step.only("aside", listened, Ignored, DeadLetter, Reading)
    io.write(aside, topics.IGNORED, topics.DEAD, topics.READINGS)

    lines: Batches[Heard | Moved] = step.only("heard", listened, Heard, Moved)
    heard = step.within("by_symbol", lines)
    market = step.stateful(
        "arbitrate", heard, lambda: Arbitrate(settings.arbitrate), closes=io.closes
    )
    io.write(market, topics.MARKET, topics.TALLIES)

    return flow
