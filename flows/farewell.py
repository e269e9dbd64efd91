"""The last line of ``tapewatch up``: what came in, what went out, how to ask for it."""

from flows.ledger import Ledger
from operators.records import topics


def farewell(ledger: Ledger, restarts: int, lake: str) -> str:
    """Return the line.

    Args:
        ledger: What arrived in each topic.
        restarts: How often a process had to be started again.
        lake: Where the rows are.
    """
    counts = {topic: ledger.arrived(topic) for topic in topics.ALL}
    out = ", ".join(
        f"{count:,} {topic.name}"
        for topic, count in counts.items()
        if topic not in (topics.FRAMES, topics.DEAD)
    )
    again = f" {restarts} restarts." if restarts else ""
    ask = f"tapewatch sql --lake {lake} 'select * from bars limit 5'"
    return (
        f"tapewatch up: {counts[topics.FRAMES]:,} frames came in; records out:"
        f" {out}; {counts[topics.DEAD]:,} dead letters.{again} Query it: {ask}"
    )
