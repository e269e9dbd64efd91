"""One node of Apache Kafka on this machine, without Docker."""

from pathlib import Path

from infra.kafka.cluster import RealCluster
from infra.kafka.door import OPEN, Door
from infra.kafka.installation import Installation


class RealBroker(RealCluster):
    """A cluster of one, whose log lies in the folder itself."""

    def __init__(
        self,
        folder: Path,
        installation: Installation,
        port: int | None = None,
        door: Door = OPEN,
    ) -> None:
        super().__init__(folder, installation, 1, port, door)

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self.pids.get(1)
