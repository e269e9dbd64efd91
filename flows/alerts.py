"""alerts: what people must know of, by the rules of the settings.

the topics of the rules ──► rules, each ──► together ──► alerts
"""

from typing import Any

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.alerts.alerts import Alerts
from operators.alerts.rule import Judge
from operators.records import topics
from operators.records.alerts import Alert
from operators.records.topics import Topic
from operators.step import Batches


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow. Without any rule it reads system health, and says nothing."""
    flow = io.flow("alerts")

    judges = [Judge(rule) for rule in settings.alerts.all_rules]

    def ruled(topic: Topic[Any]) -> Batches[Alert]:
        own = [judge for judge in judges if judge.rule.topic == topic.name]
        read = io.read(flow, topic)
        name = f"rules_{topic.step}"
        return step.stateful(name, read, lambda: Alerts(own), closes=io.closes)

    alerts = op.merge("together", *map(ruled, topics.named(settings.alerts.topics)))
    io.write(alerts, topics.ALERTS)

    return flow
