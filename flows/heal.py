"""heal: what is wrong with symbols and lines -> what ingest is to do about it.

quality_issues ────► heal_symbols ─┬─► decided ─┬─► commands
connection_health ─► heal_lines ───┘            └─► healings
"""

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.healing.heal_lines import HealLines
from operators.healing.heal_symbols import HealSymbols
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("heal")

    issues = io.read(flow, topics.QUALITY_ISSUES)
    symbols = step.stateful(
        "heal_symbols", issues, lambda: HealSymbols(settings.heal), closes=io.closes
    )
    health = io.read(flow, topics.CONNECTION_HEALTH)
    lines = step.stateful(
        "heal_lines", health, lambda: HealLines(settings.heal), closes=io.closes
    )
    decided = op.merge("decided", symbols, lines)
    io.write(decided, topics.COMMANDS, topics.HEALINGS)

    return flow
