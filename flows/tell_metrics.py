"""What `tapewatch tell` shows to Prometheus."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric

from flows.figures import followed, gauge
from flows.tap import Tap
from operators.records.alerts import Delivery, Outcome
from sinks.courier import Courier


class TellMetrics:
    """What was told, and what waits."""

    def __init__(self, tap: Tap, couriers: Mapping[str, Courier]) -> None:
        """Take what is looked at.

        Args:
            tap: What passes its sinks.
            couriers: Those who tell, by the name of their target.
        """
        self._tap, self._couriers = tap, couriers
        for name in couriers:  # what begins with 1 has not risen, to Prometheus
            tap.told.update({(Delivery, name, each): 0 for each in Outcome})

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        waiting = {(name,): each.waiting for name, each in self._couriers.items()}
        text = "Alerts that a target has yet to be told."
        yield from gauge("alerts_waiting", text, waiting, "target")
        yield from followed(self._tap)
